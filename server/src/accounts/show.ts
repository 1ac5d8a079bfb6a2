import type { Ctx } from '../platform/context.ts'
import type { Person, Role } from '../platform/principal.ts'
import { knownAddressOf } from './people.ts'

const accountsOf = (ctx: Ctx, personId: string) =>
  ctx.sql.query<{ id: string; name: string; role: Role }>(
    `select a.id, coalesce(a.name, '') as name, m.role from members m join accounts a on a.id = m.account_id
     where m.person_id = $1::uuid and a.status <> 'disabled' order by m.created_at, a.id`,
    [personId],
  )

/** The account of the signed-in person. */
export async function show(ctx: Ctx<Person>) {
  const { accountId, role, id, operator } = ctx.principal
  const account = await ctx.db.account.findUniqueOrThrow({
    where: { id: accountId },
    select: {
      name: true,
      status: true,
      plan: true,
      tenants: {
        where: { deletedAt: null },
        select: { id: true, name: true },
        orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      },
    },
  })
  return {
    id: accountId,
    name: account.name ?? '',
    status: account.status === 'active' ? ('active' as const) : ('waitlisted' as const),
    plan: account.plan,
    role,
    user_id: id,
    ...(await knownAddressOf(ctx, id)),
    operator,
    accounts: await accountsOf(ctx, id),
    tenants: account.tenants,
  }
}
