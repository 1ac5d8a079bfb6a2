import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Tenant, type TestApp, testApp } from '../../test/harness.ts'
import type { Sql } from '../platform/db.ts'
import { createLog } from '../platform/log.ts'
import { createMeter, type Meter } from './meter.ts'
import { earlierPeriod, periodOf } from './period.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

/** What is stored for a month, of whatever process. */
async function stored({ tenantId }: Pick<Tenant, 'tenantId'>, period = periodOf(server.clock())): Promise<number> {
  const [row] = await server.database.sql.query<{ n: number }>(
    'select api_calls as n from usage_totals where tenant_id = $1 and period = $2',
    [tenantId, period],
  )
  return row?.n ?? 0
}

/** A meter of another process, on a connection that may fail. */
function another(query: Sql['query'], maxTenants?: number): Meter & { lines: string[] } {
  const lines: string[] = []
  const log = createLog('info', (line) => void lines.push(JSON.parse(line).msg))
  return Object.assign(createMeter({ query }, server.clock, log, maxTenants), { lines })
}

const query: Sql['query'] = (text, values) => server.database.sql.query(text, values)

const times = (meter: Meter, { tenantId }: Tenant, calls: number) => {
  for (let i = 0; i < calls; i++) meter.count(tenantId)
}

function signal() {
  let give = () => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { give: () => give(), given }
}

/** A tenant whose own calls are out of the way. */
async function tenantWithCount(): Promise<{ tenant: Tenant; before: number }> {
  const tenant = await server.tenant()
  await server.app.deps.meter.flush()
  return { tenant, before: await stored(tenant) }
}

describe('the meter', () => {
  it('adds a fold whose commit was in doubt only once, and what was counted meanwhile right after it', async () => {
    const { tenant, before } = await tenantWithCount()
    let unheard = 2
    const meter = another(async (text, values) => {
      const rows = await query<never>(text, values)
      // It was written, and nobody heard.
      if (unheard-- > 0) throw new Error('connection terminated')
      return rows
    })
    times(meter, tenant, 5)
    await meter.flush()
    times(meter, tenant, 1)
    await meter.flush()
    expect(await stored(tenant)).toBe(before + 5)
    times(meter, tenant, 1)
    await meter.flush()
    expect(await stored(tenant)).toBe(before + 7)
  })

  it('keeps counting while the database is away, says so once, and folds all of it once it is back', async () => {
    const { tenant, before } = await tenantWithCount()
    let away = true
    const meter = another((text, values) => (away ? Promise.reject(new Error('away')) : query(text, values)))
    for (let i = 0; i < 3; i++) {
      times(meter, tenant, 10)
      await meter.flush()
    }
    expect([await stored(tenant), meter.lines]).toEqual([before, ['usage is not folded']])
    away = false
    await meter.flush()
    expect([await stored(tenant), meter.lines]).toEqual([before + 30, ['usage is not folded', 'usage is folded again']])
  })

  it('keeps a bounded number of tenants while the database is away, and says that it counts no more', async () => {
    const { tenant, before } = await tenantWithCount()
    const late = await tenantWithCount()
    let away = true
    const meter = another((text, values) => (away ? Promise.reject(new Error('away')) : query(text, values)), 3)
    meter.count('org_a')
    meter.count('org_b')
    times(meter, tenant, 2)
    for (let i = 0; i < 5; i++) meter.count(`org_${i}`)
    times(meter, late.tenant, 4)
    times(meter, tenant, 1)
    away = false
    await meter.flush()
    expect(meter.lines).toEqual(['usage of more tenants than memory is given for is not counted'])
    expect(await stored(tenant)).toBe(before + 3)
    expect(await stored(late.tenant)).toBe(late.before)
    times(meter, late.tenant, 4)
    await meter.flush()
    expect(await stored(late.tenant)).toBe(late.before + 4)
  })

  it('asks a database that does not answer once at a time, however many wait', async () => {
    const { tenant, before } = await tenantWithCount()
    const [begun, answer] = [signal(), signal()]
    let asked = 0
    const meter = another(async (text, values) => {
      asked += 1
      begun.give()
      await answer.given
      if (asked <= 2) throw new Error('timed out')
      return query(text, values)
    })
    times(meter, tenant, 1)
    const waiting = [meter.flush()]
    await begun.given
    times(meter, tenant, 1)
    for (let i = 0; i < 100; i++) waiting.push(meter.flush())
    answer.give()
    await Promise.all(waiting)
    // One try, and one more for all who came during it: nobody waits for the tries of the others.
    expect([asked, await stored(tenant)]).toEqual([2, before])
    await meter.flush()
    expect(await stored(tenant)).toBe(before + 2)
  })

  it('folds more tenants than one statement takes, and leaves no row for one that is gone', async () => {
    const { tenant, before } = await tenantWithCount()
    const { meter } = server.app.deps
    for (let i = 0; i < 2500; i++) meter.count(`org_gone${i}`)
    times(meter, tenant, 3)
    await meter.flush()
    expect(await stored(tenant)).toBe(before + 3)
    expect(await server.database.sql.query(`select 1 from usage_totals where tenant_id like 'org_gone%'`)).toEqual([])
  })

  it('folds by itself, and the rest when it is closed', async () => {
    const { tenant, before } = await tenantWithCount()
    const meter = another(query)
    meter.start()
    times(meter, tenant, 3)
    await expect.poll(() => stored(tenant), { timeout: 10_000 }).toBe(before + 3)
    times(meter, tenant, 2)
    await meter.close()
    expect(await stored(tenant)).toBe(before + 5)
  })

  it('counts in the month of the answer, on both sides of midnight UTC', async () => {
    const { tenant, before } = await tenantWithCount()
    const last = periodOf(server.clock())
    const now = server.clock()
    const next = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1)
    server.clock.advance((next - now.getTime()) / 1000 - 0.001)
    const meter = another(query)
    times(meter, tenant, 2)
    server.clock.advance(0.001)
    times(meter, tenant, 3)
    await meter.flush()
    const first = periodOf(server.clock())
    expect(earlierPeriod(first, 1)).toBe(last)
    expect([await stored(tenant, last), await stored(tenant, first)]).toEqual([before + 2, 3])
  })
})
