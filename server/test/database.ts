import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Database, openDatabase } from '../src/platform/db.ts'
import { migrate } from '../src/platform/migrate.ts'
import { ensureAuditPartitions } from '../src/platform/partitions.ts'
import { systemClock } from '../src/platform/time.ts'

/** Address of a PostgreSQL server whose user may create databases; undefined when the run is on the embedded engine only. */
export const testServer: string | undefined = process.env.TEST_DATABASE_URL || undefined

/** Months for tests that move the clock. */
const MONTHS_AHEAD = 14

const PREFIX = 'trymellon_test'
let count = 0

const at = (server: string, name: string): string => {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

async function administer<T>(server: string, work: (admin: Database) => Promise<T>): Promise<T> {
  const admin = await openDatabase({ url: at(server, 'postgres'), poolSize: 1, statementTimeoutMs: 60_000 })
  try {
    return await work(admin)
  } finally {
    await admin.close()
  }
}

export type EmptyDatabase = { url: string; drop(): Promise<void> }

/** A new, empty database on the test server, named after this process. `drop` ends its connections. */
export async function emptyPostgres(server: string): Promise<EmptyDatabase> {
  count += 1
  const name = `${PREFIX}_${process.pid}_${count}`
  const drop = () =>
    administer(server, async ({ sql }) => {
      await sql.query(`drop database if exists ${name} with (force)`)
    })
  await drop()
  await administer(server, ({ sql }) => sql.query(`create database ${name}`))
  return { url: at(server, name), drop }
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return pid !== process.pid
  } catch {
    return false
  }
}

/** Drops what workers that are gone left behind; vitest calls it by name at the end of a run (`globalSetup`). */
export async function teardown(): Promise<void> {
  const file = process.env[snapshotVariable]
  if (file) await rm(dirname(file), { recursive: true, force: true })
  if (!testServer) return
  await administer(testServer, async ({ sql }) => {
    const rows = await sql.query<{ name: string }>(
      `select datname::text as name from pg_database where datname like $1`,
      [`${PREFIX}\\_%`],
    )
    for (const { name } of rows) {
      if (isRunning(Number(name.split('_').at(-2)))) continue
      // Not forced: with connections it is somebody's, from another machine perhaps.
      await sql.query(`drop database if exists ${name}`).catch(() => {})
    }
  })
}

let shared: Promise<Database> | undefined

async function prepare(database: Database): Promise<Database> {
  await migrate(database)
  await ensureAuditPartitions(database.sql, systemClock(), MONTHS_AHEAD)
  return database
}

/** Where the workers of a run find the embedded database as `prepare` leaves it: loading it takes a quarter of making it. */
const snapshotVariable = 'TEST_PGLITE_SNAPSHOT'

/** Makes that database, once a run; vitest's `globalSetup` calls it before there is a worker. */
export async function takeSnapshot(): Promise<void> {
  if (testServer) return
  const database = await prepare(await openDatabase({ dataDir: 'memory://' }))
  const dump = await database.pglite?.dumpDataDir('none')
  await database.close()
  if (!dump) throw new Error('the embedded database gave no dump')
  const file = join(await mkdtemp(join(tmpdir(), 'trymellon-test-')), 'snapshot.tar')
  await writeFile(file, Buffer.from(await dump.arrayBuffer()))
  process.env[snapshotVariable] = file
}

async function openMigrated(): Promise<Database> {
  if (testServer) return prepare(await openDatabase({ url: (await emptyPostgres(testServer)).url }))
  const file = process.env[snapshotVariable]
  if (!file) return prepare(await openDatabase({ dataDir: 'memory://' }))
  return openDatabase({ dataDir: 'memory://', beginWith: new Blob([await readFile(file)]) })
}

/**
 * The worker's database, migrated, with audit partitions for 14 months: PostgreSQL when TEST_DATABASE_URL is set, else
 * PGlite in memory. One for all tests of a worker: do not close it, it goes with the worker (see `teardown`).
 */
export function testDatabase(): Promise<Database> {
  shared ??= openMigrated()
  return shared
}

/** Empties every table but the record of migrations. */
export async function truncateAll(database: Database): Promise<void> {
  const rows = await database.sql.query<{ name: string }>(
    `select quote_ident(c.relname) as name from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and c.relname <> '_prisma_migrations'`,
  )
  await database.sql.query(`truncate ${rows.map(({ name }) => name).join(', ')} cascade`)
}
