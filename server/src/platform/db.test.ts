import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emptyPostgres, testServer } from '../../test/database.ts'
import type { Prisma } from '../generated/prisma/client.ts'
import { type Database, type Db, isDatabaseAway, isUniqueViolation, openDatabase, type Sql } from './db.ts'
import { migrate } from './migrate.ts'
import { ensureAuditPartitions } from './partitions.ts'
import { fromMillis } from './time.ts'

const now = fromMillis(Date.UTC(2026, 10, 21, 3, 46, 0, 123))

type Engine = { name: string; skip: boolean; open(): Promise<{ database: Database; drop(): Promise<void> }> }

const embedded: Engine = {
  name: 'PGlite',
  skip: false,
  open: async () => ({ database: await openDatabase({ dataDir: 'memory://' }), drop: async () => {} }),
}

const postgres: Engine = {
  name: testServer ? 'PostgreSQL' : 'PostgreSQL: SKIPPED, TEST_DATABASE_URL is not set',
  skip: !testServer,
  open: async () => {
    const { url, drop } = await emptyPostgres(String(testServer))
    // A server far from UTC: every session must say its own zone.
    const admin = await openDatabase({ url, poolSize: 1 })
    await admin.sql.query(
      `do $$ begin execute format('alter database %I set timezone = %L', current_database(), 'Asia/Tokyo'); end $$`,
    )
    await admin.close()
    return { database: await openDatabase({ url, poolSize: 4 }), drop }
  },
}

const values = [
  now,
  Uint8Array.of(0, 255, 92, 39),
  2 ** 40,
  '{"a":[1,null,"é"]}',
  ['x', 'with "quotes", commas \\ and {braces}', ''],
  [],
  true,
  null,
  "it's é",
  '01a19467-e800-7000-8000-000000000000',
  -7,
]
const question = `select $1::timestamptz as moment, $2::bytea as bytes, $3::int8 as big, $4::jsonb as json,
  $5::text[] as list, $6::text[] as none, $7::boolean as yes, $8::text as nothing, $9::text as words, $10::uuid as id,
  $11::int4 as small, 1.5::numeric as exact, date '2026-01-31' as day, array[1, 2]::int8[] as bigs,
  array[$1::timestamptz] as moments, array[$10::uuid] as ids, '[1]'::json as plain, count(*) as counted`
const answer = {
  moment: now,
  bytes: [0, 255, 92, 39],
  big: 2 ** 40,
  json: { a: [1, null, 'é'] },
  list: ['x', 'with "quotes", commas \\ and {braces}', ''],
  none: [],
  yes: true,
  nothing: null,
  words: "it's é",
  id: '01a19467-e800-7000-8000-000000000000',
  small: -7,
  exact: 1.5,
  day: '2026-01-31',
  bigs: [1, 2],
  moments: [now],
  ids: ['01a19467-e800-7000-8000-000000000000'],
  plain: [1],
  counted: 1,
}

const account = (id: string): Prisma.AccountCreateInput => ({ id, plan: 'free', createdAt: now })
const insertAccount = `insert into accounts (id, plan, created_at) values ($1, 'free', $2)`

/** The error a promise ends in; fails when it ends well. */
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.unreachable('should have failed'),
    (error: unknown) => error,
  )

for (const engine of [embedded, postgres]) {
  describe.skipIf(engine.skip)(engine.name, () => {
    let database: Database
    let drop: () => Promise<void>
    beforeAll(async () => {
      ;({ database, drop } = await engine.open())
      await migrate(database)
      await ensureAuditPartitions(database.sql, now)
    }, 60_000)
    afterAll(async () => {
      await database.close()
      await drop()
    })

    const exists = async (id: string): Promise<boolean> =>
      (await database.prisma.account.count({ where: { id } })) === 1

    const handles: Record<string, <T>(work: (sql: Sql) => Promise<T>) => Promise<T>> = {
      'outside a transaction': (work) => work(database.sql),
      'in a raw transaction': (work) => database.rawTransaction(work),
      'in a Prisma transaction': (work) => database.transaction((_, sql) => work(sql)),
    }

    for (const [place, run] of Object.entries(handles)) {
      it(`reads and writes the same values ${place}`, async () => {
        const [row] = await run((sql) => sql.query<typeof answer & { bytes: Uint8Array }>(question, values))
        expect(row?.bytes).toBeInstanceOf(Uint8Array)
        expect({ ...row, bytes: [...(row?.bytes ?? [])] }).toEqual(answer)
      })

      it(`tells a unique violation ${place}`, async () => {
        const id = `unique ${place}`
        await database.sql.query(insertAccount, [id, now])
        const error = await failure(run((sql) => sql.query(insertAccount, [id, now])))
        expect([isUniqueViolation(error), isDatabaseAway(error)]).toEqual([true, false])
      })
    }

    it('keeps a moment to the millisecond between Prisma and raw SQL, whatever the zone of the server', async () => {
      await database.prisma.account.create({ data: account('moment') })
      const rows = await database.sql.query<{ created_at: Date }>(`select created_at from accounts where id = 'moment'`)
      const read = await database.prisma.account.findUniqueOrThrow({ where: { id: 'moment' } })
      expect([rows[0]?.created_at, read.createdAt]).toEqual([now, now])
      const late = fromMillis(now.getTime() + 1)
      await database.sql.query(`update accounts set created_at = $2 where id = $1 and created_at < $2`, [
        'moment',
        late,
      ])
      expect((await database.prisma.account.findUniqueOrThrow({ where: { id: 'moment' } })).createdAt).toEqual(late)
    })

    it('tells a unique violation from Prisma, in and out of a transaction', async () => {
      await database.prisma.account.create({ data: account('twice') })
      expect(isUniqueViolation(await failure(database.prisma.account.create({ data: account('twice') })))).toBe(true)
      const inside = database.transaction((db) => db.account.create({ data: account('twice') }))
      expect(isUniqueViolation(await failure(inside))).toBe(true)
      const foreign = database.prisma.tenant.create({
        data: { id: 't', name: 't', createdAt: now, lastActiveAt: now, account: { connect: { id: 'nobody' } } },
      })
      expect(isUniqueViolation(await failure(foreign))).toBe(false)
    })

    it('reads every model once from a freshly migrated database', async () => {
      const models: Record<string, { findFirst(): Promise<unknown> }> = {
        account: database.prisma.account,
        tenant: database.prisma.tenant,
        application: database.prisma.application,
        clientSecret: database.prisma.clientSecret,
        webhookSecret: database.prisma.webhookSecret,
        usageTotal: database.prisma.usageTotal,
        activeUser: database.prisma.activeUser,
        usageFold: database.prisma.usageFold,
        user: database.prisma.user,
        identifier: database.prisma.identifier,
        credential: database.prisma.credential,
        ceremony: database.prisma.ceremony,
        session: database.prisma.session,
        auditLog: database.prisma.auditLog,
        directory: database.prisma.directory,
        idempotencyRecord: database.prisma.idempotencyRecord,
        signingKey: database.prisma.signingKey,
        tombstone: database.prisma.tombstone,
        rateLimit: database.prisma.rateLimit,
        member: database.prisma.member,
        hostedOnboarding: database.prisma.hostedOnboarding,
        invitation: database.prisma.invitation,
        addressProof: database.prisma.addressProof,
        operator: database.prisma.operator,
        agent: database.prisma.agent,
        secretKey: database.prisma.secretKey,
        secretKeyVersion: database.prisma.secretKeyVersion,
        agentRegistration: database.prisma.agentRegistration,
        deviceRequest: database.prisma.deviceRequest,
        mail: database.prisma.mail,
        revokedToken: database.prisma.revokedToken,
        registeredClient: database.prisma.registeredClient,
        authorizationCode: database.prisma.authorizationCode,
        refreshToken: database.prisma.refreshToken,
      }
      const known = Object.keys(database.prisma).filter((key) => /^[a-z]/.test(key))
      expect(known.filter((key) => !(key in models))).toEqual([])
      for (const model of Object.values(models)) await model.findFirst()
    })

    it('commits Prisma and raw SQL of one transaction together', async () => {
      await database.transaction(async (db, sql) => {
        await db.account.create({ data: account('by prisma') })
        await sql.query(insertAccount, ['by sql', now])
        expect(await db.account.count({ where: { id: 'by sql' } })).toBe(1)
      })
      expect([await exists('by prisma'), await exists('by sql')]).toEqual([true, true])
    })

    it('rolls everything back when the work throws', async () => {
      const work = async (db: Db | null, sql: Sql): Promise<void> => {
        await db?.account.create({ data: account('undone 1') })
        await sql.query(insertAccount, ['undone 2', now])
        throw new Error('changed my mind')
      }
      await expect(database.transaction(work)).rejects.toThrow('changed my mind')
      await expect(database.rawTransaction((sql) => work(null, sql))).rejects.toThrow('changed my mind')
      expect([await exists('undone 1'), await exists('undone 2')]).toEqual([false, false])
    })

    it('refuses to commit after a failed statement whose error was swallowed', async () => {
      const work = async (sql: Sql): Promise<string> => {
        await sql.query(insertAccount, ['swallowed', now])
        await failure(sql.query('select 1 / 0'))
        return 'all is well'
      }
      await expect(database.rawTransaction(work)).rejects.toThrow('swallowed')
      await expect(database.transaction((_, sql) => work(sql))).rejects.toThrow('swallowed')
      expect(await exists('swallowed')).toBe(false)
    })

    it('commits what a savepoint kept after a failure behind it', async () => {
      await database.transaction(async (db, sql) => {
        await db.account.create({ data: account('kept') })
        await sql.query('savepoint claim')
        await failure(db.account.create({ data: account('kept') }))
        await sql.query('rollback to savepoint claim')
      })
      expect(await exists('kept')).toBe(true)
    })

    it('refuses a statement after the end of its transaction', async () => {
      const late: Sql[] = []
      await database.transaction(async (_, sql) => void late.push(sql))
      await database.rawTransaction(async (sql) => void late.push(sql))
      await failure(database.transaction(async (_, sql) => Promise.reject(late.push(sql))))
      expect(late).toHaveLength(3)
      for (const sql of late) await expect(sql.query(insertAccount, ['late', now])).rejects.toThrow('after the end')
      expect(await exists('late')).toBe(false)
    })

    it('delivers notifications at commit, and none of what was rolled back', async () => {
      const heard: string[] = []
      const listener = await database.listen(
        'test_channel',
        (payload) => heard.push(payload),
        () => {},
      )
      const notify = (sql: Sql, payload: string) => sql.query(`select pg_notify('test_channel', $1)::text`, [payload])
      await failure(database.transaction(async (_, sql) => Promise.reject(await notify(sql, 'undone'))))
      await database.transaction((_, sql) => notify(sql, 'from prisma'))
      await database.rawTransaction((sql) => notify(sql, 'from the driver'))
      await expect.poll(() => heard).toEqual(['from prisma', 'from the driver'])
      expect(listener.healthy()).toBe(true)
      await listener.close()
      expect(database.engine === 'postgres' && listener.healthy()).toBe(false)
    })

    it('answers a ping, and says that it is away once closed', async () => {
      await database.ping()
      const other = await engine.open()
      await other.database.close()
      await other.database.close()
      expect(isDatabaseAway(await failure(other.database.ping()))).toBe(true)
      await other.drop()
    }, 30_000)
  })
}
