import { record } from '../audit/record.ts'
import { touch } from '../platform/cache.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError, invalid } from '../platform/errors.ts'
import type { Manager } from '../platform/principal.ts'
import { checkSettings } from './check-settings.ts'
import { planOf, requireApplication } from './find.ts'
import { present } from './present.ts'
import { changed, givenOf, readSettings, type SettingsPatch } from './settings.ts'
import { addWebhookSecret, hasWebhookSecret } from './webhook-secret.ts'

/** A webhook's query is where people put a token: the trail keeps the address without it. */
const recorded = (key: string, value: unknown): unknown => {
  if (key !== 'webhook_url' || typeof value !== 'string') return value
  const { origin, pathname } = new URL(value)
  return `${origin}${pathname}`
}

/** What changed, by name and with both values; none of the settings is a secret. */
function difference(before: Record<string, unknown>, after: Record<string, unknown>) {
  const names = Object.keys(after).filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
  const pick = (from: Record<string, unknown>) =>
    Object.fromEntries(names.map((key) => [key, recorded(key, from[key])]))
  return { changed: names, old: pick(before), new: pick(after) }
}

/** Changes settings: a program those of its own application, a person those of any in the account. */
export async function update(ctx: Ctx<Manager>, input: SettingsPatch & { id: string }) {
  const { id, name, allowed_origins, confirm_rp_id_change, ...patch } = input
  const row = await requireApplication(ctx, id, 'application_change', { lock: true })
  const { tenantId } = row
  const plan = await planOf(ctx, tenantId)

  const before = readSettings(row.settings)
  const after = changed(before, patch)
  const given = givenOf(patch, after)
  if (name === undefined && allowed_origins === undefined && Object.keys(given).length === 0) {
    throw invalid('body', 'must name at least one setting')
  }
  const origins = allowed_origins ?? row.allowedOrigins
  checkSettings(ctx, plan, after, origins, row.allowedOrigins.length)
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
  record(ctx, 'application.config_changed', { tenantId, applicationId: id, metadata: facts })
  const application = present(saved, plan)
  if (after.webhook_url === null || (await hasWebhookSecret(ctx, tenantId, id))) return application
  return { ...application, webhook_signing_secret: await addWebhookSecret(ctx, tenantId, id) }
}
