import { createLocalJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthenticator, type Mutation } from '../../test/authenticator.ts'
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

  it.each([
    ['preregistered', 'stranger', 403],
    ['preregistered', 'seeded', 200],
    ['ticket', 'seeded', 403],
    ['open', 'stranger', 200],
  ])('registration_policy %s answers a %s user %d', async (policy, who, status) => {
    const { tenant, browser } = await setUp({ registration_policy: policy })
    await server.call('POST', '/v1/users', { token: tenant.token, body: { external_user_id: 'seeded' } })
    expect((await browser.startRegistration({ name: who })).status).toBe(status)
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

  it('security 50: 409 for a credential id that is known at this RP, by anybody', async () => {
    const { browser } = await setUp()
    const id = Buffer.alloc(32, 7)
    await browser.register('one', createAuthenticator(), { mutate: { credentialId: id } })
    const started = await browser.startRegistration({ name: 'two' })
    const refused = await browser.finishRegistration(started, {
      device: createAuthenticator(),
      mutate: { credentialId: id },
    })
    expect([refused.status, refused.body.error]).toEqual([
      409,
      { code: 'credential_exists', message: 'This passkey is registered already.' },
    ])
    expect((await server.call('GET', '/v1/users/two', { token: (await setUp()).tenant.token })).status).toBe(404)
  })

  it.each([
    [
      'security 4: another type',
      { clientData: (c: object) => ({ ...c, type: 'webauthn.get' }) },
      400,
      'challenge_mismatch',
    ],
    [
      'security 6: another challenge',
      { clientData: (c: object) => ({ ...c, challenge: Buffer.alloc(32).toString('base64url') }) },
      400,
      'challenge_mismatch',
    ],
    [
      'security 9: an origin with a trailing slash',
      { clientData: (c: object) => ({ ...c, origin: `${ORIGIN}/` }) },
      400,
      'challenge_mismatch',
    ],
    [
      'security 10: a frame without policy',
      { clientData: (c: object) => ({ ...c, crossOrigin: true }) },
      400,
      'challenge_mismatch',
    ],
    [
      'security 12: topOrigin without crossOrigin',
      { clientData: (c: object) => ({ ...c, topOrigin: ORIGIN }) },
      400,
      'challenge_mismatch',
    ],
    ['security 21: another RP', { rpIdHash: Buffer.alloc(32, 1) }, 400, 'challenge_mismatch'],
    ['security 22: no user presence', { flags: (f: number) => f & ~1 }, 401, 'verification_failed'],
    ['security 25: backed up but not eligible', { flags: (f: number) => (f | 16) & ~8 }, 401, 'verification_failed'],
  ])('refuses %s, and records why', async (_, mutate, status, code) => {
    const { tenant, browser } = await setUp()
    const started = await browser.startRegistration({ name: 'ada' })
    const refused = await browser.finishRegistration(started, { device: createAuthenticator(), mutate })
    expect([refused.status, refused.body.error.code]).toEqual([status, code])
    const [failure] = await events(tenant, '&event=auth.failed')
    expect(failure?.metadata).toMatchObject({ method: 'passkey', reason: expect.any(String) })
    expect((await server.call('GET', '/v1/users/ada', { token: tenant.token })).status).toBe(404)
  })

  it('security 24: refuses a missing user verification although the browser was asked politely', async () => {
    const { browser } = await setUp({ user_verification: 'required' })
    const started = await browser.startRegistration({ name: 'ada' })
    const refused = await browser.finishRegistration(started, { device: createAuthenticator({ userVerified: false }) })
    expect([refused.status, refused.body.error.code]).toEqual([401, 'verification_failed'])
  })

  it('security 23: no user presence passes only where conditional creation was begun', async () => {
    const { browser } = await setUp()
    const mutate = { flags: (flags: number) => flags & ~1 }
    const conditional = await browser.startRegistration({ name: 'a', start: { mediation: 'conditional' } })
    expect((await browser.finishRegistration(conditional, { device: createAuthenticator(), mutate })).status).toBe(200)
  })

  it('security 28: refuses an algorithm that this ceremony did not offer', async () => {
    const { browser } = await setUp()
    const started = await browser.startRegistration({ name: 'ada' })
    await server.database.sql.query(
      `update ceremonies set facts = jsonb_set(facts, '{algorithms}', '[-257]') where id = $1::uuid`,
      [started.body.data.session_id],
    )
    const refused = await browser.finishRegistration(started, { device: createAuthenticator({ algorithm: -7 }) })
    expect([refused.status, refused.body.error.code]).toEqual([401, 'verification_failed'])
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

  it('security 80, 81: a challenge works once, also after a failure, and not at its limit', async () => {
    const { browser } = await setUp()
    const device = createAuthenticator()
    const started = await browser.startRegistration({ name: 'ada' })
    const failed = await browser.finishRegistration(started, { device, mutate: { flags: () => 0 } })
    expect(failed.status).toBe(401)
    const again = await browser.finishRegistration(started, { device })
    expect([again.status, again.body.error.code]).toEqual([400, 'session_expired'])
    const slow = await browser.startRegistration({ name: 'ada' })
    server.clock.advance(600)
    expect((await browser.finishRegistration(slow, { device })).body.error.code).toBe('session_expired')
    const inTime = await browser.startRegistration({ name: 'ada' })
    server.clock.advance(599)
    expect((await browser.finishRegistration(inTime, { device })).status).toBe(200)
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
    const { browser } = await setUp()
    await browser.register('known')
    const ask = async (name: string) => (await browser.startSignIn({ name })).body.data.challenge
    const [first, second, known] = [await ask('nobody'), await ask('nobody'), await ask('known')]
    expect(first.allowCredentials).toEqual(second.allowCredentials)
    expect(first.challenge).not.toBe(second.challenge)
    expect(Object.keys(first)).toEqual(Object.keys(known))
    expect((await ask('else')).allowCredentials).not.toEqual(first.allowCredentials)
    const revealing = await setUp({ reveal_user_existence: true })
    const told = await revealing.browser.startSignIn({ name: 'nobody' })
    expect([told.status, told.body.error.code]).toEqual([404, 'no_credentials'])
  })

  it.each([
    ['security 61: an id that is not the credential’s', { response: (r: object) => ({ ...r, id: 'AAAA' }) }],
    ['security 64: a registration’s type', { clientData: (c: object) => ({ ...c, type: 'webauthn.create' }) }],
    ['security 67: no user presence', { flags: (f: number) => f & ~1 }],
    ['security 68: another backup eligibility', { flags: (f: number) => f | 8 }],
    ['security 58: another user handle', { userHandle: Buffer.alloc(16, 3) }],
    [
      'security 70: a signature with one bit flipped',
      { signature: (s: Buffer) => Buffer.concat([s.subarray(0, -1), Buffer.of((s.at(-1) ?? 0) ^ 1)]) },
    ],
  ])('refuses %s', async (_, mutate) => {
    const { tenant, browser } = await setUp()
    const { device } = await browser.register('ada')
    const refused = await browser.signIn(device, { mutate: mutate as Mutation })
    expect(refused.status).toBeGreaterThanOrEqual(400)
    expect(['challenge_mismatch', 'verification_failed', 'credential_not_found', 'validation_error']).toContain(
      refused.body.error.code,
    )
    expect((await names(tenant)).filter((event) => event === 'auth.success')).toHaveLength(1)
  })

  it('security 56, 57: a credential that was not offered is refused, the user’s own or another’s', async () => {
    const { browser } = await setUp()
    const ada = await browser.register('ada')
    const eve = await browser.register('eve')
    const forAda = await browser.startSignIn({ name: 'ada' })
    const credential = eve.device.authenticate(
      { ...forAda.body.data.challenge, allowCredentials: [] },
      { origin: ORIGIN },
    )
    const refused = await browser.post(
      '/v1/passkeys/auth/finish',
      { session_id: forAda.body.data.session_id, credential },
      {},
    )
    expect([refused.status, refused.body.error.code]).toEqual([404, 'credential_not_found'])
    const later = await browser.startSignIn({ name: 'ada' })
    const second = createAuthenticator()
    await browser.register(undefined, second, { session: ada.token })
    const own = second.authenticate({ ...later.body.data.challenge, allowCredentials: [] }, { origin: ORIGIN })
    const notOffered = await browser.post(
      '/v1/passkeys/auth/finish',
      { session_id: later.body.data.session_id, credential: own },
      {},
    )
    expect(notOffered.body.error.code).toBe('credential_not_found')
  })

  it('security 62, 63: a revoked passkey and a disabled user answer like an unknown credential', async () => {
    const { tenant, browser } = await setUp()
    const { device, data } = await browser.register('ada')
    const stranger = createAuthenticator()
    const elsewhere = await setUp()
    await elsewhere.browser.register('x', stranger)
    const unknown = await browser.signIn(stranger)
    await server.database.sql.query(`update users set status = 'disabled' where id = $1::uuid`, [data.user.user_id])
    const disabled = await browser.signIn(device)
    await server.database.sql.query(`update users set status = 'active' where id = $1::uuid`, [data.user.user_id])
    await server.call('DELETE', `/v1/users/ada/credentials/${data.credential_id}`, { token: tenant.token })
    const revoked = await browser.signIn(device)
    for (const answer of [disabled, revoked]) expect([answer.status, answer.text]).toEqual([404, unknown.text])
    const reasons = (await events(tenant, '&event=auth.failed')).map((row) => row.metadata.reason)
    expect(reasons).toEqual(['credential_revoked', 'user_disabled', 'unknown_credential'])
  })

  it('security 65: a registration’s challenge does not sign in, nor the reverse', async () => {
    const { browser } = await setUp()
    const { device } = await browser.register('ada')
    const registration = await browser.startRegistration({ name: 'new' })
    const asSignIn = device.authenticate(
      { challenge: registration.body.data.challenge.challenge, rpId: 'app.example.com' },
      { origin: ORIGIN },
    )
    const refused = await browser.post(
      '/v1/passkeys/auth/finish',
      { session_id: registration.body.data.session_id, credential: asSignIn },
      {},
    )
    expect(refused.body.error.code).toBe('session_expired')
    expect((await browser.finishRegistration(registration, { device: createAuthenticator() })).status).toBe(200)
  })

  it('security 83: another application’s challenge answers like an unknown one, and is not burnt by it', async () => {
    const [mine, other] = [await setUp(), await setUp()]
    const { device } = await mine.browser.register('ada')
    const started = await mine.browser.startSignIn()
    const crossed = await other.browser.finishSignIn(started, { device })
    const unknown = await other.browser.post(
      '/v1/passkeys/auth/finish',
      {
        session_id: '019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57',
        credential: device.authenticate(started.body.data.challenge, { origin: ORIGIN }),
      },
      {},
    )
    expect([crossed.status, crossed.text]).toEqual([400, unknown.text])
    expect((await mine.browser.finishSignIn(started, { device })).status).toBe(200)
  })

  it('security 73: a count that goes back is refused and recorded, and the stored one is not lowered', async () => {
    const { tenant, browser } = await setUp()
    const { device, data } = await browser.register('ada', createAuthenticator({ counter: 5 }))
    expect((await browser.signIn(device)).status).toBe(200)
    const replay = await browser.signIn(device, { mutate: { counter: 3 } })
    expect([replay.status, replay.body.error.code]).toEqual([401, 'replay_detected'])
    const [row] = await events(tenant, '&event=credential.replay_detected')
    expect(row?.metadata).toEqual({ credential_id: data.credential_id, stored: 6, received: 3, action: 'reject' })
    const [stored] = await server.database.sql.query<{ n: number }>(
      'select sign_count as n from credentials where id = $1',
      [data.credential_id],
    )
    expect(stored?.n).toBe(6)
    await server.call('PATCH', `/v1/applications/${tenant.applicationId}`, {
      token: tenant.token,
      body: { replay_policy: 'flag' },
    })
    const flagged = await browser.signIn(device, { mutate: { counter: 2 } })
    expect(flagged.status).toBe(200)
    const [after] = await server.database.sql.query<{ n: number }>(
      'select sign_count as n from credentials where id = $1',
      [data.credential_id],
    )
    expect(after?.n).toBe(6)
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

  it('security 82: an origin that is removed during the ceremony ends it', async () => {
    const { tenant, browser } = await setUp()
    const { device } = await browser.register('ada')
    const started = await browser.startSignIn()
    await server.call('PATCH', `/v1/applications/${tenant.applicationId}`, {
      token: tenant.token,
      body: { allowed_origins: ['https://new.example'] },
    })
    const refused = await browser.finishSignIn(started, { device })
    expect([refused.status, refused.body.error.code]).toEqual([404, 'origin_not_allowed'])
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

describe('own passkeys', () => {
  it('lists, renames, refuses to remove the last, removes another; foreign ones do not exist', async () => {
    const { tenant, browser } = await setUp()
    const { token, data } = await browser.register('ada')
    const eve = await browser.register('eve')
    const call = (method: string, path: string, body?: object) =>
      server.call(method, path, { token, origin: ORIGIN, ...(body ? { body } : {}) })
    const last = await call('DELETE', `/v1/passkeys/${data.credential_id}`)
    expect([last.status, last.body.error.code]).toEqual([409, 'last_credential'])
    const second = await browser.register(undefined, createAuthenticator(), { session: token })
    const list = await call('GET', '/v1/passkeys')
    expect(list.body.data.data.map((row: { credential_id: string }) => row.credential_id).sort()).toEqual(
      [data.credential_id, second.data.credential_id].sort(),
    )
    expect((await call('PATCH', `/v1/passkeys/${data.credential_id}`, { alias: 'Key' })).body.data.alias).toBe('Key')
    for (const method of ['PATCH', 'DELETE']) {
      const foreign = await call(
        method,
        `/v1/passkeys/${eve.data.credential_id}`,
        method === 'PATCH' ? { alias: 'Mine' } : undefined,
      )
      const missing = await call(
        method,
        '/v1/passkeys/cred_0000000000000000000000',
        method === 'PATCH' ? { alias: 'Mine' } : undefined,
      )
      expect([foreign.status, foreign.text]).toEqual([404, missing.text])
    }
    expect((await call('DELETE', `/v1/passkeys/${data.credential_id}`)).status).toBe(204)
    expect((await events(tenant, '&event=credential.revoked'))[0]?.metadata).toMatchObject({ reason: 'user' })
  })
})
