import { createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto'
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

/** Makes a key, P-256 or RSA with 2048 bits, and its private half as PKCS #8 under the master key. */
export async function generateSigningKey(algorithm: Algorithm, secrets: Secrets): Promise<[SigningKey, SealedKey]> {
  const { privateKey } =
    algorithm === 'ES256'
      ? await generate('ec', { namedCurve: 'P-256' })
      : await generate('rsa', { modulusLength: 2048, publicExponent: 65537 })
  const publicKey = createPublicKey(privateKey)
  const kid = await calculateJwkThumbprint(publicKey.export({ format: 'jwk' }), 'sha256')
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
  const sealed = { kid, algorithm, privateKey: secrets.encrypt(pkcs8, context(algorithm, kid)) }
  return [{ kid, algorithm, publicKey, privateKey }, sealed]
}

/**
 * Opens a stored key. The public half comes from the opened private one, not from the row: whoever can write to the
 * database but lacks the master key cannot add a key of theirs.
 * @throws Error when the row was not sealed under this master key
 */
export function openSigningKey({ kid, algorithm, privateKey: sealed }: SealedKey, secrets: Secrets): SigningKey {
  try {
    const pkcs8 = secrets.decrypt(sealed, context(algorithm, kid))
    const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    return { kid, algorithm, publicKey: createPublicKey(privateKey), privateKey }
  } catch (cause) {
    const advice = 'was MASTER_KEY changed? Restore it, or delete the row'
    throw new Error(`signing key ${kid} cannot be opened; ${advice}`, { cause })
  }
}

/** The JWK that verifiers get: `kid` is the RFC 7638 thumbprint, `alg` is always stated. */
export function publicJwk(key: SigningKey): PublicJwk {
  const { kty = '', ...members } = key.publicKey.export({ format: 'jwk' })
  return { kty, kid: key.kid, use: 'sig', alg: key.algorithm, ...members }
}
