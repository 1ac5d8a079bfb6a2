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

/**
 * The principal of a session token, or null.
 * @throws 404 origin_not_allowed when an `Origin` was sent that is not listed; 403 tenant_inactive
 */
export async function endUserFromToken(ctx: Ctx, token: string): Promise<EndUser | null> {
  if (token.length > maxTokenLength) return null
  const { tokens, applications, config } = ctx.deps
  const now = ctx.now()
  const claims = await tokens.verify(token, 'JWT', now)
  const clientId = Array.isArray(claims?.aud) && claims.aud[1] === END_USER_AUDIENCE ? String(claims.aud[0]) : null
  const application = clientId === null ? null : await applications.byClientId.get(clientId)
  if (!claims || !application || application.id !== claims.app_id) return null
  const { origin } = ctx.request
  if (origin !== null && origin !== config.PUBLIC_URL && !application.allowedOrigins.includes(origin)) {
    throw new ApiError('origin_not_allowed')
  }
  if (!isActive(application)) throw new ApiError('tenant_inactive')
  const [row] = await ctx.sql.query<Row>(live, [application.tenantId, claims.jti, application.id, now])
  if (!row || row.user_id !== claims.sub) return null
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
