import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Database, RawSql } from './db.ts'

/** The lock that `prisma migrate deploy` takes too, so that neither runs beside the other. */
const MIGRATION_LOCK = 72707369

type Migration = { name: string; script: string; checksum: string }
type Row = { name: string; checksum: string; finished: boolean; rolledBack: boolean }

// Beside the bundle, from a bundle in `server/dist`, from this file as source.
const places = ['./migrations', '../../prisma/migrations', '../../../prisma/migrations']

function migrationsFolder(): string {
  const found = places.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) => existsSync(path))
  if (!found) throw new Error('no folder of migrations beside the server')
  return found
}

async function migrationNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
}

async function readMigration(folder: string, name: string): Promise<Migration> {
  const script = await readFile(join(folder, name, 'migration.sql'), 'utf8')
  return { name, script, checksum: createHash('sha256').update(script).digest('hex') }
}

const isMissingTable = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === '42P01'

async function recorded(sql: Pick<RawSql, 'query'>): Promise<Map<string, Row>> {
  const rows = await sql
    .query<Row>(
      `select migration_name as name, checksum, finished_at is not null as finished, rolled_back_at is not null as "rolledBack"
       from _prisma_migrations order by started_at`,
    )
    .catch((error: unknown) => {
      if (isMissingTable(error)) return []
      throw error
    })
  return new Map(rows.filter((row) => !row.rolledBack).map((row) => [row.name, row]))
}

function isApplied(migration: Migration, rows: Map<string, Row>): boolean {
  const row = rows.get(migration.name)
  if (!row) return false
  if (!row.finished)
    throw new Error(`migration ${migration.name} began and never finished; resolve it by hand, then start again`)
  if (row.checksum === migration.checksum) return true
  throw new Error(
    `migration ${migration.name} was changed after it was applied; put its text back and write a new migration`,
  )
}

async function apply(sql: RawSql, migration: Migration): Promise<boolean> {
  // Another instance may have been here while this one waited for the lock.
  if (isApplied(migration, await recorded(sql))) return false
  // A change that cannot get its table within seconds must not hold up everybody behind it.
  await sql.query(`set local lock_timeout = '5s'`)
  await sql.script(migration.script)
  await sql.query(
    `insert into _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
     values (gen_random_uuid()::text, $1, $2, now(), clock_timestamp(), 1)`,
    [migration.checksum, migration.name],
  )
  return true
}

// The table of Prisma's own CLI, column for column: both find each other's work.
const table = `create table if not exists _prisma_migrations (
  id varchar(36) primary key not null,
  checksum varchar(64) not null,
  finished_at timestamptz,
  migration_name varchar(255) not null,
  logs text,
  rolled_back_at timestamptz,
  started_at timestamptz not null default now(),
  applied_steps_count integer not null default 0
)`

function locked<T>(database: Database, work: (sql: RawSql) => Promise<T>): Promise<T> {
  return database.rawTransaction(
    async (sql) => {
      await sql.query(`select pg_advisory_xact_lock(${MIGRATION_LOCK})::text`)
      return work(sql)
    },
    // Waiting for another instance and building an index both take as long as they take.
    { statementTimeoutMs: 0 },
  )
}

/**
 * Brings the database up to date: folders in order of name, each in one transaction under a lock, so that instances
 * starting together wait for the first. One query when nothing is to be done. Rows of migrations that this version does
 * not know are left alone: a newer version may be running beside it.
 * @param folder of `<name>/migration.sql`; found by itself from source and from a bundle
 * @returns names of the migrations that this call applied
 * @throws when an applied migration's text was changed, or one began and never finished
 */
export async function migrate(database: Database, folder: string = migrationsFolder()): Promise<string[]> {
  const migrations = await Promise.all((await migrationNames(folder)).map((name) => readMigration(folder, name)))
  const rows = await recorded(database.sql)
  const missing = migrations.filter((migration) => !isApplied(migration, rows))
  if (missing.length === 0) return []
  await locked(database, (sql) => sql.query(table))
  const applied: string[] = []
  for (const migration of missing) {
    if (await locked(database, (sql) => apply(sql, migration))) applied.push(migration.name)
  }
  return applied
}

/** Names of the migrations of `folder` that the database has not finished; `/ready` is false while there are any. */
export async function pendingMigrations(database: Database, folder: string = migrationsFolder()): Promise<string[]> {
  const [names, rows] = await Promise.all([migrationNames(folder), recorded(database.sql)])
  return names.filter((name) => !rows.get(name)?.finished)
}
