import type { z } from 'zod'
import { statusOf } from '../lockout/state.ts'
import type { Ctx } from '../platform/context.ts'
import { badCursor, toPage } from '../platform/pages.ts'
import type { Backend } from '../platform/principal.ts'
import { toIso } from '../platform/time.ts'
import type { UserListItem } from './schema.ts'

/** Users of the application, oldest first; the id is time-ordered, so it is the cursor. */
export async function list(ctx: Ctx<Backend>, input: { limit: number; starting_after?: string | undefined }) {
  const { tenantId, applicationId } = ctx.principal
  const after = input.starting_after
  if (after) {
    const known = await ctx.db.user.findUnique({
      where: { tenantId_id: { tenantId, id: after } },
      select: { applicationId: true },
    })
    // A user that is gone still marks a place, so that pages stay right while users are erased; ids are time-ordered.
    if (known && known.applicationId !== applicationId) throw badCursor()
  }
  const rows = await ctx.db.user.findMany({
    where: { tenantId, applicationId, ...(after ? { id: { gt: after } } : {}) },
    orderBy: { id: 'asc' },
    take: input.limit + 1,
    select: { id: true, externalUserId: true, status: true, lockedUntil: true, createdAt: true },
  })
  return toPage(
    rows,
    input.limit,
    (row) => row.id,
    (row): z.input<typeof UserListItem> => ({
      id: row.id,
      external_user_id: row.externalUserId,
      status: statusOf(row, ctx.now()),
      created_at: toIso(row.createdAt),
    }),
  )
}
