import type { z } from 'zod'
import type { HotApplication } from '../applications/hot.ts'
import { auditRow, record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError, Refusal } from '../platform/errors.ts'
import type { Publishable } from '../platform/principal.ts'
import { toIso } from '../platform/time.ts'
import { trailColumns, trailPlaceholders, trailValues, writeTrail } from '../platform/trail.ts'
import { type NewSession, newSession, sessionColumns, sessionPlaceholders, sessionWidth } from '../sessions/issue.ts'
import { checkClaims } from '../users/custom-claims.ts'
import { type VerifiedAssertion, verifyAssertion } from './assertion.ts'
import { decodeBase64Url, encodeBase64Url } from './base64url.ts'
import { accepted, applicationOf, begin, bindings, browserTimeoutMillis, take } from './ceremony.ts'
import { recordFailure, verified } from './refusals.ts'
import type { AuthFinish, AuthStart } from './schema.ts'
import { redirect, type SignedInRow, signedInColumns, signedInUser } from './signed-in-user.ts'
import { isTestAuthenticator } from './test-authenticator.ts'
import { userHandle } from './user-handle.ts'

type Offer = { userId: string | null; descriptors: { type: 'public-key'; id: string; transports?: string[] }[] }

/** A named user's passkeys; for nobody, or somebody without any, a plausible one that stays the same (security 87). */
async function offerFor(
  ctx: Ctx<Publishable>,
  application: HotApplication,
  rpId: string,
  name: string,
): Promise<Offer> {
  const rows = await ctx.sql.query<{
    id: string
    status: string
    webauthn_id: Uint8Array | null
    transports: string[] | null
  }>(
    `select u.id, u.status, c.webauthn_id, c.transports from users u
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
    if (user.status === 'locked') throw new ApiError('user_locked')
    return { userId: user.id, descriptors }
  }
  if (application.settings.reveal_user_existence) throw new ApiError('no_credentials')
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

type Found = SignedInRow & {
  id: string
  webauthn_id: Uint8Array
  public_key: Uint8Array<ArrayBuffer>
  algorithm: number
  sign_count: number
  backup_eligible: boolean
  status: string
  user_status: string
}

async function findCredential(ctx: Ctx<Publishable>, rpId: string, id: string): Promise<Found | null> {
  const webauthnId = decodeBase64Url(id)
  if (!webauthnId) return null
  const [row] = await ctx.sql.query<Found>(
    `select c.id, c.webauthn_id, c.public_key, c.algorithm, c.sign_count, c.backup_eligible, c.status,
            u.status as user_status, ${signedInColumns}
     from credentials c join users u on u.tenant_id = c.tenant_id and u.id = c.user_id
     where c.tenant_id = $1 and c.application_id = $2 and c.rp_id = $3 and c.webauthn_id = $4`,
    [ctx.principal.tenantId, ctx.principal.applicationId, rpId, webauthnId],
  )
  return row ?? null
}

/** Why a credential may not sign in here, or null; every reason answers like an unknown credential (security 62, 63). */
function objection(found: Found | null, id: string, allowed: readonly string[] | null): string | null {
  if (!found) return 'unknown_credential'
  if (allowed && !allowed.includes(id)) return 'credential_not_offered'
  if (found.status !== 'active') return 'credential_revoked'
  if (found.user_status === 'disabled') return 'user_disabled'
  return null
}

/** A count that did not rise: recorded always, refused by policy. The stored count is never lowered (security 73). */
function replayed(ctx: Ctx, application: HotApplication, found: Found, received: number): void {
  const action = application.settings.replay_policy
  const metadata = { credential_id: found.id, stored: found.sign_count, received, action }
  record(ctx, 'credential.replay_detected', { userId: found.user_id, metadata })
  if (action === 'flag') return
  recordFailure(ctx, { reason: 'sign_count', userId: found.user_id, credentialId: found.id })
  throw new Refusal('replay_detected')
}

// Raw, and one statement: counter, session and audit row commit together or not at all. The update is the lock: a
// credential revoked or a user erased meanwhile yields no row, and a count that another sign-in has passed is a replay.
const signIn = `
  with passed as (
    update credentials c set sign_count = greatest(c.sign_count, $3::bigint), backup_state = $4::boolean, last_used_at = $5::timestamptz
    where c.tenant_id = $1 and c.id = $2 and c.status = 'active'
      and ($6::boolean or c.sign_count < $3::bigint or (c.sign_count = 0 and $3::bigint = 0))
    returning c.id),
  opened as (insert into sessions (${sessionColumns}) select ${sessionPlaceholders(7)} from passed returning id)
  insert into audit_logs (${trailColumns}) select ${trailPlaceholders(7 + sessionWidth)} from opened returning id`

async function commit(
  ctx: Ctx,
  found: Found,
  session: NewSession,
  facts: { signCount: number; backupState: boolean; flagged: boolean; userVerified: boolean },
) {
  const audit = auditRow(ctx, 'auth.success', {
    userId: found.user_id,
    metadata: { method: 'passkey', credential_id: found.id, session_id: session.id, user_verified: facts.userVerified },
  })
  const values = [
    ctx.principal.tenantId,
    found.id,
    facts.signCount,
    facts.backupState,
    ctx.now(),
    facts.flagged,
    ...session.values,
    ...trailValues(ctx, audit),
  ]
  if (!facts.flagged) return (await ctx.sql.query(signIn, values)).length === 1
  // A replay that policy lets pass: its own row commits with the session.
  return ctx.deps.database.rawTransaction(async (sql) => {
    const rows = await sql.query(signIn, values)
    if (rows.length === 1) await writeTrail(ctx, sql)
    return rows.length === 1
  })
}

const standInAssertion: VerifiedAssertion = {
  userVerified: true,
  backupState: false,
  signCount: 0,
  counterOutcome: 'ok',
}

/** Finishes a sign-in: three statements, each its own transaction; the challenge is burnt by the first. */
export async function finish(ctx: Ctx<Publishable>, input: z.output<typeof AuthFinish>) {
  const application = await applicationOf(ctx)
  const { challenge, facts } = await take(ctx, 'authentication', input.session_id)
  if (input.custom_claims) checkClaims(input.custom_claims, application.settings.custom_claims_schema, 'client')
  const { credential: response } = input
  const found = await findCredential(ctx, facts.rpId, response.id)
  const reason = objection(found, response.id, facts.allowed)
  if (!found || reason) {
    recordFailure(ctx, {
      reason: reason ?? '',
      userId: found?.user_id ?? null,
      ...(found ? { credentialId: found.id } : {}),
    })
    throw new Refusal('credential_not_found')
  }
  const whose = { userId: found.user_id, credentialId: found.id }
  if (found.user_status === 'locked') {
    recordFailure(ctx, { reason: 'user_locked', ...whose })
    throw new Refusal('user_locked')
  }
  const result = await verified(ctx, whose, () =>
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
  const flagged = result.counterOutcome === 'regressed'
  if (flagged) replayed(ctx, application, found, result.signCount)
  const subject = {
    userId: found.user_id,
    externalUserId: found.external_user_id,
    claims: { ...input.custom_claims, ...found.custom_claims },
  }
  const session = newSession(ctx, application, subject, { method: 'passkey', credentialId: found.id })
  if (!(await commit(ctx, found, session, { ...result, flagged }))) {
    // Something moved since it was read. A higher count makes this one a replay; anything else ends the credential.
    const now = await findCredential(ctx, facts.rpId, response.id)
    const isGood = now !== null && objection(now, response.id, facts.allowed) === null
    if (isGood) replayed(ctx, application, now, result.signCount)
    if (!isGood || !(await commit(ctx, now, session, { ...result, flagged: true }))) {
      recordFailure(ctx, { reason: 'overtaken', credentialId: found.id })
      throw new Refusal('credential_not_found')
    }
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
