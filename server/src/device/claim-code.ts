import { tenantOfToken } from '../claim/claim-token.ts'
import { findClaimable } from '../claim/claimable.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { mint } from '../platform/ids.ts'
import type { DeviceClient } from './client.ts'

export type ClaimCodeParameters = { claim_token?: string | undefined; claim?: boolean | undefined }
export type TenantToClaim = { tenantId: string; agentId: string }

/** Codes of one tenant that may be live at once. */
const liveClaimCodes = 3

/**
 * The tenant that a device request is to claim; null: it is not about a claim. The day's codes are counted here, outside
 * any transaction.
 * @throws 400 invalid_grant, already_claimed; 401 invalid_client for `claim=true` without authentication; 429
 */
export async function claimOf(
  ctx: Ctx,
  client: DeviceClient,
  input: ClaimCodeParameters,
): Promise<TenantToClaim | null> {
  if (input.claim_token === undefined && !input.claim) return null
  if (input.claim_token === undefined && !client.application) throw new ApiError('invalid_client')
  const tenantId =
    input.claim_token === undefined ? (client.application?.tenantId ?? '') : await tenantOfToken(ctx, input.claim_token)
  const tenant = await findClaimable(ctx, tenantId)
  if (!tenant) throw new ApiError('already_claimed')
  const verdict = await ctx.deps.limits.count('claim_code', tenantId)
  if (!verdict.ok) {
    throw new ApiError('rate_limit_exceeded', {
      retryAfter: verdict.retryAfter,
      headers: ctx.deps.limits.headers([verdict]),
    })
  }
  return { tenantId, agentId: tenant.agentId ?? mint('agt') }
}

/**
 * Lets at most three codes of a tenant live, whoever asks at once: the tenant's row is locked.
 * @throws 429 rate_limit_exceeded until the oldest of them ends
 */
export async function requireClaimRoom(ctx: Ctx, tenantId: string): Promise<void> {
  const now = ctx.now()
  await ctx.sql.query('select 1 from tenants where id = $1 for update', [tenantId])
  const live = await ctx.sql.query<{ expires_at: Date }>(
    `select expires_at from device_requests
     where claim_tenant_id = $1 and status = 'pending' and expires_at > $2 order by expires_at`,
    [tenantId, now],
  )
  const [oldest] = live
  if (!oldest || live.length < liveClaimCodes) return
  throw new ApiError('rate_limit_exceeded', { retryAfter: (oldest.expires_at.getTime() - now.getTime()) / 1000 })
}
