import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import type { Person } from '../platform/principal.ts'

/**
 * Holds everybody else off who changes the account's people, until the transaction ends, and asks again whether the caller
 * still owns it: of two owners who remove each other at once one is there afterwards.
 * @throws 403 forbidden for whoever is an owner no longer
 */
export async function asOwner(ctx: Ctx<Person>): Promise<void> {
  const { accountId, id } = ctx.principal
  await ctx.sql.query('select 1 from accounts where id = $1 for update', [accountId])
  // A statement of its own: that of the lock saw what there was before it waited.
  const [own] = await ctx.sql.query<{ role: string }>(
    'select role from members where account_id = $1 and person_id = $2::uuid',
    [accountId, id],
  )
  if (own?.role !== 'owner') throw new ApiError('forbidden')
}
