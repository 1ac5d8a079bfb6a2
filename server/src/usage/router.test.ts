import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { browserOf, ORIGIN } from '../../test/ceremonies.ts'
import { type Tenant, type TestApp, testApp } from '../../test/harness.ts'
import { foldActiveUsers, purgeOldUsage } from './fold.ts'
import { createMeter } from './meter.ts'
import { earlierPeriod, periodOf } from './period.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const usage = async ({ token }: Pick<Tenant, 'token'>, period = periodOf(server.clock()), app = server) =>
  (await app.call('GET', `/v1/usage?period=${period}`, { token })).body.data

/** The trail's partitions are made for the clock's months, so months are written where a test needs an old one. */
const signIn = (tenantId: string, userId: string, period: string) =>
  server.database.sql.query(
    'insert into active_users (tenant_id, user_id, period) values ($1, $2::uuid, $3) on conflict do nothing',
    [tenantId, userId, period],
  )

describe('GET /v1/usage', () => {
  it('200 counts answers of /v1 and /oauth, refusals too, but not 429', async () => {
    const tight = await testApp({ RATE_LIMIT_OVERRIDES: '{"admin_write":{"points":2}}' }, { clock: server.clock })
    const tenant = await tight.tenant()
    const { api_calls: before } = await usage(tenant, undefined, tight)
    // The token and the question itself, whose answer came after it was counted.
    expect(before).toBe(1)
    const post = (body: object) => tight.call('POST', '/v1/users', { token: tenant.token, body })
    const statuses = [await post({ external_user_id: 'a' }), await post({}), await post({ external_user_id: 'b' })]
    expect(statuses.map(({ status }) => status)).toEqual([201, 400, 429])
    await tight.call('GET', '/v1/users/missing', { token: tenant.token })
    await tight.call('GET', '/v1/users', { token: 'wrong' })
    await tight.call('GET', '/health')
    expect(await usage(tenant, undefined, tight)).toEqual({
      tenant_id: tenant.tenantId,
      period: periodOf(server.clock()),
      // The first question, 201, 400 and 404.
      api_calls: before + 4,
      active_users: 0,
      qr_sessions: 0,
      emails_sent: 0,
      users_total: 1,
    })
    await tight.close()
  })

  it('200 counts 5xx for nobody', async () => {
    const tenant = await server.tenant()
    await usage(tenant)
    const { api_calls: before } = await usage(tenant)
    await server.database.sql.query('alter table users rename to users_away')
    const broken = await server.call('GET', '/v1/users/anybody', { token: tenant.token })
    await server.database.sql.query('alter table users_away rename to users')
    expect(broken.status).toBe(500)
    expect((await usage(tenant)).api_calls).toBe(before + 1)
  })

  it('200 counts whoever signs in once a month, by passkey or by registering one', async () => {
    const tenant = await server.tenant({ origins: [ORIGIN] })
    const browser = browserOf(server, tenant)
    const { device } = await browser.register('ada')
    await browser.register('grace')
    for (let i = 0; i < 3; i++) expect((await browser.signIn(device)).status).toBe(200)
    expect(await usage(tenant)).toMatchObject({ active_users: 2, users_total: 2 })
    // Folding changes where they stand, not how many they are.
    while ((await foldActiveUsers(server.database.sql, 1)) > 0) expect((await usage(tenant)).active_users).toBe(2)
    expect((await browser.signIn(device)).status).toBe(200)
    expect((await usage(tenant)).active_users).toBe(2)
  })

  it('200 keeps the count of a month when a user of it is erased', async () => {
    const tenant = await server.tenant({ origins: [ORIGIN] })
    const browser = browserOf(server, tenant)
    await browser.register('early')
    while ((await foldActiveUsers(server.database.sql, 500)) > 0);
    await browser.register('late')
    for (const name of ['early', 'late']) {
      expect((await server.call('DELETE', `/v1/users/${name}`, { token: tenant.token })).status).toBe(204)
    }
    expect(await usage(tenant)).toMatchObject({ active_users: 2, users_total: 0 })
    const left = await server.database.sql.query('select 1 from active_users where tenant_id = $1', [tenant.tenantId])
    expect(left).toEqual([])
  })

  it('200 for past months, by the clock at the answer, and nothing of before there was anything', async () => {
    const tenant = await server.tenant()
    await server.app.deps.meter.flush()
    const { api_calls: before, period: last } = await usage(tenant)
    while (periodOf(server.clock()) === last) server.clock.advance(86_400)
    const { token } = await signInAgain(tenant)
    expect((await usage({ token }, last)).api_calls).toBe(before + 1)
    expect((await usage({ token })).api_calls).toBe(2)
    expect(await usage({ token }, '1999-12')).toMatchObject({ api_calls: 0, active_users: 0 })
  })

  it.each([
    ['', 'is required'],
    ['period=', 'must be a month, YYYY-MM'],
    ['period=2026-13', 'must be a month, YYYY-MM'],
    ['period=2026-4', 'must be a month, YYYY-MM'],
    ['period=2026-04-01', 'must be a month, YYYY-MM'],
    ['period=2999-01', 'must not be in the future'],
  ])('400 naming period for %j', async (query, problem) => {
    const { token } = await server.tenant()
    const { status, body } = await server.call('GET', `/v1/usage?${query}`, { token })
    expect([status, body.error.code, body.error.message]).toEqual([400, 'validation_error', `period: ${problem}`])
  })
})

async function signInAgain({ clientId, clientSecret }: Tenant): Promise<{ token: string }> {
  const body = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
  return { token: (await server.call('POST', '/oauth/token', { body })).body.access_token }
}

describe('the meter', () => {
  it('adds a fold whose commit was in doubt only once', async () => {
    const tenant = await server.tenant()
    const { sql } = server.database
    let lost = 0
    const unsure = createMeter(
      {
        async query<R>(text: string, values?: readonly unknown[]): Promise<R[]> {
          const rows = await sql.query<R>(text, values)
          // It was written, and nobody heard.
          if (lost++ < 2) throw new Error('connection terminated')
          return rows
        },
      },
      server.clock,
      server.app.deps.log,
    )
    const before = (await usage(tenant)).api_calls
    for (let i = 0; i < 5; i++) unsure.count(tenant.tenantId)
    await unsure.flush()
    unsure.count(tenant.tenantId)
    await unsure.flush()
    await unsure.close()
    expect((await usage(tenant)).api_calls).toBe(before + 1 + 6)
  })

  it('leaves no row for a tenant that is gone', async () => {
    const { meter } = server.app.deps
    meter.count('org_gone')
    await meter.flush()
    expect(await server.database.sql.query(`select 1 from usage_totals where tenant_id = 'org_gone'`)).toEqual([])
  })
})

describe('old usage', () => {
  it('goes after 25 months, one month at a time', async () => {
    const { tenantId } = await server.tenant()
    const { sql } = server.database
    const now = periodOf(server.clock())
    const [kept, old] = [earlierPeriod(now, 25), earlierPeriod(now, 26)]
    const user = '019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57'
    for (const period of [kept, old]) await signIn(tenantId, user, period)
    while ((await foldActiveUsers(sql, 500)) > 0);
    await purgeOldUsage(sql, server.clock(), 500)
    const periods = async (table: string) =>
      (await sql.query<{ period: string }>(`select period from ${table} where tenant_id = $1`, [tenantId])).map(
        ({ period }) => period,
      )
    expect(await periods('active_users')).toEqual([kept])
    expect(await periods('usage_totals')).toEqual([kept])
  })

  it.each([
    ['2026-04', 0, '2026-04'],
    ['2026-01', 1, '2025-12'],
    ['2026-04', 25, '2024-03'],
  ])('%s less %i months is %s', (period, months, expected) => {
    expect(earlierPeriod(period, months)).toBe(expected)
  })
})
