import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { browserOf, ORIGIN } from '../ceremonies.ts'
import { type Tenant, type TestApp, testApp } from '../harness.ts'
import { curl } from './curl.ts'

/** The published page's curls, word for word; only the host, the id, the secret and the token are filled in. */
const steps = {
  token: `curl -X POST https://api.trymellonauth.com/oauth/token \\
-H "Content-Type: application/json" \\
-d '{
"client_id": "YOUR_APP_ID",
"client_secret": "YOUR_APP_SECRET",
"grant_type": "client_credentials"
}'`,
  user: `curl -X POST https://api.trymellonauth.com/v1/users \\
-H "Authorization: Bearer <token>" \\
-H "Content-Type: application/json" \\
-H "Idempotency-Key: a1b2c3d4-..." \\
-d '{ "external_user_id": "user_123" }'`,
  revoke: `curl -X DELETE \\
"https://api.trymellonauth.com/v1/users/user_123/credentials/cred_abc123" \\
-H "Authorization: Bearer <token>"`,
  report: `curl "https://api.trymellonauth.com/v1/privacy/user-data/user_123" \\
-H "Authorization: Bearer <token>"`,
}

/** Every value of the page's table. */
const published = `user.created user.deleted passkey.registered auth.success auth.failed credential.revoked
  credential.lockout credential.replay_detected account.recovered onboarding.completed registration.started
  subscription.created subscription.updated subscription.cancelled subscription.expired account.plan.changed
  action.challenge.issued action.signed action.sign.failed attestation.policy.updated attestation.policy.violation
  attestation.credential.blocked attestation.mds.cache.refreshed attestation.mds.cache.failed dbsc.session.registered
  dbsc.session.verified dbsc.session.invalidated dbsc.verification.failed identifier.linked identifier.unlinked
  session.exchanged session.exchange.denied acting-as.invoked acting-as.ended application.config_changed
  application.secret_rotated authorization.denied`.split(/\s+/)

let server: TestApp
let base: string
let tenant: Tenant
beforeAll(async () => {
  server = await testApp()
  base = await server.app.http.listen({ port: 0, host: '127.0.0.1' })
  tenant = await server.tenant({ origins: [ORIGIN] })
})
afterAll(() => server.close())

const get = async (path: string) => {
  const response = await fetch(base + path, { headers: { authorization: `Bearer ${tenant.token}` } })
  return { status: response.status, body: await response.json() }
}
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

it('the admin page works as printed, from the token to the erasure', async () => {
  const granted = await curl(base, steps.token, {
    YOUR_APP_ID: tenant.applicationId,
    YOUR_APP_SECRET: tenant.clientSecret,
  })
  expect(granted).toMatchObject({ status: 200, body: { token_type: 'Bearer', expires_in: 3600 } })
  const values = { '<token>': granted.body.access_token }

  const user = await curl(base, steps.user, values)
  expect(user).toMatchObject({ status: 201, body: { ok: true, data: { external_user_id: 'user_123' } } })
  expect(user.body.data.created_at).toMatch(time)
  expect(user.body.data.updated_at).toMatch(time)
  // The same key again: the same answer, and no second user.
  expect((await curl(base, steps.user, values)).text).toBe(user.text)

  const found = await get('/v1/users/user_123')
  expect(found).toMatchObject({
    status: 200,
    body: { ok: true, data: { external_user_id: 'user_123', status: 'active' } },
  })
  expect(found.body.data.id).toMatch(uuid)
  const { data } = (await get('/v1/users')).body
  expect(data).toMatchObject({
    has_more: false,
    next_cursor: null,
    data: [{ id: found.body.data.id, status: 'active' }],
  })

  const { data: passkey } = await browserOf(server, tenant).register('user_123')
  const listed = await get('/v1/users/user_123/credentials')
  expect(listed.body.data).toEqual({
    credentials: [
      expect.objectContaining({
        credential_id: passkey.credential_id,
        status: 'active',
        alias: null,
        transports: expect.any(Array),
        attestation_type: 'none',
        created_at: expect.stringMatching(time),
        last_used_at: null,
      }),
    ],
    pagination: { page: 1, limit: 20, total: 1 },
  })
  const revoked = await curl(base, steps.revoke, { ...values, cred_abc123: passkey.credential_id })
  expect([revoked.status, revoked.text]).toEqual([204, ''])
  expect((await get('/v1/users/user_123/credentials')).body.data.credentials[0].status).toBe('revoked')

  const logs = await get('/v1/audit-logs?event=auth.success&success=true')
  expect(logs.body.data).toMatchObject({
    data: [{ event: 'auth.success', success: true, user_id: found.body.data.id, ip_address: expect.any(String) }],
    has_more: false,
    next_cursor: null,
  })

  const period = server.clock().toISOString().slice(0, 7)
  const usage = await get(`/v1/usage?period=${period}`)
  expect(usage.body.data).toMatchObject({ tenant_id: tenant.tenantId, period, active_users: 1 })
  expect(usage.body.data.api_calls).toBeGreaterThan(0)

  const report = await curl(base, steps.report, values)
  expect(report.status).toBe(200)
  expect(report.body.data.user.external_user_id).toBe('user_123')
  for (const part of ['credentials', 'sessions', 'audit_logs']) expect(report.body.data[part]).not.toEqual([])

  const erased = await curl(base, `curl -X DELETE ${base}/v1/users/user_123 -H "Authorization: Bearer <token>"`, values)
  expect([erased.status, erased.text]).toEqual([204, ''])
  expect(await get('/v1/users/user_123')).toMatchObject({
    status: 404,
    body: { ok: false, error: { code: 'user_not_found' } },
  })
})

describe('the errors that the page prints', () => {
  it('404 application_not_found for another tenant as for none', async () => {
    const other = await server.tenant()
    const foreign = await get(`/v1/applications/${other.applicationId}`)
    expect(foreign).toMatchObject({ status: 404, body: { error: { code: 'application_not_found' } } })
    expect(await get('/v1/applications/app_missing')).toEqual(foreign)
  })

  it('403 with its sentence for scope=account', async () => {
    const message = 'Account scope requires a user session; service credentials are tenant-scoped.'
    expect(await get('/v1/applications?scope=account')).toMatchObject({
      status: 403,
      body: { error: { code: 'forbidden', message } },
    })
  })

  it('400 validation_error naming the field', async () => {
    const refused = await get('/v1/usage')
    expect(refused).toMatchObject({ status: 400, body: { error: { code: 'validation_error' } } })
    expect(refused.body.error.message).toMatch(/^period: /)
  })

  it('401 unauthorized without a token', async () => {
    const response = await fetch(`${base}/v1/users`)
    expect([response.status, (await response.json()).error.code]).toEqual([401, 'unauthorized'])
  })
})

it.each(published)('the event filter accepts %s', async (event) => {
  const answer = await server.call('GET', `/v1/audit-logs?event=${event}&limit=1`, { token: tenant.token })
  expect(answer.status).toBe(200)
})
