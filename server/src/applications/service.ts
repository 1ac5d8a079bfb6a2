import { record } from '../audit/record.ts'
import { denyOperation } from '../platform/authorize.ts'
import { touch } from '../platform/cache.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError, invalid } from '../platform/errors.ts'
import { badCursor, toPage } from '../platform/pages.ts'
import type { Backend } from '../platform/principal.ts'
import { denied } from '../resources.ts'
import { planLimitReached } from '../tenants/limit-reached.ts'
import { limitsOf } from '../tenants/plans.ts'
import { hostOf, isRegistrableSuffix } from './origins.ts'
import { present } from './present.ts'
import { readSettings, type Settings, type SettingsPatch } from './settings.ts'

/** The caller's plan: one row of its tenant's account. */
async function planOf(ctx: Ctx<Backend>): Promise<string> {
  const tenant = await ctx.db.tenant.findUniqueOrThrow({
    where: { id: ctx.principal.tenantId },
    select: { account: { select: { plan: true } } },
  })
  return tenant.account.plan
}

/** All applications of the caller's tenant, oldest first. A service reads all of them and changes only its own. */
export async function list(
  ctx: Ctx<Backend>,
  input: { scope: 'tenant' | 'account'; limit: number; starting_after?: string | undefined },
) {
  if (input.scope === 'account') {
    denyOperation(ctx, 'account_scope')
    throw new ApiError('forbidden', {
      message: 'Account scope requires a user session; service credentials are tenant-scoped.',
    })
  }
  const { tenantId } = ctx.principal
  const after = input.starting_after
  const cursor = after ? await ctx.db.application.findUnique({ where: { tenantId_id: { tenantId, id: after } } }) : null
  if (after && !cursor) throw badCursor()
  const rows = await ctx.db.application.findMany({
    where: {
      tenantId,
      ...(cursor
        ? { OR: [{ createdAt: { gt: cursor.createdAt } }, { createdAt: cursor.createdAt, id: { gt: cursor.id } }] }
        : {}),
    },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    take: input.limit + 1,
  })
  const plan = await planOf(ctx)
  return toPage(
    rows,
    input.limit,
    (row) => row.id,
    (row) => present(row, plan),
  )
}

/** One application of the caller's tenant. */
export async function get(ctx: Ctx<Backend>, input: { id: string }) {
  const { tenantId } = ctx.principal
  const row = await ctx.db.application.findUnique({ where: { tenantId_id: { tenantId, id: input.id } } })
  if (!row) throw await denied(ctx, 'application', input.id, 'tenant')
  return present(row, await planOf(ctx))
}

/** The RP ID must fit every origin, unless related origins say otherwise (WebAuthn L3 §5.11). */
function checkRpId(ctx: Ctx, settings: Settings, allowedOrigins: readonly string[]): void {
  const { rp_id: rpId } = settings
  // Our own host belongs to nobody's application: `/.well-known/webauthn` there would list a stranger's sites.
  const own = hostOf(ctx.deps.config.PUBLIC_URL)
  if (rpId === own && own !== 'localhost') throw invalid('rp_id', 'must not be the host of this server')
  if (rpId === null || settings.related_origins.length > 0) return
  const misfit = allowedOrigins.find((origin) => !isRegistrableSuffix(rpId, hostOf(origin)))
  if (misfit) {
    throw invalid('rp_id', `must be the host of ${misfit} or a registrable suffix of it`, 'Or set related_origins.')
  }
}

/** What changed, by name and with both values; none of the settings is a secret. */
function difference(before: Record<string, unknown>, after: Record<string, unknown>) {
  const changed = Object.keys(after).filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
  const pick = (from: Record<string, unknown>) => Object.fromEntries(changed.map((key) => [key, from[key]]))
  return { changed, old: pick(before), new: pick(after) }
}

/** Changes settings of the caller's own application. */
export async function update(ctx: Ctx<Backend>, input: SettingsPatch & { id: string }) {
  const { id, name, allowed_origins, confirm_rp_id_change, ...patch } = input
  const { tenantId } = ctx.principal
  if (id !== ctx.principal.applicationId) throw await denied(ctx, 'application', id, 'own_application')
  // Locked, so that two changes at once do not lose each other's settings.
  await ctx.sql.query('select 1 from applications where tenant_id = $1 and id = $2 for update', [tenantId, id])
  const row = await ctx.db.application.findUnique({ where: { tenantId_id: { tenantId, id } } })
  if (!row) throw await denied(ctx, 'application', id, 'tenant')
  const plan = await planOf(ctx)

  const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined))
  if (name === undefined && allowed_origins === undefined && Object.keys(given).length === 0) {
    throw invalid('body', 'must name at least one setting')
  }
  const before = readSettings(row.settings)
  const after: Settings = { ...before, ...given }
  const origins = allowed_origins ?? row.allowedOrigins
  const max = limitsOf(plan).origins
  if (origins.length > max) throw planLimitReached(plan, 'origins', row.allowedOrigins.length)
  checkRpId(ctx, after, origins)
  if (after.rp_id !== before.rp_id && !confirm_rp_id_change) {
    const used = await ctx.db.credential.findFirst({
      where: { tenantId, applicationId: id, status: 'active' },
      select: { id: true },
    })
    if (used) throw new ApiError('rp_id_in_use')
  }

  const facts = difference(
    { name: row.name, allowed_origins: row.allowedOrigins, ...before },
    { name: name ?? row.name, allowed_origins: origins, ...after },
  )
  if (facts.changed.length === 0) return present(row, plan)
  const saved = await ctx.db.application.update({
    where: { tenantId_id: { tenantId, id } },
    data: {
      name: name ?? row.name,
      allowedOrigins: [...origins],
      settings: { ...(row.settings as object), ...given },
      updatedAt: ctx.now(),
    },
  })
  await touch(ctx, 'client', row.clientId)
  record(ctx, 'application.config_changed', { metadata: facts })
  return present(saved, plan)
}
