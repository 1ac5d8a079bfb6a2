import { record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import { mint } from '../platform/ids.ts'
import { makeApplication } from './new-application.ts'
import type { Plan } from './plans.ts'

/** A tenant in an account, in the caller's transaction. */
export async function makeTenant(
  ctx: Ctx,
  { accountId, plan, name }: { accountId: string; plan: string; name: string },
) {
  const now = ctx.now()
  const tenantId = mint('org')
  await ctx.db.tenant.create({ data: { id: tenantId, accountId, name, createdAt: now, lastActiveAt: now } })
  record(ctx, 'tenant.provisioned', { tenantId, applicationId: null, metadata: { plan, name } })
  return tenantId
}

export type NewTenant = { name: string; plan: Plan; allowedOrigins: string[] }

/**
 * Makes an account with one tenant, its first application and a client secret, in the caller's transaction. The secret is
 * in the answer and nowhere else: only its keyed hash is stored.
 */
export async function provisionTenant(ctx: Ctx, { name, plan, allowedOrigins }: NewTenant) {
  const accountId = mint('acc')
  await ctx.db.account.create({ data: { id: accountId, plan, createdAt: ctx.now() } })
  const tenantId = await makeTenant(ctx, { accountId, plan, name })
  const { row, clientSecret } = await makeApplication(ctx, { tenantId, name, allowedOrigins })
  return { accountId, tenantId, applicationId: row.id, clientId: row.clientId, clientSecret }
}
