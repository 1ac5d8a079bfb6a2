import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type EmptyDatabase, emptyPostgres, testServer } from '../../test/database.ts'
import { type Database, isDatabaseAway, openDatabase, type Sql } from './db.ts'
import { migrate } from './migrate.ts'
import { fromMillis } from './time.ts'

const now = fromMillis(Date.UTC(2026, 10, 21))

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.unreachable('should have failed'),
    (error: unknown) => error,
  )

const pid = async (sql: Sql): Promise<number | undefined> =>
  (await sql.query<{ pid: number }>('select pg_backend_pid() as pid'))[0]?.pid

/** A wire that can be cut without a word, as a network does. */
async function wire(target: URL): Promise<{ url: string; mute(on: boolean): void; close(): void }> {
  const sockets = new Set<Socket>()
  let muted = false
  const server: Server = createServer((inner) => {
    const outer = connect(Number(target.port || 5432), target.hostname)
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from)
      from.on('data', (data) => muted || to.write(data))
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(target)
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: url.href,
    mute: (on) => {
      muted = on
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

it('says that a server is away when nobody listens there', async () => {
  const error = await failure(openDatabase({ url: 'postgres://nobody@127.0.0.1:1/nothing' }))
  expect(isDatabaseAway(error)).toBe(true)
})

const title = testServer ? 'PostgreSQL' : 'PostgreSQL: SKIPPED, TEST_DATABASE_URL is not set'
describe.skipIf(!testServer)(title, () => {
  let empty: EmptyDatabase
  let database: Database
  beforeAll(async () => {
    empty = await emptyPostgres(String(testServer))
    database = await openDatabase({ url: empty.url, poolSize: 2, statementTimeoutMs: 300 })
    await migrate(database)
  })
  afterAll(async () => {
    await database.close()
    await empty.drop()
  })

  const kill = (victim: number | undefined) => database.sql.query('select pg_terminate_backend($1)', [victim])

  it('survives the loss of a connection inside a transaction, and goes on with another', async () => {
    const works: ((after: (sql: Sql) => Promise<void>) => Promise<unknown>)[] = [
      (after) => database.rawTransaction(after),
      (after) => database.transaction((_, sql) => after(sql)),
      (after) =>
        database.transaction(async (db, sql) => {
          await after(sql).catch(() => {})
          await db.account.count()
        }),
    ]
    for (const work of works) {
      const error = await failure(
        work(async (sql) => {
          await kill(await pid(sql))
          await sql.query('select 1')
        }),
      )
      expect(isDatabaseAway(error)).toBe(true)
      await database.ping()
      expect(await database.prisma.account.count()).toBe(0)
    }
  })

  it('survives the loss of a connection between two statements of a transaction', async () => {
    const alive = `select count(*) as n from pg_stat_activity where pid = $1`
    const error = await failure(
      database.rawTransaction(async (sql) => {
        const victim = await pid(sql)
        await kill(victim)
        await expect.poll(() => database.sql.query(alive, [victim])).toEqual([{ n: 0 }])
        await sql.query('select 1')
      }),
    )
    expect(isDatabaseAway(error)).toBe(true)
    await database.ping()
  })

  it('ends a statement that takes too long, unless the transaction asked for more', async () => {
    const slow = `select pg_sleep(0.4)::text`
    expect(isDatabaseAway(await failure(database.sql.query(slow)))).toBe(true)
    expect(isDatabaseAway(await failure(database.prisma.$queryRawUnsafe(slow)))).toBe(true)
    expect(isDatabaseAway(await failure(database.rawTransaction((sql) => sql.query(slow))))).toBe(true)
    await database.rawTransaction((sql) => sql.query(slow), { statementTimeoutMs: 0 })
    expect(await database.sql.query(`select current_setting('statement_timeout') as limit`)).toEqual([
      { limit: '300ms' },
    ])
  })

  it('refuses callers at once when too many wait for a connection', async () => {
    const small = await openDatabase({ url: empty.url, poolSize: 1 })
    const refused: unknown[] = []
    await small.rawTransaction(async (sql) => {
      const waiting = Array.from({ length: 50 }, () => small.sql.query('select 1'))
      for (const more of [
        small.sql.query('select 1'),
        small.prisma.account.count(),
        small.transaction(async () => {}),
      ]) {
        refused.push(await failure(more))
      }
      await sql.query('select 1')
      setImmediate(() => Promise.all(waiting))
    })
    expect(refused.map(isDatabaseAway)).toEqual([true, true, true])
    for (const error of refused) expect(String(error)).toContain('more than 50 callers wait')
    await small.ping()
    await small.close()
  })

  it('gives a waiting caller an error that says away when no connection comes free', async () => {
    const small = await openDatabase({ url: empty.url, poolSize: 1 })
    const errors = await small.rawTransaction(() =>
      Promise.all(
        [small.sql.query('select 1'), small.prisma.account.count(), small.transaction(async () => {})].map(failure),
      ),
    )
    expect(errors.map(isDatabaseAway)).toEqual([true, true, true])
    await small.close()
  }, 10_000)

  it('prepares a statement once on a connection, from raw SQL and from Prisma', async () => {
    const small = await openDatabase({ url: empty.url, poolSize: 1 })
    for (const id of ['a', 'b', 'c']) {
      await small.sql.query('select $1::text as once', [id])
      await small.prisma.account.findUnique({ where: { id } })
    }
    const rows = await small.sql.query<{ calls: number }>(
      `select (generic_plans + custom_plans) as calls from pg_prepared_statements
       where statement like '%as once' or statement like '%accounts%' and statement not like '%prepared%'`,
    )
    expect(rows.map(({ calls }) => calls)).toEqual([3, 3])
    await small.close()
  })

  it('listens again after its connection was lost, and says so', async () => {
    const heard: string[] = []
    let reconnects = 0
    const listener = await database.listen(
      'again',
      (payload) => heard.push(payload),
      () => (reconnects += 1),
    )
    await database.sql.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'trymellon listener' and datname = current_database()`)
    await expect.poll(() => listener.healthy()).toBe(false)
    await expect.poll(() => reconnects, { timeout: 5000 }).toBe(1)
    expect(listener.healthy()).toBe(true)
    await database.sql.query(`select pg_notify('again', 'back')::text`)
    await expect.poll(() => heard).toEqual(['back'])
    await listener.close()
    expect(listener.healthy()).toBe(false)
  })

  it('finds out that a silent connection is dead: the listener within half a second, a statement by its time-out', async () => {
    const line = await wire(new URL(empty.url))
    const remote = await openDatabase({ url: line.url, poolSize: 1, statementTimeoutMs: 100 })
    let reconnects = 0
    const listener = await remote.listen(
      'silent',
      () => {},
      () => (reconnects += 1),
    )
    expect(listener.healthy()).toBe(true)
    line.mute(true)
    const statement = failure(remote.sql.query('select 1'))
    await expect.poll(() => listener.healthy(), { timeout: 600, interval: 20 }).toBe(false)
    expect(isDatabaseAway(await statement)).toBe(true)
    line.mute(false)
    await expect.poll(() => reconnects, { timeout: 8000 }).toBe(1)
    await remote.ping()
    await listener.close()
    await remote.close()
    line.close()
  }, 20_000)

  it('lets one of two racing transactions wait for the other', async () => {
    await database.sql.query(`insert into accounts (id, plan, created_at) values ('race', 'free', $1)`, [now])
    const take = `delete from accounts where id = 'race' returning id`
    const taken = await Promise.all([1, 2].map(() => database.rawTransaction((sql) => sql.query(take))))
    expect(taken.map((rows) => rows.length).sort()).toEqual([0, 1])
  })
})
