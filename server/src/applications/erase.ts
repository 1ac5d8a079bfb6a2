import type { Deps } from '../platform/context.ts'
import { isDatabaseAway, type Sql } from '../platform/db.ts'
import { addSeconds } from '../platform/time.ts'
import { foldApplication } from '../usage/fold.ts'

const batch = 500
const keptSeconds = 30 * 86_400

type Doomed = { tenant_id: string; id: string; client_id: string }

/**
 * Every table with rows of an application, in the order of erasure, with what makes one of its rows unique. A test
 * compares this list with the tables that have an `application_id`.
 */
export const applicationTables = {
  ceremonies: 'id',
  sessions: 'id',
  credentials: 'id',
  identifiers: 'id',
  audit_logs: 'id',
  users: 'id',
  client_secrets: 'hash',
  webhook_secrets: 'id',
} as const

type Table = keyof typeof applicationTables

/** Which rows of a table go, beside all of the application's. */
const spared: Partial<Record<Table, string>> = { audit_logs: `event <> 'application.deleted'` }

/** What must be done with the rows that go, in the same statement; `gone` holds them. */
const consequences: Partial<Record<Table, string>> = {
  users: 'counted as (update tenants set user_count = user_count - (select count(*) from gone) where id = $1)',
  client_secrets: `kept as (insert into tombstones (kind, key, reason, created_at)
     select 'client_secret', encode(hash, 'hex'), 'deleted', $3::timestamptz from gone on conflict do nothing)`,
}

/** Repeats a deletion of at most `batch` rows, each a transaction of its own, until it finds no more. */
async function drain(sql: Sql, statement: string, values: readonly unknown[]): Promise<void> {
  for (;;) {
    const [row] = await sql.query<{ n: number }>(statement, values)
    if ((row?.n ?? 0) < batch) return
  }
}

/** Rows that belong to the application's users or credentials and do not name the application. */
async function eraseIndirect(sql: Sql, { tenant_id, id }: Doomed): Promise<void> {
  // The months keep their counts: those are the tenant's.
  await foldApplication(sql, tenant_id, id)
  const statements = [
    `delete from directory where (kind, key) in (
       select d.kind, d.key from directory d join credentials c on c.tenant_id = d.tenant_id and c.id = d.id
       where d.tenant_id = $1 and d.kind = 'webauthn' and c.application_id = $2 limit ${batch})`,
    `delete from active_users where tenant_id = $1 and (user_id, period) in (
       select a.user_id, a.period from active_users a join users u on u.tenant_id = a.tenant_id and u.id = a.user_id
       where a.tenant_id = $1 and u.application_id = $2 limit ${batch})`,
    `delete from idempotency_records where tenant_id = $1 and (scope, operation, key) in (
       select scope, operation, key from idempotency_records
       where tenant_id = $1 and (scope = $2 or starts_with(scope, $2 || ' ')) limit ${batch})`,
  ]
  for (const statement of statements) {
    await drain(sql, `with gone as (${statement} returning 1) select count(*)::int as n from gone`, [tenant_id, id])
  }
}

async function eraseTable(sql: Sql, table: Table, { tenant_id, id }: Doomed, now: Date): Promise<void> {
  const key = applicationTables[table]
  const these = `tenant_id = $1 and application_id = $2 and ${spared[table] ?? 'true'}`
  const also = consequences[table]
  await drain(
    sql,
    `with gone as (
       delete from ${table} where ${these} and (${key}) in (select ${key} from ${table} where ${these} limit ${batch})
       returning ${key})${also ? `, ${also}` : ''}
     select count(*)::int as n from gone`,
    also?.includes('$3') ? [tenant_id, id, now] : [tenant_id, id],
  )
}

/**
 * Erases one deleted application with everything it owned, in steps that may stop anywhere and be taken up again: the row
 * goes last. The tenant keeps that it was deleted, without the address it was done from.
 */
async function eraseApplication(deps: Deps, doomed: Doomed): Promise<void> {
  const { sql } = deps.database
  const { tenant_id, id, client_id } = doomed
  await eraseIndirect(sql, doomed)
  for (const table of Object.keys(applicationTables) as Table[]) await eraseTable(sql, table, doomed, deps.clock())
  await deps.database.rawTransaction(async (tx) => {
    await tx.query(
      `update audit_logs set ip_address = null, user_agent = null
       where tenant_id = $1 and application_id = $2 and event = 'application.deleted'`,
      [tenant_id, id],
    )
    await tx.query(
      `delete from directory where tenant_id = $1 and ((kind = 'client' and key = $2) or (kind = 'application' and key = $3))`,
      [tenant_id, client_id, id],
    )
    await tx.query(`delete from applications where tenant_id = $1 and id = $2 and status = 'deleted'`, [tenant_id, id])
  })
}

/** The job: applications deleted 30 days ago or earlier are erased; returns how many. */
export async function eraseDeletedApplications(deps: Deps): Promise<number> {
  const { sql } = deps.database
  let erased = 0
  for (;;) {
    const doomed = await sql.query<Doomed>(
      `select tenant_id, id, client_id from applications where status = 'deleted' and deleted_at <= $1
       order by deleted_at limit ${batch}`,
      [addSeconds(deps.clock(), -keptSeconds)],
    )
    let progress = 0
    for (const application of doomed) {
      try {
        await eraseApplication(deps, application)
        progress += 1
      } catch (error) {
        // One that cannot go must not keep the others; a database that is away ends the run.
        if (isDatabaseAway(error)) throw error
        deps.log.error({ err: error, application_id: application.id }, 'application not erased')
      }
    }
    erased += progress
    if (doomed.length < batch || progress === 0) return erased
  }
}
