import { CONSOLE_TENANT_ID } from '../console/console.ts'
import type { Sql } from '../platform/db.ts'
import { addSeconds } from '../platform/time.ts'

/** How long a used or expired invitation still says so to whoever follows its link. */
const keptSeconds = 30 * 86_400

/** Deletes at most `batch` invitations a month past their time, with the people who never got a passkey; returns how many. */
export async function purgeInvitations(sql: Sql, now: Date, batch: number): Promise<number> {
  const [row] = await sql.query<{ n: number }>(
    `with gone as (
       delete from invitations where id in (select id from invitations where expires_at <= $2 limit $3::int)
       returning person_id),
     people as (
       delete from users u using gone
       where u.tenant_id = $1 and u.id = gone.person_id and u.authenticated_at is null
         and not exists (select 1 from members m where m.person_id = u.id)
       returning 1),
     counted as (
       update tenants set user_count = user_count - (select count(*)::int from people) where id = $1)
     select count(*)::int as n from gone`,
    [CONSOLE_TENANT_ID, addSeconds(now, -keptSeconds), batch],
  )
  return row?.n ?? 0
}
