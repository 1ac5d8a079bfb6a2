import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshAddress, type TestApp, testApp } from '../harness.ts'

const issuer = 'https://auth.example.com'
let server: TestApp
beforeAll(async () => {
  server = await testApp({ PUBLIC_URL: issuer })
})
afterAll(() => server.close())

const post = (path: string, body: object, ip = freshAddress(), headers: Record<string, string> = {}) =>
  server.call('POST', path, { body, ip, headers })
const identify = (body: object, ip?: string, headers?: Record<string, string>) =>
  post('/agent/identity', body, ip, headers)

describe('agents R: agent_auth and its adapter', () => {
  it('agents 182: agent_auth lists what answers', async () => {
    const { body } = await server.call('GET', '/.well-known/oauth-authorization-server')
    expect(body.agent_auth).toEqual({
      skill: `${issuer}/auth.md`,
      identity_endpoint: `${issuer}/agent/identity`,
      claim_endpoint: `${issuer}/agent/identity/claim`,
      identity_types_supported: ['anonymous', 'service_auth'],
      anonymous: { credential_types_supported: ['client_credentials'] },
      service_auth: { credential_types_supported: ['api_key'] },
      methods: [
        { type: 'anonymous', endpoint: `${issuer}/v1/onboarding/ai` },
        { type: 'device_authorization', endpoint: `${issuer}/device/code` },
        { type: 'email', endpoint: `${issuer}/api/agents/register` },
      ],
    })
  })

  it('anonymous → what the vending machine answers, with the agent and the scopes before and after a claim', async () => {
    const { status, body, headers } = await identify({ type: 'anonymous', name: 'My Agent' })
    expect([status, headers['cache-control']]).toEqual([200, 'no-store'])
    expect(body).toMatchObject({
      id: expect.stringMatching(/^agt_/),
      type: 'anonymous',
      publishableKey: body.clientId,
      limits: { maxUsers: 15, maxApps: 1 },
      claim: { claim_url: `${issuer}/claim#${body.claim.token}`, token: body.claim.claim_token },
    })
    expect(body.scopes.pre_claim).toEqual(expect.not.arrayContaining(['webhooks:write', 'auth_link']))
    expect(body.scopes.post_claim).toEqual(expect.arrayContaining([...body.scopes.pre_claim, 'webhooks:write']))
    const granted = await post('/oauth/token', {
      grant_type: 'client_credentials',
      client_id: body.clientId,
      client_secret: body.clientSecret,
    })
    expect(granted.status).toBe(200)
  })

  it('agents 182: one hourly call for the adapter and the original together, whichever comes first', async () => {
    const [one, two] = [freshAddress(), freshAddress()]
    expect((await identify({ type: 'anonymous' }, one)).status).toBe(200)
    const refused = await post('/v1/onboarding/ai', { name: 'Second' }, one)
    expect([refused.status, refused.body.error.code]).toEqual([429, 'rate_limit_exceeded'])
    expect((await post('/v1/onboarding/ai', { name: 'First' }, two)).status).toBe(200)
    const again = await identify({ type: 'anonymous' }, two)
    expect([again.status, again.body.error.code]).toEqual([429, 'rate_limit_exceeded'])
    expect(Number(again.headers['retry-after'])).toBeLessThanOrEqual(3600)
  })

  it('the Idempotency-Key of the original holds here too', async () => {
    const ip = freshAddress()
    const key = { 'idempotency-key': 'identity-key-0123456789' }
    const [first, second] = [
      await identify({ type: 'anonymous', name: 'Same' }, ip, key),
      await identify({ type: 'anonymous', name: 'Same' }, ip, key),
    ]
    expect([second.status, second.text]).toEqual([200, first.text])
  })

  it('agents 182: service_auth → what e-mail registration answers, under its limits', async () => {
    const ip = freshAddress()
    for (let i = 0; i < 5; i += 1) {
      const body = { type: 'service_auth', login_hint: `agent${i}@company${i}.example`, agent_name: 'Production' }
      const answer = await identify(body, ip)
      expect([answer.status, answer.body.status]).toEqual([200, 'verification_sent'])
    }
    const refused = await post('/api/agents/register', { email: 'agent@company.example', agent_name: 'Production' }, ip)
    expect([refused.status, refused.body.error.code]).toEqual([429, 'rate_limit_exceeded'])
  })

  it.each([
    [{ type: 'id_jag', assertion: 'x' }, 'unsupported_identity_type', null],
    [{ type: 'constructor' }, 'unsupported_identity_type', null],
    [{}, 'validation_error', /^type: /],
    [{ type: 'anonymous', name: '' }, 'validation_error', /^name: /],
    [{ type: 'anonymous', login_hint: 'a@b.example' }, 'validation_error', /^login_hint: /],
    [{ type: 'service_auth' }, 'validation_error', /^login_hint: /],
    [{ type: 'service_auth', login_hint: 'nobody' }, 'validation_error', /^login_hint: /],
  ])('%j → 400 %s', async (body, code, message) => {
    const answer = await identify(body)
    expect([answer.status, answer.body.ok, answer.body.error.code]).toEqual([400, false, code])
    if (message) expect(answer.body.error.message).toMatch(message)
  })

  it('claim → the device answer for the tenant; garbage → 400 invalid_grant', async () => {
    const made = await identify({ type: 'anonymous', name: 'To claim' })
    const code = await post('/agent/identity/claim', { token: made.body.claim.token })
    expect(code).toMatchObject({
      status: 200,
      body: { device_code: expect.stringMatching(/^dvc_/), verification_uri: `${issuer}/device`, interval: 5 },
    })
    const garbage = await post('/agent/identity/claim', { token: 'clm_garbage' })
    expect([garbage.status, garbage.body.error.code]).toEqual([400, 'invalid_grant'])
  })
})
