import { hostOf } from '../applications/origins.ts'
import { record } from '../audit/record.ts'
import { isLocked } from '../lockout/state.ts'
import { type VerifiedAssertion, verifyAssertion } from '../passkeys/assertion.ts'
import { encodeBase64Url } from '../passkeys/base64url.ts'
import { CeremonyError, type CeremonyErrorReason } from '../passkeys/ceremony-error.ts'
import { findPasskey, type Objection, objectionTo, type PasskeyRow } from '../passkeys/presented-passkey.ts'
import { userHandle } from '../passkeys/user-handle.ts'
import type { Ctx } from '../platform/context.ts'
import { Refusal } from '../platform/errors.ts'
import { uuid7 } from '../platform/ids.ts'
import type { Person, Publishable } from '../platform/principal.ts'
import { challenge as newChallenge } from '../platform/secrets.ts'
import { addSeconds, toIso } from '../platform/time.ts'
import { CONSOLE_APPLICATION_ID, CONSOLE_CLIENT_ID, CONSOLE_TENANT_ID } from './console.ts'

/** How old a proof may be (agents.md §4.3). */
export const stepUpSeconds = 300

/** What a person confirms: `keys.create`, or with the thing it is about, `device:<id>`. A proof is good for one purpose. */
export type Purpose = string

/** The proof as the page sends it: the start's `session_id`, and what the browser made of its challenge. */
export type StepUpProof = { session_id?: string | undefined; credential?: { id: string } | undefined }

type Facts = { purpose: Purpose; allowed: readonly string[] }
type Taken = { challenge: Uint8Array; facts: Facts; expires_at: Date }
type Reason =
  | CeremonyErrorReason
  | Objection
  | 'missing'
  | 'stale'
  | 'purpose'
  | 'user_locked'
  | 'sign_count'
  | 'overtaken'

/** The same call as one of the console's browsers: what the passkey slice asks of a principal. */
const atConsole = (ctx: Ctx<Person>): Ctx<Publishable> => ({
  ...ctx,
  principal: {
    kind: 'anonymous',
    id: CONSOLE_CLIENT_ID,
    clientId: CONSOLE_CLIENT_ID,
    tenantId: CONSOLE_TENANT_ID,
    applicationId: CONSOLE_APPLICATION_ID,
    bucket: null,
    origin: ctx.request.origin,
  },
})

const rpIdOf = (ctx: Ctx): string => hostOf(ctx.deps.config.PUBLIC_URL) ?? ''

/**
 * Starts a proof that the signed-in person is there: request options for one of the own passkeys, bound to the purpose and
 * to the person, for five minutes. One statement to read and one to write.
 * @param purpose what will be confirmed, at most 128 characters
 */
export async function startStepUp(ctx: Ctx<Person>, purpose: Purpose) {
  const rpId = rpIdOf(ctx)
  const rows = await ctx.sql.query<{ webauthn_id: Uint8Array; transports: string[] }>(
    `select webauthn_id, transports from credentials
     where tenant_id = $1 and user_id = $2::uuid and application_id = $3 and status = 'active' and rp_id = $4
     order by id limit 100`,
    [CONSOLE_TENANT_ID, ctx.principal.id, CONSOLE_APPLICATION_ID, rpId],
  )
  const allowCredentials = rows.map(({ webauthn_id, transports }) => ({
    type: 'public-key' as const,
    id: encodeBase64Url(webauthn_id),
    ...(transports.length > 0 ? { transports } : {}),
  }))
  const now = ctx.now()
  const [id, challenge, expiresAt] = [uuid7(now), newChallenge(), addSeconds(now, stepUpSeconds)]
  const facts: Facts = { purpose, allowed: allowCredentials.map((descriptor) => descriptor.id) }
  await ctx.sql.query(
    `insert into ceremonies (tenant_id, id, application_id, kind, user_id, challenge, facts, created_at, expires_at)
     values ($1, $2::uuid, $3, 'step_up', $4::uuid, $5, $6::jsonb, $7, $8)`,
    [
      CONSOLE_TENANT_ID,
      id,
      CONSOLE_APPLICATION_ID,
      ctx.principal.id,
      challenge,
      JSON.stringify({ kind: 'step_up', ...facts }),
      now,
      expiresAt,
    ],
  )
  return {
    session_id: id,
    expires_at: toIso(expiresAt),
    challenge: {
      challenge: encodeBase64Url(challenge),
      rpId,
      allowCredentials,
      timeout: stepUpSeconds * 1000,
      userVerification: 'required' as const,
    },
  }
}

/** Takes the challenge of this person, once and for good, whatever comes of it. */
async function take(ctx: Ctx<Person>, id: string): Promise<Taken | null> {
  const [row] = await ctx.sql.query<Taken>(
    `delete from ceremonies
     where tenant_id = $1 and id = $2::uuid and application_id = $3 and kind = 'step_up' and user_id = $4::uuid
     returning challenge, facts, expires_at`,
    [CONSOLE_TENANT_ID, id, CONSOLE_APPLICATION_ID, ctx.principal.id],
  )
  return row ?? null
}

/** Recorded where the person's account can read it. */
function refused(ctx: Ctx<Person>, reason: Reason, found: PasskeyRow | null = null): Refusal {
  const metadata = { method: 'step_up', reason, ...(found ? { credential_id: found.id } : {}) }
  record(ctx, 'auth.failed', { metadata })
  return new Refusal(reason === 'user_verification' ? 'user_verification_required' : 'step_up_required')
}

function verify(ctx: Ctx<Person>, response: unknown, { challenge }: Taken, found: PasskeyRow): VerifiedAssertion {
  try {
    return verifyAssertion({
      response,
      expected: {
        challenge,
        origins: [ctx.deps.config.PUBLIC_ORIGIN],
        topOrigins: [],
        rpId: rpIdOf(ctx),
        userVerification: 'required',
        discoverable: false,
      },
      credential: {
        webauthnId: found.webauthn_id,
        publicKey: found.public_key,
        algorithm: found.algorithm,
        signCount: found.sign_count,
        backupEligible: found.backup_eligible,
        userHandle: userHandle(found.user_id),
      },
    })
  } catch (error) {
    if (!(error instanceof CeremonyError)) throw error
    throw refused(ctx, error.reason, found)
  }
}

/**
 * Requires a fresh proof for exactly this purpose, made with user verification by a passkey of the signed-in person
 * (security 157). The challenge is used up. Works inside a transaction and outside; call it before the first write, since
 * a refusal commits what was written so far together with its audit row.
 * @returns the passkey that was used
 * @throws 401 step_up_required when missing, older than five minutes, used, or made for another purpose or person;
 *   401 user_verification_required. The endpoint declares `auth.failed` among its audits.
 */
export async function requireStepUp(
  ctx: Ctx<Person>,
  purpose: Purpose,
  proof: StepUpProof,
): Promise<{ credentialId: string }> {
  const { session_id: id, credential: response } = proof
  if (!id || !response) throw refused(ctx, 'missing')
  const taken = await take(ctx, id)
  if (!taken || ctx.now() >= taken.expires_at) throw refused(ctx, 'stale')
  if (taken.facts.purpose !== purpose) throw refused(ctx, 'purpose')
  const found = await findPasskey(atConsole(ctx), rpIdOf(ctx), response.id)
  const objection = objectionTo(found, response.id, taken.facts.allowed)
  if (!found || objection) throw refused(ctx, objection ?? 'unknown_credential')
  if (found.user_id !== ctx.principal.id) throw refused(ctx, 'credential_not_offered')
  if (isLocked(found.locked_until, ctx.now())) throw refused(ctx, 'user_locked', found)
  const { signCount, backupState, counterOutcome } = verify(ctx, response, taken, found)
  if (counterOutcome === 'regressed') throw refused(ctx, 'sign_count', found)
  const counted = await ctx.sql.query(
    `update credentials set sign_count = $3, backup_state = $4, last_used_at = $5
     where tenant_id = $1 and id = $2 and status = 'active' and (sign_count < $3::bigint or $3::bigint = 0) returning 1`,
    [CONSOLE_TENANT_ID, found.id, signCount, backupState, ctx.now()],
  )
  if (counted.length === 0) throw refused(ctx, 'overtaken', found)
  return { credentialId: found.id }
}
