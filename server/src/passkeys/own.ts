import { present, shownColumns } from '../credentials/schema.ts'
import { revokeCredential } from '../credentials/service.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { badCursor, toPage } from '../platform/pages.ts'
import type { EndUser } from '../platform/principal.ts'
import { denied } from '../resources.ts'

/** Whose passkeys they are: an end user's, or a person's at the console. */
export type Owner = { tenantId: string; userId: string }

const self = ({ principal }: Ctx<EndUser>): Owner => ({ tenantId: principal.tenantId, userId: principal.id })

/** A user's passkeys, ended ones too, newest first. */
export async function listOf(
  ctx: Ctx,
  { tenantId, userId }: Owner,
  input: { limit: number; starting_after?: string | undefined },
) {
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

/** @returns the passkey under its new name; null: the user has no such passkey */
export async function renameOf(ctx: Ctx, { tenantId, userId }: Owner, input: { credential_id: string; alias: string }) {
  const { count } = await ctx.db.credential.updateMany({
    where: { tenantId, userId, id: input.credential_id },
    data: { alias: input.alias },
  })
  if (count === 0) return null
  const row = await ctx.db.credential.findUniqueOrThrow({
    where: { tenantId_id: { tenantId, id: input.credential_id } },
    select: shownColumns,
  })
  return present(row)
}

/**
 * Asks whether the user has such a passkey and may lose it, and locks the user's row, so that two cannot both go. In a
 * transaction.
 * @returns false: there is no such passkey of that user
 * @throws 409 last_credential for the last that works
 */
export async function maySpare(ctx: Ctx, { tenantId, userId }: Owner, credentialId: string): Promise<boolean> {
  await ctx.sql.query('select 1 from users where tenant_id = $1 and id = $2::uuid for update', [tenantId, userId])
  const all = await ctx.sql.query<{ id: string; status: string }>(
    'select id, status from credentials where tenant_id = $1 and user_id = $2::uuid',
    [tenantId, userId],
  )
  const active = all.filter(({ status }) => status === 'active')
  if (active.length === 1 && active[0]?.id === credentialId) throw new ApiError('last_credential')
  return all.some(({ id }) => id === credentialId)
}

/** The end user's own passkeys. */
export const list = (ctx: Ctx<EndUser>, input: { limit: number; starting_after?: string | undefined }) =>
  listOf(ctx, self(ctx), input)

/** Renames one of the own passkeys. */
export async function rename(ctx: Ctx<EndUser>, input: { credential_id: string; alias: string }) {
  const renamed = await renameOf(ctx, self(ctx), input)
  if (!renamed) throw await denied(ctx, 'credential', input.credential_id, 'own_user')
  return renamed
}

/** Removes one of the own passkeys, but not the last that works. */
export async function remove(ctx: Ctx<EndUser>, { credential_id: id }: { credential_id: string }) {
  const { tenantId, userId } = self(ctx)
  if (!(await maySpare(ctx, { tenantId, userId }, id))) throw await denied(ctx, 'credential', id, 'own_user')
  await revokeCredential(ctx, tenantId, userId, id, { reason: 'user', by: userId })
  return undefined
}
