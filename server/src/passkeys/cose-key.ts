import { createPublicKey, type KeyObject } from 'node:crypto'
import { encodeBase64Url } from './base64url.ts'
import { type CborMap, decodeCbor } from './cbor.ts'
import { CeremonyError } from './ceremony-error.ts'

/** A credential public key, ready for `crypto.verify(digest, data, keyObject, signature)`. */
export type VerificationKey = {
  /** COSE algorithm, such as -7. */
  algorithm: number
  keyObject: KeyObject
  /** Digest the signature is over; null where the algorithm does its own hashing. */
  digest: string | null
}

type JsonWebKey = Record<string, string>
type KeyShape = { digest: string | null; jwk: (key: CborMap) => JsonWebKey }

/**
 * COSE algorithms of credential keys (RFC 9053, RFC 8812, draft-ietf-cose-dilithium). For WebAuthn each fixes key type
 * and curve (L3 §5.8.5): -7 is P-256 and nothing else. -35 and -36 are understood, though not offered by default; Ed448
 * (-53) and the rest are not.
 */
const shapes: ReadonlyMap<number, KeyShape> = new Map<number, KeyShape>([
  [-7, { digest: 'sha256', jwk: (key) => ellipticKey(key, 1, 'P-256', 32) }],
  [-35, { digest: 'sha384', jwk: (key) => ellipticKey(key, 2, 'P-384', 48) }],
  [-36, { digest: 'sha512', jwk: (key) => ellipticKey(key, 3, 'P-521', 66) }],
  [-8, { digest: null, jwk: edwardsKey }],
  [-257, { digest: 'sha256', jwk: rsaKey }],
  [-48, { digest: null, jwk: (key) => latticeKey(key, 'ML-DSA-44', 1312) }],
  [-49, { digest: null, jwk: (key) => latticeKey(key, 'ML-DSA-65', 1952) }],
  [-50, { digest: null, jwk: (key) => latticeKey(key, 'ML-DSA-87', 2592) }],
])

/** COSE_Key labels: RFC 9052 §7.1, RFC 9053 §7, RFC 8230 §4. */
const label = { keyType: 1, algorithm: 3, curve: -1, x: -2, y: -3, modulus: -1, exponent: -2, public: -1 } as const
const keyType = { okp: 1, ec2: 2, rsa: 3, akp: 7 } as const

/**
 * Imports a COSE_Key (WebAuthn L3 §6.5.1.1) and proves that a key of that algorithm is what it holds: type and curve
 * fit the algorithm, an EC point lies on its curve, RSA is 2,048 to 8,192 bits with an odd exponent above 1, an Ed25519
 * point is canonical and of large order.
 *
 * @throws CeremonyError `algorithm` if the algorithm is unknown here, `key` if the key does not fit it, `format` if the
 * bytes are no canonical CBOR map.
 */
export function importCoseKey(bytes: Uint8Array<ArrayBuffer>): VerificationKey {
  const { value, end } = decodeCbor(bytes, 0, { sortedKeys: true })
  if (!(value instanceof Map) || end !== bytes.length) throw new CeremonyError('format', 'public key is no COSE_Key')
  const algorithm = value.get(label.algorithm)
  const shape = typeof algorithm === 'number' ? shapes.get(algorithm) : undefined
  if (typeof algorithm !== 'number' || !shape) throw new CeremonyError('algorithm', 'public key algorithm is unknown')
  const keyObject = importJwk(shape.jwk(value))
  if (keyObject.asymmetricKeyType === 'rsa') checkRsa(keyObject)
  return { algorithm, keyObject, digest: shape.digest }
}

/** OpenSSL refuses a point that is off its curve, out of range or at infinity; a test holds it to that. */
function importJwk(jwk: JsonWebKey): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    throw unusable('is not a point or number of its kind')
  }
}

function ellipticKey(key: CborMap, curve: number, name: string, size: number): JsonWebKey {
  demand(key, label.keyType, keyType.ec2)
  demand(key, label.curve, curve)
  // Compressed points carry a boolean y; WebAuthn L3 §5.8.5 allows only uncompressed ones.
  return { kty: 'EC', crv: name, x: binary(key, label.x, size), y: binary(key, label.y, size) }
}

function edwardsKey(key: CborMap): JsonWebKey {
  demand(key, label.keyType, keyType.okp)
  demand(key, label.curve, 6)
  const x = binary(key, label.x, 32)
  if (isWeakEd25519(Buffer.from(x, 'base64url'))) throw unusable('is an Ed25519 point of small order')
  return { kty: 'OKP', crv: 'Ed25519', x }
}

function rsaKey(key: CborMap): JsonWebKey {
  demand(key, label.keyType, keyType.rsa)
  return { kty: 'RSA', n: binary(key, label.modulus), e: binary(key, label.exponent) }
}

function latticeKey(key: CborMap, name: string, size: number): JsonWebKey {
  demand(key, label.keyType, keyType.akp)
  return { kty: 'AKP', alg: name, pub: binary(key, label.public, size) }
}

function demand(key: CborMap, member: number, value: number): void {
  if (key.get(member) !== value) throw unusable('does not fit its algorithm')
}

function binary(key: CborMap, member: number, size?: number): string {
  const value = key.get(member)
  if (!(value instanceof Uint8Array) || (size !== undefined && value.length !== size)) {
    throw unusable('lacks a member or has one of the wrong length')
  }
  return encodeBase64Url(value)
}

function checkRsa(keyObject: KeyObject): void {
  const { modulusLength = 0, publicExponent = 0n } = keyObject.asymmetricKeyDetails ?? {}
  if (modulusLength < 2048 || modulusLength > 8192) throw unusable('has a modulus outside 2,048 to 8,192 bits')
  // Exponent 1 makes every padded digest its own signature; an even one is no RSA key.
  if (publicExponent <= 1n || publicExponent % 2n === 0n) throw unusable('has an exponent that is 1 or even')
}

/** y of the points of order 1, 2, 4 and 8 on edwards25519, little-endian, without the sign bit. */
const smallOrderPoints = new Set([
  `01${'00'.repeat(31)}`,
  '00'.repeat(32),
  `ec${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])

/** Small order lets one signature fit many messages; y of 2^255 - 19 or above is a second spelling of a point. */
function isWeakEd25519(point: Buffer): boolean {
  const y = Buffer.from(point)
  y[31] = (y[31] ?? 0) & 0x7f
  const outOfRange = y[31] === 0x7f && (y[0] ?? 0) >= 0xed && y.subarray(1, 31).every((byte) => byte === 0xff)
  return outOfRange || smallOrderPoints.has(y.toString('hex'))
}

function unusable(what: string): CeremonyError {
  return new CeremonyError('key', `public key ${what}`)
}
