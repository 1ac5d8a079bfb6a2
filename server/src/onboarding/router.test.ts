import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../test/database.ts'
import { freshAddress, type TestApp, testApp } from '../../test/harness.ts'
import { type Database, DatabaseAwayError } from '../platform/db.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const vend = (body: unknown, options: { ip?: string; key?: string } = {}) =>
  server.call('POST', '/v1/onboarding/ai', {
    body,
    ip: options.ip ?? freshAddress(),
    ...(options.key ? { headers: { 'idempotency-key': options.key } } : {}),
  })

describe('POST /v1/onboarding/ai', () => {
  it('agents 132: 200 with the published body, bare', async () => {
    const { status, body, headers } = await vend({ name: 'My Agent Name' })
    expect(status).toBe(200)
    expect(Object.keys(body)).toEqual([
      'tenantId',
      'clientId',
      'clientSecret',
      'publishableKey',
      'applicationId',
      'limits',
      'inactivity_purge_after_days',
      'claim',
    ])
    expect(body.tenantId).toMatch(/^org_[0-9A-Za-z]+$/)
    expect(body.clientId).toMatch(/^cli_[0-9A-Za-z]+$/)
    expect(body.clientSecret).toMatch(/^sec_[0-9A-Za-z]{49}$/)
    expect(body.applicationId).toMatch(/^app_[0-9A-Za-z]+$/)
    expect(body.publishableKey).toBe(body.clientId)
    expect(body.limits).toEqual({ maxUsers: 15, maxApps: 1 })
    expect(body.inactivity_purge_after_days).toBe(7)
    expect(headers['cache-control']).toBe('no-store')
  })

  it('503 while the database is away does not use up the hour', async () => {
    const database = await testDatabase()
    const outage = { left: 1 }
    const flaky: Database = {
      ...database,
      transaction: (work) =>
        outage.left-- > 0 ? Promise.reject(new DatabaseAwayError('away')) : database.transaction(work),
    }
    const app = await testApp({}, { database: flaky })
    const ip = freshAddress()
    const post = () => app.call('POST', '/v1/onboarding/ai', { body: { name: 'Patient' }, ip })
    const refused = await post()
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '2'])
    expect([(await post()).status, (await post()).status]).toEqual([200, 429])
    await app.close()
  })

  it('security 138: only a keyed hash of the secret is stored', async () => {
    const { body } = await vend({ name: 'Hashed' })
    const secret = body.clientSecret.slice(4)
    for (const table of ['client_secrets', 'audit_logs', 'idempotency_records', 'applications']) {
      const rows = await server.database.sql.query<{ t: string }>(`select x::text as t from ${table} x`)
      expect(rows.filter((row) => row.t.includes(secret))).toEqual([])
    }
    expect(server.lines.join('\n')).not.toContain(secret)
  })

  it.each([
    ['no body', undefined, 'name: is required'],
    ['an empty name', { name: '  ' }, 'name: must be 1 to 100 characters'],
    ['101 characters', { name: 'x'.repeat(101) }, 'name: must be 1 to 100 characters'],
    ['direction overrides', { name: 'a\u202eb' }, 'name: must not hold'],
    ['control characters', { name: 'a\nb' }, 'name: must not hold'],
    ['an unknown member', { name: 'a', plan: 'enterprise' }, 'plan: is not a known field'],
  ])('400 for %s, which does not use up the hour', async (_, body, message) => {
    const ip = freshAddress()
    const refused = await vend(body, { ip })
    expect([refused.status, refused.body.ok, refused.body.error.code]).toEqual([400, false, 'validation_error'])
    expect(refused.body.error.message).toContain(message)
    expect((await vend({ name: 'ok' }, { ip })).status).toBe(200)
  })

  it('agents 133: 429 with Retry-After for the second call of an address within the hour; nothing is made', async () => {
    const ip = freshAddress()
    expect((await vend({ name: 'one' }, { ip })).status).toBe(200)
    const [before] = await server.database.sql.query<{ n: number }>('select count(*)::int as n from tenants')
    const second = await vend({ name: 'two' }, { ip })
    expect([second.status, second.body.error.code]).toEqual([429, 'rate_limit_exceeded'])
    const wait = Number(second.headers['retry-after'])
    expect(wait).toBeGreaterThan(3500)
    expect(wait).toBeLessThanOrEqual(3600)
    const [after] = await server.database.sql.query<{ n: number }>('select count(*)::int as n from tenants')
    expect(after?.n).toBe(before?.n)
  })

  it('agents 133, security 224: counts IPv6 by /64 and IPv4-mapped addresses as IPv4', async () => {
    expect((await vend({ name: 'a' }, { ip: '2001:db8:1:1::1' })).status).toBe(200)
    expect((await vend({ name: 'b' }, { ip: '2001:db8:1:1:ffff::2' })).status).toBe(429)
    expect((await vend({ name: 'c' }, { ip: '2001:db8:1:2::1' })).status).toBe(200)
    expect((await vend({ name: 'd' }, { ip: '198.51.100.44' })).status).toBe(200)
    expect((await vend({ name: 'e' }, { ip: '::ffff:198.51.100.44' })).status).toBe(429)
  })

  it('agents 137: replays the stored answer for the same Idempotency-Key, uncounted and encrypted at rest', async () => {
    const ip = freshAddress()
    const first = await vend({ name: 'again' }, { ip, key: 'agent-key-0123456789' })
    const second = await vend({ name: 'again' }, { ip, key: 'agent-key-0123456789' })
    expect([second.status, second.text]).toEqual([200, first.text])
    expect(second.headers['idempotent-replayed']).toBe('true')
    const other = await vend({ name: 'other' }, { ip, key: 'agent-key-0123456789' })
    expect([other.status, other.body.error.code]).toEqual([422, 'idempotency_key_reused'])
    const short = await vend({ name: 'again' }, { ip, key: 'short' })
    expect(short.status).toBe(400)
    const elsewhere = await vend({ name: 'again' }, { key: 'agent-key-0123456789' })
    expect(elsewhere.body.tenantId).not.toBe(first.body.tenantId)
    // After ten minutes it is a fresh request, under the limit of every other.
    server.clock.advance(601)
    expect((await vend({ name: 'again' }, { ip, key: 'agent-key-0123456789' })).status).toBe(429)
  })

  it('agents 134: 503 free_ai_capacity_reached at the cap, without using up the hour', async () => {
    const [row] = await server.database.sql.query<{ n: number }>(
      `select count(*)::int as n from tenants t join accounts a on a.id = t.account_id where a.plan = 'free_ai' and t.claimed_at is null`,
    )
    const full = await testApp({ FREE_AI_TENANT_CAP: String(row?.n ?? 0) }, { database: server.database })
    const ip = freshAddress()
    const refused = await full.call('POST', '/v1/onboarding/ai', { body: { name: 'x' }, ip })
    expect([refused.status, refused.body.error.code]).toEqual([503, 'free_ai_capacity_reached'])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    full.app.deps.config.FREE_AI_TENANT_CAP += 1
    expect((await full.call('POST', '/v1/onboarding/ai', { body: { name: 'x' }, ip })).status).toBe(200)
    await full.close()
  })
})

describe('GET /v1/onboarding/ai', () => {
  it('200 tells what a POST would meet', async () => {
    const ip = freshAddress()
    const before = await server.call('GET', '/v1/onboarding/ai', { ip })
    expect(before.body).toEqual({
      available: true,
      limits: { maxUsers: 15, maxApps: 1 },
      inactivity_purge_after_days: 7,
      rate_limit: { count: 1, window_seconds: 3600 },
    })
    await vend({ name: 'used' }, { ip })
    const after = await server.call('GET', '/v1/onboarding/ai', { ip })
    expect(after.body.available).toBe(false)
    expect(after.body.retry_after).toBeGreaterThan(3500)
  })
})
