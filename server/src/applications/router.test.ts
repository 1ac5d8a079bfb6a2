import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestApp, testApp } from '../../test/harness.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

describe('GET /v1/applications', () => {
  it('200 lists and reads the own application with its settings', async () => {
    const { token, applicationId, tenantId, clientId } = await server.tenant()
    const list = await server.call('GET', '/v1/applications', { token })
    expect(list.body.data).toMatchObject({ has_more: false, next_cursor: null })
    const one = await server.call('GET', `/v1/applications/${applicationId}`, { token })
    expect(one.body.data).toEqual(list.body.data.data[0])
    expect(one.body.data).toMatchObject({
      id: applicationId,
      tenant_id: tenantId,
      client_id: clientId,
      publishable_key: clientId,
      allowed_origins: [],
      registration_policy: 'open',
      plan: 'free_ai',
    })
  })

  it.each(['GET', 'PATCH'])('404 for %s of a foreign application, byte for byte like a missing one', async (method) => {
    const [mine, other] = [await server.tenant(), await server.tenant()]
    const call = (id: string) =>
      server.call(method, `/v1/applications/${id}`, {
        token: mine.token,
        ...(method === 'PATCH' ? { body: { name: 'x' } } : {}),
      })
    const foreign = await call(other.applicationId)
    const missing = await call('app_0000000000000000000000')
    expect([foreign.status, foreign.body.error.code, foreign.text]).toEqual([
      404,
      'application_not_found',
      missing.text,
    ])
    // The owner can read who asked; the caller cannot.
    const seen = await server.call('GET', '/v1/audit-logs?event=authorization.denied', { token: other.token })
    expect(seen.body.data.data[0].metadata).toMatchObject({
      principal_kind: 'service',
      principal_id: mine.clientId,
      resource_id: other.applicationId,
      resource_tenant_id: other.tenantId,
    })
    const own = await server.call('GET', '/v1/audit-logs?event=authorization.denied', { token: mine.token })
    expect(own.body.data.data).toEqual([])
  })
})

describe('PATCH /v1/applications/{id}', () => {
  it('200 allows an origin, takes effect at once and records old and new', async () => {
    const { token, applicationId } = await server.tenant()
    const origins = ['https://your-agent-domain.com', 'http://localhost:3000']
    const changed = await server.call('PATCH', `/v1/applications/${applicationId}`, {
      token,
      body: { allowed_origins: origins },
    })
    expect([changed.status, changed.body.data.allowed_origins]).toEqual([200, origins])
    const logs = await server.call('GET', '/v1/audit-logs?event=application.config_changed', { token })
    expect(logs.body.data.data[0].metadata).toEqual({
      changed: ['allowed_origins'],
      old: { allowed_origins: [] },
      new: { allowed_origins: origins },
    })
  })

  it.each([
    ['https://example.com/path', 'allowed_origins.0'],
    ['https://example.com/', 'allowed_origins.0'],
    ['https://example.com?x', 'allowed_origins.0'],
    ['https://user@example.com', 'allowed_origins.0'],
    ['https://*.example.com', 'allowed_origins.0'],
    ['HTTPS://EXAMPLE.com', 'allowed_origins.0'],
    ['http://example.com', 'https'],
    ['http://localhost.evil.tld', 'https'],
    ['http://127.0.0.1:3000', 'localhost'],
    ['http://[::1]:3000', 'localhost'],
    ['https://10.0.0.1', 'IP addresses'],
    ['https://example.com.', 'dot'],
    ['null', 'origin'],
    ['*', 'origin'],
    ['android:apk-key-hash:abc', 'https'],
  ])('security 88, 89: 400 for the origin %s', async (origin, words) => {
    const { token, applicationId } = await server.tenant()
    const answer = await server.call('PATCH', `/v1/applications/${applicationId}`, {
      token,
      body: { allowed_origins: [origin] },
    })
    expect([answer.status, answer.body.error.code]).toEqual([400, 'validation_error'])
    expect(answer.body.error.message).toContain('allowed_origins.0: ')
    expect(answer.body.error.message).toContain(words)
  })

  it.each([
    ['co.uk', 400],
    ['github.io', 400],
    ['other.com', 400],
    ['ample.com', 400],
    ['EXAMPLE.com', 400],
    ['auth.example.com', 400],
    ['example.com', 200],
    ['login.example.com', 200],
  ])('security 90: rp_id %s for https://login.example.com answers %d', async (rpId, status) => {
    const { token, applicationId } = await server.tenant()
    const body = { allowed_origins: ['https://login.example.com'], rp_id: rpId }
    const answer = await server.call('PATCH', `/v1/applications/${applicationId}`, { token, body })
    expect(answer.status).toBe(status)
    if (status === 400) expect(answer.body.error.message).toMatch(/^rp_id: /)
  })

  it('409 plan_limit_reached for a 4th origin on the free tier', async () => {
    const { token, applicationId } = await server.tenant()
    const body = { allowed_origins: [1, 2, 3, 4].map((n) => `https://a${n}.example.com`) }
    const answer = await server.call('PATCH', `/v1/applications/${applicationId}`, { token, body })
    expect([answer.status, answer.body.error.code, answer.body.error.details.max]).toEqual([
      409,
      'plan_limit_reached',
      3,
    ])
  })

  it('400 for an empty change, an unknown setting and a value out of range', async () => {
    const { token, applicationId } = await server.tenant()
    const patch = (body: object) => server.call('PATCH', `/v1/applications/${applicationId}`, { token, body })
    expect((await patch({})).status).toBe(400)
    expect((await patch({ plan: 'scale' })).body.error.message).toBe('plan: is not a known field')
    expect((await patch({ session_ttl_seconds: 299 })).body.error.message).toBe(
      'session_ttl_seconds: must be 300 to 86400',
    )
    expect((await patch({ user_verification: 'discouraged' })).body.error.message).toMatch(/^user_verification: /)
  })
})
