import type { HotApplication } from '../applications/hot.ts'
import { hostOf } from '../applications/origins.ts'
import { recordFailure } from '../lockout/failed-attempt.ts'
import type { Ctx } from '../platform/context.ts'
import type { Sql } from '../platform/db.ts'
import { ApiError, invalid, Refusal } from '../platform/errors.ts'
import { uuid7 } from '../platform/ids.ts'
import type { EndUser, Publishable } from '../platform/principal.ts'
import { challenge as newChallenge } from '../platform/secrets.ts'
import { addSeconds } from '../platform/time.ts'
import { type TrailRow, trailColumns, trailPlaceholders, trailValues } from '../platform/trail.ts'

/**
 * How long a challenge lives; the browser is told half of it, so that it gives up first (security 81). The life also
 * bounds what a flood can store (security 84): `ceremony_user` lets 20 begin for one user in 15 minutes, `ceremony` 120 a
 * minute from one address, `ceremony_application` 6000 a minute; further ones are refused, so nobody can push out
 * another's ceremony by beginning many.
 */
export const ceremonyTtlSeconds = 600
export const browserTimeoutMillis = 300_000

type Common = {
  rpId: string
  userVerification: 'required' | 'preferred'
  /** The application's lists when the ceremony began: an origin added since does not count (security 82). */
  origins: readonly string[]
  topOrigins: readonly string[]
}

/** What a registration was started with, and is judged by: nothing that the browser sends can relax it. */
export type RegistrationFacts = Common & {
  kind: 'registration'
  /** The user handle is this id's 16 bytes; a new user gets it when the registration finishes. */
  userId: string
  externalUserId: string | null
  /** Started with the user's own session: adds a passkey to that user. */
  bySession: boolean
  /** `authenticator_type` of the start; a response that says otherwise is refused. */
  attachment: 'platform' | 'cross-platform' | null
  algorithms: readonly number[]
  conditional: boolean
  extensions: readonly string[]
}

export type AuthenticationFacts = Common & {
  kind: 'authentication'
  /** Credential ids that were offered, base64url; null when nobody was named. */
  allowed: readonly string[] | null
}

export type Facts = RegistrationFacts | AuthenticationFacts
export type Begun = { id: string; challenge: Uint8Array; expiresAt: Date }

/** The application of a browser's principal; the gate has just looked at the same cached row. */
export async function applicationOf(ctx: Ctx<Publishable | EndUser>): Promise<HotApplication> {
  const known = ctx.principal.kind === 'anonymous' ? ctx.principal.application : undefined
  const application = known ?? (await ctx.deps.applications.byClientId.get(ctx.principal.clientId))
  if (!application) throw new ApiError('origin_not_allowed')
  return application
}

/** The RP ID of a ceremony: the setting, or the host of the page that asks; of a backend's call, the first listed. */
function rpIdOf(ctx: Ctx, application: HotApplication): string {
  const origin = ctx.request.origin ?? application.allowedOrigins[0]
  const rpId = application.settings.rp_id ?? (origin && hostOf(origin))
  if (!rpId) throw invalid('Origin', 'is required while the application has neither rp_id nor allowed_origins')
  return rpId
}

/** Origins of the application's pages as of now; this server's own pages count where one of them asks. */
const openOrigins = (ctx: Ctx, application: HotApplication): readonly string[] =>
  ctx.request.origin === ctx.deps.config.PUBLIC_ORIGIN && !application.allowedOrigins.includes(ctx.request.origin)
    ? [...application.allowedOrigins, ctx.request.origin]
    : application.allowedOrigins

/** What every ceremony is bound to, read from the application as it begins. */
export const bindings = (ctx: Ctx, application: HotApplication): Common => ({
  rpId: rpIdOf(ctx, application),
  userVerification: application.settings.user_verification,
  origins: openOrigins(ctx, application),
  topOrigins: application.settings.allowed_top_origins,
})

/** Origins and embedding origins that a response may name: listed when the ceremony began, and still listed. */
export function accepted(ctx: Ctx, application: HotApplication, facts: Common): Pick<Common, 'origins' | 'topOrigins'> {
  const open = openOrigins(ctx, application)
  return {
    origins: facts.origins.filter((origin) => open.includes(origin)),
    topOrigins: facts.topOrigins.filter((origin) => application.settings.allowed_top_origins.includes(origin)),
  }
}

const insert = `
  insert into ceremonies (tenant_id, id, application_id, kind, user_id, challenge, facts, created_at, expires_at)
  values ($1, $2::uuid, $3, $4, $5::uuid, $6, $7::jsonb, $8, $9)`
const insertRecorded = `
  with begun as (${insert} returning id)
  insert into audit_logs (${trailColumns}) select ${trailPlaceholders(10)} from begun`

/** Stores a challenge with everything it is bound to, and the audit row of its beginning if there is one. One statement. */
export async function begin(
  ctx: Ctx<Publishable | EndUser>,
  facts: Facts,
  userId: string | null,
  event?: TrailRow,
): Promise<Begun> {
  const now = ctx.now()
  const begun = { id: uuid7(now), challenge: newChallenge(), expiresAt: addSeconds(now, ceremonyTtlSeconds) }
  await ctx.sql.query(event ? insertRecorded : insert, [
    ctx.principal.tenantId,
    begun.id,
    ctx.principal.applicationId,
    facts.kind,
    userId,
    begun.challenge,
    JSON.stringify(facts),
    now,
    begun.expiresAt,
    ...(event ? trailValues(ctx, event) : []),
  ])
  return begun
}

type Taken<F> = { challenge: Uint8Array; facts: F; user_id: string | null; expires_at: Date }

/**
 * Takes a challenge, once and for good: it is gone before any cryptography, whatever comes of it (security 80). A finish
 * without one is recorded as a failure.
 * @throws 400 session_expired for one that is unknown, used, too old, or of another application or kind
 */
export async function take<K extends Facts['kind']>(
  ctx: Ctx<Publishable | EndUser>,
  kind: K,
  id: string,
): Promise<{ challenge: Uint8Array; facts: Extract<Facts, { kind: K }> }> {
  const [row] = await ctx.sql.query<Taken<Extract<Facts, { kind: K }>>>(
    `delete from ceremonies where tenant_id = $1 and id = $2::uuid and application_id = $3 and kind = $4
     returning challenge, facts, user_id, expires_at`,
    [ctx.principal.tenantId, id, ctx.principal.applicationId, kind],
  )
  if (row && ctx.now() < row.expires_at) return row
  recordFailure(ctx, { reason: row ? 'ceremony_expired' : 'ceremony_unknown', userId: row?.user_id ?? null })
  throw new Refusal('session_expired')
}

/** Deletes at most `batch` ceremonies past their time; returns how many. */
export async function purgeExpiredCeremonies(sql: Sql, now: Date, batch: number): Promise<number> {
  const gone = await sql.query(
    `delete from ceremonies where (tenant_id, id) in (
       select tenant_id, id from ceremonies where expires_at <= $1 limit $2::int) returning 1`,
    [now, batch],
  )
  return gone.length
}
