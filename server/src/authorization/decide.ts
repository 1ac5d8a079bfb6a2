import { createHash } from 'node:crypto'
import { addressOf } from '../accounts/people.ts'
import { record } from '../audit/record.ts'
import { redirectHost } from '../clients/redirect-uri.ts'
import { requireStepUp, type StepUpProof, startStepUp } from '../console/step-up.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError, invalid } from '../platform/errors.ts'
import type { Person } from '../platform/principal.ts'
import { equal } from '../platform/secrets.ts'
import { unitOfWork } from '../platform/unit-of-work.ts'
import { describeScope, narrowedScopes } from '../scopes.ts'
import { consent } from './code.ts'
import { type AuthorizeParameters, type AuthorizeRequest, answerUrl, judge } from './request.ts'

export type Decision = AuthorizeParameters & { csrf_token?: string | undefined }
export type Allowance = Decision &
  StepUpProof & { scopes?: string[] | undefined; application_ids?: string[] | undefined }

/** @throws 400 invalid_authorization_request: the page was opened with one that the redirect has answered */
async function requireRequest(ctx: Ctx, input: AuthorizeParameters): Promise<AuthorizeRequest> {
  const judged = await judge(ctx, input)
  if ('request' in judged) return judged.request
  throw new ApiError('invalid_authorization_request')
}

/** Names the request, all of it: a proof or a token for one is worth nothing for another. */
function digestOf({ client, redirectUri, state, scopes, resource, codeChallenge }: AuthorizeRequest): string {
  const parts = [client.id, redirectUri, state ?? null, [...scopes], resource, codeChallenge]
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
}

const purposeOf = (request: AuthorizeRequest): string => `authorize:${digestOf(request)}`

const csrfOf = (ctx: Ctx<Person>, request: AuthorizeRequest): Buffer =>
  ctx.deps.secrets.hash(`authorize page ${ctx.principal.sessionId} ${ctx.principal.accountId} ${digestOf(request)}`)

/** @throws 403 invalid_csrf_token without the token of this session's page for this request */
function requireCsrf(ctx: Ctx<Person>, request: AuthorizeRequest, token: string | undefined): void {
  if (!token || !equal(Buffer.from(token, 'base64url'), csrfOf(ctx, request))) throw new ApiError('invalid_csrf_token')
}

/** What the consent page shows: who asks, where it leads, and all that would be granted. Decides nothing. */
export async function showRequest(ctx: Ctx<Person>, input: AuthorizeParameters) {
  const request = await requireRequest(ctx, input)
  const { client, redirectUri, scopes, resource, toLoopback } = request
  const account = await ctx.deps.accounts.get(ctx.principal.accountId)
  const applications = await ctx.sql.query<{ id: string; name: string }>(
    `select a.id, a.name from applications a join tenants t on t.id = a.tenant_id
     where t.account_id = $1 and a.status <> 'deleted' order by a.created_at, a.id limit 200`,
    [ctx.principal.accountId],
  )
  return {
    client_name: client.name,
    client_host: client.id.startsWith('https://') ? new URL(client.id).host : null,
    redirect_host: redirectHost(redirectUri),
    loopback_only: toLoopback,
    scopes: scopes.map(describeScope),
    resource,
    account: { name: account?.name ?? null, person: await addressOf(ctx, ctx.principal.id) },
    applications,
    csrf_token: csrfOf(ctx, request).toString('base64url'),
  }
}

/** Starts the passkey proof that one consent needs. */
export async function challengeRequest(ctx: Ctx<Person>, input: AuthorizeParameters) {
  return startStepUp(ctx, purposeOf(await requireRequest(ctx, input)))
}

/** @throws 400 validation_error for an application that is not the account's */
async function chosenApplications(ctx: Ctx<Person>, ids: readonly string[] = []): Promise<string[]> {
  const account = await ctx.deps.accounts.get(ctx.principal.accountId)
  const own = new Set(account?.applications.map(({ id }) => id))
  const chosen = [...new Set(ids)]
  if (!chosen.every((id) => own.has(id))) throw invalid('application_ids', 'must be applications of the account')
  return chosen
}

const whoOf = ({ principal }: Ctx<Person>) => ({
  accountId: principal.accountId,
  personId: principal.id,
  tenantId: principal.tenantId,
})

/**
 * Lets a client in, with a passkey assertion made for this very request: a code, and where the browser takes it.
 * @throws 403 forbidden; 401 step_up_required, user_verification_required; 400 validation_error
 */
export async function allow(ctx: Ctx<Person>, input: Allowance) {
  const request = await requireRequest(ctx, input)
  requireCsrf(ctx, request, input.csrf_token)
  const scopes = narrowedScopes(request.scopes, input.scopes)
  if (!scopes) throw invalid('scopes', 'must be some of those that were asked for')
  const applicationIds = await chosenApplications(ctx, input.application_ids)
  await requireStepUp(ctx, purposeOf(request), input)
  const redirect_to = await unitOfWork(ctx, 'raw', null, (tx) =>
    consent(tx, request, whoOf(ctx), { scopes, applicationIds }),
  )
  return { redirect_to }
}

/** Turns a client away: it hears `access_denied`. */
export async function refuse(ctx: Ctx<Person>, input: Decision) {
  const request = await requireRequest(ctx, input)
  requireCsrf(ctx, request, input.csrf_token)
  record(ctx, 'oauth.consent_denied', {
    applicationId: null,
    metadata: { client_id: request.client.id, scopes: [...request.scopes], resource: request.resource },
  })
  return { redirect_to: answerUrl(ctx.deps.config.PUBLIC_URL, request, { error: 'access_denied' }) }
}
