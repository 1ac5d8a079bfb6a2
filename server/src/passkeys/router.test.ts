import { createLocalJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthenticator } from '../../test/authenticator.ts'
import { browserOf, ORIGIN } from '../../test/ceremonies.ts'
import { type Tenant, type TestApp, testApp } from '../../test/harness.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'off' })
})
afterAll(() => server.close())

async function setUp(settings: object = {}) {
  const tenant = await server.tenant({ origins: [ORIGIN], settings })
  return { tenant, browser: browserOf(server, tenant) }
}

const events = async (tenant: Tenant, query = '') => {
  const { body } = await server.call('GET', `/v1/audit-logs?limit=100${query}`, { token: tenant.token })
  return body.data.data as { event: string; user_id: string | null; metadata: Record<string, unknown> }[]
}
const names = async (tenant: Tenant) => (await events(tenant)).map((row) => row.event)

describe('registration', () => {
  it('200 makes user, passkey and session, with their audit rows', async () => {
    const { tenant, browser } = await setUp()
    const started = await browser.startRegistration({ name: 'ada', start: { display_name: 'Ada L.' } })
    expect(started.body.data.challenge).toMatchObject({
      rp: { id: 'app.example.com', name: 'Test' },
      user: { name: 'ada', displayName: 'Ada L.' },
      attestation: 'none',
      authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
      excludeCredentials: [],
    })
    expect(started.body.data.challenge.pubKeyCredParams.slice(0, 3).map(({ alg }: { alg: number }) => alg)).toEqual([
      -7, -8, -257,
    ])
    expect(Buffer.from(started.body.data.challenge.challenge, 'base64url')).toHaveLength(32)
    const finished = await browser.finishRegistration(started, {
      device: createAuthenticator(),
      finish: { alias: 'Phone' },
    })
    expect(finished.status).toBe(200)
    expect(finished.body.data).toMatchObject({
      status: 'active',
      user: { external_user_id: 'ada', is_anonymous: false },
    })
    expect(finished.headers['cache-control']).toBe('no-store')
    expect(await names(tenant)).toEqual(
      expect.arrayContaining(['registration.started', 'user.created', 'passkey.registered', 'auth.success']),
    )
    const listed = await server.call('GET', '/v1/users/ada/credentials', { token: tenant.token })
    expect(listed.body.data).toMatchObject({
      credentials: [
        {
          credential_id: finished.body.data.credential_id,
          alias: 'Phone',
          status: 'active',
          transports: ['hybrid', 'internal'],
        },
      ],
      pagination: { page: 1, limit: 20, total: 1 },
    })
  })

  it('200 for an anonymous user, 403 where that is off', async () => {
    const open = await setUp()
    const { data } = await open.browser.register(undefined)
    expect(data.user).toMatchObject({ external_user_id: null, is_anonymous: true })
    const closed = await setUp({ anonymous_signup: false })
    const refused = await closed.browser.startRegistration()
    expect([refused.status, refused.body.error.code]).toEqual([403, 'registration_not_allowed'])
  })

  it('403 for a second passkey by name; 200 with the own session; decided again at the finish', async () => {
    const { browser } = await setUp()
    const early = await browser.startRegistration({ name: 'ada' })
    const { token, device } = await browser.register('ada')
    const late = await browser.finishRegistration(early, { device: createAuthenticator() })
    expect([late.status, late.body.error.code]).toEqual([403, 'registration_not_allowed'])
    const byName = await browser.startRegistration({ name: 'ada' })
    expect([byName.status, byName.body.error.code]).toEqual([403, 'registration_not_allowed'])
    const bySession = await browser.startRegistration({ session: token })
    expect(bySession.body.data.challenge.excludeCredentials).toEqual([
      { type: 'public-key', id: device.credentials[0]?.id.toString('base64url'), transports: ['hybrid', 'internal'] },
    ])
    const added = await browser.finishRegistration(bySession, { device: createAuthenticator(), session: token })
    expect(added.status).toBe(200)
    const stolen = await browser.startRegistration({ session: token })
    const other = await browser.register('eve')
    const crossed = await browser.finishRegistration(stolen, { device: createAuthenticator(), session: other.token })
    expect([crossed.status, crossed.body.error.code]).toEqual([400, 'session_expired'])
  })

  it('registers every algorithm that is offered, and signs in with it', async () => {
    const { browser } = await setUp()
    const started = await browser.startRegistration({ name: 'probe' })
    const offered: number[] = started.body.data.challenge.pubKeyCredParams.map(({ alg }: { alg: number }) => alg)
    expect(offered).toEqual([-7, -8, -257, -48, -49, -50])
    for (const algorithm of offered) {
      const { device } = await browser.register(`alg${algorithm}`, createAuthenticator({ algorithm }))
      expect([algorithm, (await browser.signIn(device)).status]).toEqual([algorithm, 200])
    }
  })

  it('409 plan_limit_reached at the start and at the finish, and nothing is made', async () => {
    const { tenant, browser } = await setUp()
    for (let i = 0; i < 14; i++)
      await server.call('POST', '/v1/users', { token: tenant.token, body: { external_user_id: `u${i}` } })
    const started = await browser.startRegistration({ name: 'late' })
    await browser.register('fifteenth')
    const finished = await browser.finishRegistration(started, { device: createAuthenticator() })
    expect([finished.status, finished.body.error.code]).toEqual([409, 'plan_limit_reached'])
    expect((await browser.startRegistration({ name: 'more' })).status).toBe(409)
  })

  it('custom claims: the browser sets only what it may, and the server has the last word', async () => {
    const rules = { theme: { type: 'string', client_settable: true }, admin: { type: 'boolean' } }
    const { tenant, browser } = await setUp({ custom_claims_schema: rules })
    await server.call('POST', '/v1/users', {
      token: tenant.token,
      body: { external_user_id: 'ada', custom_claims: { admin: true } },
    })
    const forbidden = await browser.startRegistration({ name: 'ada' })
    const refused = await browser.finishRegistration(forbidden, {
      device: createAuthenticator(),
      finish: { custom_claims: { admin: false } },
    })
    expect([refused.status, refused.body.error.code]).toEqual([400, 'session_custom_claim_not_whitelisted'])
    const { token } = await browser.register('ada', createAuthenticator(), {
      finish: { custom_claims: { theme: 'dark' } },
    })
    const valid = await server.call('GET', '/v1/sessions/validate', { token })
    expect(valid.body.data.custom_claims).toEqual({ theme: 'dark', admin: true })
  })

  it('security 228: gives back a success_url only if it is listed letter for letter', async () => {
    const { browser } = await setUp({ success_urls: ['https://app.example.com/in'] })
    const { data } = await browser.register('a', createAuthenticator(), {
      finish: { success_url: 'https://app.example.com/in' },
    })
    expect(data.redirect_url).toBe('https://app.example.com/in')
    const other = await browser.register('b', createAuthenticator(), {
      finish: { success_url: 'https://app.example.com/in/../out' },
    })
    expect(other.data.redirect_url).toBeUndefined()
  })
})

describe('authentication', () => {
  it('200 named and discoverable, with a token that an independent library verifies', async () => {
    const { tenant, browser } = await setUp()
    const { device } = await browser.register('ada', createAuthenticator({ counter: 0 }))
    for (const name of ['ada', undefined]) {
      const answer = await browser.signIn(device, { name })
      expect(answer.body.data).toMatchObject({
        authenticated: true,
        user: { external_user_id: 'ada' },
        signals: { userVerification: true, backupEligible: false, backupStatus: false },
      })
      const keys = createLocalJWKSet(server.app.deps.keys.jwks() as Parameters<typeof createLocalJWKSet>[0])
      const { payload } = await jwtVerify(answer.body.data.session_token, keys, {
        issuer: 'https://auth.example.com',
        audience: tenant.clientId,
        typ: 'JWT',
        currentDate: server.clock(),
      })
      expect(payload).toMatchObject({
        aud: [tenant.clientId, 'end-user'],
        tenant_id: tenant.tenantId,
        app_id: tenant.applicationId,
        external_user_id: 'ada',
      })
      expect(payload.sub).toBe(answer.body.data.user.user_id)
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(86_400)
    }
    const listed = await server.call('GET', '/v1/users/ada/credentials', { token: tenant.token })
    expect(listed.body.data.credentials[0].last_used_at).toBe(server.clock().toISOString())
  })

  it('security 87: an unknown user gets a plausible answer that stays the same', async () => {
    const { tenant, browser } = await setUp()
    await browser.register('known')
    const ask = async (name: string) => (await browser.startSignIn({ name })).body.data.challenge
    const [first, second, known] = [await ask('nobody'), await ask('nobody'), await ask('known')]
    expect(first.allowCredentials).toEqual(second.allowCredentials)
    expect(first.challenge).not.toBe(second.challenge)
    // Names, order and size: nothing tells a decoy from a passkey.
    expect(Object.keys(first)).toEqual(Object.keys(known))
    expect(JSON.stringify(first)).toHaveLength(JSON.stringify(known).length)
    const disabled = await ask('known-2')
    await browser.register('known-2')
    await server.database.sql.query(
      `update users set status = 'disabled' where tenant_id = $1 and external_user_id = 'known-2'`,
      [tenant.tenantId],
    )
    expect((await ask('known-2')).allowCredentials).toEqual(disabled.allowCredentials)
    await server.call('POST', '/v1/users', { token: tenant.token, body: { external_user_id: 'bare' } })
    expect((await ask('bare')).allowCredentials).toHaveLength(1)
    expect((await ask('else')).allowCredentials).not.toEqual(first.allowCredentials)
    const revealing = await setUp({ reveal_user_existence: true })
    const told = await revealing.browser.startSignIn({ name: 'nobody' })
    expect([told.status, told.body.error.code]).toEqual([404, 'no_credentials'])
  })

  it('security 11: an embedded ceremony passes only under a listed top origin', async () => {
    const { tenant, browser } = await setUp({ allowed_top_origins: ['https://portal.example'] })
    const { device } = await browser.register('ada', createAuthenticator(), {
      frame: { crossOrigin: true, topOrigin: 'https://portal.example' },
    })
    const frame = (topOrigin: string) => browser.signIn(device, { frame: { crossOrigin: true, topOrigin } })
    expect((await frame('https://portal.example')).status).toBe(200)
    expect((await frame('https://evil.example')).body.error.code).toBe('challenge_mismatch')
    await server.call('PATCH', `/v1/applications/${tenant.applicationId}`, {
      token: tenant.token,
      body: { allowed_top_origins: [] },
    })
    expect((await frame('https://portal.example')).body.error.code).toBe('challenge_mismatch')
  })
})

describe('who may knock', () => {
  it('security 98, 99: an unlisted origin and an unknown key answer alike, readable cross-origin', async () => {
    const { browser } = await setUp()
    const unlisted = await browser.startSignIn({ origin: 'https://evil.example' })
    const unknown = await server.call('POST', '/v1/passkeys/auth/start', {
      body: {},
      token: 'cli_0000000000000000000000',
      origin: 'https://evil.example',
    })
    expect([unlisted.status, unlisted.body.error.code, unlisted.text]).toEqual([
      404,
      'origin_not_allowed',
      unknown.text,
    ])
    expect(unlisted.body.error).toMatchObject({
      hint: expect.stringContaining('allowed_origins'),
      docs_url: expect.stringMatching(/^https:\/\/auth\.example\.com\/docs/),
    })
    expect(unlisted.headers['access-control-allow-origin']).toBe('https://evil.example')
    const none = await server.call('POST', '/v1/passkeys/auth/start', { body: {}, token: 'cli_0000000000000000000000' })
    expect([none.status, none.text]).toEqual([404, unknown.text])
  })

  it('security 94: preflights reflect the origin, never null, never with credentials', async () => {
    const ask = (origin: string) =>
      server.call('OPTIONS', '/v1/passkeys/auth/start', {
        origin,
        headers: { 'access-control-request-method': 'POST' },
      })
    const answer = await ask('https://app.example.com')
    expect(answer.status).toBe(204)
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example.com',
      'access-control-allow-methods': 'GET, POST, PATCH, DELETE',
      'access-control-max-age': '600',
      vary: 'Origin',
    })
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
    expect((await ask('null')).headers['access-control-allow-origin']).toBeUndefined()
  })
})
