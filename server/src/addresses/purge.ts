import type { Sql } from '../platform/db.ts'
import { addSeconds } from '../platform/time.ts'

/** Less than a day, so that an hourly run keeps to it; until then the link says that it is used or too old. */
const keptSeconds = 22 * 3600

/** Deletes at most `batch` proofs of an address whose token ended almost a day ago, used or not; returns how many. */
export async function purgeAddressProofs(sql: Sql, now: Date, batch: number): Promise<number> {
  const gone = await sql.query(
    `delete from address_proofs where person_id in (
       select person_id from address_proofs where expires_at <= $1::timestamptz limit $2::int) returning 1`,
    [addSeconds(now, -keptSeconds), batch],
  )
  return gone.length
}
