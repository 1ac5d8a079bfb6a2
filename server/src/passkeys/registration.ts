import type { z } from 'zod'
import type { HotApplication } from '../applications/hot.ts'
import { auditRow, record } from '../audit/record.ts'
import { lockedOut, recordFailure } from '../lockout/failed-attempt.ts'
import { clearFailures, isLocked } from '../lockout/state.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError, invalid, Refusal } from '../platform/errors.ts'
import { uuid7 } from '../platform/ids.ts'
import type { EndUser, Publishable } from '../platform/principal.ts'
import { toIso } from '../platform/time.ts'
import { writeTrail } from '../platform/trail.ts'
import { planLimitReached } from '../tenants/limit-reached.ts'
import { limitsOf } from '../tenants/plans.ts'
import { type Claims, checkClaims } from '../users/custom-claims.ts'
import { insertUser } from '../users/insert.ts'
import { offeredAlgorithms } from './algorithms.ts'
import { encodeBase64Url } from './base64url.ts'
import {
  accepted,
  applicationOf,
  begin,
  bindings,
  browserTimeoutMillis,
  type RegistrationFacts,
  take,
} from './ceremony.ts'
import { openFirstSession } from './first-session.ts'
import { insertCredential } from './new-credential.ts'
import { verified } from './refusals.ts'
import { mayRegister } from './registration-policy.ts'
import { type ExpectedRegistration, verifyRegistrationResponse } from './registration-response.ts'
import type { RegisterFinish, RegisterStart } from './schema.ts'
import { confirmRegistration } from './second-opinion.ts'
import { redirect, type SignedInRow, signedInColumns, signedInUser } from './signed-in-user.ts'
import { isTestAuthenticator, standIn } from './test-authenticator.ts'
import { userHandle } from './user-handle.ts'

type Caller = Publishable | EndUser

type KnownUser = SignedInRow & { status: string; ever: boolean; locked_until: Date | null }

/** The user a registration is about, with whether it ever had a passkey or a session. @param lock holds it against a rival */
async function findTarget(
  ctx: Ctx<Caller>,
  by: { externalUserId: string } | { id: string },
  lock = false,
): Promise<KnownUser | null> {
  const [row] = await ctx.sql.query<KnownUser>(
    `select ${signedInColumns}, u.status, u.locked_until, u.authenticated_at is not null as ever from users u
     where u.tenant_id = $1 and u.application_id = $2 and ${'id' in by ? 'u.id = $3::uuid' : 'u.external_user_id = $3'}${lock ? ' for update of u' : ''}`,
    [ctx.principal.tenantId, ctx.principal.applicationId, 'id' in by ? by.id : by.externalUserId],
  )
  return row ?? null
}

const isAllowed = (
  application: HotApplication,
  facts: { bySession: boolean; anonymous: boolean },
  user: KnownUser | null,
) =>
  mayRegister({
    policy: application.settings.registration_policy,
    anonymousSignup: application.settings.anonymous_signup,
    ...facts,
    user: user && { disabled: user.status === 'disabled', everHadPasskey: user.ever },
  })

/** A tenant that is full is told so before its user meets the authenticator; the finish decides. */
export async function requirePlace(ctx: Ctx, application: HotApplication): Promise<void> {
  const max = limitsOf(application.plan).users
  if (max === null) return
  const [tenant] = await ctx.sql.query<{ user_count: number }>('select user_count from tenants where id = $1', [
    application.tenantId,
  ])
  if (tenant && tenant.user_count >= max) throw planLimitReached(application.plan, 'users', tenant.user_count)
}

/** What the authenticator already holds for this user: it refuses to make a second one. */
async function excluded(ctx: Ctx<Caller>, userId: string, rpId: string) {
  const rows = await ctx.sql.query<{ webauthn_id: Uint8Array; transports: string[] }>(
    `select webauthn_id, transports from credentials
     where tenant_id = $1 and user_id = $2::uuid and rp_id = $3 and status = 'active' order by id limit 100`,
    [ctx.principal.tenantId, userId, rpId],
  )
  return rows.map(({ webauthn_id: id, transports }) => ({
    type: 'public-key' as const,
    id: encodeBase64Url(id),
    transports,
  }))
}

/**
 * Starts a registration: a new user's first passkey by name, or another one with the user's own session.
 * @param newUserId what a new user's id will be, where it has been decided before
 */
export async function start(ctx: Ctx<Caller>, input: z.output<typeof RegisterStart>, newUserId?: string) {
  const application = await applicationOf(ctx)
  const { principal } = ctx
  const bound = bindings(ctx, application)
  const { rpId, userVerification } = bound
  const bySession = principal.kind === 'end_user'
  if (bySession && input.external_user_id !== undefined && input.external_user_id !== principal.externalUserId) {
    throw invalid('external_user_id', 'must be that of the session, or be left out')
  }
  const name = bySession ? principal.externalUserId : (input.external_user_id ?? null)
  const user = bySession
    ? await findTarget(ctx, { id: principal.id })
    : name === null
      ? null
      : await findTarget(ctx, { externalUserId: name })
  const anonymous = !bySession && name === null
  if (!isAllowed(application, { bySession, anonymous }, user)) throw new ApiError('registration_not_allowed')
  if (!user) await requirePlace(ctx, application)

  const algorithms = offeredAlgorithms()
  const facts: RegistrationFacts = {
    ...bound,
    kind: 'registration',
    userId: user?.user_id ?? newUserId ?? uuid7(ctx.now()),
    externalUserId: name,
    bySession,
    attachment: input.authenticator_type ?? null,
    algorithms,
    conditional: input.mediation === 'conditional',
    extensions: ['credProps'],
  }
  const userId = user?.user_id ?? null
  const started = auditRow(ctx, 'registration.started', { userId, metadata: { method: 'passkey', anonymous } })
  const begun = await begin(ctx, facts, userId, started)
  const shown = name ?? input.display_name ?? 'Passkey'
  return {
    session_id: begun.id,
    expires_at: toIso(begun.expiresAt),
    challenge: {
      rp: { id: rpId, name: application.settings.display_name ?? application.name },
      user: { id: encodeBase64Url(userHandle(facts.userId)), name: shown, displayName: input.display_name ?? shown },
      challenge: encodeBase64Url(begun.challenge),
      pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key' as const, alg })),
      timeout: browserTimeoutMillis,
      excludeCredentials: userId ? await excluded(ctx, userId, rpId) : [],
      authenticatorSelection: {
        ...(input.authenticator_type ? { authenticatorAttachment: input.authenticator_type } : {}),
        residentKey: 'required' as const,
        requireResidentKey: true,
        userVerification,
      },
      attestation: 'none' as const,
      extensions: { credProps: true },
    },
  }
}

/** A decision against a registration that was verified: the transaction goes, the record of it stays. */
function refuse(ctx: Ctx, reason: 'registration_not_allowed' | 'credential_exists', userId: string | null): Refusal {
  recordFailure(ctx, { reason, userId })
  return new Refusal(reason)
}

/**
 * The user the passkey goes to, decided again under the user's lock: what was allowed at the start may not be now.
 * A new user is made here, counted against the plan.
 */
async function settleUser(
  ctx: Ctx<Caller>,
  application: HotApplication,
  facts: RegistrationFacts,
  metadata: Claims,
): Promise<{ user: SignedInRow; isNew: boolean }> {
  const name = facts.externalUserId
  const user =
    facts.bySession || name === null
      ? await findTarget(ctx, { id: facts.userId }, true)
      : await findTarget(ctx, { externalUserId: name }, true)
  const anonymous = !facts.bySession && name === null
  // Another user took the name since the start: the handle in the authenticator would be a stranger's.
  const isAnother = user !== null && user.user_id !== facts.userId
  if (isAnother || !isAllowed(application, { bySession: facts.bySession, anonymous }, user)) {
    throw refuse(ctx, 'registration_not_allowed', user?.user_id ?? null)
  }
  // A registration signs in, so a lock holds it too, also for a further passkey: sessions that are open stay, no new one.
  if (user && isLocked(user.locked_until, ctx.now())) throw lockedOut(ctx, { userId: user.user_id }, user.locked_until)
  if (user) return { user, isNew: false }
  const made = await insertUser(ctx, {
    ...application,
    applicationId: application.id,
    externalUserId: name,
    id: facts.userId,
    metadata,
  })
  if (!made) throw refuse(ctx, 'registration_not_allowed', null)
  return {
    user: { user_id: made.id, external_user_id: name, metadata, custom_claims: {}, email: null },
    isNew: true,
  }
}

/** A registration on the hosted page, which opens the session itself when it completes. */
type Hosted = {
  /** Whose it must be. */
  userId: string
  /** What a new user begins with. */
  metadata: Claims
}

/**
 * Verifies a registration and stores what came of it. The challenge is burnt first; user, passkey, session and audit rows
 * are one transaction.
 */
async function store(ctx: Ctx<Caller>, input: z.output<typeof RegisterFinish>, hosted?: Hosted) {
  const application = await applicationOf(ctx)
  const { challenge, facts } = await take(ctx, 'registration', input.session_id)
  const { principal } = ctx
  const caller = principal.kind === 'end_user' ? principal.id : null
  if (caller !== (facts.bySession ? facts.userId : null) || (hosted && hosted.userId !== facts.userId)) {
    recordFailure(ctx, { reason: 'caller', userId: caller })
    throw new Refusal('session_expired')
  }
  const clientClaims = input.custom_claims ?? {}
  checkClaims(clientClaims, application.settings.custom_claims_schema, 'client')
  const expected: ExpectedRegistration = {
    challenge,
    ...accepted(ctx, application, facts),
    rpId: facts.rpId,
    userVerification: facts.userVerification,
    algorithms: facts.algorithms,
    conditional: facts.conditional,
    requestedExtensions: facts.extensions,
    now: ctx.now(),
  }
  const made = await verified(ctx, null, async () => {
    if (isTestAuthenticator(ctx, 'register', facts.externalUserId)) return standIn()
    const result = await verifyRegistrationResponse({ response: input.credential, expected })
    await confirmRegistration(input.credential, expected, result)
    return result
  })
  if (facts.attachment && made.attachment && made.attachment !== facts.attachment) {
    recordFailure(ctx, { reason: 'attachment', userId: caller })
    throw new Refusal('verification_failed')
  }
  return ctx.deps.database.rawTransaction(async (sql) => {
    const tx = { ...ctx, sql }
    const { user, isNew } = await settleUser(tx, application, facts, hosted?.metadata ?? {})
    const userId = user.user_id
    const alias = input.alias ?? null
    const credentialId = await insertCredential(tx, { userId, rpId: facts.rpId, alias, made })
    if (credentialId === null) throw refuse(ctx, 'credential_exists', isNew ? null : userId)
    await sql.query(
      `update users set authenticated_at = coalesce(authenticated_at, $3), ${clearFailures}
       where tenant_id = $1 and id = $2::uuid`,
      [application.tenantId, userId, ctx.now()],
    )
    if (isNew)
      record(tx, 'user.created', { userId, metadata: { source: hosted ? 'hosted_onboarding' : 'registration' } })
    record(tx, 'passkey.registered', {
      userId,
      metadata: {
        credential_id: credentialId,
        aaguid: made.aaguid,
        attestation_type: made.attestationType,
        method: 'passkey',
        backup_eligible: made.backupEligible,
      },
    })
    const passkey = { id: credentialId, userVerified: made.userVerified }
    const token = hosted ? null : await openFirstSession(tx, application, user, passkey, clientClaims)
    await writeTrail(tx, sql)
    return { application, credentialId, user, token }
  })
}

/** Finishes a registration, and signs its user in. */
export async function finish(ctx: Ctx<Caller>, input: z.output<typeof RegisterFinish>) {
  const { application, credentialId, user, token } = await store(ctx, input)
  return {
    credential_id: credentialId,
    status: 'active' as const,
    session_token: token ?? '',
    user: signedInUser(user),
    ...redirect(application, input.success_url),
  }
}

/** Finishes a registration of the hosted page: nobody is signed in yet. */
export async function finishHosted(
  ctx: Ctx<Caller>,
  input: z.output<typeof RegisterFinish>,
  hosted: Hosted,
): Promise<void> {
  await store(ctx, input, hosted)
}
