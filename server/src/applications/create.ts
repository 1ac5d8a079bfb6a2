import { denyOperation } from '../platform/authorize.ts'
import { touch } from '../platform/cache.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import type { Manager } from '../platform/principal.ts'
import { writeTrail } from '../platform/trail.ts'
import { planLimitReached } from '../tenants/limit-reached.ts'
import { makeApplication } from '../tenants/new-application.ts'
import { limitsOf } from '../tenants/plans.ts'
import { makeTenant } from '../tenants/provision.ts'
import { checkSettings, guardAllowedScopes } from './check-settings.ts'
import { present } from './present.ts'
import { changed, defaults, givenOf, type NewApplication } from './settings.ts'
import { addWebhookSecret } from './webhook-secret.ts'

type Account = { id: string; plan: string }

/** The account that an application is made in, locked: the plan's limit holds however many arrive at once. */
async function lockAccount(ctx: Ctx<Manager>): Promise<Account> {
  const { principal } = ctx
  const [account] = await ctx.sql.query<Account>(
    principal.kind === 'service'
      ? 'select id, plan from accounts where id = (select account_id from tenants where id = $1 and deleted_at is null) for update'
      : `select id, plan from accounts where id = $1 and status = 'active' for update`,
    [principal.kind === 'service' ? principal.tenantId : principal.accountId],
  )
  if (!account) throw new ApiError('not_admitted')
  return account
}

/** @throws 409 plan_limit_reached; deleted applications have given their places back */
async function takePlace(ctx: Ctx, { id, plan }: Account): Promise<void> {
  const [row] = await ctx.sql.query<{ n: number }>(
    `select count(*)::int as n from applications a join tenants t on t.id = a.tenant_id
     where t.account_id = $1 and a.status <> 'deleted'`,
    [id],
  )
  const used = row?.n ?? 0
  const max = limitsOf(plan).applications
  if (max !== null && used >= max) throw planLimitReached(plan, 'applications', used)
}

/** Where the application goes: a program's own tenant; somebody with an account gets a new tenant for each. */
async function placeFor(ctx: Ctx<Manager>, { id, plan }: Account, name: string): Promise<string> {
  return ctx.principal.kind === 'service' ? ctx.principal.tenantId : makeTenant(ctx, { accountId: id, plan, name })
}

/**
 * A key that is limited to some applications cannot make one beside them. A guard, so that the refusal is recorded.
 * @throws 403 forbidden
 */
export async function guardNewApplication(ctx: Ctx<Manager>, input: { allowed_scopes?: unknown }): Promise<void> {
  await guardAllowedScopes(ctx, input)
  if (ctx.principal.kind !== 'agent' || ctx.principal.applicationIds.length === 0) return
  denyOperation(ctx, 'application_ids')
  await writeTrail(ctx, ctx.sql)
  throw new ApiError('forbidden')
}

/**
 * Makes an application, with its client secret, which is shown here once: in a program's own tenant, or in a new tenant of
 * the account (http-api.md §1.1).
 */
export async function create(ctx: Ctx<Manager>, input: NewApplication) {
  const { name, allowed_origins: allowedOrigins, ...settings } = input
  const account = await lockAccount(ctx)
  const { plan } = account
  await takePlace(ctx, account)
  const complete = changed(defaults, settings)
  checkSettings(ctx, plan, complete, allowedOrigins, 0)
  const given = givenOf(settings, complete)
  const tenantId = await placeFor(ctx, account, name)
  const { row, clientSecret } = await makeApplication(ctx, { tenantId, name, allowedOrigins, settings: given })
  await touch(ctx, 'account', account.id)
  const application = { ...present(row, plan), client_secret: clientSecret }
  if (complete.webhook_url === null) return application
  return { ...application, webhook_signing_secret: await addWebhookSecret(ctx, tenantId, row.id) }
}
