import { record } from '../audit/record.ts'
import { touch } from '../platform/cache.ts'
import type { Ctx } from '../platform/context.ts'
import type { Plan } from '../tenants/plans.ts'

/**
 * Puts an account on a plan, in the caller's transaction; the one before still counts for the audit retention of the next
 * 30 days.
 * @returns the plan before; null: there is no such account
 */
export async function changePlan(ctx: Ctx, accountId: string, plan: Plan): Promise<string | null> {
  const [account] = await ctx.sql.query<{ plan: string }>('select plan from accounts where id = $1 for update', [
    accountId,
  ])
  if (!account || account.plan === plan) return account?.plan ?? null
  await ctx.sql.query('update accounts set previous_plan = plan, plan = $2, plan_changed_at = $3 where id = $1', [
    accountId,
    plan,
    ctx.now(),
  ])
  const clients = await ctx.sql.query<{ client_id: string; tenant_id: string }>(
    `select a.client_id, a.tenant_id from applications a join tenants t on t.id = a.tenant_id
     where t.account_id = $1 order by t.deleted_at is not null, t.created_at, t.id`,
    [accountId],
  )
  await touch(ctx, 'account', accountId)
  for (const { client_id } of clients) await touch(ctx, 'client', client_id)
  const [home] = clients
  if (home) {
    record(ctx, 'account.plan.changed', {
      tenantId: home.tenant_id,
      applicationId: null,
      metadata: { from: account.plan, to: plan, reason: 'operator' },
    })
  }
  return account.plan
}
