import type { Sql } from '../platform/db.ts'
import { addSeconds } from '../platform/time.ts'
import { earlierPeriod, periodOf } from './period.ts'

/** Months that totals are kept beside the running one. */
const keptMonths = 25

// Adds what was just marked as folded to the totals, in the same statement, so that a reader counts each user once.
const add = `
  insert into usage_totals as t (tenant_id, period, active_users)
  select tenant_id, period, count(*)::int from marked group by tenant_id, period order by tenant_id, period
  on conflict (tenant_id, period) do update set active_users = t.active_users + excluded.active_users`

/** Folds at most `batch` active users into the totals of their month; returns how many. Safe on several instances. */
export async function foldActiveUsers(sql: Sql, batch: number): Promise<number> {
  const [row] = await sql.query<{ n: number }>(
    `with next as (
       select tenant_id, user_id, period from active_users where not folded limit $1::int for update skip locked),
     marked as (
       update active_users a set folded = true from next s
       where a.tenant_id = s.tenant_id and a.user_id = s.user_id and a.period = s.period
       returning a.tenant_id, a.period),
     added as (${add})
     select count(*)::int as n from marked`,
    [batch],
  )
  return row?.n ?? 0
}

/** Folds one user, who is about to be erased: the month keeps its count, and nothing that says who it was. */
export async function foldUser(sql: Sql, tenantId: string, userId: string): Promise<void> {
  await sql.query(
    `with marked as (
       update active_users set folded = true where tenant_id = $1 and user_id = $2::uuid and not folded
       returning tenant_id, period)
     ${add}`,
    [tenantId, userId],
  )
}

/** Folds the users of one application, which is about to be erased. */
export async function foldApplication(sql: Sql, tenantId: string, applicationId: string): Promise<void> {
  await sql.query(
    `with marked as (
       update active_users a set folded = true from users u
       where a.tenant_id = $1 and not a.folded and u.tenant_id = a.tenant_id and u.id = a.user_id and u.application_id = $2
       returning a.tenant_id, a.period)
     ${add}`,
    [tenantId, applicationId],
  )
}

/** Deletes at most `batch` rows of each table past their time: months after 25, marks of folds after a day. */
export async function purgeOldUsage(sql: Sql, now: Date, batch: number): Promise<number> {
  const oldest = earlierPeriod(periodOf(now), keptMonths)
  let total = 0
  for (const [table, key, when, value] of [
    ['active_users', 'tenant_id, user_id, period', 'folded and period < $1', oldest],
    ['usage_totals', 'tenant_id, period', 'period < $1', oldest],
    ['usage_folds', 'instance', 'at < $1::timestamptz', addSeconds(now, -86_400)],
  ] as const) {
    const gone = await sql.query(
      `delete from ${table} where (${key}) in (select ${key} from ${table} where ${when} limit $2::int) returning 1`,
      [value, batch],
    )
    total += gone.length
  }
  return total
}
