import { LRUCache } from 'lru-cache'
import type { Ctx } from './context.ts'

/**
 * Hot rows kept in memory: clients, applications with their plan, signing keys. Entries live `healthyMillis` while
 * invalidations are known to arrive and `unsureMillis` while they are not, so no answer is staler than the
 * specification's second (design: a change is told through the bus inside its transaction).
 */
export type Cache<V> = {
  /** The value, loaded once however many ask at the same time; `null` (absent) is remembered too. */
  get(id: string): Promise<V | null>
  drop(id: string): void
  clear(): void
}

export type CacheOptions<V> = { max?: number; load(id: string): Promise<V | null> }

export type Caches = {
  create<V>(kind: string, options: CacheOptions<V>): Cache<V>
  drop(kind: string, id: string): void
  clear(): void
}

const healthyMillis = 30_000
const unsureMillis = 500

type Entry<V> = { value: V | null; loadedAt: number }

/** @param healthy says whether invalidations from other instances are arriving now */
export function createCaches(now: () => number, healthy: () => boolean): Caches {
  const all = new Map<string, Cache<unknown>>()
  return {
    create<V>(kind: string, { max = 10_000, load }: CacheOptions<V>): Cache<V> {
      const entries = new LRUCache<string, Entry<V>>({ max })
      const loading = new Map<string, Promise<V | null>>()

      const fetch = async (id: string): Promise<V | null> => {
        const mine: Promise<V | null> = load(id).then((value) => {
          // A drop during the load wins: what was read may be older than the change.
          if (loading.get(id) === mine) entries.set(id, { value, loadedAt: now() })
          return value
        })
        loading.set(id, mine)
        try {
          return await mine
        } finally {
          if (loading.get(id) === mine) loading.delete(id)
        }
      }

      const cache: Cache<V> = {
        async get(id) {
          const entry = entries.get(id)
          if (entry && now() - entry.loadedAt < (healthy() ? healthyMillis : unsureMillis)) return entry.value
          return loading.get(id) ?? fetch(id)
        },
        drop(id) {
          entries.delete(id)
          loading.delete(id)
        },
        clear() {
          entries.clear()
          loading.clear()
        },
      }
      all.set(kind, cache as Cache<unknown>)
      return cache
    },
    drop: (kind, id) => all.get(kind)?.drop(id),
    clear: () => {
      for (const cache of all.values()) cache.clear()
    },
  }
}

export const CACHE_CHANNEL = 'tm_cache'

/** Tells every instance that a hot row changed: delivered when (and only if) the transaction commits. */
export async function touch(ctx: Ctx, kind: string, id: string): Promise<void> {
  ctx.touched.push({ kind, id })
  await ctx.sql.query('select pg_notify($1, $2)', [CACHE_CHANNEL, `${kind} ${id}`])
}
