import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signIn } from '../../test/account.ts'
import { browserOf, ORIGIN } from '../../test/ceremonies.ts'
import { type Answer, type Tenant, type TestApp, testApp } from '../../test/harness.ts'
import { periodOf } from './period.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const usage = async ({ token }: Pick<Tenant, 'token'>, period = periodOf(server.clock()), app = server) =>
  (await app.call('GET', `/v1/usage?period=${period}`, { token })).body.data

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

  it('200 counts a call for the tenant whose credential was accepted, by whichever way it came', async () => {
    const [tenant, other] = [await server.tenant({ origins: [ORIGIN] }), await server.tenant()]
    const { token, clientId, clientSecret } = tenant
    const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`
    const session = (await browserOf(server, tenant).register('ada')).token
    const grant = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
    const { api_calls: others } = await usage(other)
    let { api_calls: before } = await usage(tenant)
    const cases: [string, number, number, () => Promise<Answer>][] = [
      ['an access token', 200, 1, () => server.call('GET', '/v1/users', { token })],
      ['a client secret', 200, 1, () => server.call('GET', '/v1/users', { headers: { authorization: basic } })],
      ['HEAD', 200, 1, () => server.call('HEAD', '/v1/users', { token })],
      ['a publishable key', 200, 1, () => browserOf(server, tenant).startSignIn()],
      ['a session', 200, 1, () => server.call('GET', '/v1/sessions', { token: session, origin: ORIGIN })],
      ['an agent without the scope', 403, 1, () => server.call('GET', '/v1/users', { headers: weak })],
      ['a missing user', 404, 1, () => server.call('GET', '/v1/users/missing', { token })],
      ['a token', 200, 1, () => server.call('POST', '/oauth/token', { body: grant })],
      ['a wrong scope', 400, 1, () => server.call('POST', '/oauth/token', { body: { ...grant, scope: 'x' } })],
      ['/trpc', 200, 1, () => server.call('GET', '/trpc/users.list?input=%7B%7D', { token })],
      ['/trpc, refused', 400, 1, () => server.call('POST', '/trpc/users.create', { token, body: {} })],
      ['another tenant', 200, 0, () => server.call('GET', '/v1/users', { token: other.token })],
      ['a bad token', 401, 0, () => server.call('GET', '/v1/users', { token: `${token}x` })],
      ['nobody', 401, 0, () => server.call('GET', '/v1/users')],
      ['a wrong secret', 401, 0, () => server.call('POST', '/oauth/token', { body: { ...grant, client_secret: 'x' } })],
      ['a foreign origin', 404, 0, () => browserOf(server, tenant, 'https://evil.example').startSignIn()],
      ['a preflight', 204, 0, () => server.call('OPTIONS', '/v1/sessions', { origin: ORIGIN })],
      ['no such route', 404, 0, () => server.call('GET', '/v1/nothing', { token })],
      ['another method', 405, 0, () => server.call('DELETE', '/v1/users', { token })],
      ['/health', 200, 0, () => server.call('GET', '/health', { token })],
    ]
    const weak = await server.present(tenant, { kind: 'agent', scopes: ['usage:read'] })
    for (const [name, status, calls, call] of cases) {
      const answer = await call()
      const { api_calls: now } = await usage(tenant)
      // The question before is one, too.
      expect([name, answer.status, now - before - 1]).toEqual([name, status, calls])
      before = now
    }
    expect((await usage(other)).api_calls).toBe(others + 2)
  })

  it('200 counts a replay and a call whose answer is a stream', async () => {
    const { token } = await server.tenant()
    const create = () =>
      server.call('POST', '/v1/users', {
        token,
        body: { external_user_id: 'a' },
        headers: { 'idempotency-key': 'same' },
      })
    const { api_calls: before } = await usage({ token })
    for (let i = 0; i < 2; i++) expect((await create()).status).toBe(201)
    expect((await server.call('GET', '/v1/users?format=ndjson', { token })).status).toBe(200)
    expect((await usage({ token })).api_calls).toBe(before + 4)
  })

  it('a call is in the totals within seconds, although nobody asks', async () => {
    const { tenantId, token } = await server.tenant()
    await server.call('GET', '/v1/users', { token })
    const total = async () =>
      (
        await server.database.sql.query<{ n: number }>('select api_calls as n from usage_totals where tenant_id = $1', [
          tenantId,
        ])
      )[0]?.n
    await expect.poll(total, { timeout: 10_000 }).toBe(2)
  })

  it('200 for past months, by the clock at the answer, and nothing of before there was anything', async () => {
    const tenant = await server.tenant()
    await server.app.deps.meter.flush()
    const { api_calls: before, period: last } = await usage(tenant)
    while (periodOf(server.clock()) === last) server.clock.advance(86_400)
    const { token } = await signIn(server, tenant)
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
