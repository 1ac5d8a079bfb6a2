import { z } from 'zod'
import type { Ctx } from '../platform/context.ts'
import type { Person } from '../platform/principal.ts'
import { timestamp } from '../platform/text.ts'
import { toIso } from '../platform/time.ts'
import { denied } from '../resources.ts'

export const Tenant = z
  .object({
    id: z.string().meta({ examples: ['org_8YpZ3kQ1vT6mWc0RbN4xLd'] }),
    account_id: z.string(),
    name: z.string(),
    applications: z.number().int().meta({ description: 'How many it has, without deleted ones.' }),
    created_at: timestamp,
  })
  .meta({ id: 'Tenant' })

type Row = { id: string; account_id: string; name: string; applications: number; created_at: Date }

const byId = `
  select t.id, t.account_id, t.name, t.created_at,
         (select count(*)::int from applications a where a.tenant_id = t.id and a.status <> 'deleted') as applications
  from tenants t where t.id = $1 and t.account_id = $2 and t.deleted_at is null`

/**
 * A tenant of the person's account; a deleted one is missing.
 * @param options.lock takes the row, so that two changes at once do not lose each other's
 * @throws 404 tenant_not_found, recorded for its owner
 */
export async function requireTenant(ctx: Ctx<Person>, id: string, { lock } = { lock: false }): Promise<Row> {
  const [row] = await ctx.sql.query<Row>(`${byId}${lock ? ' for update of t' : ''}`, [id, ctx.principal.accountId])
  if (!row) throw await denied(ctx, 'tenant', id, 'account')
  return row
}

export const presentTenant = ({ created_at, ...row }: Row) => ({ ...row, created_at: toIso(created_at) })
