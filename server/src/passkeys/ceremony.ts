import type { Sql } from '../platform/db.ts'

/** Deletes at most `batch` ceremonies past their time; returns how many. */
export async function purgeExpiredCeremonies(sql: Sql, now: Date, batch: number): Promise<number> {
  const gone = await sql.query(
    `delete from ceremonies where (tenant_id, id) in (
       select tenant_id, id from ceremonies where expires_at <= $1 limit $2::int) returning 1`,
    [now, batch],
  )
  return gone.length
}
