import type { Ctx } from '../platform/context.ts'
import type { Backend } from '../platform/principal.ts'
import { planLimitReached } from '../tenants/limit-reached.ts'
import { makeApplication } from '../tenants/new-application.ts'
import { limitsOf } from '../tenants/plans.ts'
import { checkSettings } from './check-settings.ts'
import { present } from './present.ts'
import { changed, defaults, givenOf, type NewApplication } from './settings.ts'
import { addWebhookSecret } from './webhook-secret.ts'

/**
 * Takes a place among the account's applications. The account's row is locked, so the plan's limit holds however many
 * arrive at once; deleted applications have given theirs back.
 * @returns the plan
 * @throws 409 plan_limit_reached
 */
async function takePlace(ctx: Ctx, tenantId: string): Promise<string> {
  const [account] = await ctx.sql.query<{ id: string; plan: string }>(
    'select id, plan from accounts where id = (select account_id from tenants where id = $1) for update',
    [tenantId],
  )
  if (!account) throw new Error(`tenant ${tenantId} has no account`)
  const [row] = await ctx.sql.query<{ n: number }>(
    `select count(*)::int as n from applications a join tenants t on t.id = a.tenant_id
     where t.account_id = $1 and a.status <> 'deleted'`,
    [account.id],
  )
  const used = row?.n ?? 0
  const max = limitsOf(account.plan).applications
  if (max !== null && used >= max) throw planLimitReached(account.plan, 'applications', used)
  return account.plan
}

/** Makes an application in the caller's tenant, with its client secret, which is shown here once. */
export async function create(ctx: Ctx<Backend>, input: NewApplication) {
  const { name, allowed_origins: allowedOrigins, ...settings } = input
  const { tenantId } = ctx.principal
  const plan = await takePlace(ctx, tenantId)
  const complete = changed(defaults, settings)
  checkSettings(ctx, plan, complete, allowedOrigins, 0)
  const given = givenOf(settings, complete)
  const { row, clientSecret } = await makeApplication(ctx, { tenantId, name, allowedOrigins, settings: given })
  const application = { ...present(row, plan), client_secret: clientSecret }
  if (complete.webhook_url === null) return application
  return { ...application, webhook_signing_secret: await addWebhookSecret(ctx, tenantId, row.id) }
}
