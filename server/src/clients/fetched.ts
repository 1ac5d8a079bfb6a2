import { LRUCache } from 'lru-cache'
import type { Ctx, Deps } from '../platform/context.ts'
import type { Fetched } from '../platform/outbound.ts'

const limits = { maxBytes: 65_536, timeoutMillis: 5000 }
const shortestMillis = 300_000
const longestMillis = 86_400_000
const failureMillis = 60_000
/** How long a good copy that lacks something is not asked for again. */
const againMillis = 60_000

type Entry<T> = { value: T | null; asked: number; until: number }
type Memory<T> = { entries: LRUCache<string, Entry<T>>; pending: Map<string, Promise<T | null>> }

function lifeOf({ cacheControl }: Fetched): number {
  const seconds = /(?:^|[\s,])max-age=(\d{1,9})/i.exec(cacheControl)?.[1]
  const asked = /no-store|no-cache/i.test(cacheControl) ? 0 : Number(seconds ?? 0) * 1000
  return Math.min(longestMillis, Math.max(shortestMillis, asked))
}

function parse({ body, contentType }: Fetched): unknown {
  if (!/^application\/(?:[a-z0-9.+-]+\+)?json(?:\s*;|$)/i.test(contentType)) throw new Error('no JSON type')
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new Error('no JSON')
  }
}

/**
 * Makes a reader of JSON that clients publish about themselves (agents.md §9.2), with a memory: a good copy is kept as long
 * as its `Cache-Control` says, 5 minutes to 24 hours; a failure for a minute, and never in place of a good copy that is
 * still in time. Whoever asks while it is on its way waits for the same answer.
 * @param what names it in the log
 * @param read null: it breaks the rules, which is a failure like any other
 * @returns the reader, which throws inside a transaction: nothing slow belongs there. `isEnough` says whether a copy holds what is looked
 *   for; one that does not is fetched anew, once a minute at most. null: there is no good copy
 */
export function publishedJson<T extends object>(what: string, read: (url: string, json: unknown) => T | null) {
  const memories = new WeakMap<Deps['outbound'], Memory<T>>()

  function memoryOf({ outbound }: Deps): Memory<T> {
    const known = memories.get(outbound) ?? { entries: new LRUCache({ max: 1000 }), pending: new Map() }
    memories.set(outbound, known)
    return known
  }

  async function fetch(ctx: Ctx, url: string, { entries }: Memory<T>): Promise<T | null> {
    const asked = ctx.now().getTime()
    try {
      const fetched = await ctx.deps.outbound(url, limits)
      const value = read(url, parse(fetched))
      if (!value) throw new Error('not as agreed')
      entries.set(url, { value, asked, until: asked + lifeOf(fetched) })
      return value
    } catch (error) {
      ctx.deps.log.info({ reason: (error as Error).message, client: new URL(url).host }, `${what} not read`)
      const known = entries.get(url)
      const isGood = known?.value && asked < known.until
      const kept = isGood ? { ...known, asked } : { value: null, asked, until: asked + failureMillis }
      entries.set(url, kept)
      return kept.value
    }
  }

  return async (ctx: Ctx, url: string, isEnough: (value: T) => boolean = () => true): Promise<T | null> => {
    if (ctx.sql !== ctx.deps.database.sql) throw new Error(`${what}: fetched inside a transaction`)
    const memory = memoryOf(ctx.deps)
    const now = ctx.now().getTime()
    const known = memory.entries.get(url)
    const mayServe = !known?.value || isEnough(known.value) || now < known.asked + againMillis
    if (known && now < known.until && mayServe) return known.value
    const pending = memory.pending.get(url) ?? fetch(ctx, url, memory).finally(() => memory.pending.delete(url))
    memory.pending.set(url, pending)
    return pending
  }
}
