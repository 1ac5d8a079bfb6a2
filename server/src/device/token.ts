import type { ClientParameters } from '../oauth/request-client.ts'
import { addressKey } from '../platform/address.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError, Refusal } from '../platform/errors.ts'
import { hasValidChecksum } from '../platform/secrets.ts'
import { unitOfWork } from '../platform/unit-of-work.ts'
import { claimed } from './claimed.ts'
import { DEVICE_GRANT, type DeviceClient, requireDeviceClient } from './client.ts'
import { type DeviceStatus, decidePoll } from './polling.ts'
import { deliver, notAdmitted, takeApproval } from './redeem.ts'

export { DEVICE_GRANT }

export type PollRequest = ClientParameters & { grant_type: string; device_code?: string | undefined }

type Row = {
  id: string
  client_id: string
  status: DeviceStatus
  expires_at: Date
  interval: number
  last_accepted_poll: number | string | null
}

/**
 * Counts a code that does not exist. Whoever polls with a real one is never stopped by those who guess.
 * @throws 400 invalid_grant; 429 rate_limit_exceeded after 30 from one address in 15 minutes
 */
async function refuseUnknown(ctx: Ctx): Promise<never> {
  const { limits } = ctx.deps
  const verdict = await limits.count('device_unknown', addressKey(ctx.request.ip))
  if (verdict.ok) throw new ApiError('invalid_grant')
  throw new ApiError('rate_limit_exceeded', { retryAfter: verdict.retryAfter, headers: limits.headers([verdict]) })
}

/** One poll, in its transaction: the row is locked, so that every instance counts the same interval. */
async function poll(ctx: Ctx, id: string, client: DeviceClient) {
  const [row] = await ctx.sql.query<Row>(
    'select id, client_id, status, expires_at, interval, last_accepted_poll from device_requests where id = $1::uuid for update',
    [id],
  )
  if (!row || row.client_id !== client.clientId) throw new ApiError('invalid_grant')
  const { status, interval } = row
  const lastAcceptedPoll = row.last_accepted_poll === null ? null : Number(row.last_accepted_poll)
  const state = { status, interval, lastAcceptedPoll, expiresAt: row.expires_at.getTime() }
  const decided = decidePoll(state, ctx.now().getTime())
  switch (decided.answer) {
    case 'pending':
      await ctx.sql.query('update device_requests set last_accepted_poll = $2::bigint where id = $1::uuid', [
        id,
        decided.lastAcceptedPoll,
      ])
      throw new Refusal('authorization_pending')
    case 'slow_down':
      await ctx.sql.query('update device_requests set interval = $2::int where id = $1::uuid', [id, decided.interval])
      throw new Refusal('slow_down', { extra: { interval: decided.interval } })
    case 'denied':
      throw new ApiError('access_denied')
    case 'withdrawn':
      throw notAdmitted()
    case 'expired':
      throw new ApiError('expired_token')
    case 'used':
      throw new ApiError('invalid_grant')
    case 'redeem': {
      const approved = await takeApproval(ctx, id)
      return approved.claim_tenant_id === null ? deliver(ctx, approved, client) : claimed(ctx, approved)
    }
  }
}

/**
 * The device grant, at the token endpoint and at `/device/token` (agents.md §4.2). Opens its own transaction: looking up
 * the client and counting unknown codes come before it.
 * @throws invalid_request without a code; invalid_client; authorization_pending; slow_down with `interval`; access_denied;
 *   expired_token; invalid_grant for a code that is unknown, used, or of another client; 429 for too many unknown codes
 */
export async function redeemDevice(ctx: Ctx, input: PollRequest) {
  const { device_code: code } = input
  if (code === undefined) throw new ApiError('invalid_request', { message: 'device_code: is required' })
  const client = await requireDeviceClient(ctx, input)
  const [known] = hasValidChecksum(code, 'dvc')
    ? await ctx.sql.query<{ id: string }>('select id from device_requests where device_hash = $1', [
        ctx.deps.secrets.hash(code),
      ])
    : []
  if (!known) return refuseUnknown(ctx)
  return unitOfWork(ctx, 'raw', null, (tx) => poll(tx, known.id, client))
}

/** `POST /device/token`. @throws 400 unsupported_grant_type for any other grant; what `redeemDevice` throws */
export async function pollDevice(ctx: Ctx, input: PollRequest) {
  if (input.grant_type !== DEVICE_GRANT) throw new ApiError('unsupported_grant_type')
  return redeemDevice(ctx, input)
}
