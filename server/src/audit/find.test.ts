import { beforeAll, describe, expect, it } from 'vitest'
import { emptyPostgres, testServer } from '../../test/database.ts'
import type { Ctx } from '../platform/context.ts'
import { type Database, openDatabase, type Sql } from '../platform/db.ts'
import { migrate } from '../platform/migrate.ts'
import { ensureAuditPartitions, uuidV7LowerBound } from '../platform/partitions.ts'
import type { Backend } from '../platform/principal.ts'
import { addSeconds, fromMillis } from '../platform/time.ts'
import { type AuditFilter, findRows } from './find.ts'

const now = fromMillis(Date.UTC(2027, 5, 15))
const rows = 60_000
const userId = '00000000-0000-0000-0000-000000000007'

type Node = { 'Actual Rows': number; 'Actual Loops': number; 'Rows Removed by Filter'?: number; Plans?: Node[] }

/** Rows that the leaves of a plan looked at. */
function read(node: Node): number {
  if (node.Plans) return node.Plans.reduce((total, plan) => total + read(plan), 0)
  return (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
}

const name = testServer ? 'PostgreSQL' : 'PostgreSQL: SKIPPED, TEST_DATABASE_URL is not set'

describe.skipIf(!testServer)(`a page out of ${rows} rows of one tenant on ${name}`, () => {
  let database: Database
  beforeAll(async () => {
    const { url, drop } = await emptyPostgres(String(testServer))
    database = await openDatabase({ url, statementTimeoutMs: 60_000 })
    await migrate(database)
    await ensureAuditPartitions(database.sql, addSeconds(now, -150 * 86_400), 6)
    // One large tenant with a large and a small application among many small tenants, over five months.
    await database.sql.query(
      `insert into audit_logs (tenant_id, id, application_id, event, category, success, user_id, actor, metadata, created_at)
       select case when g > ${rows} then 'org_' || g % 500 else 'org_big' end,
              (lpad(to_hex(ms), 12, '0') || '7' || substr(md5(g::text), 1, 3) || '8' || substr(md5(g::text), 4, 15))::uuid,
              case when g % 200 = 0 then null when g % 200 <= 3 then 'app_small' else 'app_large' end,
              case when g % 10 < 6 then 'auth.success' when g % 10 = 6 then 'auth.failed'
                   when g % 2000 = 8 then 'user.deleted' else 'registration.started' end,
              'operation', g % 10 <> 6,
              case when g % 3 > 0 then lpad(to_hex(g % 1000), 32, '0')::uuid end, '{}', '{}', to_timestamp(ms / 1000.0)
       from (select g, ($1::bigint - (g % 150) * 86400000::bigint - g) as ms from generate_series(1, ${rows * 1.5}) g) as x`,
      [now.getTime()],
    )
    await database.sql.query('analyze audit_logs')
    return async () => {
      await database.close()
      await drop()
    }
  }, 60_000)

  async function rowsRead(applicationId: string, filter: AuditFilter, below?: string) {
    let plans: Node[] = []
    const sql: Sql = {
      query: async (text, values) => {
        const [row] = await database.sql.query<{ 'QUERY PLAN': { Plan: Node }[] }>(
          `explain (analyze, format json) ${text}`,
          values,
        )
        plans = (row?.['QUERY PLAN'] ?? []).map(({ Plan }) => Plan)
        return database.sql.query(text, values)
      },
    }
    const principal = { kind: 'service', tenantId: 'org_big', applicationId } as Backend
    const found = await findRows({ sql, principal } as Ctx<Backend>, filter, below, 51)
    return [found.length, plans.reduce((total, plan) => total + read(plan), 0)] as const
  }

  const days = (count: number) => addSeconds(now, -count * 86_400).toISOString()
  const filters: AuditFilter[] = []
  for (const event of [undefined, 'auth.success', 'auth.failed', 'user.deleted', 'dbsc.session.verified'] as const)
    for (const success of [undefined, true, false])
      for (const user_id of [undefined, userId])
        for (const [from, to] of [[], [days(100), days(70)], [undefined, days(40)]])
          filters.push({ event, success, user_id, from, to })

  it.each(['app_large', 'app_small', 'app_none'])(
    'reads about as much as it shows, whatever the filter: %s',
    async (app) => {
      const results: [AuditFilter, number][] = []
      for (const filter of filters) results.push([filter, (await rowsRead(app, filter))[1]])
      const worst = results.filter(([, count]) => count > rows / 20)
      expect(worst).toEqual([])
      expect(filters).toHaveLength(90)
    },
  )

  it('reads no more on a later page', async () => {
    const below = uuidV7LowerBound(addSeconds(now, -120 * 86_400))
    const [shown, count] = await rowsRead('app_large', {}, below)
    expect(shown).toBe(51)
    expect(count).toBeLessThan(300)
  })
})
