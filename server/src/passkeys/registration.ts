import type { z } from 'zod'
import type { HotApplication } from '../applications/hot.ts'
import { record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError, invalid, Refusal } from '../platform/errors.ts'
import { mint, uuid7 } from '../platform/ids.ts'
import type { EndUser, Publishable } from '../platform/principal.ts'
import { toIso } from '../platform/time.ts'
import { writeTrail } from '../platform/trail.ts'
import { newSession, sessionColumns, sessionPlaceholders } from '../sessions/issue.ts'
import { planLimitReached } from '../tenants/limit-reached.ts'
import { limitsOf } from '../tenants/plans.ts'
import { type Claims, checkClaims } from '../users/custom-claims.ts'
import { insertUser } from '../users/insert.ts'
import { offeredAlgorithms } from './algorithms.ts'
import { redirect, signedInUser } from './authentication.ts'
import { encodeBase64Url } from './base64url.ts'
import {
  acceptedOrigins,
  applicationOf,
  begin,
  browserTimeoutMillis,
  type RegistrationFacts,
  rpIdOf,
  take,
} from './ceremony.ts'
import { recordFailure, verified } from './refusals.ts'
import { mayRegister } from './registration-policy.ts'
import {
  type ExpectedRegistration,
  type RegisteredCredential,
  verifyRegistrationResponse,
} from './registration-response.ts'
import type { RegisterFinish, RegisterStart } from './schema.ts'
import { confirmRegistration } from './second-opinion.ts'
import { isTestAuthenticator, standIn } from './test-authenticator.ts'
import { userHandle } from './user-handle.ts'

type Caller = Publishable | EndUser

type KnownUser = {
  id: string
  external_user_id: string | null
  status: string
  metadata: Claims
  custom_claims: Claims
  ever: boolean
}

/** The user a registration is about, with whether it ever had a passkey or a session. @param lock holds it against a rival */
async function findTarget(
  ctx: Ctx<Caller>,
  by: { externalUserId: string } | { id: string },
  lock = false,
): Promise<KnownUser | null> {
  const [row] = await ctx.sql.query<KnownUser>(
    `select id, external_user_id, status, metadata, custom_claims, authenticated_at is not null as ever from users
     where tenant_id = $1 and application_id = $2 and ${'id' in by ? 'id = $3::uuid' : 'external_user_id = $3'}${lock ? ' for update' : ''}`,
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
async function requirePlace(ctx: Ctx<Caller>, application: HotApplication): Promise<void> {
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

/** Starts a registration: a new user's first passkey by name, or another one with the user's own session. */
export async function start(ctx: Ctx<Caller>, input: z.output<typeof RegisterStart>) {
  const application = await applicationOf(ctx)
  const { principal } = ctx
  const rpId = rpIdOf(ctx, application)
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

  const { user_verification: userVerification, display_name } = application.settings
  const algorithms = offeredAlgorithms()
  const facts: RegistrationFacts = {
    kind: 'registration',
    rpId,
    userVerification,
    userId: user?.id ?? uuid7(ctx.now()),
    externalUserId: name,
    bySession,
    algorithms,
    conditional: input.mediation === 'conditional',
    extensions: ['credProps'],
  }
  const begun = await begin(ctx, facts, user?.id ?? null)
  record(ctx, 'registration.started', { userId: user?.id ?? null, metadata: { method: 'passkey', anonymous } })
  const shown = name ?? input.display_name ?? 'Passkey'
  return {
    session_id: begun.id,
    expires_at: toIso(begun.expiresAt),
    challenge: {
      rp: { id: rpId, name: display_name ?? application.name },
      user: { id: encodeBase64Url(userHandle(facts.userId)), name: shown, displayName: input.display_name ?? shown },
      challenge: encodeBase64Url(begun.challenge),
      pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key' as const, alg })),
      timeout: browserTimeoutMillis,
      excludeCredentials: user ? await excluded(ctx, user.id, rpId) : [],
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

async function insertCredential(
  ctx: Ctx<Caller>,
  userId: string,
  rpId: string,
  made: RegisteredCredential,
  alias: string | null,
): Promise<string> {
  const { tenantId, applicationId } = ctx.principal
  const id = mint('cred')
  const key = `${rpId}:${encodeBase64Url(made.webauthnId)}`
  // One RP ID has one namespace of credential ids, whoever's application uses it (security 50, 51).
  const free = await ctx.sql.query(
    `insert into directory (kind, key, tenant_id, id) values ('webauthn', $1, $2, $3) on conflict do nothing returning id`,
    [key, tenantId, id],
  )
  if (free.length === 0) throw new ApiError('credential_exists')
  await ctx.sql.query(
    `insert into credentials (tenant_id, id, application_id, user_id, webauthn_id, rp_id, public_key, algorithm, sign_count, transports,
       aaguid, attestation_type, attachment, backup_eligible, backup_state, uv_initialized, discoverable, extensions,
       attestation_object, client_data_json, alias, status, created_at)
     values ($1, $2, $3, $4::uuid, $5, $6, $7, $8, $9, $10::text[], $11::uuid, $12, $13, $14, $15, $16, $17, $18::jsonb, $19, $20, $21, 'active', $22)`,
    [
      tenantId,
      id,
      applicationId,
      userId,
      made.webauthnId,
      rpId,
      made.publicKey,
      made.algorithm,
      made.signCount,
      made.transports,
      made.aaguid,
      made.attestationType,
      made.attachment,
      made.backupEligible,
      made.backupState,
      made.userVerified,
      made.discoverable,
      JSON.stringify(made.extensions),
      made.attestationObject,
      made.clientDataJson,
      alias,
      ctx.now(),
    ],
  )
  return id
}

/**
 * The user the passkey goes to, decided again under the user's lock: what was allowed at the start may not be now.
 * A new user is made here, counted against the plan.
 */
async function settleUser(ctx: Ctx<Caller>, application: HotApplication, facts: RegistrationFacts): Promise<KnownUser> {
  const name = facts.externalUserId
  const user =
    facts.bySession || name === null
      ? await findTarget(ctx, { id: facts.userId }, true)
      : await findTarget(ctx, { externalUserId: name }, true)
  const anonymous = !facts.bySession && name === null
  if (!isAllowed(application, { bySession: facts.bySession, anonymous }, user))
    throw new ApiError('registration_not_allowed')
  // Another user took the name since the start: the handle in the authenticator would be a stranger's.
  if (user && user.id !== facts.userId) throw new ApiError('registration_not_allowed')
  if (user) return user
  const made = await insertUser(ctx, {
    ...application,
    applicationId: application.id,
    externalUserId: name,
    id: facts.userId,
  })
  if (!made) throw new ApiError('registration_not_allowed')
  record(ctx, 'user.created', { userId: made.id, metadata: { source: 'registration' } })
  return { id: made.id, external_user_id: name, status: 'active', metadata: {}, custom_claims: {}, ever: false }
}

/** Finishes a registration. The challenge is burnt first; user, passkey, session and audit rows are one transaction. */
export async function finish(ctx: Ctx<Caller>, input: z.output<typeof RegisterFinish>) {
  const application = await applicationOf(ctx)
  const { challenge, facts } = await take(ctx, 'registration', input.session_id)
  const { principal } = ctx
  if (facts.bySession && (principal.kind !== 'end_user' || principal.id !== facts.userId)) {
    recordFailure(ctx, { reason: 'session' })
    throw new Refusal('session_expired')
  }
  const clientClaims = input.custom_claims ?? {}
  checkClaims(clientClaims, application.settings.custom_claims_schema, 'client')
  const expected: ExpectedRegistration = {
    challenge,
    origins: acceptedOrigins(ctx, application),
    topOrigins: application.settings.allowed_top_origins,
    rpId: facts.rpId,
    userVerification: facts.userVerification,
    algorithms: facts.algorithms,
    conditional: facts.conditional,
    requestedExtensions: facts.extensions,
    now: ctx.now(),
  }
  const made = await verified(ctx, {}, async () => {
    if (isTestAuthenticator(ctx, 'register', facts.externalUserId)) return standIn()
    const result = await verifyRegistrationResponse({ response: input.credential, expected })
    await confirmRegistration(input.credential, expected, result)
    return result
  })
  return ctx.deps.database.rawTransaction(async (sql) => {
    const tx = { ...ctx, sql }
    const user = await settleUser(tx, application, facts)
    const credentialId = await insertCredential(tx, user.id, facts.rpId, made, input.alias ?? null)
    await sql.query(
      'update users set authenticated_at = coalesce(authenticated_at, $3) where tenant_id = $1 and id = $2::uuid',
      [application.tenantId, user.id, ctx.now()],
    )
    const subject = {
      userId: user.id,
      externalUserId: user.external_user_id,
      claims: { ...clientClaims, ...user.custom_claims },
    }
    const session = newSession(tx, application, subject, { method: 'passkey', credentialId })
    await sql.query(`insert into sessions (${sessionColumns}) values (${sessionPlaceholders(1)})`, session.values)
    record(tx, 'passkey.registered', {
      userId: user.id,
      metadata: {
        credential_id: credentialId,
        aaguid: made.aaguid,
        attestation_type: made.attestationType,
        method: 'passkey',
        backup_eligible: made.backupEligible,
      },
    })
    record(tx, 'auth.success', {
      userId: user.id,
      metadata: {
        method: 'passkey',
        credential_id: credentialId,
        session_id: session.id,
        user_verified: made.userVerified,
      },
    })
    await writeTrail(tx, sql)
    return {
      credential_id: credentialId,
      status: 'active' as const,
      session_token: session.token,
      user: signedInUser(user.id, user.external_user_id, user.metadata),
      ...redirect(application, input.success_url),
    }
  })
}
