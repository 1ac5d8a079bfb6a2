import { LRUCache } from 'lru-cache'
import type { Sql } from './db.ts'
import type { Log } from './log.ts'
import type { Clock } from './time.ts'

const flushMillis = 60_000

/**
 * Remembers which tenants did something and writes it to their rows at most once a minute, in one statement: a request
 * costs a map entry. A tenant that this process has not heard of for a day is written at once, so that the idle purge,
 * which may run on another instance, never sees a mark that is both old and wrong.
 */
export type Activity = { touch(tenantId: string): void; flush(): Promise<void>; start(): void; close(): Promise<void> }

export function createActivity(sql: Sql, clock: Clock, log: Log): Activity {
  let seen = new Map<string, Date>()
  let timer: NodeJS.Timeout | undefined
  let soon: NodeJS.Immediate | undefined
  const known = new LRUCache<string, true>({ max: 100_000, ttl: 86_400_000 })

  async function flush(): Promise<void> {
    if (seen.size === 0) return
    const batch = seen
    seen = new Map()
    const entries = [...batch]
    try {
      await sql.query(
        `update tenants t set last_active_at = greatest(t.last_active_at, v.at)
         from (select unnest($1::text[]) as id, unnest($2::timestamptz[]) as at) v where t.id = v.id`,
        [entries.map(([id]) => id), entries.map(([, at]) => at.toISOString())],
      )
    } catch (error) {
      // Kept for the next round; newer marks win.
      for (const [id, at] of entries) if (!seen.has(id)) seen.set(id, at)
      log.warn({ err: error }, 'tenant activity not written')
    }
  }

  return {
    touch(tenantId) {
      seen.set(tenantId, clock())
      if (known.has(tenantId)) return
      known.set(tenantId, true)
      soon ??= setImmediate(() => {
        soon = undefined
        void flush()
      })
    },
    flush,
    start() {
      timer = setInterval(() => void flush(), flushMillis)
      timer.unref()
    },
    async close() {
      clearInterval(timer)
      clearImmediate(soon)
      await flush()
    },
  }
}
