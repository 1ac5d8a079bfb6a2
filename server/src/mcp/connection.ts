import type { Ctx } from '../platform/context.ts'
import type { Manager } from '../platform/principal.ts'
import { addSeconds, toIso } from '../platform/time.ts'
import { INACTIVITY_PURGE_DAYS, limitsOf } from '../tenants/plans.ts'

/** Applications named in one answer. */
const named = 100

type Reach = { accountId: string; plan: string; unclaimed: boolean; applications: { id: string; tenantId: string }[] }

/** What a credential reaches: its own application, or those of its account, fewer where a key is bound to some. */
async function reachOf({ deps, principal }: Ctx<Manager>): Promise<Reach> {
  if (principal.kind === 'service') {
    const { application, applicationId: id, tenantId } = principal
    const { accountId, plan, unclaimed } = application
    return { accountId, plan, unclaimed, applications: [{ id, tenantId }] }
  }
  const account = await deps.accounts.get(principal.accountId)
  const bound = new Set(principal.kind === 'agent' ? principal.applicationIds : [])
  const reachable = (account?.applications ?? []).filter(({ id }) => bound.size === 0 || bound.has(id))
  const [first] = reachable
  const hot = first && (await deps.applications.byClientId.get(first.clientId))
  return {
    accountId: principal.accountId,
    plan: account?.plan ?? 'free_ai',
    unclaimed: hot?.unclaimed ?? false,
    applications: reachable.slice(0, named),
  }
}

/** `connection_status` (agents.md §11.3): who calls, and what that credential may do and reach. */
export async function status(ctx: Ctx<Manager>) {
  const { principal } = ctx
  const { accountId, plan, unclaimed, applications } = await reachOf(ctx)
  const rows = await ctx.db.application.findMany({
    where: {
      tenantId: { in: applications.map(({ tenantId }) => tenantId) },
      id: { in: applications.map(({ id }) => id) },
      status: { not: 'deleted' },
    },
    select: { id: true, tenantId: true, name: true, status: true },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  })
  const { users, applications: most, origins, auditRetentionDays } = limitsOf(plan)
  return {
    kind: principal.kind,
    id: principal.id,
    account_id: accountId,
    scopes: principal.kind === 'user' ? [] : [...principal.scopes].sort(),
    role: principal.kind === 'user' ? principal.role : null,
    applications: rows.map(({ id, tenantId, name, status }) => ({
      id,
      tenant_id: tenantId,
      name,
      status: status === 'active' ? ('active' as const) : ('suspended' as const),
    })),
    plan,
    limits: { users, applications: most, origins, audit_retention_days: auditRetentionDays },
    purge_at: unclaimed ? toIso(addSeconds(ctx.now(), INACTIVITY_PURGE_DAYS * 86_400)) : null,
  }
}
