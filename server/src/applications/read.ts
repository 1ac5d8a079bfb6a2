import { denyOperation } from '../platform/authorize.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { badCursor, toPage } from '../platform/pages.ts'
import type { Manager } from '../platform/principal.ts'
import { denied } from '../resources.ts'
import { planOf, requireApplication } from './find.ts'
import { present } from './present.ts'

export type ListRequest = { scope: 'tenant' | 'account'; limit: number; starting_after?: string | undefined }

/** Which applications a list shows. */
type Which = { tenantId: string | { in: string[] }; id?: { in: string[] } }

/**
 * What a list shows: a program with client credentials its tenant; one with a secret key all that the key reaches; a person
 * the tenant of `X-App-Id`, else the oldest, or with `scope=account` everything.
 * @throws 403 forbidden, in the published words, for a program that asks beyond its tenant; recorded
 */
async function shown(ctx: Ctx<Manager>, scope: ListRequest['scope']): Promise<Which> {
  const { principal, request } = ctx
  if (scope === 'account' && principal.kind !== 'user') {
    denyOperation(ctx, 'account_scope')
    throw new ApiError('forbidden', {
      message: 'Account scope requires a user session; service credentials are tenant-scoped.',
    })
  }
  if (principal.kind === 'service') return { tenantId: principal.tenantId }
  const account = await ctx.deps.accounts.get(principal.accountId)
  const applications = account?.applications ?? []
  if (principal.kind === 'user' && scope === 'tenant') {
    const named = applications.find(({ id }) => id === request.appId)
    if (request.appId !== null && !named) throw await denied(ctx, 'application', request.appId, 'account')
    return { tenantId: named?.tenantId ?? principal.tenantId }
  }
  const tenants = await ctx.db.tenant.findMany({
    where: { accountId: principal.accountId, status: 'active' },
    select: { id: true },
  })
  const limited = principal.kind === 'agent' && principal.applicationIds.length > 0
  return {
    tenantId: { in: tenants.map(({ id }) => id) },
    ...(limited ? { id: { in: [...principal.applicationIds] } } : {}),
  }
}

/** Applications within the caller's reach, oldest first. */
export async function list(ctx: Ctx<Manager>, input: ListRequest) {
  const which = await shown(ctx, input.scope)
  const after = input.starting_after
  // A cursor may be an application that was deleted since: its row is there for 30 days.
  const cursor = after ? await ctx.db.application.findFirst({ where: { AND: [which, { id: after }] } }) : null
  if (after && !cursor) throw badCursor()
  const rows = await ctx.db.application.findMany({
    where: {
      ...which,
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
export async function get(ctx: Ctx<Manager>, input: { id: string }) {
  const row = await requireApplication(ctx, input.id, 'tenant_read')
  return present(row, await planOf(ctx, row.tenantId))
}
