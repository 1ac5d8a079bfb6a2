import type { Sql } from '../platform/db.ts'
import { uuid7 } from '../platform/ids.ts'
import type { Log } from '../platform/log.ts'
import type { Clock } from '../platform/time.ts'
import { periodOf } from './period.ts'

/** How often counts are folded, in milliseconds: what a killed process may lose. */
export const foldEveryMillis = 2000

/** Rows of one statement, so that none runs into the time a statement may take. */
const FOLD_ROWS = 1000
/** Tenants that a process counts for in a month while it cannot write; some 100 bytes each. */
const MAX_TENANTS = 100_000

/** Counts answered calls in memory and folds them into the monthly totals of their tenants. */
export type Meter = {
  /** Costs a map entry. */
  count(tenantId: string): void
  /** Folds all that was counted so far; never rejects, and keeps what could not be written. */
  flush(): Promise<void>
  start(): void
  close(): Promise<void>
}

type Delta = { tenantId: string; period: string; calls: number }
type Fold = { sequence: number; deltas: Delta[] }

// One statement, so all of it or nothing. Its first part says whether this fold is new: one whose commit was in doubt is
// sent again under its number, and adds nothing the second time. Tenants in one order, so that instances do not deadlock;
// a tenant that was purged meanwhile gets no row.
const statement = `
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

/**
 * A meter of this process. Counts of several instances add up in the same rows.
 * @param maxTenants tenants it counts for between two folds
 */
export function createMeter(sql: Sql, clock: Clock, log: Log, maxTenants = MAX_TENANTS): Meter {
  const instance = uuid7(clock())
  /** Calls by month, then tenant. */
  let counted = new Map<string, Map<string, number>>()
  let unsent: Fold[] = []
  let sequence = 0
  let uncounted = 0
  let isFailing = false
  let running: Promise<void> | null = null
  let next: Promise<void> | null = null
  let timer: NodeJS.Timeout | undefined

  function cut(months: Map<string, Map<string, number>>): Fold[] {
    const deltas = [...months].flatMap(([period, tenants]) =>
      [...tenants].map(([tenantId, calls]): Delta => ({ tenantId, period, calls })),
    )
    const folds: Fold[] = []
    for (let i = 0; i < deltas.length; i += FOLD_ROWS) {
      sequence += 1
      folds.push({ sequence, deltas: deltas.slice(i, i + FOLD_ROWS) })
    }
    return folds
  }

  const send = (fold: Fold) =>
    sql.query(statement, [
      instance,
      String(fold.sequence),
      clock(),
      fold.deltas.map(({ tenantId }) => tenantId),
      fold.deltas.map(({ period }) => period),
      fold.deltas.map(({ calls }) => String(calls)),
    ])

  /** A fold that failed stays the first: it may be there all the same, and its number tells only while none is newer. */
  async function sendAll(): Promise<void> {
    for (let fold = unsent[0]; fold; fold = unsent[0]) {
      await send(fold)
      unsent.shift()
    }
  }

  async function write(): Promise<void> {
    try {
      await sendAll()
      unsent = cut(counted)
      counted = new Map()
      await sendAll()
      if (isFailing) log.info({ uncounted }, 'usage is folded again')
      isFailing = false
      uncounted = 0
    } catch (error) {
      if (!isFailing) log.warn({ err: error }, 'usage is not folded')
      isFailing = true
    }
  }

  function begin(): Promise<void> {
    const turn = write().finally(() => {
      running = null
    })
    running = turn
    return turn
  }

  /** One fold at a time. All who come during one share the next, which holds what they have counted. */
  function flush(): Promise<void> {
    if (!running) return begin()
    next ??= running.then(() => {
      next = null
      return flush()
    })
    return next
  }

  return {
    count(tenantId) {
      const period = periodOf(clock())
      let tenants = counted.get(period)
      if (!tenants) {
        tenants = new Map()
        counted.set(period, tenants)
      }
      const calls = tenants.get(tenantId)
      if (calls !== undefined || tenants.size < maxTenants) tenants.set(tenantId, (calls ?? 0) + 1)
      else {
        if (uncounted === 0) log.warn('usage of more tenants than memory is given for is not counted')
        uncounted += 1
      }
    },
    flush,
    start() {
      timer = setInterval(() => void flush(), foldEveryMillis)
      timer.unref()
    },
    close() {
      clearInterval(timer)
      return flush()
    },
  }
}
