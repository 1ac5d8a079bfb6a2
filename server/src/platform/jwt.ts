import { type KeyObject, sign, verify } from 'node:crypto'

/**
 * Our own tokens (http-api.md §1.3), made and checked on `node:crypto`: half the cost of a general library, and strict.
 * Whoever needs tokens or keys of others uses jose.
 */
export type Algorithm = 'ES256' | 'RS256'

/** `typ` of the header: access token, session token, action token. One never passes for another. */
export type TokenType = 'at+jwt' | 'JWT' | 'action+jwt'

/** A public key and the one algorithm it is for; a token cannot choose another. */
export type VerificationKey = { readonly kid: string; readonly algorithm: Algorithm; readonly publicKey: KeyObject }
export type SigningKey = VerificationKey & { readonly privateKey: KeyObject }

/** What every token of ours carries. Times are seconds since 1970. */
export type Claims = {
  iss: string
  sub: string
  iat: number
  exp: number
  jti: string
  [name: string]: unknown
}

/** Longest token that is looked at, in characters; routes answer 400 beyond it (security.md §2 G 137). */
export const maxTokenLength = 8192

/** How far another instance's clock may be ahead, in seconds (security.md §2 G 128). */
const longestSkewSeconds = 60

const headers = new WeakMap<SigningKey, Map<TokenType, string>>()

function encodedHeader(key: SigningKey, typ: TokenType): string {
  const known = headers.get(key) ?? new Map<TokenType, string>()
  const header = known.get(typ) ?? encode(JSON.stringify({ alg: key.algorithm, typ, kid: key.kid }))
  headers.set(key, known.set(typ, header))
  return header
}

const encode = (text: string): string => Buffer.from(text).toString('base64url')

const signatureOptions = (algorithm: Algorithm) =>
  algorithm === 'ES256' ? ({ dsaEncoding: 'ieee-p1363' } as const) : undefined

/** Copies one INTEGER of a DER signature, without its sign byte, to the end of a 32-byte field. */
function copyInteger(der: Buffer, start: number, raw: Buffer, fieldEnd: number): number {
  const end = start + 2 + (der[start + 1] as number)
  const first = Math.max(start + 2, end - 32)
  der.copy(raw, fieldEnd - (end - first), first, end)
  return end
}

/**
 * The signature as JWS wants it (RFC 7518 §3.4): r and s, 32 bytes each. Signed as DER and joined here, because asking
 * OpenSSL for this form through `dsaEncoding` costs as much again as the signature (Node 24: 38 µs against 19).
 */
function signRaw(key: SigningKey, input: Buffer): Buffer {
  const der = sign('sha256', input, key.privateKey)
  if (key.algorithm !== 'ES256') return der
  const raw = Buffer.alloc(64)
  copyInteger(der, copyInteger(der, 2, raw, 32), raw, 64)
  return raw
}

/** Signs `claims` as a compact JWS whose header is `alg`, `typ` and `kid`. */
export function signJwt(key: SigningKey, typ: TokenType, claims: Claims): string {
  const input = `${encodedHeader(key, typ)}.${encode(JSON.stringify(claims))}`
  const signature = signRaw(key, Buffer.from(input))
  return `${input}.${signature.toString('base64url')}`
}

/** The JSON object in one part of a token, or null. */
function parsePart(part: string): Record<string, unknown> | null {
  const text = Buffer.from(part, 'base64url').toString()
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
    // All our tokens come out of JSON.stringify, so another spelling is not ours; duplicate members are one such.
    return JSON.stringify(value) === text ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

const isTime = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

function areClaims(value: Record<string, unknown>): value is Claims {
  const { iss, sub, jti, iat, exp, nbf } = value
  const named = typeof iss === 'string' && typeof sub === 'string' && typeof jti === 'string'
  return named && isTime(iat) && isTime(exp) && (nbf === undefined || isTime(nbf))
}

export type VerifyOptions = {
  typ: TokenType
  issuer: string
  now: Date
  /** Our key of that id; nothing in the token but `kid` has a say in which key is used. */
  keys(kid: string): VerificationKey | undefined
  /** How far `iat` and `nbf` may lie ahead, 0 to 60; default 60. There is none for `exp`: at `exp` a token is over. */
  maxSkewSeconds?: number
}

/**
 * The claims of a token of ours that is valid now, else null, without saying why (security.md §2 G 123 to 128).
 * Audience, revocation and what the claims allow are the caller's to check.
 */
export function verifyJwt(token: string, options: VerifyOptions): Claims | null {
  if (token.length > maxTokenLength || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return null
  const first = token.indexOf('.')
  const last = token.lastIndexOf('.')

  const header = parsePart(token.slice(0, first))
  if (!header || header.typ !== options.typ || 'crit' in header || 'b64' in header) return null
  const { kid, alg } = header
  if (typeof kid !== 'string' || !/^[\w-]{1,128}$/.test(kid)) return null
  const key = options.keys(kid)
  if (!key || alg !== key.algorithm) return null

  const signature = Buffer.from(token.slice(last + 1), 'base64url')
  // Spare bits after the last character would give one token several spellings; nothing signs the signature.
  if (signature.toString('base64url') !== token.slice(last + 1)) return null
  const input = Buffer.from(token.slice(0, last))
  if (!verify('sha256', input, { key: key.publicKey, ...signatureOptions(key.algorithm) }, signature)) return null

  const claims = parsePart(token.slice(first + 1, last))
  if (!claims || !areClaims(claims) || claims.iss !== options.issuer) return null
  return isCurrent(claims, options) ? claims : null
}

function isCurrent(claims: Claims, { now, maxSkewSeconds = longestSkewSeconds }: VerifyOptions): boolean {
  const seconds = now.getTime() / 1000
  const latest = seconds + Math.min(maxSkewSeconds, longestSkewSeconds)
  return seconds < claims.exp && claims.iat <= latest && (claims.nbf === undefined || (claims.nbf as number) <= latest)
}

/** Whether `aud` names exactly this audience, alone or among others (security.md §2 G 127). */
export function hasAudience(claims: Claims, audience: string): boolean {
  return Array.isArray(claims.aud) ? claims.aud.includes(audience) : claims.aud === audience
}
