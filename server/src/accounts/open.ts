import { record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { mint } from '../platform/ids.ts'
import { makeApplication } from '../tenants/new-application.ts'
import { makeTenant } from '../tenants/provision.ts'

export type NewAccount = {
  name: string
  /** Of the first application; the account's name unless said. */
  applicationName?: string
  owner?: { personId: string }
  /** What led to it: `email`, `hosted_onboarding`. */
  method: string
}

/**
 * Opens an account with a tenant and an application, in the caller's transaction. Under `SIGNUPS=waitlist` it waits to be
 * admitted: its people can sign in and see so, and nothing of it is served.
 * @throws 403 signups_closed
 */
export async function openAccount(ctx: Ctx, { name, applicationName = name, owner, method }: NewAccount) {
  const { SIGNUPS, DEFAULT_PLAN: plan } = ctx.deps.config
  if (SIGNUPS === 'closed') throw new ApiError('signups_closed')
  const status = SIGNUPS === 'waitlist' ? ('waitlisted' as const) : ('active' as const)
  const accountId = mint('acc')
  const createdAt = ctx.now()
  await ctx.db.account.create({ data: { id: accountId, name, plan, status, createdAt } })
  if (owner) await ctx.db.member.create({ data: { accountId, personId: owner.personId, role: 'owner', createdAt } })
  const tenantId = await makeTenant(ctx, { accountId, plan, name })
  record(ctx, 'account.created', { tenantId, applicationId: null, metadata: { method, status } })
  const { row } = await makeApplication(ctx, { tenantId, name: applicationName, allowedOrigins: [] })
  return { accountId, tenantId, applicationId: row.id, status }
}
