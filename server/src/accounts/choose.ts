import { chooseAccount } from '../console/chosen-account.ts'
import type { Ctx } from '../platform/context.ts'
import type { Person } from '../platform/principal.ts'
import { denied } from '../resources.ts'

/**
 * Makes another account that the person belongs to the one that all their sessions act in, from the next call on.
 * @throws 404 account_not_found, as for one that is missing or disabled
 */
export async function choose(ctx: Ctx<Person>, { account_id }: { account_id: string }): Promise<undefined> {
  if (!(await chooseAccount(ctx, ctx.principal.id, account_id)))
    throw await denied(ctx, 'account', account_id, 'account')
  return undefined
}
