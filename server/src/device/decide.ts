import { addressOf } from '../accounts/people.ts'
import { record } from '../audit/record.ts'
import { takeOver } from '../claim/take-over.ts'
import { requireStepUp, type StepUpProof } from '../console/step-up.ts'
import { approvedMail } from '../mails/approved.ts'
import { claimedMail } from '../mails/claimed.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError, invalid } from '../platform/errors.ts'
import { queueMail } from '../platform/mail.ts'
import type { Person } from '../platform/principal.ts'
import { fromMillis } from '../platform/time.ts'
import { unitOfWork } from '../platform/unit-of-work.ts'
import { describeScope, narrowedScopes } from '../scopes.ts'
import { type EnteredRequest, requireEntered } from './entered-code.ts'
import { requirePageToken } from './page-token.ts'
import { purposeOf, requireMembership } from './show.ts'

export type Decision = { user_code: string; csrf_token?: string | undefined }
export type Approval = Decision &
  StepUpProof & {
    scopes?: string[] | undefined
    application_ids?: string[] | undefined
    expires_at?: string | undefined
  }

/** What a person grants: the request, or less of it. */
type Choice = { scopes: string[]; applicationIds: string[]; keyExpiresAt: Date | null }

/** @throws 400 validation_error naming what goes beyond the request, the account or the present */
async function chosen(ctx: Ctx<Person>, request: EnteredRequest, input: Approval): Promise<Choice> {
  const scopes = request.claim_tenant_id === null ? narrowedScopes(request.scopes, input.scopes) : []
  if (!scopes) throw invalid('scopes', 'must be some of those that were asked for')
  const applicationIds = [...new Set(input.application_ids ?? [])]
  const account = await ctx.deps.accounts.get(ctx.principal.accountId)
  const own = new Set(account?.applications.map(({ id }) => id))
  if (!applicationIds.every((id) => own.has(id)))
    throw invalid('application_ids', 'must be applications of the account')
  const keyExpiresAt = input.expires_at === undefined ? null : fromMillis(Date.parse(input.expires_at))
  if (keyExpiresAt && keyExpiresAt <= ctx.now()) throw invalid('expires_at', 'must be in the future')
  return { scopes, applicationIds, keyExpiresAt }
}

/** The conditional change that decides between approvals, denials and the end of the code, whoever is first. */
async function settle(
  ctx: Ctx<Person>,
  id: string,
  status: 'approved' | 'denied',
  facts: { choice?: Choice; credentialId?: string } = {},
): Promise<void> {
  const { choice, credentialId = null } = facts
  const settled = await ctx.sql.query(
    `update device_requests set status = $3, decided_at = $2::timestamptz, person_id = $4::uuid, session_id = $5::uuid,
       account_id = $6, credential_id = $7, granted_scopes = $8::text[], application_ids = $9::text[], key_expires_at = $10::timestamptz
     where id = $1::uuid and status = 'pending' and expires_at > $2::timestamptz returning 1`,
    [
      id,
      ctx.now(),
      status,
      ctx.principal.id,
      ctx.principal.sessionId,
      ctx.principal.accountId,
      credentialId,
      choice?.scopes ?? [],
      choice?.applicationIds ?? [],
      choice?.keyExpiresAt ?? null,
    ],
  )
  if (settled.length === 0) throw new ApiError('invalid_user_code')
}

/** Tells the approver, wherever this leads mails. */
async function notify(ctx: Ctx<Person>, request: EnteredRequest, scopes: readonly string[]): Promise<void> {
  const to = await addressOf(ctx, ctx.principal.id)
  if (to === null) return
  const { config } = ctx.deps
  const facts = { agentName: request.agent_name ?? 'Agent', ip: request.ip_address, at: ctx.now() }
  const letter =
    request.claim_tenant_id === null
      ? approvedMail(config, {
          ...facts,
          rights: scopes.map((scope) => describeScope(scope).about),
          revokePath: `/agents/revoke#${request.agent_id}`,
        })
      : claimedMail(config, facts)
  await queueMail(ctx, { to, ...letter })
}

/** A claim's further codes end with it: what they are for is gone. */
const endOthers = (ctx: Ctx, tenantId: string, id: string) =>
  ctx.sql.query(
    `update device_requests set expires_at = $3::timestamptz
     where claim_tenant_id = $1 and id <> $2::uuid and status = 'pending' and expires_at > $3::timestamptz`,
    [tenantId, id, ctx.now()],
  )

/**
 * `POST /device/approve`: a person lets the program in, or takes its tenant over, with a passkey assertion made for this
 * very request (agents.md §4.3). Approval and takeover are one transaction; nothing is handed out before the program polls.
 * @throws 403 invalid_csrf_token without the page's token, forbidden without membership; 401 step_up_required, user_verification_required;
 *   400 invalid_user_code when the code has ended meanwhile
 */
export async function approve(ctx: Ctx<Person>, input: Approval) {
  const request = await requireEntered(ctx, input.user_code)
  requirePageToken(ctx, request, input.csrf_token)
  await requireMembership(ctx, request)
  const choice = await chosen(ctx, request, input)
  const { credentialId } = await requireStepUp(ctx, purposeOf(request.id), input)
  const { claim_tenant_id: tenantId, agent_id } = request
  await unitOfWork(ctx, 'raw', null, async (work) => {
    const tx: Ctx<Person> = { ...work, principal: ctx.principal }
    // The tenant before the request, in every transaction: two who claim at once wait for each other in one order.
    if (tenantId !== null && !(await takeOver(tx, tenantId, agent_id))) throw new ApiError('invalid_user_code')
    await settle(tx, request.id, 'approved', { choice, credentialId })
    if (tenantId !== null) await endOthers(tx, tenantId, request.id)
    record(tx, 'device.approved', {
      applicationId: null,
      metadata: { agent_id, scopes: choice.scopes, credential_id: credentialId },
    })
    await notify(tx, request, choice.scopes)
  })
  return { status: 'approved' as const }
}

/** `POST /device/deny`: final, and without a passkey. @throws as `approve`, but for the proof */
export async function deny(ctx: Ctx<Person>, input: Decision) {
  const request = await requireEntered(ctx, input.user_code)
  requirePageToken(ctx, request, input.csrf_token)
  await unitOfWork(ctx, 'raw', null, async (work) => {
    const tx: Ctx<Person> = { ...work, principal: ctx.principal }
    await settle(tx, request.id, 'denied')
    record(tx, 'device.denied', { applicationId: null, metadata: { agent_id: request.agent_id } })
  })
  return { status: 'denied' as const }
}

/** Takes back what was approved for the account and not yet redeemed: the mail about it leads here. */
export async function withdraw(ctx: Ctx<Person>, { agent_id }: { agent_id: string }) {
  const ended = await ctx.sql.query(
    `update device_requests set status = 'withdrawn' where agent_id = $1 and account_id = $2 and status = 'approved' returning 1`,
    [agent_id, ctx.principal.accountId],
  )
  if (ended.length > 0) record(ctx, 'agent.revoked', { applicationId: null, metadata: { agent_id } })
  return undefined
}
