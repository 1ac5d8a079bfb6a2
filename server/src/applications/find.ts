import type { Ctx } from '../platform/context.ts'
import type { AccountPrincipal, Manager } from '../platform/principal.ts'
import type { PolicyName } from '../policies.ts'
import { denied } from '../resources.ts'

/** The tenant of an application, if it is one of the caller's account; null beyond it. */
async function tenantInAccount(ctx: Ctx, accountId: string, id: string): Promise<string | null> {
  const [row] = await ctx.sql.query<{ tenant_id: string }>(
    `select d.tenant_id from directory d join tenants t on t.id = d.tenant_id
     where d.kind = 'application' and d.key = $1 and t.account_id = $2`,
    [id, accountId],
  )
  return row?.tenant_id ?? null
}

/** Whether somebody with an account gets at the application; a program may be limited to some. */
const isWithin = (principal: AccountPrincipal, id: string): boolean =>
  principal.kind === 'user' || principal.applicationIds.length === 0 || principal.applicationIds.includes(id)

/**
 * An application within the reach that the policy gives this kind of caller (http-api.md §1.2). A deleted one is missing.
 * @param options.lock takes the row, so that two changes at once do not lose each other's
 * @throws 404 application_not_found, recorded for the owner
 */
export async function requireApplication(
  ctx: Ctx<Manager>,
  id: string,
  policy: PolicyName,
  { lock } = { lock: false },
) {
  const { principal } = ctx
  const reach = ctx.deps.policies[policy].reach[principal.kind]
  const isOwn = principal.kind === 'service' ? id === principal.applicationId : isWithin(principal, id)
  if ((reach === 'application' || principal.kind === 'agent') && !isOwn) {
    throw await denied(ctx, 'application', id, 'own_application')
  }
  const byAccount = principal.kind !== 'service'
  const tenantId = byAccount ? await tenantInAccount(ctx, principal.accountId, id) : principal.tenantId
  if (tenantId === null) throw await denied(ctx, 'application', id, 'account')
  if (lock)
    await ctx.sql.query('select 1 from applications where tenant_id = $1 and id = $2 for update', [tenantId, id])
  const row = await ctx.db.application.findUnique({
    where: { tenantId_id: { tenantId, id }, status: { not: 'deleted' } },
  })
  if (!row) throw await denied(ctx, 'application', id, byAccount ? 'account' : 'tenant')
  return row
}

/** The account of a tenant. */
export async function accountOf(ctx: Ctx, tenantId: string): Promise<{ id: string; plan: string }> {
  const tenant = await ctx.db.tenant.findUniqueOrThrow({
    where: { id: tenantId },
    select: { account: { select: { id: true, plan: true } } },
  })
  return tenant.account
}

/** The plan of a tenant's account. */
export const planOf = async (ctx: Ctx, tenantId: string): Promise<string> => (await accountOf(ctx, tenantId)).plan
