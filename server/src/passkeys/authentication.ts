import type { z } from 'zod'
import type { HotApplication } from '../applications/hot.ts'
import { record } from '../audit/record.ts'
import { lockedOut, recordFailure } from '../lockout/failed-attempt.ts'
import { isLocked, untilUnlocked } from '../lockout/state.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError, Refusal } from '../platform/errors.ts'
import type { Publishable } from '../platform/principal.ts'
import { toIso } from '../platform/time.ts'
import { newSession } from '../sessions/issue.ts'
import { checkClaims } from '../users/custom-claims.ts'
import { hasRisen, type VerifiedAssertion, verifyAssertion } from './assertion.ts'
import { encodeBase64Url } from './base64url.ts'
import { accepted, applicationOf, begin, bindings, browserTimeoutMillis, take } from './ceremony.ts'
import { findPasskey, objectionTo, type PasskeyRow } from './presented-passkey.ts'
import { refuse, verified } from './refusals.ts'
import type { AuthFinish, AuthStart } from './schema.ts'
import { signIn } from './sign-in.ts'
import { redirect, signedInUser } from './signed-in-user.ts'
import { isTestAuthenticator } from './test-authenticator.ts'
import { userHandle } from './user-handle.ts'

type Offer = { userId: string | null; descriptors: { type: 'public-key'; id: string; transports?: string[] }[] }

/**
 * A named user's passkeys; for nobody, or somebody without any, a plausible one that stays the same (security 87).
 * A locked user's are offered like anybody's: that there is a user to be locked is told by 423 only where the application
 * reveals who exists. The finish refuses.
 */
async function offerFor(
  ctx: Ctx<Publishable>,
  application: HotApplication,
  rpId: string,
  name: string,
): Promise<Offer> {
  const reveal = application.settings.reveal_user_existence
  const rows = await ctx.sql.query<{
    id: string
    status: string
    locked_until: Date | null
    webauthn_id: Uint8Array | null
    transports: string[] | null
  }>(
    `select u.id, u.status, u.locked_until, c.webauthn_id, c.transports from users u
     left join credentials c on c.tenant_id = u.tenant_id and c.user_id = u.id and c.status = 'active' and c.rp_id = $4
     where u.tenant_id = $1 and u.application_id = $2 and u.external_user_id = $3 order by c.id limit 100`,
    [application.tenantId, application.id, name, rpId],
  )
  const [user] = rows
  const descriptors = rows.flatMap(({ webauthn_id: id, transports }) =>
    id === null
      ? []
      : [{ type: 'public-key' as const, id: encodeBase64Url(id), ...(transports?.length ? { transports } : {}) }],
  )
  if (user && user.status !== 'disabled' && descriptors.length > 0) {
    const now = ctx.now()
    if (reveal && isLocked(user.locked_until, now)) {
      throw new ApiError('user_locked', untilUnlocked(user.locked_until, now))
    }
    return { userId: user.id, descriptors }
  }
  if (reveal) throw new ApiError('no_credentials')
  const decoy = ctx.deps.secrets.decoy('credential', application.id, rpId, name)
  return {
    userId: null,
    descriptors: [{ type: 'public-key', id: encodeBase64Url(decoy), transports: ['hybrid', 'internal'] }],
  }
}

/** Starts a sign-in: one insert, and one read when a user is named. */
export async function start(ctx: Ctx<Publishable>, input: z.output<typeof AuthStart>) {
  const application = await applicationOf(ctx)
  const bound = bindings(ctx, application)
  const { rpId, userVerification } = bound
  const name = input.external_user_id
  const offer = name === undefined ? null : await offerFor(ctx, application, rpId, name)
  const allowed = offer?.descriptors.map(({ id }) => id) ?? null
  const begun = await begin(ctx, { ...bound, kind: 'authentication', allowed }, offer?.userId ?? null)
  return {
    session_id: begun.id,
    expires_at: toIso(begun.expiresAt),
    challenge: {
      challenge: encodeBase64Url(begun.challenge),
      rpId,
      ...(offer ? { allowCredentials: offer.descriptors } : {}),
      timeout: browserTimeoutMillis,
      userVerification,
    },
  }
}

/** A passkey that is nothing to this ceremony answers like an unknown one, whatever the reason. */
function unknown(ctx: Ctx, reason: string, found: PasskeyRow | null): Refusal {
  const whose = found ? { userId: found.user_id, credentialId: found.id } : {}
  recordFailure(ctx, { reason, ...whose })
  return new Refusal('credential_not_found')
}

/**
 * The passkey that a response names, if it may sign in. A locked user is told so, but only whoever presents one of the
 * user's own passkeys gets to know, before anything is verified: neither a right nor a wrong signature shows.
 * @throws 404 credential_not_found; 423 user_locked with `Retry-After`
 */
async function requirePasskey(
  ctx: Ctx<Publishable>,
  rpId: string,
  id: string,
  allowed: readonly string[] | null,
): Promise<PasskeyRow> {
  const found = await findPasskey(ctx, rpId, id)
  const objection = objectionTo(found, id, allowed)
  if (!found || objection) throw unknown(ctx, objection ?? 'unknown_credential', found)
  if (isLocked(found.locked_until, ctx.now())) {
    throw lockedOut(ctx, { userId: found.user_id, credentialId: found.id }, found.locked_until)
  }
  return found
}

/**
 * A count that did not rise: recorded always, refused by policy, and then a failed attempt that counts toward the user's
 * lockout like any other. The stored count is never lowered (security 73).
 */
async function replayed(
  ctx: Ctx<Publishable>,
  application: HotApplication,
  found: PasskeyRow,
  received: number,
): Promise<void> {
  const action = application.settings.replay_policy
  const metadata = { credential_id: found.id, stored: found.sign_count, received, action }
  record(ctx, 'credential.replay_detected', { userId: found.user_id, metadata })
  if (action === 'flag') return
  const presented = { application, userId: found.user_id, credentialId: found.id }
  throw await refuse(ctx, presented, 'sign_count', 'replay_detected')
}

const standInAssertion: VerifiedAssertion = {
  userVerified: true,
  backupState: false,
  signCount: 0,
  counterOutcome: 'ok',
}

/**
 * How often a sign-in is tried that finds user or passkey changed since they were read. Once is common, under attack or
 * with two devices; a count may be overtaken again.
 */
const attempts = 3

/** Finishes a sign-in: three statements, each its own transaction; the challenge is burnt by the first. */
export async function finish(ctx: Ctx<Publishable>, input: z.output<typeof AuthFinish>) {
  const application = await applicationOf(ctx)
  const { challenge, facts } = await take(ctx, 'authentication', input.session_id)
  if (input.custom_claims) checkClaims(input.custom_claims, application.settings.custom_claims_schema, 'client')
  const { credential: response } = input
  const read = () => requirePasskey(ctx, facts.rpId, response.id, facts.allowed)
  const found = await read()
  const result = await verified(ctx, { application, userId: found.user_id, credentialId: found.id }, () =>
    isTestAuthenticator(ctx, 'authenticate', found.external_user_id)
      ? standInAssertion
      : verifyAssertion({
          response,
          expected: {
            challenge,
            ...accepted(ctx, application, facts),
            rpId: facts.rpId,
            userVerification: facts.userVerification,
            discoverable: facts.allowed === null,
          },
          credential: {
            webauthnId: found.webauthn_id,
            publicKey: found.public_key,
            algorithm: found.algorithm,
            signCount: found.sign_count,
            backupEligible: found.backup_eligible,
            userHandle: userHandle(found.user_id),
          },
        }),
  )
  const subject = {
    userId: found.user_id,
    externalUserId: found.external_user_id,
    claims: { ...input.custom_claims, ...found.custom_claims },
  }
  const session = newSession(ctx, application, subject, { method: 'passkey', credentialId: found.id })
  let passkey = found
  let flagged = false
  for (let attempt = 1; ; attempt++) {
    if (!flagged && !hasRisen(result.signCount, passkey.sign_count)) {
      await replayed(ctx, application, passkey, result.signCount)
      flagged = true
    }
    if (await signIn(ctx, passkey, session, { ...result, flagged })) break
    if (attempt === attempts) throw unknown(ctx, 'overtaken', passkey)
    // Something moved since it was read, and what is there now decides.
    const now = await read()
    if (now.id !== found.id) throw unknown(ctx, 'overtaken', now)
    passkey = { ...now, has_failures: true }
  }
  return {
    authenticated: true as const,
    session_token: session.token,
    user: signedInUser(found),
    signals: {
      userVerification: result.userVerified,
      backupEligible: found.backup_eligible,
      backupStatus: result.backupState,
    },
    ...redirect(application, input.success_url),
  }
}
