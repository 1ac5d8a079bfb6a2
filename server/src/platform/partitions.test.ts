import { beforeAll, describe, expect, it } from 'vitest'
import { emptyPostgres, testServer } from '../../test/database.ts'
import { type Database, openDatabase } from './db.ts'
import { migrate } from './migrate.ts'
import { ensureAuditPartitions, uuidV7LowerBound } from './partitions.ts'
import { fromMillis } from './time.ts'

const DAY = 24 * 60 * 60 * 1000
const utc = (year: number, month: number, day = 1, ...rest: number[]): Date =>
  fromMillis(Date.UTC(year, month - 1, day, ...rest))

describe('uuidV7LowerBound', () => {
  it.each([
    [fromMillis(0), '00000000-0000-7000-8000-000000000000'],
    [utc(2026, 11), '01a19467-e800-7000-8000-000000000000'],
    // RFC 9562 appendix A.6: 017F22E2-79B0-7CC3-98C4-DC0C0C07398F is of this moment.
    [utc(2022, 2, 22, 19, 22, 22), '017f22e2-79b0-7000-8000-000000000000'],
  ])('of %s is %s', (date, bound) => {
    expect(uuidV7LowerBound(date)).toBe(bound)
  })

  it('refuses what a UUIDv7 cannot say', () => {
    expect(() => uuidV7LowerBound(fromMillis(-1))).toThrow(RangeError)
    expect(() => uuidV7LowerBound(fromMillis(Number.NaN))).toThrow(RangeError)
  })
})

const insert = `insert into audit_logs (tenant_id, id, event, category, success, actor, created_at)
  values ('t', $1, 'e', 'c', true, '{}', $2)`

const engines = [
  {
    name: 'PGlite',
    skip: false,
    open: async () => ({ database: await openDatabase({ dataDir: 'memory://' }), drop: async () => {} }),
  },
  {
    name: testServer ? 'PostgreSQL' : 'PostgreSQL: SKIPPED, TEST_DATABASE_URL is not set',
    skip: !testServer,
    open: async () => {
      const { url, drop } = await emptyPostgres(String(testServer))
      return { database: await openDatabase({ url }), drop }
    },
  },
]

for (const engine of engines) {
  describe.skipIf(engine.skip)(`ensureAuditPartitions on ${engine.name}`, () => {
    let database: Database
    beforeAll(async () => {
      const opened = await engine.open()
      database = opened.database
      await migrate(database)
      return async () => {
        await database.close()
        await opened.drop()
      }
    }, 60_000)

    it('makes this month and the next three, once, on instances that start together', async () => {
      const now = utc(2026, 11, 21)
      const made = await Promise.all([1, 2, 3].map(() => ensureAuditPartitions(database.sql, now)))
      const months = ['audit_logs_2026_11', 'audit_logs_2026_12', 'audit_logs_2027_01', 'audit_logs_2027_02']
      expect(made).toContainEqual(months)
      expect(await ensureAuditPartitions(database.sql, now)).toEqual([])
      const rows = await database.sql.query<{ name: string }>(
        `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit_logs'::regclass order by 1`,
      )
      expect(rows.map(({ name }) => name)).toEqual(months)
      expect(await ensureAuditPartitions(database.sql, utc(2026, 12, 31, 23, 59))).toEqual(['audit_logs_2027_03'])
    })

    it('finds a partition for every moment from now to three months ahead', async () => {
      const now = utc(2026, 11, 21)
      await ensureAuditPartitions(database.sql, now)
      for (let day = 0; day <= 90; day += 1) {
        const moment = fromMillis(now.getTime() + day * DAY)
        await database.sql.query(insert, [uuidV7LowerBound(moment), moment])
      }
      const late = utc(2030, 1)
      await expect(database.sql.query(insert, [uuidV7LowerBound(late), late])).rejects.toThrow('no partition')
    })

    it('on the first day of a month has room for an instance whose clock is behind', async () => {
      expect(await ensureAuditPartitions(database.sql, utc(2028, 3, 1, 0, 5), 0)).toEqual([
        'audit_logs_2028_02',
        'audit_logs_2028_03',
      ])
    })

    it('carries every index of the table, the partial ones included', async () => {
      const rows = await database.sql.query<{ definition: string }>(
        `select indexdef as definition from pg_indexes where tablename = 'audit_logs_2026_12' order by indexname`,
      )
      const on = (text: string) => rows.filter(({ definition }) => definition.includes(text)).length
      expect([
        rows.length,
        on('(tenant_id, event, id)'),
        on('(tenant_id, user_id, id) WHERE (user_id IS NOT NULL)'),
        on('(tenant_id, id) WHERE (NOT success)'),
      ]).toEqual([7, 1, 1, 1])
    })

    it('reads only the months that a filter by time needs', async () => {
      const plan = await database.sql.query<{ 'QUERY PLAN': string }>(
        `explain select id from audit_logs where tenant_id = 't' and id >= '${uuidV7LowerBound(utc(2026, 12))}'
         and id < '${uuidV7LowerBound(utc(2027, 1))}' order by id desc limit 51`,
      )
      const text = plan.map((row) => row['QUERY PLAN']).join('\n')
      expect(text.match(/audit_logs_\d{4}_\d\d/g)?.filter((name) => name !== 'audit_logs_2026_12')).toEqual([])
      expect(text).toContain('audit_logs_2026_12')
    })
  })
}
