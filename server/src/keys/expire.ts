import { addressOf } from '../accounts/people.ts'
import { expiringMail } from '../mails/expiring.ts'
import { type Ctx, type Deps, systemContext } from '../platform/context.ts'
import type { Sql } from '../platform/db.ts'
import { queueMail } from '../platform/mail.ts'
import { addSeconds } from '../platform/time.ts'
import { writeTrail } from '../platform/trail.ts'
import { endKeys } from './end.ts'
import { daySeconds, noticeDays } from './life.ts'

const batch = 100

/** Seconds after which every use on every instance has been written. */
const settledSeconds = 300

/**
 * When a key ends, in SQL for `secret_keys k`: its own end, the greatest age of its newest secret, or the longest idleness;
 * $1 and $2 are the days of the last two, null for none. As `life.ts` says it for one key.
 */
const endOfKey = `least(k.expires_at,
  (select max(v.created_at) from secret_key_versions v where v.account_id = k.account_id and v.key_id = k.id)
    + make_interval(days => $1::int),
  coalesce(k.last_used_at, k.created_at) + make_interval(days => $2::int))`

/** Keys that end by $3, each reason by its own index; the idle ones by $4. */
const ending = ({ AGENT_KEY_MAX_AGE_DAYS: age, AGENT_KEY_IDLE_DAYS: idle }: Deps['config']): string =>
  [
    'select id from secret_keys where revoked_at is null and expires_at <= $3',
    age === undefined
      ? ''
      : `select key_id from secret_key_versions
         where expires_at is null and created_at <= $3::timestamptz - make_interval(days => $1::int)`,
    idle === undefined
      ? ''
      : `select id from secret_keys where revoked_at is null
           and coalesce(last_used_at, created_at) <= $4::timestamptz - make_interval(days => $2::int)`,
  ]
    .filter(Boolean)
    .join(' union all ')

type Due = { account_id: string; id: string; name: string; preview: string; ends_at: Date }

const due = (sql: Sql, { config }: Deps, condition: string, by: Date, idleBy: Date): Promise<Due[]> =>
  sql.query<Due>(
    `select k.account_id, k.id, k.name, k.preview, ${endOfKey} as ends_at from secret_keys k
     where k.revoked_at is null and k.id in (${ending(config)}) and ${condition} and $4::timestamptz is not null
     order by k.account_id, k.id limit ${batch}`,
    [config.AGENT_KEY_MAX_AGE_DAYS ?? null, config.AGENT_KEY_IDLE_DAYS ?? null, by, idleBy],
  )

/** One transaction of its own, with its trail. */
async function inTransaction<T>(deps: Deps, operation: string, work: (ctx: Ctx) => Promise<T>): Promise<T> {
  const ctx = systemContext(deps, operation)
  const result = await deps.database.rawTransaction(async (sql) => {
    const call = { ...ctx, sql }
    const done = await work(call)
    await writeTrail(call, sql)
    return done
  })
  for (const { kind, id } of ctx.touched) deps.caches.drop(kind, id)
  for (const next of ctx.afterCommit) await next()
  return result
}

/** Ends the keys whose time is over, and says so in the trail; nobody could use them any more. Returns how many. */
export async function expireKeys(deps: Deps): Promise<number> {
  let total = 0
  for (;;) {
    const now = deps.clock()
    const keys = await due(deps.database.sql, deps, 'true', now, addSeconds(now, -settledSeconds))
    for (const { account_id: accountId, id } of keys) {
      const ended = await inTransaction(deps, 'keys.expire', (ctx) =>
        endKeys(ctx, { accountId, reason: 'expired' }, { where: 'k.id = $4', values: [id] }),
      )
      total += ended.length
    }
    if (keys.length < batch) return total
  }
}

async function tellOwners(ctx: Ctx, key: Due): Promise<boolean> {
  // The statement decides which of two runs sends it.
  const [taken] = await ctx.sql.query(
    `update secret_keys set warned_at = $3 where account_id = $1 and id = $2 and revoked_at is null
       and (warned_at is null or warned_at < $4) returning 1`,
    [key.account_id, key.id, ctx.now(), addSeconds(key.ends_at, -noticeDays * daySeconds)],
  )
  if (!taken) return false
  const owners = await ctx.sql.query<{ person_id: string }>(
    `select person_id from members where account_id = $1 and role = 'owner' order by created_at limit 20`,
    [key.account_id],
  )
  const letter = expiringMail(ctx.deps.config, { name: key.name, preview: key.preview, endsAt: key.ends_at })
  for (const { person_id } of owners) {
    const to = await addressOf(ctx, person_id)
    if (to !== null) await queueMail(ctx, { to, ...letter })
  }
  return true
}

/**
 * Mails the owners of keys that end within 14 days, once for each end; of idle ones in the second half of their idle days,
 * so that nobody is told of a key that is in use. Returns how many keys.
 */
export async function warnOfExpiry(deps: Deps): Promise<number> {
  const notice = noticeDays * daySeconds
  const { AGENT_KEY_IDLE_DAYS: idle = noticeDays * 2 } = deps.config
  const idleNotice = Math.min(notice, (idle * daySeconds) / 2)
  const fresh = `(k.warned_at is null or k.warned_at < ${endOfKey} - make_interval(secs => ${notice}))`
  let total = 0
  for (;;) {
    const now = deps.clock()
    const keys = await due(deps.database.sql, deps, fresh, addSeconds(now, notice), addSeconds(now, idleNotice))
    for (const key of keys) {
      if (await inTransaction(deps, 'keys.warn', (ctx) => tellOwners(ctx, key))) total += 1
    }
    if (keys.length < batch) return total
  }
}

/**
 * Deletes at most `most` secrets that were replaced or ended and whose time is over; their hashes stay as tombstones for 30
 * days, so that a late report of a leak is known to be true. Returns how many.
 */
export async function purgeOldVersions(sql: Sql, now: Date, most: number): Promise<number> {
  const [row] = await sql.query<{ n: number }>(
    `with gone as (
       delete from secret_key_versions where hash in (
         select hash from secret_key_versions where expires_at <= $1 limit $2::int)
       returning hash),
     kept as (
       insert into tombstones (kind, key, reason, created_at)
       select 'secret_key', encode(hash, 'hex'), 'ended', $1 from gone on conflict do nothing)
     select count(*)::int as n from gone`,
    [now, most],
  )
  return row?.n ?? 0
}
