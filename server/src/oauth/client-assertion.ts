import { decodeJwt, decodeProtectedHeader, importJWK, type JWTPayload, jwtVerify } from 'jose'
import { type HotApplication, isActive } from '../applications/hot.ts'
import type { Ctx } from '../platform/context.ts'
import type { Sql } from '../platform/db.ts'
import { addSeconds, seconds } from '../platform/time.ts'
import { findApplication } from './client-authentication.ts'
import { underFailureLimit } from './failure-limit.ts'

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** What clients may sign with; `Ed25519` is what RFC 9864 calls the `EdDSA` of that curve. */
export const assertionAlgorithms = ['ES256', 'RS256', 'EdDSA'] as const
const algorithms = [...assertionAlgorithms, 'Ed25519']
const keyTypes: Record<string, string> = { ES256: 'EC', RS256: 'RSA', EdDSA: 'OKP', Ed25519: 'OKP' }

/** How far ahead `exp` may be, and how far the client's clock may be from ours. */
const longestLifeSeconds = 300
const skewSeconds = 30

/** Who an assertion says it is of, before anything about it is proven; null: it says nothing that could be checked. */
function claimant(assertion: string): { clientId: string; alg: string; kid: string | undefined } | null {
  try {
    const { alg, kid } = decodeProtectedHeader(assertion)
    const { iss, sub } = decodeJwt(assertion)
    if (typeof alg !== 'string' || !algorithms.includes(alg)) return null
    return typeof sub === 'string' && sub !== '' && iss === sub ? { clientId: sub, alg, kid } : null
  } catch {
    return null
  }
}

/** The claims, if a registered key signed them; a key is used for its own algorithm only (RFC 8725 §3.1). */
async function signedClaims(
  ctx: Ctx,
  { settings }: HotApplication,
  assertion: string,
  { alg, kid }: { alg: string; kid: string | undefined },
): Promise<JWTPayload | null> {
  const fits = settings.client_jwks.filter(
    (key) => key.kty === keyTypes[alg] && (kid === undefined || key.kid === undefined || key.kid === kid),
  )
  for (const jwk of fits) {
    try {
      const key = await importJWK(jwk, alg)
      const options = { algorithms: [alg], currentDate: ctx.now(), clockTolerance: skewSeconds }
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

async function evaluate(ctx: Ctx, assertion: string, clientId: string | undefined): Promise<HotApplication | null> {
  const named = claimant(assertion)
  if (!named || (clientId !== undefined && clientId !== named.clientId)) return null
  const application = await findApplication(ctx, named.clientId)
  if (!application || !isActive(application)) return null
  const claims = await signedClaims(ctx, application, assertion, named)
  if (!claims || !isFor(claims, ctx.deps.config.PUBLIC_URL, ctx.now())) return null
  return (await takeOnce(ctx, application.clientId, String(claims.jti))) ? application : null
}

/**
 * Checks a `private_key_jwt` assertion (RFC 7523 §3) against the keys registered as `client_jwks`. Whatever is wrong with it
 * ends alike, and counts as a failure of the client it names.
 * @param clientId the parameter beside it, which must name the same client
 * @returns the application, or null
 * @throws 429 rate_limit_exceeded after too many failures
 */
export function authenticateByAssertion(
  ctx: Ctx,
  assertion: string,
  clientId: string | undefined,
): Promise<HotApplication | null> {
  const named = claimant(assertion)?.clientId ?? clientId ?? ''
  const digest = ctx.deps.secrets.hash(assertion)
  return underFailureLimit(ctx, named, digest, () => evaluate(ctx, assertion, clientId), { once: true })
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
