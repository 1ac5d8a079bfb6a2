import { endAgent } from '../agents/revoke.ts'
import { record } from '../audit/record.ts'
import { endKeys, homeOf } from '../keys/end.ts'
import { asOwner } from '../members/owner.ts'
import { touch } from '../platform/cache.ts'
import type { Ctx } from '../platform/context.ts'
import { invalid } from '../platform/errors.ts'
import type { Person } from '../platform/principal.ts'
import { requireTenant } from './find.ts'

type Gone = { id: string; client_id: string }

/** Of a row that names applications, one of them in $4: whether none of the others is there any more. */
const reachesOnly = (applicationIds: string) =>
  `${applicationIds} && $4::text[] and not exists (
     select 1 from applications a join tenants t on t.id = a.tenant_id
     where t.account_id = $1 and a.id = any(${applicationIds}) and a.status <> 'deleted')`

/** Programs that reach nothing but what is gone: those made for it, and keys and consents that were limited to it. */
async function endWhatReachedOnlyIt(ctx: Ctx<Person>, gone: readonly Gone[]): Promise<void> {
  const { accountId } = ctx.principal
  const [ids, clients] = [gone.map(({ id }) => id), gone.map(({ client_id }) => client_id)]
  const agents = await ctx.sql.query<{ id: string }>(
    `select g.id from agents g where g.account_id = $1 and g.revoked_at is null
       and ((g.method = $2 and g.client_id = any($3::text[])) or (${reachesOnly('g.application_ids')})) order by g.id`,
    [accountId, 'vending', clients, ids],
  )
  for (const { id } of agents) await endAgent(ctx, { accountId, agentId: id })
  await endKeys(ctx, { accountId, reason: 'owner' }, { where: reachesOnly('k.application_ids'), values: [ids] })
}

/**
 * Deletes a tenant: from now on everything in it answers like what never was. It is purged after 30 days
 * (`tenants/purge-deleted.ts`). The last tenant of an account may go too; its people stay and can begin another.
 * @throws 404 tenant_not_found; 400 validation_error naming `confirm`; 403 forbidden for an owner removed meanwhile
 */
export async function deleteTenant(ctx: Ctx<Person>, { id, confirm }: { id: string; confirm: string }) {
  await asOwner(ctx)
  await requireTenant(ctx, id, { lock: true })
  if (confirm !== id) throw invalid('confirm', 'must be the id of the tenant')
  const { accountId } = ctx.principal
  const now = ctx.now()
  const gone = await ctx.sql.query<Gone>(
    `update applications set status = 'deleted', deleted_at = $2, updated_at = $2
     where tenant_id = $1 and status <> 'deleted' returning id, client_id`,
    [id, now],
  )
  await ctx.sql.query(`update tenants set status = 'deleted', deleted_at = $2 where id = $1`, [id, now])
  for (const application of gone) {
    await touch(ctx, 'client', application.client_id)
    await touch(ctx, 'application', application.id)
  }
  await touch(ctx, 'account', accountId)
  await endWhatReachedOnlyIt(ctx, gone)
  // Where the account's people can read it: not in the trail that goes with the tenant, if there is another.
  record(ctx, 'tenant.deleted', {
    tenantId: (await homeOf(ctx, accountId)) ?? id,
    metadata: { tenant_id: id, applications: gone.length },
  })
  return undefined
}
