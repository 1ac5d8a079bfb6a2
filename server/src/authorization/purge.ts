import type { Sql } from '../platform/db.ts'
import { addSeconds } from '../platform/time.ts'

/** A used code is known for an hour, as long as what it led to lives, so that its second use is seen. */
const codeKeptSeconds = 3600

/** Deletes at most `batch` codes and as many refresh tokens past their time; returns how many. */
export async function purgeGrants(sql: Sql, now: Date, batch: number): Promise<number> {
  const codes = await sql.query(
    `delete from authorization_codes where hash in (
       select hash from authorization_codes where expires_at <= $1 order by expires_at limit $2::int) returning 1`,
    [addSeconds(now, -codeKeptSeconds), batch],
  )
  const tokens = await sql.query(
    `delete from refresh_tokens where hash in (
       select hash from refresh_tokens where expires_at <= $1 order by expires_at limit $2::int) returning 1`,
    [now, batch],
  )
  return Math.max(codes.length, tokens.length)
}
