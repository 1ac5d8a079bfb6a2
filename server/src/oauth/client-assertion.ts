import { decodeJwt, decodeProtectedHeader, importJWK, type JWTPayload, jwtVerify } from 'jose'
import type { ClientKey } from '../applications/client-jwks.ts'
import type { Ctx } from '../platform/context.ts'
import type { Sql } from '../platform/db.ts'
import { addSeconds, seconds } from '../platform/time.ts'
import { underFailureLimit } from './failure-limit.ts'

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** What clients may sign with; `Ed25519` is what RFC 9864 calls the `EdDSA` of that curve. */
export const assertionAlgorithms = ['ES256', 'RS256', 'EdDSA'] as const
const algorithms = [...assertionAlgorithms, 'Ed25519']
const keyTypes: Record<string, string> = { ES256: 'EC', RS256: 'RSA', EdDSA: 'OKP', Ed25519: 'OKP' }

/** How far ahead `exp` may be, and how far the client's clock may be from ours. */
const longestLifeSeconds = 300
const skewSeconds = 30

/** Who an assertion says it is of, and how it says it is signed, before anything about it is proven. */
export type Claimant = { clientId: string; alg: string; kid: string | undefined }

/** A client that may have signed it, with its public keys. */
export type Signer<T> = { client: T; clientId: string; keys: readonly ClientKey[] }

/** null: it says nothing that could be checked. */
export function claimantOf(assertion: string): Claimant | null {
  try {
    const { alg, kid } = decodeProtectedHeader(assertion)
    const { iss, sub } = decodeJwt(assertion)
    if (typeof alg !== 'string' || !algorithms.includes(alg)) return null
    return typeof sub === 'string' && sub !== '' && iss === sub ? { clientId: sub, alg, kid } : null
  } catch {
    return null
  }
}

/** Whether a key may have signed it: one is used for its own algorithm only (RFC 8725 §3.1). */
export const mayHaveSigned = (key: ClientKey, { alg, kid }: Claimant): boolean =>
  key.kty === keyTypes[alg] && (kid === undefined || key.kid === undefined || key.kid === kid)

/** The claims, if one of the keys signed them. */
async function signedClaims(
  ctx: Ctx,
  keys: readonly ClientKey[],
  assertion: string,
  claimant: Claimant,
): Promise<JWTPayload | null> {
  for (const jwk of keys.filter((key) => mayHaveSigned(key, claimant))) {
    try {
      const key = await importJWK(jwk, claimant.alg)
      const options = { algorithms: [claimant.alg], currentDate: ctx.now(), clockTolerance: skewSeconds }
      return (await jwtVerify(assertion, key, options)).payload
    } catch {
      // Another key may have signed it.
    }
  }
  return null
}

/** RFC 7523 §3 and RFC 10070: for this server alone, short-lived, and with an id of its own. */
function isFor({ aud, exp, jti }: JWTPayload, issuer: string, now: Date): boolean {
  const only = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud
  const time = seconds(now)
  return (
    only === issuer &&
    typeof exp === 'number' &&
    exp > time &&
    exp <= time + longestLifeSeconds + skewSeconds &&
    typeof jti === 'string' &&
    jti !== ''
  )
}

/** Whether an assertion's id is new: the insert decides, whichever instance it was presented to. */
async function takeOnce(ctx: Ctx, clientId: string, jti: string): Promise<boolean> {
  const key = ctx.deps.secrets.hash(`assertion ${clientId} ${jti}`).toString('hex')
  const taken = await ctx.sql.query(
    `insert into tombstones (kind, key, reason, created_at) values ('assertion', $1, 'used', $2)
     on conflict do nothing returning key`,
    [key, ctx.now()],
  )
  return taken.length > 0
}

type SignerOf<T> = (claimant: Claimant) => Promise<Signer<T> | null>

async function evaluate<T>(
  ctx: Ctx,
  assertion: string,
  clientId: string | undefined,
  signerOf: SignerOf<T>,
): Promise<T | null> {
  const claimant = claimantOf(assertion)
  if (!claimant || (clientId !== undefined && clientId !== claimant.clientId)) return null
  const signer = await signerOf(claimant)
  const claims = signer && (await signedClaims(ctx, signer.keys, assertion, claimant))
  if (!signer || !claims || !isFor(claims, ctx.deps.config.PUBLIC_URL, ctx.now())) return null
  return (await takeOnce(ctx, signer.clientId, String(claims.jti))) ? signer.client : null
}

/**
 * Checks a `private_key_jwt` assertion (RFC 7523 §3) against the public keys of the client it names. Whatever is wrong with
 * it ends alike, and counts as a failure of that client.
 * @param clientId the parameter beside it, which must name the same client
 * @param signerOf looks the client up; null: there is none
 * @returns the client, or null
 * @throws 429 rate_limit_exceeded after too many failures
 */
export function authenticateByAssertion<T>(
  ctx: Ctx,
  assertion: string,
  clientId: string | undefined,
  signerOf: SignerOf<T>,
): Promise<T | null> {
  const named = claimantOf(assertion)?.clientId ?? clientId ?? ''
  const digest = ctx.deps.secrets.hash(assertion)
  return underFailureLimit(ctx, named, digest, () => evaluate(ctx, assertion, clientId, signerOf), { once: true })
}

/** Deletes at most `batch` ids of assertions that expired by themselves; returns how many. */
export async function purgeUsedAssertions(sql: Sql, now: Date, batch: number): Promise<number> {
  const gone = await sql.query(
    `delete from tombstones where kind = 'assertion' and key in (
       select key from tombstones where kind = 'assertion' and created_at <= $1 limit $2::int) returning 1`,
    [addSeconds(now, -2 * longestLifeSeconds), batch],
  )
  return gone.length
}
