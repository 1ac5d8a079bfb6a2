import type { Ctx } from '../platform/context.ts'
import type { Person } from '../platform/principal.ts'
import { addressOf } from './people.ts'

/** The account of the signed-in person. */
export async function show(ctx: Ctx<Person>) {
  const { accountId, role, id } = ctx.principal
  const account = await ctx.db.account.findUniqueOrThrow({
    where: { id: accountId },
    select: {
      name: true,
      status: true,
      plan: true,
      tenants: { select: { id: true, name: true }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] },
    },
  })
  return {
    id: accountId,
    name: account.name ?? '',
    status: account.status === 'active' ? ('active' as const) : ('waitlisted' as const),
    plan: account.plan,
    role,
    email: await addressOf(ctx, id),
    tenants: account.tenants,
  }
}
