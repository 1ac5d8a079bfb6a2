import { addressOf } from '../accounts/people.ts'
import { findClaimable } from '../claim/claimable.ts'
import { findOauthClient } from '../clients/client.ts'
import { startStepUp } from '../console/step-up.ts'
import { AGENT_CLIENT_ID } from '../oauth/request-client.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import type { Person } from '../platform/principal.ts'
import { toIso } from '../platform/time.ts'
import { describeScope, expandScopes } from '../scopes.ts'
import { type EnteredRequest, requireEntered } from './entered-code.ts'
import { isSameNetwork, pageEnd, pageToken } from './page-token.ts'
import { formatUserCode, normaliseUserCode } from './user-code.ts'

/**
 * An application's own client may be let in by members of its account alone (agents.md §4.3).
 * @throws 403 forbidden
 */
export async function requireMembership(ctx: Ctx<Person>, request: EnteredRequest): Promise<void> {
  if (request.client_id === AGENT_CLIENT_ID || request.claim_tenant_id !== null) return
  const application = await ctx.deps.applications.byClientId.get(request.client_id)
  if (application ? application.accountId === ctx.principal.accountId : await findOauthClient(ctx, request.client_id))
    return
  throw new ApiError('forbidden', { message: 'Only members of the account of this client may let it in.' })
}

async function claimOf(ctx: Ctx<Person>, { claim_tenant_id: tenantId }: EnteredRequest) {
  if (tenantId === null) return null
  const tenant = await findClaimable(ctx, tenantId)
  if (!tenant) throw new ApiError('invalid_user_code')
  return {
    tenant_name: tenant.name,
    application_name: tenant.applicationName,
    users: tenant.users,
    created_at: toIso(tenant.createdAt),
    created_from: tenant.createdFrom,
  }
}

/** What a client is called, in its own words; the built-in one has no name, and one that says nothing its id. */
async function clientName(ctx: Ctx, { client_id: clientId }: EnteredRequest): Promise<string | null> {
  if (clientId === AGENT_CLIENT_ID) return null
  const application = await ctx.deps.applications.byClientId.get(clientId)
  return application?.name ?? (await findOauthClient(ctx, clientId))?.name ?? clientId
}

/** The applications of the account by name, for who wants to choose. */
const applicationsOf = (ctx: Ctx<Person>) =>
  ctx.sql.query<{ id: string; name: string }>(
    `select a.id, a.name from applications a join tenants t on t.id = a.tenant_id
     where t.account_id = $1 and a.status <> 'deleted' order by a.created_at, a.id limit 200`,
    [ctx.principal.accountId],
  )

/** Wait-listed people may sign in, and decide nothing. @throws 403 not_admitted */
export function requireAdmission(ctx: Ctx<Person>): void {
  if (!ctx.principal.admitted) throw new ApiError('not_admitted')
}

/** From now on it is in this person's list of what waits: whoever entered the code last is who it waits for. */
const noteOpened = (ctx: Ctx<Person>, id: string) =>
  ctx.sql.query(`update device_requests set opened_by = $2::uuid where id = $1::uuid and status = 'pending'`, [
    id,
    ctx.principal.id,
  ])

/**
 * What a person sees before deciding (security 155): who asks, from where and when, and all it would get. Changes nothing
 * but the count of wrong codes, and who has opened it.
 * @throws 403 not_admitted; what `requireEntered` throws
 */
export async function show(ctx: Ctx<Person>, input: { user_code: string }) {
  requireAdmission(ctx)
  const request = await requireEntered(ctx, input.user_code)
  await noteOpened(ctx, request.id)
  const now = ctx.now()
  const account = await ctx.deps.accounts.get(ctx.principal.accountId)
  return {
    user_code: formatUserCode(normaliseUserCode(input.user_code) ?? ''),
    agent_name: request.agent_name,
    client_name: await clientName(ctx, request),
    scopes: request.scopes.map(describeScope),
    choices: [...expandScopes(request.scopes)].filter((scope) => scope !== 'full_access').map(describeScope),
    ip_address: request.ip_address,
    same_network: isSameNetwork(ctx, request),
    requested_at: toIso(request.created_at),
    expires_in: Math.max(1, Math.floor((pageEnd(ctx, request).getTime() - now.getTime()) / 1000)),
    claim: await claimOf(ctx, request),
    account: { name: account?.name ?? null, person: await addressOf(ctx, ctx.principal.id) },
    applications: request.claim_tenant_id === null ? await applicationsOf(ctx) : [],
    csrf_token: pageToken(ctx, request),
  }
}

/** Starts the proof that one approval needs: it is good for this code alone. @throws what `show` throws */
export async function challenge(ctx: Ctx<Person>, input: { user_code: string }) {
  requireAdmission(ctx)
  const { id } = await requireEntered(ctx, input.user_code)
  return startStepUp(ctx, purposeOf(id))
}

export const purposeOf = (id: string): string => `device:${id}`
