import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createAuthenticator, type Mutation } from '../../test/authenticator.ts'
import { browserOf, ORIGIN } from '../../test/ceremonies.ts'
import { type Answer, type Tenant, type TestApp, testApp } from '../../test/harness.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'off' })
})
afterAll(() => server.close())

type Row = { event: string; user_id: string | null; metadata: Record<string, unknown> }

/** A tenant whose user `ada` has a passkey. */
async function setUp(settings: object = {}, options: { counter?: number } = {}) {
  const tenant = await server.tenant({ origins: [ORIGIN], settings })
  const browser = browserOf(server, tenant)
  const { device, data, token } = await browser.register('ada', createAuthenticator(options))
  const userId: string = data.user.user_id
  const fail = async (times: number, mutate: Mutation = wrong) => {
    const statuses: number[] = []
    for (let i = 0; i < times; i++) statuses.push((await browser.signIn(device, { mutate })).status)
    return statuses
  }
  return { tenant, browser, device, credentialId: data.credential_id as string, userId, session: token, fail }
}

const events = async ({ token }: Tenant, event: string): Promise<Row[]> =>
  (await server.call('GET', `/v1/audit-logs?limit=100&event=${event}`, { token })).body.data.data
const status = async ({ token }: Tenant) => (await server.call('GET', '/v1/users/ada', { token })).body.data.status
const outcome = ({ status, body, headers }: Answer) => [status, body.error?.code, headers['retry-after']]
const change = (tenant: Tenant, body: object) =>
  server.call('PATCH', `/v1/applications/${tenant.applicationId}`, { token: tenant.token, body })

const wrong: Mutation = { signature: () => Buffer.from('3006020101020101', 'hex') }
const members = (more: object) => (sent: object) => ({ ...sent, ...more })

describe('a user', () => {
  it('423 after 5 failures in 15 minutes, for 30, whatever is presented; shown, recorded once, over by itself', async () => {
    const { tenant, browser, device, credentialId, userId, fail } = await setUp()
    expect(await fail(4)).toEqual([401, 401, 401, 401])
    expect(await status(tenant)).toBe('active')
    expect(await fail(1)).toEqual([401])
    expect(await status(tenant)).toBe('locked')
    const listed = await server.call('GET', '/v1/users', { token: tenant.token })
    expect(listed.body.data.data).toMatchObject([{ external_user_id: 'ada', status: 'locked' }])
    const lockedUntil = new Date(server.clock().getTime() + 1_800_000).toISOString()
    server.clock.advance(600)
    for (const mutate of [{}, wrong]) {
      const refused = await browser.signIn(device, { name: 'ada', mutate })
      expect(outcome(refused)).toEqual([423, 'user_locked', '1200'])
      expect(Object.keys(refused.body.error)).toEqual(['code', 'message'])
    }
    expect(await events(tenant, 'credential.lockout')).toMatchObject([
      {
        user_id: userId,
        success: false,
        category: 'security',
        metadata: { level: 'soft', locked_until: lockedUntil, failures: 5, credential_id: credentialId },
      },
    ])
    expect((await events(tenant, 'auth.failed')).map(({ metadata }) => metadata.reason)).toEqual([
      'user_locked',
      'user_locked',
      ...Array.from({ length: 5 }, () => 'signature'),
    ])
    server.clock.advance(1199)
    expect(outcome(await browser.signIn(device))).toEqual([423, 'user_locked', '1'])
    server.clock.advance(1)
    expect(await status(tenant)).toBe('active')
    expect((await browser.signIn(device)).status).toBe(200)
  })

  it('423 for 24 hours after 10 failures in 24', async () => {
    const { tenant, browser, device, fail } = await setUp()
    await fail(5)
    server.clock.advance(1800)
    expect(await fail(6)).toEqual([401, 401, 401, 401, 401, 423])
    expect(outcome(await browser.signIn(device))).toEqual([423, 'user_locked', '86400'])
    expect((await events(tenant, 'credential.lockout')).map(({ metadata }) => metadata)).toMatchObject([
      { level: 'hard', failures: 10 },
      { level: 'soft', failures: 5 },
    ])
  })

  it('a success clears the failures, and the lock that is over', async () => {
    const { browser, device, fail } = await setUp()
    for (let round = 0; round < 4; round++) {
      expect(await fail(4)).toEqual([401, 401, 401, 401])
      expect((await browser.signIn(device)).status).toBe(200)
    }
    expect((await fail(5)).at(-1)).toBe(401)
    server.clock.advance(1800)
    expect((await browser.signIn(device)).status).toBe(200)
    // Nine of the ten would be left from before.
    expect(await fail(5)).toEqual([401, 401, 401, 401, 401])
    expect(outcome(await browser.signIn(device))).toEqual([423, 'user_locked', '1800'])
  })

  it('a second passkey of the user is locked with the first, and counted with it', async () => {
    const { browser, device, session } = await setUp()
    const second = createAuthenticator()
    await browser.register(undefined, second, { session })
    for (const presented of [device, second, device, second, device]) {
      expect((await browser.signIn(presented, { mutate: wrong })).status).toBe(401)
    }
    for (const presented of [device, second]) expect((await browser.signIn(presented)).status).toBe(423)
  })

  it('locks nobody else: not another user, not the same name in another application', async () => {
    const [one, other] = [await setUp(), await setUp()]
    const eve = await one.browser.register('eve')
    await one.fail(6)
    expect((await one.browser.signIn(eve.device)).status).toBe(200)
    expect((await other.browser.signIn(other.device)).status).toBe(200)
  })

  it.each<[string, Mutation]>([
    ['a wrong signature', wrong],
    ['another user’s handle', { userHandle: Buffer.alloc(16, 3).toString('base64url') }],
    ['no user presence', { flags: (flags) => flags & ~1 }],
    ['no user verification', { flags: (flags) => flags & ~4 }],
    ['another origin', { clientData: members({ origin: 'https://evil.example' }) }],
    ['security 73: a count that goes back', { counter: 2 }],
  ])('is locked by %s', async (_name, mutate) => {
    const { browser, device, fail } = await setUp({ user_verification: 'required' }, { counter: 5 })
    expect((await browser.signIn(device)).status).toBe(200)
    const statuses = await fail(6, mutate)
    expect([new Set(statuses.slice(0, 5)).size, statuses[5]]).toEqual([1, 423])
    expect((await browser.signIn(device)).status).toBe(423)
  })

  it('is not locked by a count that goes back where policy only flags it', async () => {
    const { tenant, fail } = await setUp({ replay_policy: 'flag' }, { counter: 5 })
    expect(await fail(6, { counter: 2 })).toEqual([200, 200, 200, 200, 200, 200])
    expect(await events(tenant, 'credential.lockout')).toEqual([])
  })

  it('security 62, 63: is locked by nothing that answers like an unknown passkey', async () => {
    const { tenant, browser, device, session, credentialId } = await setUp()
    const second = createAuthenticator()
    await browser.register(undefined, second, { session })
    const eve = await browser.register('eve')
    for (let i = 0; i < 6; i++) {
      // A burnt challenge, an unknown id, a passkey that was not offered.
      const started = await browser.startSignIn({ name: 'eve' })
      const credential = device.authenticate(
        { ...started.body.data.challenge, allowCredentials: [] },
        { origin: ORIGIN },
      )
      const body = { session_id: started.body.data.session_id, credential }
      const answers = [
        await browser.post('/v1/passkeys/auth/finish', body, {}),
        await browser.post('/v1/passkeys/auth/finish', body, {}),
        await browser.signIn(device, { mutate: { response: members({ id: 'AAAA', rawId: 'AAAA' }) } }),
      ]
      expect(answers.map(({ body }) => body.error.code)).toEqual([
        'credential_not_found',
        'session_expired',
        'credential_not_found',
      ])
    }
    await server.call('DELETE', `/v1/users/ada/credentials/${credentialId}`, { token: tenant.token })
    for (let i = 0; i < 6; i++) expect((await browser.signIn(device)).status).toBe(404)
    expect((await browser.signIn(second)).status).toBe(200)
    await server.call('PATCH', '/v1/users/eve', { token: tenant.token, body: { status: 'disabled' } })
    for (let i = 0; i < 6; i++) expect((await browser.signIn(eve.device, { mutate: wrong })).status).toBe(404)
    await server.call('PATCH', '/v1/users/eve', { token: tenant.token, body: { status: 'active' } })
    expect((await browser.signIn(eve.device)).status).toBe(200)
  })

  it('security 62: a revoked passkey of a locked user answers like an unknown one', async () => {
    const { tenant, browser, device, session, credentialId, fail } = await setUp()
    await browser.register(undefined, createAuthenticator(), { session })
    await fail(5)
    await server.call('DELETE', `/v1/users/ada/credentials/${credentialId}`, { token: tenant.token })
    const unknown = await browser.signIn(device, { mutate: { response: members({ id: 'AAAA', rawId: 'AAAA' }) } })
    const revoked = await browser.signIn(device)
    expect([revoked.status, revoked.text]).toEqual([404, unknown.text])
  })

  it('lock applies to every method: no registration signs a locked user in, and the open sessions stay', async () => {
    const { tenant, browser, session, fail } = await setUp()
    const begun = await browser.startRegistration({ session })
    await fail(5)
    for (const started of [begun, await browser.startRegistration({ session })]) {
      const refused = await browser.finishRegistration(started, { device: createAuthenticator(), session })
      expect(outcome(refused)).toEqual([423, 'user_locked', '1800'])
    }
    expect((await events(tenant, 'auth.failed'))[0]?.metadata).toEqual({ method: 'passkey', reason: 'user_locked' })
    expect((await server.call('GET', '/v1/sessions/validate', { token: session })).status).toBe(200)
    const passkeys = await server.call('GET', '/v1/passkeys', { token: session })
    expect(passkeys.body.data.data).toHaveLength(1)
    const sessions = await server.call('GET', '/v1/users/ada/sessions', { token: tenant.token })
    expect(sessions.body.data.data).toHaveLength(1)
    server.clock.advance(1800)
    const started = await browser.startRegistration({ session })
    const added = await browser.finishRegistration(started, { device: createAuthenticator(), session })
    expect(added.status).toBe(200)
  })

  it('lock applies to every method: a first passkey by name is none for a locked user', async () => {
    const tenant = await server.tenant({ origins: [ORIGIN] })
    const browser = browserOf(server, tenant)
    await server.call('POST', '/v1/users', { token: tenant.token, body: { external_user_id: 'ada' } })
    const started = await browser.startRegistration({ name: 'ada' })
    await server.database.sql.query('update users set locked_until = $2 where tenant_id = $1', [
      tenant.tenantId,
      new Date(server.clock().getTime() + 60_000),
    ])
    const refused = await browser.finishRegistration(started, { device: createAuthenticator() })
    expect(outcome(refused)).toEqual([423, 'user_locked', '60'])
  })
})

/** The meter writes what it counted when its time comes, whoever signs in meanwhile. */
const isOfTheCall = (statement: string) => !statement.includes('usage_folds')

describe('who learns of a lock', () => {
  it('security 87: auth/start offers a locked user’s passkeys as if nothing were', async () => {
    const { browser, fail } = await setUp()
    const ask = async (name: string) => (await browser.startSignIn({ name })).body.data
    const before = await ask('ada')
    await fail(5)
    const [locked, nobody] = [await ask('ada'), await ask('bob')]
    expect(locked.challenge.allowCredentials).toEqual(before.challenge.allowCredentials)
    expect(Object.keys(nobody.challenge)).toEqual(Object.keys(locked.challenge))
    expect(JSON.stringify(nobody)).toHaveLength(JSON.stringify(locked).length)
  })

  it('security 87: auth/start does the same work for a locked user as for an unknown one', async () => {
    const { browser, fail } = await setUp()
    await fail(5)
    const statements = async (name: string) => {
      const query = vi.spyOn(server.database.sql, 'query')
      await browser.startSignIn({ name })
      const texts = query.mock.calls.map(([text]) => text).filter(isOfTheCall)
      query.mockRestore()
      return texts
    }
    expect(await statements('ada')).toEqual(await statements('bob'))
  })

  it('423 with Retry-After from auth/start where the application reveals who exists', async () => {
    const { browser, fail } = await setUp({ reveal_user_existence: true })
    await fail(5)
    expect(outcome(await browser.startSignIn({ name: 'ada' }))).toEqual([423, 'user_locked', '1800'])
    expect((await browser.startSignIn()).status).toBe(200)
  })
})

describe('POST /v1/users/{external_user_id}/unlock', () => {
  const unlock = (tenant: Tenant, name = 'ada') =>
    server.call('POST', `/v1/users/${name}/unlock`, { token: tenant.token })

  it('200 ends the lock and forgets the failures, recorded once', async () => {
    const { tenant, browser, device, userId, fail } = await setUp()
    await fail(5)
    for (let i = 0; i < 2; i++) {
      const answer = await unlock(tenant)
      expect([answer.status, answer.body.data]).toEqual([
        200,
        expect.objectContaining({ id: userId, external_user_id: 'ada', status: 'active', metadata: {} }),
      ])
    }
    expect(await events(tenant, 'user.unlocked')).toMatchObject([{ user_id: userId, metadata: {}, success: true }])
    expect(await fail(4)).toEqual([401, 401, 401, 401])
    expect((await browser.signIn(device)).status).toBe(200)
  })

  it('200 forgets failures before they lock, which is recorded too', async () => {
    const { tenant, fail } = await setUp()
    await fail(4)
    expect((await unlock(tenant)).status).toBe(200)
    expect(await events(tenant, 'user.unlocked')).toHaveLength(1)
    expect(await fail(4)).toEqual([401, 401, 401, 401])
    expect(await status(tenant)).toBe('active')
  })

  it('200 leaves a disabled user disabled; 404 user_not_found for nobody and for a foreign id', async () => {
    const [{ tenant, userId }, other] = [await setUp(), await setUp()]
    await server.call('PATCH', '/v1/users/ada', { token: tenant.token, body: { status: 'disabled' } })
    expect((await unlock(tenant)).body.data.status).toBe('disabled')
    expect(outcome(await unlock(tenant, 'nobody')).slice(0, 2)).toEqual([404, 'user_not_found'])
    const foreign = await unlock(other.tenant, `id:${userId}`)
    expect([foreign.status, foreign.body.error.code]).toEqual([404, 'user_not_found'])
  })
})

describe('the setting `lockout`', () => {
  it('decides thresholds and times; members left out stay as they were', async () => {
    const { tenant, browser, device, fail } = await setUp({ lockout: { soft_failures: 3 } })
    const changed = await change(tenant, { lockout: { soft_seconds: 60, hard_failures: 5, hard_seconds: 300 } })
    expect(changed.body.data.lockout).toEqual({
      soft_failures: 3,
      soft_seconds: 60,
      hard_failures: 5,
      hard_seconds: 300,
    })
    expect(await fail(4)).toEqual([401, 401, 401, 423])
    expect(outcome(await browser.signIn(device))).toEqual([423, 'user_locked', '60'])
    server.clock.advance(60)
    expect(await fail(3)).toEqual([401, 401, 423])
    expect(outcome(await browser.signIn(device))).toEqual([423, 'user_locked', '300'])
  })

  it('is 5, 1800, 10, 86400 where nothing was set', async () => {
    const { tenant } = await setUp()
    const read = await server.call('GET', `/v1/applications/${tenant.applicationId}`, { token: tenant.token })
    expect(read.body.data.lockout).toEqual({
      soft_failures: 5,
      soft_seconds: 1800,
      hard_failures: 10,
      hard_seconds: 86_400,
    })
  })

  it.each([
    ['soft_failures', 3, 20],
    ['soft_seconds', 60, 86_400],
    ['hard_failures', 5, 100],
    ['hard_seconds', 300, 604_800],
  ])('400 naming %s outside %i–%i', async (name, min, max) => {
    const tenant = await server.tenant()
    for (const value of [min, max])
      expect((await change(tenant, { lockout: { [name]: value } })).body.data.lockout[name]).toBe(value)
    for (const value of [min - 1, max + 1, min + 0.5, '5', null]) {
      const refused = await change(tenant, { lockout: { [name]: value } })
      expect([value, refused.status, refused.body.error.message]).toEqual([
        value,
        400,
        expect.stringMatching(new RegExp(`^lockout\\.${name}: `)),
      ])
    }
  })
})

describe('the cost', () => {
  it('a sign-in is three statements, the first after failures too', async () => {
    const { browser, device, fail } = await setUp()
    const finishing = async () => {
      const started = await browser.startSignIn()
      const query = vi.spyOn(server.database.sql, 'query')
      const transaction = vi.spyOn(server.database, 'rawTransaction')
      expect((await browser.finishSignIn(started, { device })).status).toBe(200)
      const cost = [query.mock.calls.filter(([text]) => isOfTheCall(text)).length, transaction.mock.calls.length]
      query.mockRestore()
      transaction.mockRestore()
      return cost
    }
    await finishing()
    expect(await finishing()).toEqual([3, 0])
    await fail(3)
    expect(await finishing()).toEqual([3, 0])
  })
})
