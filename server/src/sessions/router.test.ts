import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { browserOf, ORIGIN } from '../../test/ceremonies.ts'
import { type TestApp, testApp } from '../../test/harness.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'off' })
})
afterAll(() => server.close())

async function signedIn(settings: object = {}) {
  const tenant = await server.tenant({ origins: [ORIGIN], settings })
  const browser = browserOf(server, tenant)
  const { device, token, data } = await browser.register('ada')
  const call = (method: string, path: string, options: { token?: string; origin?: string } = {}) =>
    server.call(method, path, { token, ...options })
  return { tenant, browser, device, token, data, call }
}

describe('GET /v1/sessions/validate', () => {
  it('200 tells whose session it is, from a listed origin or a backend', async () => {
    const { tenant, call, data } = await signedIn()
    const answer = await call('GET', '/v1/sessions/validate', { origin: ORIGIN })
    expect(answer.body.data).toEqual({
      valid: true,
      user_id: data.user.user_id,
      external_user_id: 'ada',
      tenant_id: tenant.tenantId,
      app_id: tenant.applicationId,
      session_id: expect.any(String),
      is_anonymous: false,
      expires_at: new Date(Math.floor(server.clock().getTime()) + 86_400_000).toISOString(),
      custom_claims: {},
    })
    expect(answer.headers['cache-control']).toBe('no-store')
    expect((await call('GET', '/v1/sessions/validate')).status).toBe(200)
  })

  it('404 from an unlisted origin', async () => {
    const { call } = await signedIn()
    const answer = await call('GET', '/v1/sessions/validate', { origin: 'https://evil.example' })
    expect([answer.status, answer.body.error.code]).toEqual([404, 'origin_not_allowed'])
  })

  it('401 for an access token, a publishable key, nonsense and nothing, each by its code', async () => {
    const { tenant, token } = await signedIn()
    const ask = (headers: Record<string, string>) => server.call('GET', '/v1/sessions/validate', { headers })
    const code = async (value: string) => (await ask({ authorization: `Bearer ${value}` })).body.error.code
    expect(await code(tenant.token)).toBe('invalid_token_type')
    expect(await code(tenant.clientId)).toBe('invalid_token_type')
    expect(await code('nonsense')).toBe('invalid_session_token')
    expect(await code(`${token.slice(0, -4)}AAAA`)).toBe('invalid_session_token')
    const nothing = await ask({})
    expect([nothing.status, nothing.body.error.code, nothing.headers['www-authenticate']]).toEqual([
      401,
      'unauthorized',
      'Bearer',
    ])
    const admin = await server.call('GET', '/v1/users', { token })
    expect([admin.status, admin.body.error.code]).toEqual([401, 'unauthorized'])
  })

  it('401 at the end of session_ttl_seconds', async () => {
    const { call } = await signedIn({ session_ttl_seconds: 300 })
    server.clock.advance(299)
    expect((await call('GET', '/v1/sessions/validate')).status).toBe(200)
    server.clock.advance(1)
    expect((await call('GET', '/v1/sessions/validate')).status).toBe(401)
  })

  it('401 for a disabled user, 403 for a suspended application', async () => {
    const { tenant, call, data } = await signedIn()
    await server.database.sql.query(`update users set status = 'disabled' where id = $1::uuid`, [data.user.user_id])
    expect((await call('GET', '/v1/sessions/validate')).body.error.code).toBe('invalid_session_token')
    await server.database.sql.query(`update applications set status = 'suspended' where id = $1`, [
      tenant.applicationId,
    ])
    server.app.deps.caches.clear()
    const refused = await call('GET', '/v1/sessions/validate')
    expect([refused.status, refused.body.error.code]).toEqual([403, 'tenant_inactive'])
  })

  it('writes last_seen_at at most once a minute', async () => {
    const { call, tenant } = await signedIn()
    const seen = async () =>
      (await server.call('GET', '/v1/users/ada/sessions', { token: tenant.token })).body.data.data[0].last_seen_at
    const first = await seen()
    server.clock.advance(59)
    await call('GET', '/v1/sessions/validate')
    expect(await seen()).toBe(first)
    server.clock.advance(1)
    await call('GET', '/v1/sessions/validate')
    expect(await seen()).toBe(server.clock().toISOString())
  })
})

describe('ending sessions', () => {
  it('204 logs out, at once and with one event; again the token is refused', async () => {
    const { tenant, call } = await signedIn()
    const away = await call('POST', '/v1/sessions/current/logout', { origin: ORIGIN })
    expect([away.status, away.headers['clear-site-data']]).toEqual([204, undefined])
    expect((await call('GET', '/v1/sessions/validate')).body.error.code).toBe('invalid_session_token')
    const logs = await server.call('GET', '/v1/audit-logs?event=session.logout', { token: tenant.token })
    expect(logs.body.data.data).toHaveLength(1)
  })

  it('clears the site’s data only on the server’s own origin', async () => {
    const { call } = await signedIn()
    const answer = await call('POST', '/v1/sessions/current/logout', { origin: 'https://auth.example.com' })
    expect(answer.headers['clear-site-data']).toBe('"cookies", "storage"')
  })

  it('204 for the backend, again 204 without a second event; foreign and missing are the same 404', async () => {
    const [mine, other] = [await signedIn(), await signedIn()]
    const { body } = await mine.call('GET', '/v1/sessions')
    const id = body.data.data[0].id
    expect(body.data.data[0]).toMatchObject({ current: true, method: 'passkey', dbsc: 'none' })
    const foreign = await server.call('DELETE', `/v1/sessions/${id}`, { token: other.tenant.token })
    const missing = await server.call('DELETE', '/v1/sessions/019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57', {
      token: other.tenant.token,
    })
    expect([foreign.status, foreign.text]).toEqual([404, missing.text])
    for (let i = 0; i < 2; i++)
      expect((await server.call('DELETE', `/v1/sessions/${id}`, { token: mine.tenant.token })).status).toBe(204)
    expect((await mine.call('GET', '/v1/sessions/validate')).status).toBe(401)
    const logs = await server.call('GET', '/v1/audit-logs?event=session.revoked', { token: mine.tenant.token })
    expect(logs.body.data.data).toHaveLength(1)
    expect(logs.body.data.data[0].metadata).toMatchObject({ session_id: id, by: 'admin' })
  })

  it('204 ends all sessions of a user, with an event for each', async () => {
    const { tenant, browser, device } = await signedIn()
    await browser.signIn(device)
    expect((await server.call('DELETE', '/v1/users/ada/sessions', { token: tenant.token })).status).toBe(204)
    const logs = await server.call('GET', '/v1/audit-logs?event=session.revoked', { token: tenant.token })
    expect(logs.body.data.data).toHaveLength(2)
  })

  it('204 ends more sessions of a user than one statement has parameters for their events', async () => {
    const { tenant, data } = await signedIn()
    const count = 5100
    await server.database.sql.query(
      `insert into sessions (tenant_id, id, application_id, user_id, method, created_at, last_seen_at, expires_at)
       select $1, gen_random_uuid(), $2, $3::uuid, 'passkey', $4, $4, $4::timestamptz + interval '1 hour' from generate_series(1, $5::int)`,
      [tenant.tenantId, tenant.applicationId, data.user.user_id, server.clock(), count],
    )
    expect((await server.call('DELETE', '/v1/users/ada/sessions', { token: tenant.token })).status).toBe(204)
    const [row] = await server.database.sql.query<{ live: number; events: number }>(
      `select (select count(*)::int from sessions where tenant_id = $1 and revoked_at is null) as live,
              (select count(*)::int from audit_logs where tenant_id = $1 and event = 'session.revoked') as events`,
      [tenant.tenantId],
    )
    expect(row).toEqual({ live: 0, events: count + 1 })
  })

  it("an end user's Idempotency-Key neither replays nor blocks another's or the backend's", async () => {
    const { tenant, browser, token } = await signedIn()
    const [eve, zoe] = [await browser.register('eve'), await browser.register('zoe')]
    const idOf = async (of: string) =>
      (await server.call('GET', '/v1/sessions/validate', { token: of })).body.data.session_id
    const [mine, zoes] = [await idOf(token), await idOf(zoe.token)]
    const end = (id: string, by: string) =>
      server.call('DELETE', `/v1/sessions/${id}`, { token: by, headers: { 'idempotency-key': 'one' } })
    expect((await end(mine, token)).status).toBe(204)
    expect((await end(mine, eve.token)).status).toBe(404)
    expect((await end(zoes, tenant.token)).status).toBe(204)
  })

  it("an end user's calls do not count on the backend's limits", async () => {
    const strict = await testApp(
      { RATE_LIMIT_OVERRIDES: '{"admin_application":{"points":5}}' },
      { database: server.database },
    )
    const tenant = await strict.tenant({ origins: [ORIGIN] })
    const { token } = await browserOf(strict, tenant).register('ada')
    for (let i = 0; i < 10; i++)
      await strict.call('DELETE', '/v1/sessions/019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57', { token })
    expect((await strict.call('GET', '/v1/users', { token: tenant.token })).status).toBe(200)
    await strict.close()
  })

  it('an end user ends own sessions, not another’s', async () => {
    const { tenant, browser, device, call } = await signedIn()
    const eve = await browser.register('eve')
    const second = (await browser.signIn(device, { name: 'ada' })).body.data.session_token
    const id = (await server.call('GET', '/v1/sessions/validate', { token: second })).body.data.session_id
    expect((await server.call('DELETE', `/v1/sessions/${id}`, { token: eve.token })).status).toBe(404)
    expect((await call('DELETE', `/v1/sessions/${id}`)).status).toBe(204)
    expect(tenant.tenantId).toMatch(/^org_/)
  })
})
