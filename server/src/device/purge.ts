import type { Sql } from '../platform/db.ts'
import { addSeconds } from '../platform/time.ts'

/** How long a request that has ended is still known, so that a late poll hears why. */
const keptSeconds = 3600

/** Deletes at most `batch` device requests that ended an hour ago; returns how many. */
export async function purgeDeviceRequests(sql: Sql, now: Date, batch: number): Promise<number> {
  const gone = await sql.query(
    'delete from device_requests where id in (select id from device_requests where expires_at <= $1 limit $2::int) returning 1',
    [addSeconds(now, -keptSeconds), batch],
  )
  return gone.length
}
