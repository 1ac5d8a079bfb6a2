import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anotherApplication, pay, signIn } from '../../test/account.ts'
import { createAuthenticator } from '../../test/authenticator.ts'
import { browserOf, ORIGIN } from '../../test/ceremonies.ts'
import { type Tenant, type TestApp, testApp } from '../../test/harness.ts'
import { eraseDeletedApplications } from '../applications/erase.ts'
import { foldActiveUsers, purgeOldUsage } from './fold.ts'
import { earlierPeriod, periodOf } from './period.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const usage = async ({ token }: Pick<Tenant, 'token'>, period = periodOf(server.clock())) =>
  (await server.call('GET', `/v1/usage?period=${period}`, { token })).body.data

describe('active users', () => {
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

  it('200 keeps the count of a month when an application is erased with its users', async () => {
    const tenant = await pay(server, await server.tenant(), 'scale')
    const other = await anotherApplication(server, tenant, { allowed_origins: [ORIGIN] })
    for (const name of ['ada', 'grace']) await browserOf(server, other).register(name)
    const { period } = await usage(tenant)
    const gone = await server.call('DELETE', `/v1/applications/${other.applicationId}`, {
      headers: await server.present(tenant, { kind: 'user', role: 'owner' }),
    })
    expect(gone.status).toBe(204)
    server.clock.advance(31 * 86_400)
    expect(await eraseDeletedApplications(server.app.deps)).toBe(1)
    expect(await usage(await pay(server, tenant), period)).toMatchObject({ active_users: 2, users_total: 0 })
    const left = await server.database.sql.query('select 1 from active_users where tenant_id = $1', [tenant.tenantId])
    expect(left).toEqual([])
  })

  it('200 counts a user anew in the next month, and not by what is refused', async () => {
    const tenant = await server.tenant({ origins: [ORIGIN] })
    const browser = browserOf(server, tenant)
    const { device } = await browser.register('ada')
    const { period: last } = await usage(tenant)
    while (periodOf(server.clock()) === last) server.clock.advance(86_400)
    const { token } = await signIn(server, tenant)
    const forged = { device, mutate: { signature: (bytes: Uint8Array) => bytes.fill(1, 8, 16) } }
    expect((await browser.finishSignIn(await browser.startSignIn(), forged)).status).toBe(401)
    const elsewhere = { device: createAuthenticator(), signedOrigin: 'https://evil.example' }
    const begun = await browser.startRegistration({ name: 'grace' })
    expect((await browser.finishRegistration(begun, elsewhere)).status).toBe(400)
    expect((await usage({ token })).active_users).toBe(0)
    expect((await browser.signIn(device)).status).toBe(200)
    expect((await usage({ token })).active_users).toBe(1)
    expect((await usage({ token }, last)).active_users).toBe(1)
  })
})

/** The trail's partitions are made for the clock's months, so months are written where a test needs an old one. */
const markedActive = (tenantId: string, userId: string, period: string) =>
  server.database.sql.query(
    'insert into active_users (tenant_id, user_id, period) values ($1, $2::uuid, $3) on conflict do nothing',
    [tenantId, userId, period],
  )

describe('old usage', () => {
  it('goes after 25 months, one month at a time', async () => {
    const { tenantId } = await server.tenant()
    const { sql } = server.database
    const now = periodOf(server.clock())
    const [kept, old] = [earlierPeriod(now, 25), earlierPeriod(now, 26)]
    const user = '019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57'
    for (const period of [kept, old]) await markedActive(tenantId, user, period)
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
