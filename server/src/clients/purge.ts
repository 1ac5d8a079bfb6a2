import type { Sql } from '../platform/db.ts'
import { addSeconds } from '../platform/time.ts'

const keptSeconds = 30 * 86_400

/** Deletes at most `batch` registrations of 30 days ago that no person ever let in; returns how many. */
export async function purgeUnusedClients(sql: Sql, now: Date, batch: number): Promise<number> {
  const gone = await sql.query(
    `delete from registered_clients where id in (
       select id from registered_clients where created_at <= $1 and last_used_at is null
       order by created_at limit $2::int) returning 1`,
    [addSeconds(now, -keptSeconds), batch],
  )
  return gone.length
}
