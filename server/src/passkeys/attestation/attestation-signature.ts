import { constants, type KeyObject, verify } from 'node:crypto'
import { CeremonyError } from '../ceremony-error.ts'

type SignatureScheme = { keyType: string; digest: string | null; padding?: number }

const { RSA_PKCS1_PSS_PADDING: pss } = constants

/**
 * COSE algorithms with which attestation keys sign: more than credentials may use, because old hardware does.
 * RS1 (-65535) is SHA-1 and passes for TPMs alone, whose older firmware has nothing else.
 */
const schemes: ReadonlyMap<number, SignatureScheme> = new Map<number, SignatureScheme>([
  [-7, { keyType: 'ec', digest: 'sha256' }],
  [-35, { keyType: 'ec', digest: 'sha384' }],
  [-36, { keyType: 'ec', digest: 'sha512' }],
  [-8, { keyType: 'ed25519', digest: null }],
  [-48, { keyType: 'ml-dsa-44', digest: null }],
  [-49, { keyType: 'ml-dsa-65', digest: null }],
  [-50, { keyType: 'ml-dsa-87', digest: null }],
  [-37, { keyType: 'rsa', digest: 'sha256', padding: pss }],
  [-38, { keyType: 'rsa', digest: 'sha384', padding: pss }],
  [-39, { keyType: 'rsa', digest: 'sha512', padding: pss }],
  [-257, { keyType: 'rsa', digest: 'sha256' }],
  [-258, { keyType: 'rsa', digest: 'sha384' }],
  [-259, { keyType: 'rsa', digest: 'sha512' }],
  [-65535, { keyType: 'rsa', digest: 'sha1' }],
])

/** The digest that belongs to a COSE algorithm, or undefined if it has none or is unknown. */
export function attestationDigest(algorithm: number): string | undefined {
  return schemes.get(algorithm)?.digest ?? undefined
}

/**
 * Verifies a signature of an attestation key. The algorithm must be one we know and fit the key's type.
 *
 * @throws CeremonyError `attestation_signature`.
 */
export function checkAttestationSignature(
  algorithm: number,
  key: KeyObject,
  data: Uint8Array,
  signature: Uint8Array,
): void {
  const scheme = schemes.get(algorithm)
  if (!scheme || key.asymmetricKeyType !== scheme.keyType) throw refused('algorithm is unknown or does not fit the key')
  // PSS salts are as long as the digest (RFC 8230 §2).
  const options = scheme.padding
    ? { key, padding: scheme.padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : { key }
  let valid = false
  try {
    valid = verify(scheme.digest, data, options, signature)
  } catch {
    // A signature that cannot even be parsed is an invalid one.
  }
  if (!valid) throw refused('does not verify')
}

function refused(what: string): CeremonyError {
  return new CeremonyError('attestation_signature', `attestation signature ${what}`)
}
