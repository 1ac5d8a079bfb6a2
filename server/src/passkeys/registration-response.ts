import { hash, X509Certificate } from 'node:crypto'
import { checkValidity, findAnchor } from './attestation/certificate-path.ts'
import type { AttestationOutcome, AttestationTrust } from './attestation/verdict.ts'
import { verifyAttestationStatement } from './attestation/verify-statement.ts'
import { type AttestationObject, parseAttestationObject } from './attestation-object.ts'
import { checkAuthenticatorData, type UserVerification } from './authenticator-data.ts'
import { decodeBase64Url, encodeBase64Url } from './base64url.ts'
import { CeremonyError } from './ceremony-error.ts'
import { checkClientData, parseClientData } from './client-data.ts'
import { importCoseKey, type VerificationKey } from './cose-key.ts'
import { type ExtensionOutputs, readExtensionOutputs } from './extension-outputs.ts'

/** What the ceremony recorded when it began, and the policy it is judged by. */
export type ExpectedRegistration = {
  challenge: Uint8Array
  origins: readonly string[]
  topOrigins: readonly string[]
  rpId: string
  userVerification: UserVerification
  /** COSE algorithms offered in this ceremony. */
  algorithms: readonly number[]
  /** The ceremony was begun with conditional mediation: the browser may skip the test of user presence. */
  conditional: boolean
  /** Client extensions that were asked for; outputs of others are ignored. */
  requestedExtensions: readonly string[]
  /** PEM. If given, each certificate path must end in one of them; `none` and `self` are left to policy. */
  trustAnchors?: readonly string[]
  /** Policy may accept attestation certificates outside their dates. False unless given. */
  acceptExpiredCertificates?: boolean
  /** TPM vendors accepted beside those of the TCG registry, in the form `id:FFFFF1D0`. */
  extraTpmManufacturers?: readonly string[]
  now: Date
}

export type RegisteredCredential = {
  webauthnId: Uint8Array<ArrayBuffer>
  /** COSE_Key, byte for byte as the authenticator sent it. */
  publicKey: Uint8Array<ArrayBuffer>
  algorithm: number
  signCount: number
  /** UUID form; all zero when the authenticator does not say. Proven only by a certified attestation. */
  aaguid: string
  /** The statement's format, such as `none` or `packed`. */
  attestationType: string
  attestationTrust: AttestationTrust
  /** DER, leaf first; one path for each certified statement. */
  attestationPaths: Uint8Array<ArrayBuffer>[][]
  backupEligible: boolean
  backupState: boolean
  userVerified: boolean
  /** Known transports only, each once. */
  transports: string[]
  attachment: 'platform' | 'cross-platform' | null
  extensions: ExtensionOutputs
  /** What `credProps` says if it was asked for; null when unknown. */
  discoverable: boolean | null
  attestationObject: Uint8Array<ArrayBuffer>
  clientDataJson: Uint8Array<ArrayBuffer>
}

/** WebAuthn L3 §5.8.4; `cable` is the old name of `hybrid`, still sent by some. */
const knownTransports = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']

/**
 * Verifies a registration response: WebAuthn L3 §7.1 steps 5-24. What needs the database stays with the caller: single
 * use of the challenge, the owner, whether the credential id is known, and the attestation policy.
 *
 * @param input.response RegistrationResponseJSON as received; nothing about it is taken for granted.
 * @throws CeremonyError and nothing else, whatever the response holds.
 */
export async function verifyRegistrationResponse(input: {
  response: unknown
  expected: ExpectedRegistration
}): Promise<RegisteredCredential> {
  const { expected } = input
  const outer = members(input.response)
  if (outer.type !== 'public-key') throw new CeremonyError('type', 'credential is of another type')
  const inner = members(outer.response)

  const clientDataJson = decodeBase64Url(inner.clientDataJSON)
  if (!clientDataJson) throw new CeremonyError('client_data', 'clientDataJSON is not base64url')
  checkClientData(parseClientData(clientDataJson), {
    type: 'webauthn.create',
    challenge: expected.challenge,
    origins: expected.origins,
    topOrigins: expected.topOrigins,
  })

  const attestationObject = decodeBase64Url(inner.attestationObject)
  if (!attestationObject) throw new CeremonyError('format', 'attestationObject is not base64url')
  const attestation = parseAttestationObject(attestationObject)
  const { attestedCredential: credential, flags, signCount } = attestation.authenticatorData
  checkAuthenticatorData(attestation.authenticatorData, {
    rpId: expected.rpId,
    userVerification: expected.userVerification,
    userPresence: !expected.conditional,
  })
  if (outer.id !== encodeBase64Url(credential.credentialId) || outer.rawId !== outer.id) {
    throw new CeremonyError('credential_id', 'ids inside and outside of authenticator data differ')
  }

  const key = importCoseKey(credential.publicKey)
  if (!expected.algorithms.includes(key.algorithm)) {
    throw new CeremonyError('algorithm', 'public key algorithm was not offered')
  }
  const outcome = verifyAttestation(attestation, clientDataJson, key, expected)

  const extensions = readExtensionOutputs(outer.clientExtensionResults, expected.requestedExtensions)
  return {
    webauthnId: credential.credentialId,
    publicKey: credential.publicKey,
    algorithm: key.algorithm,
    signCount,
    aaguid: formatAaguid(credential.aaguid),
    attestationType: attestation.format,
    attestationTrust: outcome.trust,
    attestationPaths: outcome.paths.map((path) => path.certificates.map(({ x509 }) => new Uint8Array(x509.raw))),
    backupEligible: flags.be,
    backupState: flags.bs,
    userVerified: flags.uv,
    transports: readTransports(inner.transports),
    attachment: readAttachment(outer.authenticatorAttachment),
    extensions,
    discoverable: extensions.credProps?.rk ?? null,
    attestationObject,
    clientDataJson,
  }
}

/** Steps 21-24: the statement itself, the dates of its certificates, and their way to an anchor where one is asked. */
function verifyAttestation(
  { format, statement, authData, authenticatorData }: AttestationObject,
  clientDataJson: Uint8Array,
  key: VerificationKey,
  expected: ExpectedRegistration,
): AttestationOutcome {
  const clientDataHash = hash('sha256', clientDataJson, 'buffer')
  const outcome = verifyAttestationStatement(format, statement, {
    signed: Buffer.concat([authData, clientDataHash]),
    clientDataHash,
    rpIdHash: authenticatorData.rpIdHash,
    credential: authenticatorData.attestedCredential,
    key,
    extraTpmManufacturers: expected.extraTpmManufacturers ?? [],
  })
  const anchors = outcome.paths.length > 0 ? expected.trustAnchors?.map((pem) => new X509Certificate(pem)) : undefined
  for (const path of outcome.paths) {
    const anchor = anchors ? [{ x509: findAnchor(path, anchors) }] : []
    if (!expected.acceptExpiredCertificates) checkValidity([...path.certificates, ...anchor], expected.now)
  }
  return outcome
}

function members(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  throw new CeremonyError('format', 'response is not an object')
}

function formatAaguid(aaguid: Uint8Array): string {
  return Buffer.from(aaguid)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function readTransports(sent: unknown): string[] {
  return Array.isArray(sent) ? knownTransports.filter((transport) => sent.includes(transport)) : []
}

function readAttachment(sent: unknown): RegisteredCredential['attachment'] {
  return sent === 'platform' || sent === 'cross-platform' ? sent : null
}
