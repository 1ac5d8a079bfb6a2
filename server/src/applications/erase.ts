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
  hosted_onboardings: 'id',
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

/**
 * What must be done with the rows that go, in the same statement; `gone` holds them. What names a user or a passkey instead
 * of the application goes this way: looked for by a join, each batch would read past everything that went before it.
 */
const consequences: Partial<Record<Table, string>> = {
  credentials: `named as (delete from directory d using gone where d.tenant_id = $1 and d.kind = 'webauthn' and d.id = gone.id)`,
  users: `counted as (update tenants set user_count = user_count - (select count(*) from gone) where id = $1),
   months as (delete from active_users a using gone where a.tenant_id = $1 and a.user_id = gone.id)`,
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

/** Folds its users into the months, which keep their counts as the tenant's; then takes its stored answers. */
async function eraseAnswers(sql: Sql, { tenant_id, id }: Doomed): Promise<void> {
  await foldApplication(sql, tenant_id, id)
  await drain(
    sql,
    `with gone as (
       delete from idempotency_records where tenant_id = $1 and (scope, operation, key) in (
         select scope, operation, key from idempotency_records
         where tenant_id = $1 and (scope = $2 or starts_with(scope, $2 || ' ')) limit ${batch}) returning 1)
     select count(*)::int as n from gone`,
    [tenant_id, id],
  )
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
  await eraseAnswers(sql, doomed)
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
