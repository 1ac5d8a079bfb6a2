import { denyOperation } from '../platform/authorize.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { badCursor, toPage } from '../platform/pages.ts'
import type { Backend } from '../platform/principal.ts'
import { planOf, requireApplication } from './find.ts'
import { present } from './present.ts'

export type ListRequest = { scope: 'tenant' | 'account'; limit: number; starting_after?: string | undefined }

/** @throws 403 forbidden, in the published words, for a program that asks beyond its tenant; recorded */
async function tenantsOf(ctx: Ctx<Backend>, scope: ListRequest['scope']): Promise<string[]> {
  const { principal } = ctx
  if (scope === 'tenant') return [principal.tenantId]
  if (principal.kind !== 'user') {
    denyOperation(ctx, 'account_scope')
    throw new ApiError('forbidden', {
      message: 'Account scope requires a user session; service credentials are tenant-scoped.',
    })
  }
  const { accountId } = principal
  const tenants = await ctx.db.tenant.findMany({ where: { accountId, status: 'active' }, select: { id: true } })
  return tenants.map(({ id }) => id)
}

/** All applications of the caller's tenant, or of a person's account, oldest first. */
export async function list(ctx: Ctx<Backend>, input: ListRequest) {
  const tenantId = { in: await tenantsOf(ctx, input.scope) }
  const after = input.starting_after
  // A cursor may be an application that was deleted since: its row is there for 30 days.
  const cursor = after ? await ctx.db.application.findFirst({ where: { tenantId, id: after } }) : null
  if (after && !cursor) throw badCursor()
  const rows = await ctx.db.application.findMany({
    where: {
      tenantId,
      status: { not: 'deleted' },
      ...(cursor
        ? { OR: [{ createdAt: { gt: cursor.createdAt } }, { createdAt: cursor.createdAt, id: { gt: cursor.id } }] }
        : {}),
    },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    take: input.limit + 1,
  })
  const plan = await planOf(ctx, ctx.principal.tenantId)
  return toPage(
    rows,
    input.limit,
    (row) => row.id,
    (row) => present(row, plan),
  )
}

/** One application of the caller's tenant, or of a person's account. */
export async function get(ctx: Ctx<Backend>, input: { id: string }) {
  const row = await requireApplication(ctx, input.id, 'tenant_read')
  return present(row, await planOf(ctx, row.tenantId))
}
