import { record } from '../audit/record.ts'
import { addressKey } from '../platform/address.ts'
import type { Ctx, Deps } from '../platform/context.ts'
import { ApiError, Refusal } from '../platform/errors.ts'
import type { Limits, LimitVerdict } from '../platform/limits.ts'
import type { Person } from '../platform/principal.ts'
import type { DeviceStatus } from './polling.ts'
import { hashUserCode } from './secrets.ts'
import { normaliseUserCode } from './user-code.ts'

/** A request that can still be decided, as a person's code led to it. */
export type EnteredRequest = {
  id: string
  client_id: string
  agent_id: string
  agent_name: string | null
  scopes: string[]
  claim_tenant_id: string | null
  ip_address: string
  created_at: Date
  expires_at: Date
}

const byCode = `
  select id, client_id, agent_id, agent_name, scopes, claim_tenant_id, ip_address, created_at, expires_at, status
  from device_requests where user_hash = $1 order by (status = 'pending') desc, created_at desc limit 1`

const full = ({ limits }: Deps, verdict: LimitVerdict) =>
  new ApiError('rate_limit_exceeded', { retryAfter: verdict.retryAfter, headers: limits.headers([verdict]) })

const turns = new WeakMap<Limits, Promise<unknown>>()

/** One look after the other: what each reserves of the server's budget is given back before the next needs it. */
function inTurn<T>(limits: Limits, work: () => Promise<T>): Promise<T> {
  const mine = (turns.get(limits) ?? Promise.resolve()).then(work, work)
  turns.set(
    limits,
    mine.then(
      () => undefined,
      () => undefined,
    ),
  )
  return mine
}

type Bucket = readonly [name: 'user_code' | 'user_code_ip' | 'user_code_server', bucket: string]

async function giveBack({ limits }: Deps, buckets: readonly Bucket[]): Promise<void> {
  for (const [name, bucket] of buckets) await limits.refund(name, bucket)
}

/** At most one row a minute for each account and address, with how many wrong codes there were so far. */
async function recordFailure(ctx: Ctx<Person>, attempts: number): Promise<void> {
  const { accountId } = ctx.principal
  const first = await ctx.deps.limits.count('user_code_trail', `${accountId} ${addressKey(ctx.request.ip)}`)
  if (first.ok) record(ctx, 'device.code_failed', { applicationId: null, metadata: { attempts } })
}

/**
 * Evaluates a code under the budgets of agents.md §4.3. The points of a failure are taken before the code is looked at, so
 * that however many guess at once, no more codes are looked at than may fail; they are given back when it is right.
 */
async function evaluate(ctx: Ctx<Person>, code: string): Promise<EnteredRequest> {
  const { deps, request } = ctx
  const mine = addressKey(request.ip)
  const personal: readonly Bucket[] = [
    ['user_code', ctx.principal.accountId],
    ['user_code_ip', mine],
  ]
  const verdicts: LimitVerdict[] = []
  for (const [name, bucket] of personal) {
    const verdict = await deps.limits.count(name, bucket)
    if (!verdict.ok) {
      await giveBack(deps, personal.slice(0, verdicts.length))
      throw full(deps, verdict)
    }
    verdicts.push(verdict)
  }
  const blind = await deps.limits.count('user_code_server', 'server')
  const [row] = await ctx.sql.query<EnteredRequest & { status: DeviceStatus }>(byCode, [hashUserCode(ctx, code)])
  const server: Bucket = ['user_code_server', 'server']
  if (!blind.ok && (!row || addressKey(row.ip_address) !== mine)) {
    // Not looked at, as far as anybody can tell: a right code from elsewhere is answered like a wrong one.
    await giveBack(deps, personal)
    throw full(deps, blind)
  }
  const isLive = row !== undefined && row.status === 'pending' && ctx.now() < row.expires_at
  // A code that was given to somebody is none that was guessed.
  if (row && blind.ok) await giveBack(deps, [server])
  if (isLive) {
    await giveBack(deps, personal)
    return row
  }
  const [account] = verdicts
  await recordFailure(ctx, account ? account.points - account.remaining : 1)
  throw new Refusal('invalid_user_code')
}

/**
 * The request behind a code as a person typed it. To be asked outside a transaction.
 * @throws 400 invalid_user_code: no code at all, unknown, expired or used, in one sentence; 429 rate_limit_exceeded after
 *   too many wrong ones
 */
export async function requireEntered(ctx: Ctx<Person>, typed: string): Promise<EnteredRequest> {
  const code = normaliseUserCode(typed)
  // Nobody is given such a code, so this is no guess.
  if (code === null) throw new ApiError('invalid_user_code')
  return inTurn(ctx.deps.limits, () => evaluate(ctx, code))
}
