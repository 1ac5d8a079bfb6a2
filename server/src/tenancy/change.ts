import { record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import type { Person } from '../platform/principal.ts'
import { presentTenant, requireTenant } from './find.ts'

/** @throws 404 tenant_not_found */
export const getTenant = async (ctx: Ctx<Person>, { id }: { id: string }) => presentTenant(await requireTenant(ctx, id))

/** Gives a tenant another name. @throws 404 tenant_not_found */
export async function updateTenant(ctx: Ctx<Person>, { id, name }: { id: string; name: string }) {
  const row = await requireTenant(ctx, id, { lock: true })
  if (row.name !== name) {
    await ctx.sql.query('update tenants set name = $2 where id = $1', [id, name])
    record(ctx, 'tenant.updated', { metadata: { tenant_id: id, from: row.name, to: name } })
  }
  return presentTenant({ ...row, name })
}
