import { CONSOLE_TENANT_ID } from '../../console/console.ts'
import type { Sql } from '../../platform/db.ts'
import { addSeconds } from '../../platform/time.ts'

/** How long it is remembered that there was a sign-up: who comes late is led to where a new one begins. */
const rememberedSeconds = 86_400

/**
 * Takes everything about a person out of at most `batch` sign-ups past their time, with the people who never got a passkey;
 * deletes at most as many a day later. Returns how many of both.
 */
export async function purgeOnboardings(sql: Sql, now: Date, batch: number): Promise<number> {
  const [row] = await sql.query<{ n: number }>(
    `with late as (
       select id, person_id from hosted_onboardings
       where expires_at <= $2 and coalesce(company_name, display_name, address, person_id::text, page_hash::text) is not null
       limit $3::int for update skip locked),
     emptied as (
       update hosted_onboardings o
       set company_name = null, display_name = null, address = null, person_id = null, page_hash = null
       from late where o.id = late.id returning 1),
     people as (
       delete from users u using late
       where u.tenant_id = $1 and u.id = late.person_id and u.authenticated_at is null
         and not exists (select 1 from members m where m.person_id = u.id)
       returning 1),
     counted as (
       update tenants set user_count = user_count - (select count(*)::int from people) where id = $1)
     select count(*)::int as n from emptied`,
    [CONSOLE_TENANT_ID, now, batch],
  )
  const gone = await sql.query(
    `delete from hosted_onboardings where id in (
       select id from hosted_onboardings where expires_at <= $1 limit $2::int) returning 1`,
    [addSeconds(now, -rememberedSeconds), batch],
  )
  return (row?.n ?? 0) + gone.length
}
