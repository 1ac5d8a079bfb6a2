import type { z } from 'zod'
import type { HotApplication } from '../applications/hot.ts'
import { record } from '../audit/record.ts'
import { lockedOut, recordFailure } from '../lockout/failed-attempt.ts'
import { clearFailures, isLocked } from '../lockout/state.ts'
import type { Ctx } from '../platform/context.ts'
import { Refusal } from '../platform/errors.ts'
import type { EndUser } from '../platform/principal.ts'
import { writeTrail } from '../platform/trail.ts'
import { type Claims, checkClaims } from '../users/custom-claims.ts'
import { insertUser } from '../users/insert.ts'
import { accepted, applicationOf, type RegistrationFacts, take } from './ceremony.ts'
import { openFirstSession } from './first-session.ts'
import { insertCredential } from './new-credential.ts'
import { verified } from './refusals.ts'
import {
  type ExpectedRegistration,
  type RegisteredCredential,
  verifyRegistrationResponse,
} from './registration-response.ts'
import { type Caller, findTarget, isAllowed } from './registration-target.ts'
import type { RegisterFinish } from './schema.ts'
import { confirmRegistration } from './second-opinion.ts'
import { redirect, type SignedInRow, signedInUser } from './signed-in-user.ts'
import { isTestAuthenticator, standIn } from './test-authenticator.ts'

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

type Taken = { challenge: Uint8Array; facts: RegistrationFacts }

/** Burns the challenge, which must have been begun by who finishes, and for `userId` if said. @throws 400 session_expired */
async function takeOwn(ctx: Ctx<Caller>, id: string, userId?: string): Promise<Taken> {
  const { challenge, facts } = await take(ctx, 'registration', id)
  const { principal } = ctx
  const caller = principal.kind === 'end_user' ? principal.id : null
  if (caller !== (facts.bySession ? facts.userId : null) || (userId ?? facts.userId) !== facts.userId) {
    recordFailure(ctx, { reason: 'caller', userId: caller })
    throw new Refusal('session_expired')
  }
  return { challenge, facts }
}

/** A response that was verified, and kept to what the start asked for. */
async function verifiedPasskey(
  ctx: Ctx<Caller>,
  application: HotApplication,
  { challenge, facts }: Taken,
  credential: NewPasskey['credential'],
): Promise<RegisteredCredential> {
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
    const result = await verifyRegistrationResponse({ response: credential, expected })
    await confirmRegistration(credential, expected, result)
    return result
  })
  if (facts.attachment && made.attachment && made.attachment !== facts.attachment) {
    recordFailure(ctx, { reason: 'attachment', userId: facts.bySession ? facts.userId : null })
    throw new Refusal('verification_failed')
  }
  return made
}

type NewPasskey = Pick<z.output<typeof RegisterFinish>, 'session_id' | 'credential' | 'alias'>
type Stored = { user: SignedInRow; made: RegisteredCredential; credentialId: string }

/** A user who is new with this passkey: where from, and what is known of them. */
type Newcomer = { source: 'registration' | 'hosted_onboarding'; metadata: Claims }

/** Stores a passkey for its user, in one transaction with what follows from it and with their audit rows. */
async function store<T>(
  ctx: Ctx<Caller>,
  application: HotApplication,
  taken: Taken,
  input: NewPasskey,
  follow: (tx: Ctx<Caller>, stored: Stored) => Promise<T>,
  { source, metadata }: Newcomer = { source: 'registration', metadata: {} },
): Promise<T> {
  const made = await verifiedPasskey(ctx, application, taken, input.credential)
  const { facts } = taken
  return ctx.deps.database.rawTransaction(async (sql) => {
    const tx = { ...ctx, sql }
    const { user, isNew } = await settleUser(tx, application, facts, metadata)
    const userId = user.user_id
    const alias = input.alias ?? null
    const credentialId = await insertCredential(tx, { userId, rpId: facts.rpId, alias, made })
    if (credentialId === null) throw refuse(ctx, 'credential_exists', isNew ? null : userId)
    if (isNew) record(tx, 'user.created', { userId, metadata: { source } })
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
    const result = await follow(tx, { user, made, credentialId })
    await writeTrail(tx, sql)
    return result
  })
}

/** A registration signs in, which ends a row of failures; from now on the user has had a passkey. */
const markAuthenticated = (tx: Ctx<Caller>, userId: string) =>
  tx.sql.query(
    `update users set authenticated_at = coalesce(authenticated_at, $3), ${clearFailures}
     where tenant_id = $1 and id = $2::uuid`,
    [tx.principal.tenantId, userId, tx.now()],
  )

/** Finishes a registration and signs its user in. The challenge is burnt first, whatever comes of it. */
export async function finish(ctx: Ctx<Caller>, input: z.output<typeof RegisterFinish>) {
  const application = await applicationOf(ctx)
  const taken = await takeOwn(ctx, input.session_id)
  const clientClaims = input.custom_claims ?? {}
  checkClaims(clientClaims, application.settings.custom_claims_schema, 'client')
  return store(ctx, application, taken, input, async (tx, { user, made, credentialId }) => {
    await markAuthenticated(tx, user.user_id)
    const passkey = { id: credentialId, userVerified: made.userVerified }
    return {
      credential_id: credentialId,
      status: 'active' as const,
      session_token: await openFirstSession(tx, application, user, passkey, clientClaims),
      user: signedInUser(user),
      ...redirect(application, input.success_url),
    }
  })
}

/**
 * Finishes a registration of the hosted page, which opens the session itself when it completes.
 * @param person whose it must be, and what a new user begins with
 */
export async function finishHosted(
  ctx: Ctx<Caller>,
  input: NewPasskey,
  person: { userId: string; metadata: Claims },
): Promise<void> {
  const application = await applicationOf(ctx)
  const taken = await takeOwn(ctx, input.session_id, person.userId)
  const newcomer = { source: 'hosted_onboarding', metadata: person.metadata } as const
  await store(ctx, application, taken, input, (tx, { user }) => markAuthenticated(tx, user.user_id), newcomer)
}

/** Finishes a registration of somebody who is signed in already, elsewhere: another passkey, and no session with it. */
export async function add(ctx: Ctx<EndUser>, input: NewPasskey) {
  const application = await applicationOf(ctx)
  const taken = await takeOwn(ctx, input.session_id)
  return store(ctx, application, taken, input, async (_tx, { credentialId }) => ({
    credential_id: credentialId,
    status: 'active' as const,
  }))
}
