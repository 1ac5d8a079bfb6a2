import { personByAddress } from '../accounts/people.ts'
import { record } from '../audit/record.ts'
import type { ErrorCode } from '../errors.ts'
import { addressKey } from '../platform/address.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError, Refusal } from '../platform/errors.ts'
import { addSeconds } from '../platform/time.ts'
import { SYSTEM_TENANT } from '../platform/trail.ts'
import { homeTenantOf } from './registration-account.ts'

const limitName = 'agent_verify_ip'
const maxAttempts = 5
const lockSeconds = 3600

/**
 * Takes the point that a failed verification from this address costs, before the token is looked at: however many guess at
 * once, no more are looked at than may fail. `giveBack` returns it.
 * @throws 429 too_many_attempts after 20 failures in an hour; 503 service_unavailable when the store is away
 */
export async function reserveAttempt(ctx: Ctx): Promise<void> {
  const { limits } = ctx.deps
  const verdict = await limits.count(limitName, addressKey(ctx.request.ip))
  if (verdict.ok) return
  throw new ApiError('too_many_attempts', { retryAfter: verdict.retryAfter, headers: limits.headers([verdict]) })
}

/** The token was good: once that is committed, it costs nothing. */
export function giveBack(ctx: Ctx): void {
  const { limits } = ctx.deps
  ctx.afterCommit.push(() => limits.refund(limitName, addressKey(ctx.request.ip)))
}

type Seen = { address: string; used_at: Date | null; expires_at: Date; locked_until: Date | null }

// A token that is locked counts no further, so that the lock ends an hour after the fifth failure, whatever comes between.
const countAttempt = `
  update agent_registrations set
    attempts = case when locked_until is null then attempts + 1 else 1 end,
    locked_until = case when locked_until is null and attempts + 1 >= ${maxAttempts} then $3::timestamptz end
  where token_hash = $1::bytea and voided_at is null and (locked_until is null or locked_until <= $2::timestamptz)
  returning address, used_at, expires_at, locked_until`

function fail(ctx: Ctx, tenantId: string | null, reason: string): void {
  record(ctx, 'agent.verification_failed', {
    tenantId: tenantId ?? SYSTEM_TENANT,
    applicationId: null,
    metadata: { reason },
  })
}

const homeOf = async (ctx: Ctx, address: string): Promise<string | null> =>
  homeTenantOf(ctx, (await personByAddress(ctx, address))?.accountId ?? null)

/**
 * What is wrong with a token that could not be redeemed. Whatever it is counts as an attempt with that token, and the fifth
 * locks it for an hour: never for ever, and a newly registered one is not locked.
 * @param hash keyed hash of the token
 * @returns what to throw: 400 invalid_token, 410 token_used or token_expired, 401 registration_secret_required, 429
 *   too_many_attempts
 */
export async function failedAttempt(ctx: Ctx, hash: Buffer): Promise<Refusal> {
  const now = ctx.now()
  const [seen] = await ctx.sql.query<Seen>(countAttempt, [hash, now, addSeconds(now, lockSeconds)])
  if (!seen) {
    const [locked] = await ctx.sql.query<{ address: string; locked_until: Date }>(
      'select address, locked_until from agent_registrations where token_hash = $1::bytea and voided_at is null',
      [hash],
    )
    const code = locked ? 'too_many_attempts' : 'invalid_token'
    fail(ctx, locked ? await homeOf(ctx, locked.address) : null, code)
    if (!locked) return new Refusal(code)
    return new Refusal(code, { retryAfter: (locked.locked_until.getTime() - now.getTime()) / 1000 })
  }
  const code: ErrorCode = seen.used_at
    ? 'token_used'
    : seen.expires_at <= now
      ? 'token_expired'
      : 'registration_secret_required'
  const home = await homeOf(ctx, seen.address)
  fail(ctx, home, code)
  if (seen.locked_until) {
    record(ctx, 'agent.locked', {
      tenantId: home ?? SYSTEM_TENANT,
      applicationId: null,
      metadata: { reason: code },
    })
  }
  return new Refusal(code)
}
