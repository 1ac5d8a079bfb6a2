import { registerAgent } from '../agents/register.ts'
import { offerClaim } from '../claim/claim-token.ts'
import { addressKey } from '../platform/address.ts'
import type { Ctx } from '../platform/context.ts'
import { INACTIVITY_PURGE_DAYS, plans } from '../tenants/plans.ts'
import { provisionTenant } from '../tenants/provision.ts'
import { hasRoom, lockCapacity, requireRoom } from './capacity.ts'
import { challengeFor, type Proof, requireProof } from './proof.ts'

const limits = { maxUsers: plans.free_ai.users, maxApps: plans.free_ai.applications }

/**
 * The vending machine: a tenant, its one application and a client secret, for nothing but a name.
 * Everything is one transaction; the secret is shown here once and stored as a keyed hash.
 * @throws 428 proof_required; 503 free_ai_capacity_reached
 */
export async function provisionAgent(ctx: Ctx, input: { name: string; proof?: Proof | undefined }) {
  await requireProof(ctx, input.proof)
  await lockCapacity(ctx.sql)
  await requireRoom(ctx)
  const { accountId, tenantId, applicationId, clientId, clientSecret } = await provisionTenant(ctx, {
    name: input.name,
    plan: 'free_ai',
    allowedOrigins: [],
  })
  await registerAgent(ctx, {
    accountId,
    tenantId,
    name: input.name,
    method: 'vending',
    scopes: [],
    applicationIds: [],
    clientId,
    approvedBy: null,
  })
  return {
    tenantId,
    clientId,
    clientSecret,
    publishableKey: clientId,
    applicationId,
    limits,
    inactivity_purge_after_days: INACTIVITY_PURGE_DAYS,
    claim: await offerClaim(ctx, tenantId),
  }
}

/** What an agent may look at before it posts. */
export async function availability(ctx: Ctx) {
  const row = ctx.deps.limits.row('onboarding_ai')
  const blocked = await ctx.deps.limits.blocked('onboarding_ai', addressKey(ctx.request.ip), { write: false })
  const challenge = await challengeFor(ctx)
  const room = await hasRoom(ctx.sql, ctx.deps.config.FREE_AI_TENANT_CAP)
  return {
    available: room && !blocked,
    limits,
    inactivity_purge_after_days: INACTIVITY_PURGE_DAYS,
    rate_limit: { count: row.points, window_seconds: row.seconds },
    ...(blocked ? { retry_after: blocked.retryAfter } : {}),
    ...(challenge ? { challenge } : {}),
  }
}
