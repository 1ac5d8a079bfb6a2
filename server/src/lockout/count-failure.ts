import type { Settings } from '../applications/settings.ts'
import type { Ctx } from '../platform/context.ts'
import type { Principal } from '../platform/principal.ts'
import { addSeconds } from '../platform/time.ts'

/** How long failures are added up, from the first one on. What follows from them is the setting `lockout`. */
export const softWindowSeconds = 900
export const hardWindowSeconds = 86_400

export type Reached = { level: 'soft' | 'hard'; lockedUntil: Date; failures: number }

/** `lockedUntil`: the user was locked already, and nothing was counted. `reached`: this failure has locked the user. */
export type Counted = { lockedUntil: Date | null; reached: Reached | null }

type Row = {
  was_locked: boolean
  was_locked_until: Date | null
  level: 'soft' | 'hard' | null
  until: Date | null
  soft: number
  hard: number
}

// One statement, and the user's row is locked by its first part: of any number at once exactly as many are counted as the
// threshold allows. A lock begins new counts of its level, or its end would be the next failure's lock; the ten of a day
// go on being counted through the locks of five.
const count = `
  with held as (
    select u.id, u.locked_until as was_locked_until, coalesce(u.locked_until > $3::timestamptz, false) as was_locked,
           1 + case when u.soft_since > $4::timestamptz then u.soft_failures else 0 end as soft,
           case when u.soft_since > $4::timestamptz then u.soft_since else $3::timestamptz end as soft_since,
           1 + case when u.hard_since > $5::timestamptz then u.hard_failures else 0 end as hard,
           case when u.hard_since > $5::timestamptz then u.hard_since else $3::timestamptz end as hard_since
    from users u where u.tenant_id = $1 and u.id = $2::uuid for update),
  judged as (
    select held.*, case when was_locked then null when hard >= $6::int then 'hard' when soft >= $7::int then 'soft' end as level
    from held),
  due as (
    select judged.*, case level when 'hard' then $8::timestamptz when 'soft' then $9::timestamptz end as until from judged),
  counted as (
    update users u set
      soft_failures = case when due.level is null then due.soft else 0 end,
      soft_since = case when due.level is null then due.soft_since end,
      hard_failures = case when due.level = 'hard' then 0 else due.hard end,
      hard_since = case when due.level = 'hard' then null else due.hard_since end,
      locked_until = due.until
    from due where u.tenant_id = $1 and u.id = due.id and not due.was_locked)
  select was_locked, was_locked_until, level, until, soft, hard from due`

/**
 * Counts one failed attempt of a user, whatever the method, in the caller's transaction (http-api.md §3.7). While the user
 * is locked nothing is counted and the lock does not grow.
 *
 * Failures lock whoever may try, so a stranger can lock a user out by presenting one of the user's credential ids: they
 * are in `allowCredentials` of a sign-in begun by name, as WebAuthn wants. `ceremony_user` bounds how many such a name
 * begins, `ceremony` what one address tries; live sessions go on, and the backend unlocks.
 * @returns null when there is no such user any more
 */
export async function countFailure(
  ctx: Ctx<Principal & { tenantId: string }>,
  rules: Settings['lockout'],
  userId: string,
): Promise<Counted | null> {
  const now = ctx.now()
  const [row] = await ctx.sql.query<Row>(count, [
    ctx.principal.tenantId,
    userId,
    now,
    addSeconds(now, -softWindowSeconds),
    addSeconds(now, -hardWindowSeconds),
    rules.hard_failures,
    rules.soft_failures,
    addSeconds(now, rules.hard_seconds),
    addSeconds(now, rules.soft_seconds),
  ])
  if (!row) return null
  const { level, until } = row
  return {
    lockedUntil: row.was_locked ? row.was_locked_until : null,
    reached: level && until && { level, lockedUntil: until, failures: row[level] },
  }
}
