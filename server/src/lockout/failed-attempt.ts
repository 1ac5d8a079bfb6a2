import type { Settings } from '../applications/settings.ts'
import { record } from '../audit/record.ts'
import type { ErrorCode } from '../errors.ts'
import type { Ctx } from '../platform/context.ts'
import { Refusal } from '../platform/errors.ts'
import type { Principal } from '../platform/principal.ts'
import { toIso } from '../platform/time.ts'
import { countFailure } from './count-failure.ts'
import { untilUnlocked } from './state.ts'

export type Attempt = { reason: string; userId?: string | null; credentialId?: string; method?: string }

/** Records why an attempt to sign in failed; the answer never says. */
export function recordFailure(ctx: Ctx, { reason, userId = null, credentialId, method = 'passkey' }: Attempt): void {
  record(ctx, 'auth.failed', {
    userId,
    metadata: { method, reason, ...(credentialId ? { credential_id: credentialId } : {}) },
  })
}

/** The refusal of a user who is locked, whatever was presented: it is not looked at, and not counted. */
export function lockedOut(ctx: Ctx, attempt: Omit<Attempt, 'reason'>, lockedUntil: Date): Refusal {
  recordFailure(ctx, { ...attempt, reason: 'user_locked' })
  return new Refusal('user_locked', untilUnlocked(lockedUntil, ctx.now()))
}

/**
 * A failed attempt of a known user: counted, recorded, and `credential.lockout` with it when it reaches a threshold, in
 * the caller's transaction.
 * @returns what to throw: the attempt's own code, or 423 user_locked when others have locked the user meanwhile
 */
export async function failedAttempt(
  ctx: Ctx<Principal & { tenantId: string }>,
  rules: Settings['lockout'],
  attempt: Attempt & { userId: string },
  answer: { code: ErrorCode; cause?: unknown },
): Promise<Refusal> {
  const counted = await countFailure(ctx, rules, attempt.userId)
  if (!counted) {
    // Erased meanwhile, with every row that named the user or a passkey: none may come after (GDPR Article 17).
    ctx.trail.length = 0
    recordFailure(ctx, { reason: attempt.reason, ...(attempt.method === undefined ? {} : { method: attempt.method }) })
    return new Refusal(answer.code, { cause: answer.cause })
  }
  if (counted.lockedUntil) return lockedOut(ctx, attempt, counted.lockedUntil)
  recordFailure(ctx, attempt)
  if (counted.reached) {
    const { level, lockedUntil, failures } = counted.reached
    const { userId, credentialId } = attempt
    const metadata = { level, locked_until: toIso(lockedUntil), failures }
    record(ctx, 'credential.lockout', {
      userId,
      metadata: credentialId ? { ...metadata, credential_id: credentialId } : metadata,
    })
  }
  return new Refusal(answer.code, { cause: answer.cause })
}
