import type { HotApplication } from '../applications/hot.ts'
import { hostOf } from '../applications/origins.ts'
import type { Ctx } from '../platform/context.ts'
import type { Sql } from '../platform/db.ts'
import { ApiError, invalid } from '../platform/errors.ts'
import { uuid7 } from '../platform/ids.ts'
import type { EndUser, Publishable } from '../platform/principal.ts'
import { challenge as newChallenge } from '../platform/secrets.ts'
import { addSeconds } from '../platform/time.ts'

/** How long a challenge lives; the browser is told half of it, so that it gives up first. */
export const ceremonyTtlSeconds = 600
export const browserTimeoutMillis = 300_000

type Common = { rpId: string; userVerification: 'required' | 'preferred' }

/** What a registration was started with, and is judged by: nothing that the browser sends can relax it. */
export type RegistrationFacts = Common & {
  kind: 'registration'
  /** The user handle is this id's 16 bytes; a new user gets it when the registration finishes. */
  userId: string
  externalUserId: string | null
  /** Started with the user's own session: adds a passkey to that user. */
  bySession: boolean
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
  const application = await ctx.deps.applications.byClientId.get(ctx.principal.clientId)
  if (!application) throw new ApiError('origin_not_allowed')
  return application
}

/** The RP ID of a ceremony: the setting, or the host of the page that asks. */
export function rpIdOf(ctx: Ctx, application: HotApplication): string {
  const origin = ctx.request.origin ?? application.allowedOrigins[0]
  const rpId = application.settings.rp_id ?? (origin && hostOf(origin))
  if (!rpId) throw invalid('Origin', 'is required while the application has neither rp_id nor allowed_origins')
  return rpId
}

/** Stores a challenge with everything it is bound to. One insert. */
export async function begin(ctx: Ctx<Publishable | EndUser>, facts: Facts, userId: string | null): Promise<Begun> {
  const now = ctx.now()
  const begun = { id: uuid7(now), challenge: newChallenge(), expiresAt: addSeconds(now, ceremonyTtlSeconds) }
  await ctx.sql.query(
    `insert into ceremonies (tenant_id, id, application_id, kind, user_id, challenge, facts, created_at, expires_at)
     values ($1, $2::uuid, $3, $4, $5::uuid, $6, $7::jsonb, $8, $9)`,
    [
      ctx.principal.tenantId,
      begun.id,
      ctx.principal.applicationId,
      facts.kind,
      userId,
      begun.challenge,
      JSON.stringify(facts),
      now,
      begun.expiresAt,
    ],
  )
  return begun
}

/**
 * Takes a challenge, once and for good: it is gone before any cryptography, whatever comes of it (security 80).
 * @throws 400 session_expired for one that is unknown, used, too old, or of another application or kind
 */
export async function take<K extends Facts['kind']>(
  ctx: Ctx<Publishable | EndUser>,
  kind: K,
  id: string,
): Promise<{ challenge: Uint8Array; facts: Extract<Facts, { kind: K }> }> {
  const [row] = await ctx.sql.query<{ challenge: Uint8Array; facts: Extract<Facts, { kind: K }>; expires_at: Date }>(
    `delete from ceremonies where tenant_id = $1 and id = $2::uuid and application_id = $3 and kind = $4
     returning challenge, facts, expires_at`,
    [ctx.principal.tenantId, id, ctx.principal.applicationId, kind],
  )
  if (!row || row.expires_at <= ctx.now()) throw new ApiError('session_expired')
  return row
}

/** Origins a response may come from: the application's list as it is now, so that a removed one ends its ceremonies. */
export const acceptedOrigins = (ctx: Ctx, application: HotApplication): readonly string[] =>
  ctx.request.origin === ctx.deps.config.PUBLIC_URL && !application.allowedOrigins.includes(ctx.request.origin)
    ? [...application.allowedOrigins, ctx.request.origin]
    : application.allowedOrigins

/** Deletes at most `batch` ceremonies past their time; returns how many. */
export async function purgeExpiredCeremonies(sql: Sql, now: Date, batch: number): Promise<number> {
  const gone = await sql.query(
    `delete from ceremonies where (tenant_id, id) in (
       select tenant_id, id from ceremonies where expires_at <= $1 limit $2::int) returning 1`,
    [now, batch],
  )
  return gone.length
}
