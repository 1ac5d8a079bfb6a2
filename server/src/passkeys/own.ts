import { present, shownColumns } from '../credentials/schema.ts'
import { revokeCredential } from '../credentials/service.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { badCursor, toPage } from '../platform/pages.ts'
import type { EndUser } from '../platform/principal.ts'
import { denied } from '../resources.ts'

/** The end user's own passkeys, newest first. */
export async function list(ctx: Ctx<EndUser>, input: { limit: number; starting_after?: string | undefined }) {
  const { tenantId, id: userId } = ctx.principal
  const after = input.starting_after
  const cursor = after
    ? await ctx.db.credential.findFirst({
        where: { tenantId, userId, id: after },
        select: { id: true, createdAt: true },
      })
    : null
  if (after && !cursor) throw badCursor()
  const rows = await ctx.db.credential.findMany({
    where: {
      tenantId,
      userId,
      ...(cursor
        ? { OR: [{ createdAt: { lt: cursor.createdAt } }, { createdAt: cursor.createdAt, id: { lt: cursor.id } }] }
        : {}),
    },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: input.limit + 1,
    select: shownColumns,
  })
  return toPage(rows, input.limit, (row) => row.id, present)
}

/** Renames one of the own passkeys. */
export async function rename(ctx: Ctx<EndUser>, input: { credential_id: string; alias: string }) {
  const { tenantId, id: userId } = ctx.principal
  const { count } = await ctx.db.credential.updateMany({
    where: { tenantId, userId, id: input.credential_id },
    data: { alias: input.alias },
  })
  if (count === 0) throw await denied(ctx, 'credential', input.credential_id, 'own_user')
  const row = await ctx.db.credential.findUniqueOrThrow({
    where: { tenantId_id: { tenantId, id: input.credential_id } },
    select: shownColumns,
  })
  return present(row)
}

/** Removes one of the own passkeys, but not the last that works: the user's row is locked, so that two cannot both go. */
export async function remove(ctx: Ctx<EndUser>, input: { credential_id: string }) {
  const { tenantId, id: userId } = ctx.principal
  await ctx.sql.query('select 1 from users where tenant_id = $1 and id = $2::uuid for update', [tenantId, userId])
  const active = await ctx.sql.query<{ id: string }>(
    `select id from credentials where tenant_id = $1 and user_id = $2::uuid and status = 'active'`,
    [tenantId, userId],
  )
  if (active.length === 1 && active[0]?.id === input.credential_id) throw new ApiError('last_credential')
  const done = await revokeCredential(ctx, tenantId, userId, input.credential_id, { reason: 'user', by: userId })
  if (!done) throw await denied(ctx, 'credential', input.credential_id, 'own_user')
  return undefined
}
