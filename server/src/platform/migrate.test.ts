import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { emptyPostgres, testServer } from '../../test/database.ts'
import { type Database, openDatabase } from './db.ts'
import { migrate, pendingMigrations } from './migrate.ts'

let folder: string
const write = (name: string, script: string): void => {
  mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, name, 'migration.sql'), script)
}
const first = '20260101000000_first'
const second = '20260102000000_second'

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'migrations-'))
  write(second, `insert into things (id) values (1); insert into things (id) values (2);`)
  write(first, `create table things (id int primary key);\ncreate index on things (id);`)
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('migrate on PGlite', () => {
  let database: Database
  beforeAll(async () => {
    database = await openDatabase({ dataDir: 'memory://' })
    return () => database.close()
  }, 60_000)
  afterEach(() => database.rawTransaction((sql) => sql.script('drop table if exists things, _prisma_migrations')))

  const things = async (): Promise<number | undefined> =>
    (await database.sql.query<{ n: number }>('select count(*) as n from things'))[0]?.n

  it('applies the folders in order, once', async () => {
    expect(await pendingMigrations(database, folder)).toEqual([first, second])
    expect(await migrate(database, folder)).toEqual([first, second])
    expect(await things()).toBe(2)
    expect(await migrate(database, folder)).toEqual([])
    expect(await pendingMigrations(database, folder)).toEqual([])
  })

  it('applies what was added since, and leaves alone what only a newer version knows', async () => {
    await migrate(database, folder)
    write('20260103000000_third', 'insert into things (id) values (3)')
    expect(await pendingMigrations(database, folder)).toEqual(['20260103000000_third'])
    expect(await migrate(database, folder)).toEqual(['20260103000000_third'])
    rmSync(join(folder, '20260103000000_third'), { recursive: true })
    expect(await migrate(database, folder)).toEqual([])
    expect(await things()).toBe(3)
  })

  it('refuses a migration that was changed after it was applied', async () => {
    await migrate(database, folder)
    write(first, `create table things (id int primary key);\ncreate index on things (id); -- better`)
    await expect(migrate(database, folder)).rejects.toThrow(`migration ${first} was changed after it was applied`)
  })

  it('undoes a migration that fails half-way, and keeps those before it', async () => {
    write(second, 'insert into things (id) values (1); insert into things (id) values (1);')
    await expect(migrate(database, folder)).rejects.toThrow('duplicate key')
    expect(await things()).toBe(0)
    expect(await pendingMigrations(database, folder)).toEqual([second])
  })

  it('refuses to go on where another tool began a migration and never finished it', async () => {
    await migrate(database, folder)
    await database.sql.query('update _prisma_migrations set finished_at = null where migration_name = $1', [second])
    await expect(migrate(database, folder)).rejects.toThrow(`migration ${second} began and never finished`)
    expect(await pendingMigrations(database, folder)).toEqual([second])
  })
})

const title = testServer ? 'migrate on PostgreSQL' : 'migrate on PostgreSQL: SKIPPED, TEST_DATABASE_URL is not set'
describe.skipIf(!testServer)(title, () => {
  it('runs each migration once when instances start together', async () => {
    const { url, drop } = await emptyPostgres(String(testServer))
    const instances = await Promise.all(Array.from({ length: 4 }, () => openDatabase({ url, poolSize: 2 })))
    // Slow enough that all of them are there.
    write(second, 'select pg_sleep(0.2); insert into things (id) values (1);')
    const applied = await Promise.all(instances.map((instance) => migrate(instance, folder)))
    expect(applied.flat().sort()).toEqual([first, second])
    for (const instance of instances) {
      expect(await pendingMigrations(instance, folder)).toEqual([])
      await instance.close()
    }
    await drop()
  })

  it('lets a migration take longer than a statement may', async () => {
    const { url, drop } = await emptyPostgres(String(testServer))
    const database = await openDatabase({ url, statementTimeoutMs: 50 })
    write(second, 'select pg_sleep(0.2)')
    expect(await migrate(database, folder)).toEqual([first, second])
    await database.close()
    await drop()
  })
})
