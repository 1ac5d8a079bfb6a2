import { record } from '../audit/record.ts'
import { touch } from '../platform/cache.ts'
import type { Ctx } from '../platform/context.ts'
import type { Person } from '../platform/principal.ts'

/**
 * Moves an unclaimed tenant into the account of a person, in the caller's transaction: the row's lock decides between two
 * who claim at once, and between a claim and the idle purge. Its client keeps its credentials and may ask for more scopes
 * from now on; its agents move with it, and the account it had of its own is given up (agents.md §3.2).
 * @returns whether it was there to be taken
 */
export async function takeOver(ctx: Ctx<Person>, tenantId: string, agentId: string): Promise<boolean> {
  const { accountId } = ctx.principal
  const [free] = await ctx.sql.query<{ account_id: string }>(
    `select t.account_id from tenants t join accounts c on c.id = t.account_id
     where t.id = $1 and t.claimed_at is null and c.plan = 'free_ai' for update of t`,
    [tenantId],
  )
  if (!free) return false
  const now = ctx.now()
  await ctx.sql.query('update tenants set account_id = $2, claimed_at = $3 where id = $1', [tenantId, accountId, now])
  await ctx.sql.query('update agents set account_id = $2 where account_id = $1', [free.account_id, accountId])
  await ctx.sql.query(
    'delete from accounts a where a.id = $1 and not exists (select 1 from tenants t where t.account_id = a.id)',
    [free.account_id],
  )
  const clients = await ctx.sql.query<{ client_id: string }>(
    'select client_id from applications where tenant_id = $1',
    [tenantId],
  )
  for (const { client_id } of clients) await touch(ctx, 'client', client_id)
  await touch(ctx, 'account', accountId)
  await touch(ctx, 'account', free.account_id)
  record(ctx, 'agent.claimed', {
    tenantId,
    applicationId: null,
    metadata: { agent_id: agentId, account_id: accountId },
  })
  return true
}
