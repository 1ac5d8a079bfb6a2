import { createPublicKey } from 'node:crypto'
import { z } from 'zod'

const base64url = (min: number, max: number) =>
  z.string().regex(new RegExp(`^[\\w-]{${min},${max}}$`), `must be base64url of ${min} to ${max} characters`)

const aboutKey = {
  kid: z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 printable characters')
    .optional(),
  use: z.literal('sig').optional(),
}

// Strict: a private member (`d`, `p`, `k`) is refused by its name instead of being stored.
const EllipticCurveKey = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256', 'must be P-256'),
  x: base64url(43, 43),
  y: base64url(43, 43),
  ...aboutKey,
  alg: z.literal('ES256').optional(),
})

/** 2,048 to 4,096 bits. */
const RsaKey = z.strictObject({
  kty: z.literal('RSA'),
  n: base64url(342, 683),
  e: z.literal('AQAB', 'must be AQAB'),
  ...aboutKey,
  alg: z.literal('RS256').optional(),
})

const Ed25519Key = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519', 'must be Ed25519'),
  x: base64url(43, 43),
  ...aboutKey,
  alg: z.enum(['EdDSA', 'Ed25519']).optional(),
})

/** Whether the numbers are a key: a point that is not on its curve is none. */
function isKey(jwk: Record<string, unknown>): boolean {
  try {
    createPublicKey({ key: jwk, format: 'jwk' })
    return true
  } catch {
    return false
  }
}

export const PublicKey = z
  .discriminatedUnion('kty', [EllipticCurveKey, RsaKey, Ed25519Key], 'must be an EC, RSA or OKP key')
  .refine(isKey, 'is not a valid public key')

export type ClientKey = z.infer<typeof PublicKey>

/** Public keys of a client that signs assertions instead of sending a secret (`private_key_jwt`, RFC 7523). */
export const ClientKeys = z
  .array(PublicKey)
  .max(10, 'must have at most 10 entries')
  .refine((keys) => {
    const ids = keys.flatMap(({ kid }) => kid ?? [])
    return new Set(ids).size === ids.length
  }, 'must not repeat a kid')
