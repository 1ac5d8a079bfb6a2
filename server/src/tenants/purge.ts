import { record } from '../audit/record.ts'
import { touch } from '../platform/cache.ts'
import { type Ctx, type Deps, systemContext } from '../platform/context.ts'
import { isDatabaseAway, type Sql } from '../platform/db.ts'
import { addSeconds } from '../platform/time.ts'
import { SYSTEM_TENANT, writeTrail } from '../platform/trail.ts'
import { INACTIVITY_PURGE_DAYS } from './plans.ts'

const batch = 500

/**
 * Every table whose rows a tenant owns, in the order of deletion, with what makes one of its rows unique.
 * A test compares this list with the tables that have a `tenant_id`.
 */
export const tenantTables = {
  hosted_onboardings: 'id',
  ceremonies: 'id',
  sessions: 'id',
  credentials: 'id',
  identifiers: 'id',
  idempotency_records: 'scope, operation, key',
  audit_logs: 'id',
  active_users: 'user_id, period',
  usage_totals: 'period',
  users: 'id',
  directory: 'kind, key',
  client_secrets: 'application_id, hash',
  webhook_secrets: 'application_id, id',
  applications: 'id',
} as const

export type TenantTable = keyof typeof tenantTables

/** Deletes all rows of one table for a tenant, at most `batch` a statement. */
export async function empty(sql: Sql, table: TenantTable, tenantId: string): Promise<number> {
  const key = tenantTables[table]
  let total = 0
  for (;;) {
    const [row] = await sql.query<{ n: number }>(
      `with gone as (
         delete from ${table} where tenant_id = $1 and (${key}) in (select ${key} from ${table} where tenant_id = $1 limit ${batch})
         returning 1)
       select count(*)::int as n from gone`,
      [tenantId],
    )
    total += row?.n ?? 0
    if ((row?.n ?? 0) < batch) return total
  }
}

/**
 * Removes a tenant with everything it owns, if it is still unclaimed and idle: the boundary is looked at again under the
 * row's lock, so a call that came meanwhile saves it. Hashes of its secrets stay as tombstones.
 * @param idleSince tenants last active at or before this moment are purged
 * @returns whether it was purged
 */
export async function purgeTenant(ctx: Ctx, tenantId: string, idleSince: Date): Promise<boolean> {
  const [tenant] = await ctx.sql.query<{ account_id: string }>(
    `select t.account_id from tenants t join accounts a on a.id = t.account_id
     where t.id = $1 and t.claimed_at is null and a.plan = 'free_ai' and t.last_active_at <= $2 for update of t`,
    [tenantId, idleSince],
  )
  if (!tenant) return false
  const clients = await ctx.sql.query<{ client_id: string; id: string }>(
    'select client_id, id from applications where tenant_id = $1',
    [tenantId],
  )
  await ctx.sql.query(
    `insert into tombstones (kind, key, reason, created_at)
     select 'client_secret', encode(hash, 'hex'), 'purged', $2 from client_secrets where tenant_id = $1 on conflict do nothing`,
    [tenantId, ctx.now()],
  )
  const counts: Record<string, number> = {}
  for (const table of Object.keys(tenantTables) as TenantTable[]) counts[table] = await empty(ctx.sql, table, tenantId)
  await ctx.sql.query('delete from tenants where id = $1', [tenantId])
  await ctx.sql.query(
    'delete from accounts a where a.id = $1 and not exists (select 1 from tenants t where t.account_id = a.id)',
    [tenant.account_id],
  )
  await touch(ctx, 'account', tenant.account_id)
  for (const { client_id, id } of clients) {
    await touch(ctx, 'client', client_id)
    await touch(ctx, 'application', id)
  }
  record(ctx, 'tenant.purged', {
    tenantId: SYSTEM_TENANT,
    applicationId: null,
    metadata: { tenant_id: tenantId, reason: 'idle', users: counts.users, credentials: counts.credentials },
  })
  return true
}

async function purgeOne(deps: Deps, tenantId: string, idleSince: Date): Promise<boolean> {
  const ctx = systemContext(deps, 'jobs.idle_purge')
  const gone = await deps.database.rawTransaction(async (sql) => {
    const call = { ...ctx, sql }
    const done = await purgeTenant(call, tenantId, idleSince)
    await writeTrail(call, sql)
    return done
  })
  for (const { kind, id } of ctx.touched) deps.caches.drop(kind, id)
  return gone
}

/** The job: unclaimed tenants of the Free AI Tier without activity for 7 days, each in a transaction of its own. */
export async function purgeIdleTenants(deps: Deps): Promise<number> {
  const idleSince = addSeconds(deps.clock(), -INACTIVITY_PURGE_DAYS * 86_400)
  await deps.activity.flush()
  let purged = 0
  for (;;) {
    const idle = await deps.database.sql.query<{ id: string }>(
      `select t.id from tenants t join accounts a on a.id = t.account_id
       where a.plan = 'free_ai' and t.claimed_at is null and t.last_active_at <= $1 order by t.last_active_at limit ${batch}`,
      [idleSince],
    )
    let progress = 0
    for (const { id } of idle) {
      try {
        if (await purgeOne(deps, id, idleSince)) progress += 1
      } catch (error) {
        // One tenant that cannot go must not keep the others; a database that is away ends the run.
        if (isDatabaseAway(error)) throw error
        deps.log.error({ err: error, tenant_id: id }, 'tenant not purged')
      }
    }
    purged += progress
    // Nothing moved: the rest is being worked on by somebody else, or came back to life.
    if (idle.length < batch || progress === 0) return purged
  }
}

/** Deletes at most `batch` tombstones older than 30 days; returns how many. */
export async function purgeTombstones(sql: Sql, now: Date, size: number): Promise<number> {
  const gone = await sql.query(
    `delete from tombstones where (kind, key) in (
       select kind, key from tombstones where created_at <= $1 limit $2::int) returning 1`,
    [addSeconds(now, -30 * 86_400), size],
  )
  return gone.length
}
