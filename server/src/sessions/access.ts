import { isActive } from '../applications/hot.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { maxTokenLength } from '../platform/jwt.ts'
import type { EndUser } from '../platform/principal.ts'
import { announcePurge } from '../tenants/inactivity.ts'
import type { Claims } from '../users/custom-claims.ts'
import { CLAIMS_NAMESPACE, END_USER_AUDIENCE } from './issue.ts'

type Row = { user_id: string; external_user_id: string | null; expires_at: Date; last_seen_at: Date }

// Raw: the one read of every call that carries a session token. The row decides, not the token: logout, revocation and
// disabling a user end it at once.
const live = `
  select s.user_id, u.external_user_id, s.expires_at, s.last_seen_at
  from sessions s join users u on u.tenant_id = s.tenant_id and u.id = s.user_id
  where s.tenant_id = $1 and s.id = $2::uuid and s.application_id = $3 and s.revoked_at is null and s.expires_at > $4
    and u.status <> 'disabled'`

/** How stale `last_seen_at` may be: a session costs at most one write in this time. */
const seenEveryMillis = 60_000

/** A session token of ours that is in time, with its application; nothing is said yet of the session. */
async function claimed(ctx: Ctx, token: string) {
  if (token.length > maxTokenLength) return null
  const claims = await ctx.deps.tokens.verify(token, 'JWT', ctx.now())
  const clientId = Array.isArray(claims?.aud) && claims.aud[1] === END_USER_AUDIENCE ? String(claims.aud[0]) : null
  const application = clientId === null ? null : await ctx.deps.applications.byClientId.get(clientId)
  return claims && application && application.id === claims.app_id ? { claims, application } : null
}

type Claimed = NonNullable<Awaited<ReturnType<typeof claimed>>>

async function liveRow(ctx: Ctx, { claims, application }: Claimed): Promise<Row | null> {
  const [row] = await ctx.sql.query<Row>(live, [application.tenantId, claims.jti, application.id, ctx.now()])
  return row && row.user_id === claims.sub ? row : null
}

/** The live session behind a token, for whoever only asks about it: nothing is written, no origin is looked at. */
export async function sessionBehind(ctx: Ctx, token: string): Promise<(Claimed & { row: Row }) | null> {
  const found = await claimed(ctx, token)
  const row = found && isActive(found.application) ? await liveRow(ctx, found) : null
  return found && row ? { ...found, row } : null
}

/**
 * The principal of a session token, or null.
 * @throws 404 origin_not_allowed when an `Origin` was sent that is not listed; 403 tenant_inactive
 */
export async function endUserFromToken(ctx: Ctx, token: string): Promise<EndUser | null> {
  const found = await claimed(ctx, token)
  if (!found) return null
  const { claims, application } = found
  const { config } = ctx.deps
  const { origin } = ctx.request
  const now = ctx.now()
  if (origin !== null && origin !== config.PUBLIC_ORIGIN && !application.allowedOrigins.includes(origin)) {
    throw new ApiError('origin_not_allowed')
  }
  if (!isActive(application)) throw new ApiError('tenant_inactive')
  const row = await liveRow(ctx, found)
  if (!row) return null
  if (now.getTime() - row.last_seen_at.getTime() >= seenEveryMillis) {
    await ctx.sql.query('update sessions set last_seen_at = $3 where tenant_id = $1 and id = $2::uuid', [
      application.tenantId,
      claims.jti,
      now,
    ])
  }
  announcePurge(ctx, application)
  return {
    kind: 'end_user',
    id: row.user_id,
    clientId: application.clientId,
    tenantId: application.tenantId,
    applicationId: application.id,
    sessionId: claims.jti,
    bucket: claims.jti,
    externalUserId: row.external_user_id,
    expiresAt: row.expires_at,
    claims: (claims[CLAIMS_NAMESPACE] ?? {}) as Claims,
  }
}
