import { record } from '../audit/record.ts'
import { clearFailures } from '../lockout/state.ts'
import type { Ctx } from '../platform/context.ts'
import type { Backend } from '../platform/principal.ts'
import { requireUser } from './find.ts'
import { present } from './present.ts'

/**
 * Ends a user's lock and forgets the failures that lead to one. Again, or where nothing was counted, is fine and records
 * nothing; clearing counts before they lock is recorded, as it gives a guesser new attempts.
 * @throws 404 user_not_found
 */
export async function unlock(ctx: Ctx<Backend>, input: { external_user_id: string }) {
  const user = await requireUser(ctx, input.external_user_id)
  ctx.subjectUserId = user.id
  const cleared = await ctx.sql.query(
    `update users set ${clearFailures} where tenant_id = $1 and id = $2::uuid
       and (soft_failures > 0 or hard_failures > 0 or locked_until > $3::timestamptz) returning id`,
    [ctx.principal.tenantId, user.id, ctx.now()],
  )
  if (cleared.length > 0) record(ctx, 'user.unlocked', { userId: user.id })
  return present({ ...user, locked_until: null }, ctx.now())
}
