import type { Sql } from '../platform/db.ts'
import { addSeconds } from '../platform/time.ts'

const keptSeconds = 30 * 86_400

/** Deletes at most `batch` sessions that expired more than 30 days ago (a revoked one expires too); returns how many. */
export async function purgeEndedSessions(sql: Sql, now: Date, batch: number): Promise<number> {
  const gone = await sql.query(
    `delete from sessions where (tenant_id, id) in (
       select tenant_id, id from sessions where expires_at <= $1 limit $2::int) returning 1`,
    [addSeconds(now, -keptSeconds), batch],
  )
  return gone.length
}
