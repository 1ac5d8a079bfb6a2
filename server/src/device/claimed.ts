import { loadByClientId } from '../applications/hot.ts'
import { record } from '../audit/record.ts'
import { accessTokenTtlSeconds, issueAccessToken, resources } from '../oauth/access-token.ts'
import { defaultScopes } from '../oauth/scopes.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { limitsOf } from '../tenants/plans.ts'
import type { Approved } from './redeem.ts'

/** The tenant's oldest application, read in this transaction: what the caches hold may be from before the claim. */
async function applicationOf(ctx: Ctx, tenantId: string) {
  const [row] = await ctx.sql.query<{ client_id: string }>(
    `select client_id from applications where tenant_id = $1 and status <> 'deleted' order by created_at, id limit 1`,
    [tenantId],
  )
  return row ? loadByClientId(ctx.sql, row.client_id) : null
}

/**
 * What the agent gets whose tenant a person took over: no new secret and no key, since the ones it has go on working; a
 * token with the scopes that it has now (agents.md §3.2).
 */
export async function claimed(ctx: Ctx, { claim_tenant_id: tenantId, agent_id }: Approved) {
  const application = tenantId === null ? null : await applicationOf(ctx, tenantId)
  if (!application) throw new ApiError('invalid_grant')
  const scope = defaultScopes(application)
  const { users, applications } = limitsOf(application.plan)
  record(ctx, 'device.redeemed', {
    tenantId: application.tenantId,
    applicationId: application.id,
    metadata: { agent_id, secret_key_id: null },
  })
  return {
    claimed: true as const,
    tenantId: application.tenantId,
    clientId: application.clientId,
    applicationId: application.id,
    limits: { maxUsers: users, maxApps: applications },
    access_token: issueAccessToken(ctx, application, scope, resources(ctx.deps.config.PUBLIC_URL)),
    token_type: 'Bearer' as const,
    expires_in: accessTokenTtlSeconds,
    scope: scope.join(' '),
  }
}
