import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { emptyPostgres, testServer } from '../../test/database.ts'
import { type TestApp, testApp, testClock } from '../../test/harness.ts'
import { type Database, openDatabase } from '../platform/db.ts'
import { uuid7 } from '../platform/ids.ts'
import { migrate } from '../platform/migrate.ts'
import { type AuditMonth, ensureAuditPartitions, listAuditMonths } from '../platform/partitions.ts'
import { addSeconds, fromMillis, seconds } from '../platform/time.ts'
import { SYSTEM_TENANT } from '../platform/trail.ts'
import { auditRetention } from '../tenants/audit-retention.ts'
import { plans } from '../tenants/plans.ts'
import { purgeAuditLogs } from './retention.ts'

const day = 86_400
const start = Date.UTC(2027, 5, 15, 12)

const engines = [
  { name: 'PGlite', skip: false, open: async () => ({ url: undefined, drop: async () => {} }) },
  {
    name: testServer ? 'PostgreSQL' : 'PostgreSQL: SKIPPED, TEST_DATABASE_URL is not set',
    skip: !testServer,
    open: () => emptyPostgres(String(testServer)),
  },
]

for (const engine of engines) {
  // A database of its own: other tests need the months that go here.
  describe.skipIf(engine.skip)(`the audit retention on ${engine.name}`, () => {
    let database: Database
    let server: TestApp
    let url: string | undefined
    beforeAll(async () => {
      const home = await engine.open()
      url = home.url
      database = await openDatabase(url ? { url } : { dataDir: 'memory://' })
      await migrate(database)
      await ensureAuditPartitions(database.sql, fromMillis(start))
      server = await testApp({}, { database, clock: testClock(start) })
      return async () => {
        await server.close()
        await database.close()
        await home.drop()
      }
    }, 60_000)

    // Months of the past are gone where nobody had rows; whoever writes there has them made again.
    beforeEach(async () => {
      await database.sql.query('truncate audit_logs')
      await ensureAuditPartitions(database.sql, ago(760 * day), 30)
    })

    const run = () => purgeAuditLogs(server.app.deps, auditRetention)
    const ago = (seconds: number): Date => addSeconds(server.clock(), -seconds)

    async function write(tenantId: string, at: Date, note: string): Promise<void> {
      await database.sql.query(
        `insert into audit_logs (tenant_id, id, event, category, success, actor, metadata, created_at)
         values ($1, $2::uuid, 'auth.success', 'operation', true, '{}', jsonb_build_object('note', $3::text), $4)`,
        [tenantId, uuid7(at), note, at],
      )
    }

    async function notes(tenantId: string): Promise<string[]> {
      const rows = await database.sql.query<{ note: string }>(
        `select metadata ->> 'note' as note from audit_logs where tenant_id = $1 and metadata ? 'note' order by id`,
        [tenantId],
      )
      return rows.map(({ note }) => note)
    }

    async function tenantOf(plan: string, previous: string | null = null, changedAt: Date | null = null) {
      const { tenantId } = await server.tenant()
      await database.sql.query(
        `update accounts set plan = $2, previous_plan = $3, plan_changed_at = $4
         where id = (select account_id from tenants where id = $1)`,
        [tenantId, plan, previous, changedAt],
      )
      return tenantId
    }

    const months = async () => (await listAuditMonths(database.sql)).map(({ table }) => table)

    async function around(tenantId: string, days: number): Promise<void> {
      await write(tenantId, ago(days * day + 1), 'a second past')
      await write(tenantId, ago(days * day), 'at the boundary')
      await write(tenantId, ago(days * day - 1), 'a second before')
    }
    const kept = ['at the boundary', 'a second before']

    it.each(Object.entries(plans).map(([plan, { auditRetentionDays }]) => [plan, auditRetentionDays] as const))(
      '%s keeps a row for %i days, and not a second longer',
      async (plan, days) => {
        const tenantId = await tenantOf(plan)
        await around(tenantId, days)
        expect(await run()).toMatchObject({ rows: 1 })
        expect(await notes(tenantId)).toEqual(kept)
        expect(await run()).toBeNull()
        server.clock.advance(1)
        expect(await run()).toMatchObject({ rows: 1 })
        expect(await notes(tenantId)).toEqual(['a second before'])
        server.clock.advance(1)
        await run()
        expect(await notes(tenantId)).toEqual([])
      },
    )

    it('rows of no tenant stay as long as under any plan, those of a tenant that is gone as short', async () => {
      await around(SYSTEM_TENANT, 730)
      await around('org_gone', 30)
      await run()
      expect([await notes(SYSTEM_TENANT), await notes('org_gone')]).toEqual([kept, kept])
    })

    it('a downgrade shortens the window after 30 days, and not a second earlier', async () => {
      const changedAt = server.clock()
      const [down, up] = [await tenantOf('starter', 'scale', changedAt), await tenantOf('scale', 'starter', changedAt)]
      for (const tenantId of [down, up]) await write(tenantId, ago(100 * day), 'old')
      server.clock.advance(30 * day - 1)
      await run()
      expect([await notes(down), await notes(up)]).toEqual([['old'], ['old']])
      server.clock.advance(1)
      await run()
      expect([await notes(down), await notes(up)]).toEqual([[], ['old']])
    })

    it('more rows than a batch leave, of more tenants than a chunk, and nobody else loses any', async () => {
      const keeper = await tenantOf('enterprise')
      await write(keeper, ago(45 * day), 'kept')
      const at = ago(45 * day)
      await database.sql.query(
        `insert into audit_logs (tenant_id, id, event, category, success, actor, metadata, created_at)
         select 'org_many_' || g % 1100, (overlay($1::text placing lpad(to_hex(g), 12, '0') from 25))::uuid,
                'auth.success', 'operation', true, '{}', '{}', $2::timestamptz from generate_series(1, 2300) g`,
        [uuid7(at), at],
      )
      expect(await run()).toMatchObject({ rows: 2300 })
      expect(await notes(keeper)).toEqual(['kept'])
    })

    it('drops a month as a whole once nobody keeps any of it, though a plan could keep it longer', async () => {
      const keeper = await tenantOf('starter')
      const month = (await listAuditMonths(database.sql)).find(({ to }) => to > ago(60 * day)) as AuditMonth
      for (const owner of [keeper, 'org_gone']) await write(owner, addSeconds(month.to, -1), 'last')
      await run()
      expect([await notes(keeper), await notes('org_gone')]).toEqual([['last'], []])
      const wait = seconds(month.to) + 90 * day - seconds(server.clock())
      server.clock.advance(wait - 1)
      await run()
      expect(await months()).toContain(month.table)
      server.clock.advance(1)
      expect(await run()).toEqual({ rows: 0, months: [month.table] })
      expect(await database.sql.query('select to_regclass($1) as found', [month.table])).toEqual([{ found: null }])
      expect(await run()).toBeNull()
    })

    it('goes on month by month while the log is written and read', async () => {
      const keeper = await tenantOf('enterprise')
      await write(keeper, server.clock(), 'now')
      const own = (await listAuditMonths(database.sql)).find(({ to }) => to > server.clock())?.table
      for (let step = 0; step < 4; step += 1) {
        server.clock.advance(31 * day)
        await ensureAuditPartitions(database.sql, server.clock())
        const [, made] = await Promise.all([run(), server.tenant()])
        const listed = await server.call('GET', '/v1/audit-logs', { token: made.token })
        expect([listed.status, listed.body.data.data.length]).toEqual([200, 3])
        const past = (await listAuditMonths(database.sql)).filter(({ to }) => to <= ago(30 * day))
        expect(past.map(({ table }) => table)).toEqual(past.length > 0 ? [own] : [])
      }
      expect(await notes(keeper)).toEqual(['now'])
      server.clock.advance(730 * day)
      await ensureAuditPartitions(database.sql, server.clock())
      await run()
      expect(await months()).not.toContain(own)
    })

    it('two runs at once do the work once, and neither fails', async () => {
      const keeper = await tenantOf('starter')
      await write(keeper, ago(90 * day + 1), 'old')
      server.clock.advance(120 * day)
      await ensureAuditPartitions(database.sql, server.clock())
      const before = await months()
      const done = await Promise.all([run(), run()])
      expect(await run()).toBeNull()
      expect(await notes(keeper)).toEqual([])
      const dropped = done.flatMap((one) => one?.months ?? [])
      expect(before.length - (await months()).length).toBe(dropped.length)
      expect(new Set(dropped).size).toBe(dropped.length)
      expect(server.lines.filter((line) => line.includes('not dropped'))).toEqual([])
    })

    // What only shows where there is more than one connection.
    describe.skipIf(engine.name === 'PGlite')('while somebody reads the log for long', () => {
      let end = async (): Promise<void> => {}
      afterEach(() => end())

      /** A transaction that has read the table and stays open until `end`. */
      async function reader() {
        let release = (): void => {}
        const until = new Promise<void>((resolve) => {
          release = resolve
        })
        let done: Promise<void> | undefined
        await new Promise<void>((resolve) => {
          done = database.rawTransaction(async (sql) => {
            await sql.query('select count(*) from audit_logs')
            resolve()
            await until
          })
        })
        end = async () => {
          release()
          await done
        }
      }

      const log = (token: string) => server.call('GET', '/v1/audit-logs', { token })

      it('a month waits for the reader, and neither an insert nor a list waits for the month', async () => {
        const { token } = await server.tenant()
        await reader()
        let over = false
        const purge = run().then((done) => {
          over = true
          return done
        })
        // What is being detached is no longer in the table: then the job is at the point where it waits.
        const waits = async () =>
          (await database.sql.query('select 1 from pg_inherits where inhdetachpending')).length === 1
        await expect.poll(waits).toBe(true)
        await server.tenant()
        expect((await log(token)).body.data.data).toHaveLength(3)
        expect(over).toBe(false)
        await end()
        expect((await purge)?.months.length).toBeGreaterThan(0)
      })

      it('a job that gave up waiting leaves a working log, and the next run finishes', async () => {
        const hasty = await openDatabase({ url: String(url), statementTimeoutMs: 200 })
        const { token } = await server.tenant()
        const before = await months()
        await reader()
        const deps = { ...server.app.deps, database: hasty }
        expect(await purgeAuditLogs(deps, auditRetention)).toBeNull()
        expect(await purgeAuditLogs(deps, auditRetention)).toBeNull()
        await hasty.close()
        expect(server.lines.filter((line) => line.includes('are not dropped yet'))).toHaveLength(2)
        expect((await listAuditMonths(database.sql)).filter(({ leaving }) => leaving)).toMatchObject([
          { table: before[0], attached: false },
        ])
        const ahead = addSeconds(server.clock(), 200 * day)
        expect((await ensureAuditPartitions(database.sql, ahead, 0)).length).toBeGreaterThan(0)
        await server.tenant()
        expect((await log(token)).body.data.data).toHaveLength(3)
        await end()
        expect((await run())?.months[0]).toBe(before[0])
        expect(await months()).not.toContain(before[0])
      })

      it('a month that was detached and not yet dropped goes; one that an operator took out stays', async () => {
        const [first, second] = (await months()) as [string, string]
        await database.sql.query(`comment on table ${first} is 'past its retention'`)
        for (const table of [first, second]) {
          await database.sql.query(`alter table audit_logs detach partition ${table} concurrently`)
        }
        await run()
        const exists = async (table: string) =>
          (await database.sql.query('select 1 from pg_class where relname = $1', [table])).length
        expect([await exists(first), await exists(second)]).toEqual([0, 1])
        await database.sql.query(`drop table ${second}`)
      })
    })
  })
}
