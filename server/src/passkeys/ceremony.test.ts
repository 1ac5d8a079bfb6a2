import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthenticator } from '../../test/authenticator.ts'
import { browserOf, ORIGIN } from '../../test/ceremonies.ts'
import { freshAddress, type Tenant, type TestApp, testApp } from '../../test/harness.ts'
import { browserTimeoutMillis, ceremonyTtlSeconds, purgeExpiredCeremonies } from './ceremony.ts'

const OTHER = 'https://other.example.com'
const nowhere = '019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57'

let server: TestApp
beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'off' })
})
afterAll(() => server.close())

async function setUp(settings: object = {}, origins = [ORIGIN]) {
  const tenant = await server.tenant({ origins, settings })
  return { tenant, browser: browserOf(server, tenant) }
}

async function change(tenant: Tenant, body: object) {
  const path = `/v1/applications/${tenant.applicationId}`
  expect((await server.call('PATCH', path, { token: tenant.token, body })).status).toBe(200)
}

const reasons = async (tenant: Tenant) => {
  const { body } = await server.call('GET', '/v1/audit-logs?event=auth.failed', { token: tenant.token })
  return body.data.data.map(({ metadata }: { metadata: { reason: string } }) => metadata.reason)
}

const lives = async (sessionId: string) =>
  (await server.database.sql.query('select 1 from ceremonies where id = $1::uuid', [sessionId])).length === 1

describe('a challenge', () => {
  it('security 79: has 32 bytes and is another each time', async () => {
    const { browser } = await setUp()
    const challenges = new Set<string>()
    for (let i = 0; i < 50; i++) challenges.add((await browser.startSignIn()).body.data.challenge.challenge)
    expect(challenges.size).toBe(50)
    for (const challenge of challenges) expect(Buffer.from(challenge, 'base64url')).toHaveLength(32)
  })

  it('security 80: works once, also after a failure; later uses are recorded', async () => {
    const { tenant, browser } = await setUp()
    const { device } = await browser.register('ada')
    const registration = await browser.startRegistration({ name: 'eve' })
    const eve = createAuthenticator()
    expect((await browser.finishRegistration(registration, { device: eve, mutate: { flags: () => 0 } })).status).toBe(
      401,
    )
    const signIn = await browser.startSignIn()
    expect((await browser.finishSignIn(signIn, { device, mutate: { flags: () => 0 } })).status).toBe(401)
    const again = [
      await browser.finishRegistration(registration, { device: eve }),
      await browser.finishSignIn(signIn, { device }),
    ]
    for (const answer of again) expect([answer.status, answer.body.error.code]).toEqual([400, 'session_expired'])
    expect((await reasons(tenant)).slice(0, 2)).toEqual(['ceremony_unknown', 'ceremony_unknown'])
  })

  it('security 80: is gone before the response is looked at', async () => {
    const { browser } = await setUp()
    const started = await browser.startSignIn()
    const hollow = {
      id: 'AAAA',
      rawId: 'AAAA',
      type: 'x',
      response: { clientDataJSON: '', authenticatorData: '', signature: '' },
    }
    const body = { session_id: started.body.data.session_id, credential: hollow }
    expect((await browser.post('/v1/passkeys/auth/finish', body, {})).status).toBe(404)
    expect(await lives(started.body.data.session_id)).toBe(false)
  })

  it('security 81: is refused at exactly its limit, and the browser gives up before', async () => {
    const { tenant, browser } = await setUp()
    const { device } = await browser.register('ada')
    const begin = () => Promise.all([browser.startRegistration({ name: 'eve' }), browser.startSignIn()])
    const [slowRegistration, slowSignIn] = await begin()
    for (const { body } of [slowRegistration, slowSignIn]) {
      const limit = new Date(server.clock().getTime() + 600_000).toISOString()
      expect([body.data.expires_at, body.data.challenge.timeout]).toEqual([limit, 300_000])
    }
    expect(browserTimeoutMillis).toBeLessThanOrEqual(ceremonyTtlSeconds * 1000)
    server.clock.advance(600)
    const late = [
      await browser.finishRegistration(slowRegistration, { device: createAuthenticator() }),
      await browser.finishSignIn(slowSignIn, { device }),
    ]
    for (const answer of late) expect([answer.status, answer.body.error.code]).toEqual([400, 'session_expired'])
    expect(await reasons(tenant)).toEqual(['ceremony_expired', 'ceremony_expired'])
    const [registration, signIn] = await begin()
    server.clock.advance(599)
    expect((await browser.finishRegistration(registration, { device: createAuthenticator() })).status).toBe(200)
    expect((await browser.finishSignIn(signIn, { device })).status).toBe(200)
  })

  it('security 83: of another application answers like an unknown one, and is not burnt by it', async () => {
    const [mine, other] = [await setUp(), await setUp()]
    const { device } = await mine.browser.register('ada')
    const started = await mine.browser.startSignIn()
    const crossed = await other.browser.finishSignIn(started, { device })
    const credential = device.authenticate(started.body.data.challenge, { origin: ORIGIN })
    const body = { session_id: nowhere, credential }
    const unknown = await other.browser.post('/v1/passkeys/auth/finish', body, {})
    expect([crossed.status, crossed.text]).toEqual([400, unknown.text])
    expect((await mine.browser.finishSignIn(started, { device })).status).toBe(200)
  })

  it('security 65: of a registration does not sign in, nor the reverse', async () => {
    const { browser } = await setUp()
    const { device } = await browser.register('ada')
    const registration = await browser.startRegistration({ name: 'new' })
    const { challenge, session_id } = registration.body.data
    const assertion = device.authenticate({ challenge: challenge.challenge, rpId: challenge.rp.id }, { origin: ORIGIN })
    const asSignIn = await browser.post('/v1/passkeys/auth/finish', { session_id, credential: assertion }, {})
    expect([asSignIn.status, asSignIn.body.error.code]).toEqual([400, 'session_expired'])
    const signIn = await browser.startSignIn()
    const attestation = createAuthenticator().register(
      { ...challenge, challenge: signIn.body.data.challenge.challenge },
      { origin: ORIGIN },
    )
    const crossed = { session_id: signIn.body.data.session_id, credential: attestation }
    const asRegistration = await browser.post('/v1/passkeys/register/finish', crossed, {})
    expect([asRegistration.status, asRegistration.body.error.code]).toEqual([400, 'session_expired'])
    expect((await browser.finishRegistration(registration, { device: createAuthenticator() })).status).toBe(200)
    expect((await browser.finishSignIn(signIn, { device })).status).toBe(200)
  })

  it('of a publishable key is not finished with a session, nor the reverse', async () => {
    const { tenant, browser } = await setUp()
    const { token } = await browser.register('ada')
    const byName = await browser.startRegistration({ name: 'eve' })
    const bySession = await browser.startRegistration({ session: token })
    const crossed = [
      await browser.finishRegistration(byName, { device: createAuthenticator(), session: token }),
      await browser.finishRegistration(bySession, { device: createAuthenticator() }),
    ]
    for (const answer of crossed) expect([answer.status, answer.body.error.code]).toEqual([400, 'session_expired'])
    expect(await reasons(tenant)).toEqual(['caller', 'caller'])
  })

  it('security 86: begun on one instance is finished on another, also after a restart', async () => {
    const { tenant, browser } = await setUp()
    const { device } = await browser.register('ada')
    const started = await browser.startSignIn()
    const later = await testApp({ RATE_LIMITS: 'off' }, { database: server.database, clock: server.clock })
    const finished = await browserOf(later, tenant).finishSignIn(started, { device })
    expect(finished.status).toBe(200)
    await later.close()
    expect((await browser.finishSignIn(started, { device })).body.error.code).toBe('session_expired')
  })
})

describe('security 82: a ceremony is judged by what it was begun with', () => {
  it('an origin that is listed only since is refused', async () => {
    const { tenant, browser } = await setUp()
    const { device } = await browser.register('ada')
    const started = await browser.startSignIn()
    await change(tenant, { allowed_origins: [ORIGIN, OTHER] })
    const refused = await browser.finishSignIn(started, { device, signedOrigin: OTHER })
    expect([refused.status, refused.body.error.code]).toEqual([400, 'challenge_mismatch'])
    expect(await reasons(tenant)).toEqual(['origin_not_allowed'])
  })

  it('an origin that is listed no more is refused, as caller and as signer', async () => {
    const { tenant, browser } = await setUp({ rp_id: 'example.com' }, [ORIGIN, OTHER])
    const { device } = await browser.register('ada')
    const [one, two] = [await browser.startSignIn(), await browser.startSignIn()]
    await change(tenant, { allowed_origins: [OTHER] })
    const caller = await browser.finishSignIn(one, { device })
    expect([caller.status, caller.body.error.code]).toEqual([404, 'origin_not_allowed'])
    const signer = await browser.finishSignIn(two, { device, origin: OTHER, signedOrigin: ORIGIN })
    expect([signer.status, signer.body.error.code]).toEqual([400, 'challenge_mismatch'])
  })

  it('a site that may embed only since is refused, in both ceremonies', async () => {
    const { tenant, browser } = await setUp()
    const { device } = await browser.register('ada')
    const registration = await browser.startRegistration({ name: 'eve' })
    const signIn = await browser.startSignIn()
    await change(tenant, { allowed_top_origins: [OTHER] })
    const frame = { crossOrigin: true, topOrigin: OTHER }
    const answers = [
      await browser.finishRegistration(registration, { device: createAuthenticator(), frame }),
      await browser.finishSignIn(signIn, { device, frame }),
    ]
    for (const answer of answers) expect([answer.status, answer.body.error.code]).toEqual([400, 'challenge_mismatch'])
    expect((await browser.signIn(device, { frame })).status).toBe(200)
  })

  it('user verification stays required although the policy was relaxed since', async () => {
    const { tenant, browser } = await setUp({ user_verification: 'required' })
    const { device } = await browser.register('ada')
    const lazy = { flags: (flags: number) => flags & ~4 }
    const started = await browser.startSignIn()
    await change(tenant, { user_verification: 'preferred' })
    expect((await browser.finishSignIn(started, { device, mutate: lazy })).body.error.code).toBe('verification_failed')
    expect((await browser.signIn(device, { mutate: lazy })).status).toBe(200)
  })

  it('the RP ID stays although another was set since', async () => {
    const { tenant, browser } = await setUp()
    const { device } = await browser.register('ada')
    const started = await browser.startSignIn()
    await change(tenant, { rp_id: 'example.com', confirm_rp_id_change: true })
    expect((await browser.finishSignIn(started, { device })).status).toBe(200)
    expect((await browser.startSignIn()).body.data.challenge.rpId).toBe('example.com')
  })

  it('the user stays: a name that is erased and taken anew is another user', async () => {
    const { tenant, browser } = await setUp()
    const { device } = await browser.register('ada')
    const started = await browser.startSignIn({ name: 'ada' })
    await server.call('DELETE', '/v1/users/ada', { token: tenant.token })
    const heir = await browser.register('ada')
    const refused = await browser.finishSignIn(started, { device })
    expect([refused.status, refused.body.error.code]).toEqual([400, 'session_expired'])
    expect((await browser.signIn(heir.device)).status).toBe(200)
  })
})

describe('storage', () => {
  it('security 85: the purge deletes what is past its time, at most a batch, and nothing that lives', async () => {
    const { browser } = await setUp()
    const { sql } = server.database
    const { device } = await browser.register('ada')
    await sql.query('delete from ceremonies')
    const old = [await browser.startSignIn(), await browser.startSignIn(), await browser.startSignIn()]
    server.clock.advance(1)
    const live = await browser.startSignIn()
    server.clock.advance(599)
    expect(await purgeExpiredCeremonies(sql, server.clock(), 2)).toBe(2)
    expect(await purgeExpiredCeremonies(sql, server.clock(), 2)).toBe(1)
    expect(await purgeExpiredCeremonies(sql, server.clock(), 2)).toBe(0)
    for (const { body } of old) expect(await lives(body.data.session_id)).toBe(false)
    expect((await browser.finishSignIn(live, { device })).status).toBe(200)
  })

  it('security 84: begins for one user, and from one address, are bounded; the live ones stay', async () => {
    const limited = await testApp({}, { database: server.database, clock: server.clock })
    const tenant = await limited.tenant({ origins: [ORIGIN] })
    const browser = browserOf(limited, tenant)
    const { device } = await browser.register('ada', createAuthenticator(), { ip: freshAddress() })
    const first = await browser.startSignIn({ name: 'ada', ip: freshAddress() })
    // One of the 20 was the registration.
    for (let i = 0; i < 18; i++) {
      expect((await browser.startSignIn({ name: 'ada', ip: freshAddress() })).status).toBe(200)
    }
    const refused = await browser.startSignIn({ name: 'ada', ip: freshAddress() })
    expect([refused.status, refused.body.error.code]).toEqual([429, 'rate_limit_exceeded'])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect((await browser.startSignIn({ name: 'eve', ip: freshAddress() })).status).toBe(200)
    expect((await browser.finishSignIn(first, { device, ip: freshAddress() })).status).toBe(200)

    const ip = freshAddress()
    let passed = 0
    while ((await browser.startSignIn({ ip })).status === 200) passed += 1
    expect(passed).toBe(120)
    await limited.close()
  })
})
