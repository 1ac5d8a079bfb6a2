import type { Sql } from '../platform/db.ts'
import { uuid7 } from '../platform/ids.ts'
import type { Log } from '../platform/log.ts'
import type { Clock } from '../platform/time.ts'
import { periodOf } from './period.ts'

/** How often counts are folded, in milliseconds: what a killed process may lose. */
export const foldEveryMillis = 2000

/** Counts answered calls in memory and folds them into the monthly totals of their tenants. */
export type Meter = {
  /** Costs a map entry. */
  count(tenantId: string): void
  /** Folds what was counted so far; never rejects, and keeps what could not be written. */
  flush(): Promise<void>
  start(): void
  close(): Promise<void>
}

type Delta = { tenantId: string; period: string; calls: number }
type Fold = { sequence: number; deltas: Delta[] }

// One statement, so all of it or nothing. Its first part says whether this fold is new: one whose commit was in doubt is
// sent again under its number, and adds nothing the second time. Tenants in one order, so that instances do not deadlock;
// a tenant that was purged meanwhile gets no row.
const fold = `
  with fresh as (
    insert into usage_folds as f (instance, sequence, at) values ($1, $2::bigint, $3)
    on conflict (instance) do update set sequence = excluded.sequence, at = excluded.at
      where f.sequence < excluded.sequence
    returning 1),
  delta as (select unnest($4::text[]) as tenant_id, unnest($5::text[]) as period, unnest($6::text[])::bigint as calls)
  insert into usage_totals as t (tenant_id, period, api_calls)
  select d.tenant_id, d.period, d.calls from delta d join tenants x on x.id = d.tenant_id
  where exists (select 1 from fresh)
  order by d.tenant_id, d.period
  on conflict (tenant_id, period) do update set api_calls = t.api_calls + excluded.api_calls`

/** A meter of this process. Counts of several instances add up in the same rows. */
export function createMeter(sql: Sql, clock: Clock, log: Log): Meter {
  const instance = uuid7(clock())
  let counted = new Map<string, Delta>()
  let pending: Fold | null = null
  let sequence = 0
  let running: Promise<void> | null = null
  let timer: NodeJS.Timeout | undefined

  async function write(): Promise<void> {
    if (!pending) {
      if (counted.size === 0) return
      sequence += 1
      pending = { sequence, deltas: [...counted.values()] }
      counted = new Map()
    }
    const { deltas } = pending
    try {
      await sql.query(fold, [
        instance,
        String(pending.sequence),
        clock(),
        deltas.map(({ tenantId }) => tenantId),
        deltas.map(({ period }) => period),
        deltas.map(({ calls }) => String(calls)),
      ])
      pending = null
    } catch (error) {
      // Sent again as it is, under the same number, before anything newer.
      log.warn({ err: error }, 'usage not folded yet')
    }
  }

  const flush = (): Promise<void> => {
    // One after the other; who comes meanwhile waits for a fold that holds its own counts too.
    const turn: Promise<void> = (running ?? Promise.resolve()).then(write)
    running = turn
    return turn
  }

  return {
    count(tenantId) {
      const period = periodOf(clock())
      const key = `${tenantId} ${period}`
      const delta = counted.get(key)
      if (delta) delta.calls += 1
      else counted.set(key, { tenantId, period, calls: 1 })
    },
    flush,
    start() {
      timer = setInterval(() => void flush(), foldEveryMillis)
      timer.unref()
    },
    async close() {
      clearInterval(timer)
      // What is pending goes first, and what was counted since with the second.
      await flush()
      await flush()
    },
  }
}
