import { LRUCache } from 'lru-cache'
import { addressKey } from '../platform/address.ts'
import type { Ctx, Deps } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import type { Limits, LimitVerdict } from '../platform/limits.ts'

/** What a process knows of the secrets presented to it. */
type Memory = {
  /** Those that were right, by keyed hash, client and address: they are looked at again and cost no point. */
  verified: LRUCache<string, true>
  /** The end of the queue of an address; resolves to nothing, rejects when the store is away. */
  turns: Map<string, Promise<unknown>>
}

const memories = new WeakMap<Limits, Memory>()

function memoryOf({ limits }: Deps): Memory {
  const known = memories.get(limits)
  if (known) return known
  const memory: Memory = { verified: new LRUCache({ max: 20_000 }), turns: new Map() }
  memories.set(limits, memory)
  return memory
}

type Buckets = readonly (readonly [name: string, bucket: string])[]

async function requirePoints({ limits }: Deps, buckets: Buckets): Promise<void> {
  for (const [name, bucket] of buckets) {
    const full = await limits.blocked(name, bucket)
    if (full) throw refusal(limits, full)
  }
}

const refusal = (limits: Limits, full: LimitVerdict) =>
  new ApiError('rate_limit_exceeded', { retryAfter: full.retryAfter, headers: limits.headers([full]) })

async function giveBack({ limits }: Deps, buckets: Buckets): Promise<void> {
  for (const [name, bucket] of buckets) await limits.refund(name, bucket)
}

/**
 * Takes the points of a failure before the secret is looked at, and gives them back when it is right or was not looked at:
 * however many guess at once, on however many instances, no more are evaluated than may fail.
 * @throws 429 rate_limit_exceeded; 503 service_unavailable when the store is away
 */
async function reserved<T>(deps: Deps, buckets: Buckets, evaluate: () => Promise<T | null>): Promise<T | null> {
  let taken = 0
  let found: T | null = null
  let failed = false
  try {
    for (const [name, bucket] of buckets) {
      const verdict = await deps.limits.count(name, bucket)
      // The row has taken back what went past its limit.
      if (!verdict.ok) throw refusal(deps.limits, verdict)
      taken += 1
    }
    found = await evaluate()
    failed = found === null
    return found
  } finally {
    if (!failed) await giveBack(deps, buckets.slice(0, taken))
  }
}

/**
 * Lets the attempts from one address go one after the other: a process holds one reservation there at most, so that right
 * secrets that arrive together do not stand in each other's way. When the store is away, those behind need not find out.
 */
function inTurn<T>({ turns }: Memory, address: string, work: () => Promise<T>): Promise<T> {
  const mine = (turns.get(address) ?? Promise.resolve()).then(work)
  const turn = mine.catch((error: unknown) => {
    if (!(error instanceof ApiError && error.status === 429)) throw error
  })
  turns.set(address, turn)
  const leave = () => {
    if (turns.get(address) === turn) turns.delete(address)
  }
  turn.then(leave, leave)
  return mine
}

/**
 * Evaluates a client's secret unless too many were wrong. Failures count per client and address, so that a right secret
 * from elsewhere still works, and per address (security 141).
 * @param digest keyed hash of the secret
 * @param evaluate null: wrong
 * @param options.once it is never right a second time, so there is nothing to remember
 * @throws 429 rate_limit_exceeded after 10 failures of a client from one address, or 50 of one address, in 15 minutes;
 *   503 service_unavailable when the limits' store is away
 */
export async function underFailureLimit<T>(
  ctx: Ctx,
  clientId: string,
  digest: Buffer,
  evaluate: () => Promise<T | null>,
  options: { once?: boolean } = {},
): Promise<T | null> {
  const { deps } = ctx
  const memory = memoryOf(deps)
  const address = addressKey(ctx.request.ip)
  const pair = `${clientId.slice(0, 80)} ${address}`
  const buckets: Buckets = [
    ['client_auth_failures', pair],
    ['client_auth_failures_ip', address],
  ]
  const key = `${digest.toString('base64')} ${pair}`
  await requirePoints(deps, buckets)
  if (memory.verified.has(key)) {
    const found = await evaluate()
    if (found) return found
    // Rotated or suspended since: from now on it is as wrong as any other.
    memory.verified.delete(key)
  }
  return inTurn(memory, address, async () => {
    await requirePoints(deps, buckets)
    // Whoever was before may have presented the same secret.
    const found = memory.verified.has(key) ? await evaluate() : await reserved(deps, buckets, evaluate)
    if (found && !options.once) memory.verified.set(key, true)
    return found
  })
}
