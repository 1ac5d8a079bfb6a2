import { record } from '../audit/record.ts'
import { touch } from '../platform/cache.ts'
import { type Deps, systemContext } from '../platform/context.ts'
import { isDatabaseAway } from '../platform/db.ts'
import { addSeconds } from '../platform/time.ts'
import { SYSTEM_TENANT, writeTrail } from '../platform/trail.ts'
import { empty, type TenantTable, tenantTables } from './purge.ts'

const batch = 500
const keptSeconds = 30 * 86_400

// Its applications are erased by a job of their own, which keeps what is left here small. The last tenant of an account
// stays as an empty shell: the account's people need a home for what they do next.
const due = `
  from tenants t where t.deleted_at <= $1
    and not exists (select 1 from applications a where a.tenant_id = t.id)
    and exists (select 1 from tenants o where o.account_id = t.account_id and o.id <> t.id)`

/** Removes one tenant with what is left of it, in steps that may stop anywhere and be taken up again: the row goes last. */
async function purgeOne(deps: Deps, tenantId: string, before: Date): Promise<boolean> {
  for (const table of Object.keys(tenantTables) as TenantTable[]) await empty(deps.database.sql, table, tenantId)
  const ctx = systemContext(deps, 'jobs.deleted_tenants')
  const gone = await deps.database.rawTransaction(async (sql) => {
    const call = { ...ctx, sql }
    const [account] = await sql.query<{ account_id: string }>(
      'select account_id from tenants where id = $1 for update',
      [tenantId],
    )
    // Of two tenants deleted on one day the account keeps one: its row's lock decides.
    await sql.query('select 1 from accounts where id = $1 for update', [account?.account_id ?? ''])
    const found = await sql.query(`delete from tenants where id in (select t.id ${due} and t.id = $2) returning 1`, [
      before,
      tenantId,
    ])
    if (!account || found.length === 0) return false
    await touch(call, 'account', account.account_id)
    record(call, 'tenant.purged', {
      tenantId: SYSTEM_TENANT,
      applicationId: null,
      metadata: { tenant_id: tenantId, reason: 'deleted' },
    })
    await writeTrail(call, sql)
    return true
  })
  for (const { kind, id } of ctx.touched) deps.caches.drop(kind, id)
  return gone
}

/** The job: tenants deleted 30 days ago or earlier are removed with what is left of them; returns how many. */
export async function purgeDeletedTenants(deps: Deps): Promise<number> {
  const before = addSeconds(deps.clock(), -keptSeconds)
  let purged = 0
  for (;;) {
    const doomed = await deps.database.sql.query<{ id: string }>(
      `select t.id ${due} order by t.deleted_at limit ${batch}`,
      [before],
    )
    let progress = 0
    for (const { id } of doomed) {
      try {
        if (await purgeOne(deps, id, before)) progress += 1
      } catch (error) {
        // One tenant that cannot go must not keep the others; a database that is away ends the run.
        if (isDatabaseAway(error)) throw error
        deps.log.error({ err: error, tenant_id: id }, 'tenant not purged')
      }
    }
    purged += progress
    if (doomed.length < batch || progress === 0) return purged
  }
}
