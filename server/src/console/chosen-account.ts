import type { Ctx } from '../platform/context.ts'

/** Which of several memberships `m` a person's sessions act in: the chosen one, else the oldest. */
export const inOrderOfChoice = 'm.chosen desc, m.created_at, m.account_id'

/**
 * Makes one of a person's memberships the one that their sessions act in, all of them, from the next call on.
 * @returns whether the person belongs to that account, and it is not disabled
 */
export async function chooseAccount(ctx: Ctx, personId: string, accountId: string): Promise<boolean> {
  const changed = await ctx.sql.query(
    `update members m set chosen = (m.account_id = $2)
     where m.person_id = $1::uuid and exists (
       select 1 from members o join accounts a on a.id = o.account_id
       where o.person_id = $1::uuid and o.account_id = $2 and a.status <> 'disabled') returning 1`,
    [personId, accountId],
  )
  return changed.length > 0
}
