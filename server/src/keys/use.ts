import { LRUCache } from 'lru-cache'
import type { Sql } from '../platform/db.ts'
import type { Log } from '../platform/log.ts'
import { addSeconds, type Clock } from '../platform/time.ts'

const flushMillis = 60_000

type Use = { accountId: string; agentId: string; keyId: string | null; ip: string; userAgent: string | null }
type Mark = Use & { at: Date }

/**
 * Remembers which keys and agents were used, and writes it to their rows at most once a minute each, on all instances
 * together (agents.md §6): a request costs a map entry. The first use is written at once.
 */
export type KeyUse = {
  note(use: Use): void
  /** When the key was last used, as far as this process knows: it may have seen more than the row says. */
  lastUse(keyId: string, written: Date): Date
  flush(): Promise<void>
  start(): void
  close(): Promise<void>
}

// The age of what is written decides in the statement: another instance may have written a moment ago.
const write = `
  with used as (
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
      as u(account_id, agent_id, key_id, ip, user_agent, at)),
  keys as (
    update secret_keys k set last_used_at = u.at, last_used_ip = u.ip, last_used_user_agent = u.user_agent
    from used u where k.account_id = u.account_id and k.id = u.key_id
      and (k.last_used_at is null or k.last_used_at <= u.at - interval '60 seconds'))
  update agents g set last_used_at = u.at
  from (select account_id, agent_id, max(at) as at from used group by account_id, agent_id) u
  where g.account_id = u.account_id and g.id = u.agent_id
    and (g.last_used_at is null or g.last_used_at <= u.at - interval '60 seconds')`

const nameOf = ({ agentId, keyId }: Use): string => keyId ?? agentId

export function createKeyUse(sql: Sql, clock: Clock, log: Log): KeyUse {
  let pending = new Map<string, Mark>()
  let timer: NodeJS.Timeout | undefined
  let soon: NodeJS.Immediate | undefined
  const seen = new LRUCache<string, Date>({ max: 100_000 })
  const written = new LRUCache<string, Date>({ max: 100_000 })

  const isDue = (mark: Mark): boolean => {
    const before = written.get(nameOf(mark))
    return before === undefined || addSeconds(before, flushMillis / 1000) <= mark.at
  }

  async function writeDue(): Promise<void> {
    const marks = [...pending.values()].filter(isDue)
    if (marks.length === 0) return
    for (const mark of marks) {
      pending.delete(nameOf(mark))
      written.set(nameOf(mark), mark.at)
    }
    const column = (of: (mark: Mark) => unknown) => marks.map(of)
    try {
      await sql.query(write, [
        column((mark) => mark.accountId),
        column((mark) => mark.agentId),
        column((mark) => mark.keyId),
        column((mark) => mark.ip),
        column((mark) => mark.userAgent),
        column((mark) => mark.at.toISOString()),
      ])
    } catch (error) {
      // Kept for the next round; newer marks win.
      for (const mark of marks) {
        written.delete(nameOf(mark))
        if (!pending.has(nameOf(mark))) pending.set(nameOf(mark), mark)
      }
      log.warn({ err: error }, 'use of keys not written')
    }
  }

  let last = Promise.resolve()
  /** One after the other: whoever waits for it finds written what was noted before. */
  function flush(): Promise<void> {
    last = last.then(writeDue)
    return last
  }

  return {
    note(use) {
      const mark = { ...use, at: clock() }
      seen.set(nameOf(mark), mark.at)
      pending.set(nameOf(mark), mark)
      if (written.has(nameOf(mark))) return
      soon ??= setImmediate(() => {
        soon = undefined
        void flush()
      })
    },
    lastUse(keyId, written) {
      const own = seen.get(keyId)
      return own && own > written ? own : written
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
      pending = new Map()
    },
  }
}
