import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { calculateJwkThumbprint } from 'jose'
import type { Algorithm, SigningKey } from './jwt.ts'
import type { Secrets } from './secrets.ts'

const generate = promisify(generateKeyPair)

/** The public half as the JWKS shows it; exported from a public key object, so it has no private member. */
export type PublicJwk = { kty: string; kid: string; use: 'sig'; alg: Algorithm; [member: string]: unknown }

/** Columns of `signing_keys` that make up a key. */
export type SealedKey = { kid: string; algorithm: Algorithm; privateKey: Uint8Array }

const context = (algorithm: Algorithm, kid: string) => `signing_key:${algorithm}:${kid}`

async function fromPrivate(algorithm: Algorithm, privateKey: KeyObject): Promise<SigningKey> {
  const publicKey = createPublicKey(privateKey)
  const kid = await calculateJwkThumbprint(publicKey.export({ format: 'jwk' }), 'sha256')
  return { kid, algorithm, publicKey, privateKey }
}

/** Makes a key, P-256 or RSA with 2048 bits, and its private half as PKCS #8 under the master key. */
export async function generateSigningKey(algorithm: Algorithm, secrets: Secrets): Promise<[SigningKey, SealedKey]> {
  const { privateKey } =
    algorithm === 'ES256'
      ? await generate('ec', { namedCurve: 'P-256' })
      : await generate('rsa', { modulusLength: 2048, publicExponent: 65537 })
  const key = await fromPrivate(algorithm, privateKey)
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
  return [key, { kid: key.kid, algorithm, privateKey: secrets.encrypt(pkcs8, context(algorithm, key.kid)) }]
}

/**
 * Opens a stored key. The public half comes from the opened private one, not from the row: whoever can write to the
 * database but lacks the master key cannot add a key of theirs.
 * @throws Error when the row was not sealed under this master key
 */
export async function openSigningKey(sealed: SealedKey, secrets: Secrets): Promise<SigningKey> {
  try {
    const pkcs8 = secrets.decrypt(sealed.privateKey, context(sealed.algorithm, sealed.kid))
    const key = await fromPrivate(sealed.algorithm, createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }))
    if (key.kid === sealed.kid) return key
  } catch {}
  throw new Error(`signing key ${sealed.kid} cannot be opened; was MASTER_KEY changed? Restore it, or delete the row`)
}

/** The JWK that verifiers get: `kid` is the RFC 7638 thumbprint, `alg` is always stated. */
export function publicJwk(key: SigningKey): PublicJwk {
  const { kty = '', ...members } = key.publicKey.export({ format: 'jwk' })
  return { kty, kid: key.kid, use: 'sig', alg: key.algorithm, ...members }
}
