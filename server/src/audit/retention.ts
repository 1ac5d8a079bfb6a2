import type { Deps } from '../platform/context.ts'
import type { Sql } from '../platform/db.ts'
import { type AuditMonth, dropAuditMonths, listAuditMonths, uuidV7LowerBound } from '../platform/partitions.ts'
import { plannedEachTime } from '../platform/sql.ts'
import { addSeconds } from '../platform/time.ts'
import { SYSTEM_TENANT } from '../platform/trail.ts'

/** How long rows are kept, in days. The plans are another slice's: the table of jobs brings the two together. */
export type Retention = {
  shortestDays: number
  longestDays: number
  daysOf(plan: { plan: string; previousPlan: string | null; planChangedAt: Date | null }, now: Date): number
}

type Owner = { tenant_id: string; plan: string | null; previous_plan: string | null; plan_changed_at: Date | null }

const batch = 500
const ownersAtOnce = 1000

const before = (now: Date, days: number): Date => addSeconds(now, -days * 86_400)
const idRange = ({ from, to }: AuditMonth): [string, string] => [uuidV7LowerBound(from), uuidV7LowerBound(to)]

// A loose index scan: one step of the primary key for each tenant that has rows in the month, however many rows they are.
const ownersOf = `${plannedEachTime}
  with recursive present as (
    (select tenant_id from audit_logs where id >= $1::uuid and id < $2::uuid and tenant_id > $3 order by tenant_id limit 1)
    union all
    select (select l.tenant_id from audit_logs l where l.id >= $1::uuid and l.id < $2::uuid and l.tenant_id > p.tenant_id
            order by l.tenant_id limit 1)
    from present p where p.tenant_id is not null)
  select f.tenant_id, a.plan, a.previous_plan, a.plan_changed_at
  from (select tenant_id from present where tenant_id is not null limit ${ownersAtOnce}) as f
  left join tenants t on t.id = f.tenant_id left join accounts a on a.id = t.account_id
  order by f.tenant_id`

/** Who has rows in a month, in chunks. */
async function* owners(sql: Sql, month: AuditMonth): AsyncGenerator<Owner[]> {
  let last = ''
  for (;;) {
    const found = await sql.query<Owner>(ownersOf, [...idRange(month), last])
    if (found.length > 0) yield found
    if (found.length < ownersAtOnce) return
    last = found.at(-1)?.tenant_id ?? ''
  }
}

/** The moment before which an owner's rows go. Rows of a tenant that is gone have no reader and go soonest. */
function boundary({ tenant_id, plan, previous_plan, plan_changed_at }: Owner, now: Date, retention: Retention): Date {
  if (tenant_id === SYSTEM_TENANT) return before(now, retention.longestDays)
  if (plan === null) return before(now, retention.shortestDays)
  return before(now, retention.daysOf({ plan, previousPlan: previous_plan, planChangedAt: plan_changed_at }, now))
}

// One statement for many tenants, each with a bound of its own: where nothing is due it costs one look at the index for
// each of them.
const deleteSome = `${plannedEachTime}
  delete from audit_logs where id >= $1::uuid and id < $2::uuid and (tenant_id, id) in (
    select l.tenant_id, l.id from unnest($3::text[], $4::text[]) as due(tenant_id, bound)
    cross join lateral (
      select tenant_id, id from audit_logs
      where tenant_id = due.tenant_id and id >= $1::uuid and id < $2::uuid and id < due.bound::uuid
      order by id limit ${batch}) as l
    limit ${batch})
  returning 1`

async function sweep(sql: Sql, month: AuditMonth, now: Date, retention: Retention): Promise<number> {
  let total = 0
  for await (const found of owners(sql, month)) {
    const due = found
      .map((owner) => ({ id: owner.tenant_id, bound: boundary(owner, now, retention) }))
      .filter(({ bound }) => bound > month.from)
    if (due.length === 0) continue
    const values = [...idRange(month), due.map(({ id }) => id), due.map(({ bound }) => uuidV7LowerBound(bound))]
    for (;;) {
      const gone = await sql.query(deleteSome, values)
      total += gone.length
      if (gone.length < batch) break
    }
  }
  return total
}

/** Whether nobody keeps any row of the month. */
async function isPast(sql: Sql, month: AuditMonth, now: Date, retention: Retention): Promise<boolean> {
  if (month.to > before(now, retention.shortestDays)) return false
  if (month.to <= before(now, retention.longestDays)) return true
  for await (const found of owners(sql, month)) {
    if (found.some((owner) => boundary(owner, now, retention) < month.to)) return false
  }
  return true
}

/**
 * The job: rows older than their tenant's plan keeps them are deleted, at most 500 a statement; a month that nobody keeps
 * is dropped as a whole (architecture.md §7). Safe to repeat, to interrupt and to run on two instances at once.
 * @returns how many rows were deleted and which months were dropped; null when nothing was due
 */
export async function purgeAuditLogs(
  { database, clock, log }: Pick<Deps, 'database' | 'clock' | 'log'>,
  retention: Retention,
): Promise<{ rows: number; months: string[] } | null> {
  const now = clock()
  const { sql } = database
  const past: AuditMonth[] = []
  let rows = 0
  for (const month of await listAuditMonths(sql)) {
    if (month.leaving || (await isPast(sql, month, now, retention))) past.push(month)
    else if (month.from < before(now, retention.shortestDays)) rows += await sweep(sql, month, now, retention)
  }
  // A month whose dropping was interrupted comes first: PostgreSQL has at most one of them at a time.
  const tables = past.sort((a, b) => Number(b.leaving) - Number(a.leaving)).map(({ table }) => table)
  let months: string[] = []
  try {
    months = await dropAuditMonths(database, tables)
  } catch (error) {
    // Somebody reads the table for long, a backup perhaps: the rows have gone all the same, and the next run goes on.
    log.warn({ err: error, tables }, 'months of the audit log are not dropped yet')
  }
  return rows > 0 || months.length > 0 ? { rows, months } : null
}
