import { type AttestedCredential, type AuthenticatorData, parseAuthenticatorData } from './authenticator-data.ts'
import { type CborMap, type CborValue, decodeCbor } from './cbor.ts'
import { CeremonyError } from './ceremony-error.ts'

/** A map for every format but `compound`, whose statement is an array. */
export type AttestationStatement = CborMap | CborValue[]

export type AttestationObject = {
  /** Compared exactly: `None` is not `none`. */
  format: string
  statement: AttestationStatement
  /** The bytes that attestation signatures cover. */
  authData: Uint8Array<ArrayBuffer>
  authenticatorData: AuthenticatorData & { attestedCredential: AttestedCredential }
}

/**
 * Reads an attestation object (WebAuthn L3 §6.5.4, §7.1 steps 12-13): canonical CBOR of at most 64 kB with nothing
 * after it, and authenticator data that carries a credential.
 *
 * @throws CeremonyError `format`, or `credential_id` for an id of the wrong length.
 */
export function parseAttestationObject(bytes: Uint8Array<ArrayBuffer>): AttestationObject {
  const { value, end } = decodeCbor(bytes)
  if (!(value instanceof Map)) throw malformed('is no map')
  if (end !== bytes.length) throw malformed('has bytes left over')
  const format = value.get('fmt')
  const statement = value.get('attStmt')
  const authData = value.get('authData')
  if (typeof format !== 'string') throw malformed('has no fmt')
  if (!(statement instanceof Map) && !Array.isArray(statement)) throw malformed('has no attStmt')
  if (!(authData instanceof Uint8Array)) throw malformed('has no authData')
  const { attestedCredential, ...rest } = parseAuthenticatorData(authData)
  if (!attestedCredential) throw malformed('holds no credential')
  return { format, statement, authData, authenticatorData: { ...rest, attestedCredential } }
}

function malformed(what: string): CeremonyError {
  return new CeremonyError('format', `attestation object ${what}`)
}
