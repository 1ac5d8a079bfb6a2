import type { Ctx } from '../platform/context.ts'
import type { Sql } from '../platform/db.ts'
import { ApiError } from '../platform/errors.ts'
import { monotonic } from '../platform/time.ts'

/** How long to wait before a place may have become free: the idle purge runs every ten minutes. */
const retryAfterSeconds = 600

/** Whether fewer than `cap` unclaimed tenants of the Free AI Tier live. Counts no further than the cap. */
export async function hasRoom(sql: Sql, cap: number): Promise<boolean> {
  const [row] = await sql.query<{ n: number }>(
    `select count(*)::int as n from (
       select 1 from tenants t join accounts a on a.id = t.account_id
       where a.plan = 'free_ai' and t.claimed_at is null limit $1::int) as live`,
    [cap],
  )
  return (row?.n ?? 0) < cap
}

const roomFor = new WeakMap<object, number>()

/**
 * The look before the hourly limit counts: anybody may cause it, so a room that was there is remembered for a second. The
 * creation asks again under the lock.
 */
export async function expectRoom(ctx: Ctx): Promise<void> {
  const { database } = ctx.deps
  if ((roomFor.get(database) ?? Number.NEGATIVE_INFINITY) > monotonic()) return
  await requireRoom(ctx)
  roomFor.set(database, monotonic() + 1000)
}

/** @throws 503 free_ai_capacity_reached */
export async function requireRoom(ctx: Ctx): Promise<void> {
  if (!(await hasRoom(ctx.sql, ctx.deps.config.FREE_AI_TENANT_CAP))) {
    throw new ApiError('free_ai_capacity_reached', { retryAfter: retryAfterSeconds })
  }
}

/** Lets one creation at a time look at the cap: 50 calls at cap − 1 make one tenant. */
export async function lockCapacity(sql: Sql): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock(hashtext('free_ai_capacity'))`)
}
