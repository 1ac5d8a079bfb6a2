import type { Sql } from '../platform/db.ts'
import { addSeconds } from '../platform/time.ts'

/** Less than a day (agents.md §13), so that an hourly run keeps to it; until then the token hears that it is too old. */
const keptSeconds = 22 * 3600

/** Deletes at most `batch` registrations whose token ended almost a day ago, redeemed or not; returns how many. */
export async function purgeOldRegistrations(sql: Sql, now: Date, batch: number): Promise<number> {
  const gone = await sql.query(
    `delete from agent_registrations where id in (
       select id from agent_registrations where expires_at <= $1::timestamptz limit $2::int) returning 1`,
    [addSeconds(now, -keptSeconds), batch],
  )
  return gone.length
}
