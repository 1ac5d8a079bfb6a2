import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthenticator } from '../../../test/authenticator.ts'
import { type Answer, freshAddress, type TestApp, testApp } from '../../../test/harness.ts'
import { CONSOLE_TENANT_ID } from '../../console/console.ts'
import { purgeOnboardings } from './purge.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const page = 'https://auth.example.com'
const who = { company_name: 'Acme', email: 'founder@example.com' }

const start = (body: object = { user_role: 'maintainer' }) =>
  server.call('POST', '/v1/onboarding/start', { body, ip: freshAddress() })

type Step = { cookie?: string; origin?: string }
const step = (sid: string, name: string, body: object, { cookie, origin = page }: Step = {}) =>
  server.call('POST', `/v1/onboarding/${sid}/${name}`, { body, origin, ...(cookie ? { headers: { cookie } } : {}) })

const cookieOf = (answer: Answer) => String(answer.headers['set-cookie']).split(';')[0] ?? ''

async function begin() {
  const { session_id: sid } = (await start()).body.data
  const given = await step(sid, 'data', who)
  return { sid, cookie: cookieOf(given), given }
}

const passkeyFor = ({ given }: { given: Answer }) => ({
  ceremony_id: given.body.data.ceremony_id,
  credential: createAuthenticator().register(given.body.data.challenge, { origin: page }),
})

const statusOf = async (sid: string) => (await server.call('GET', `/v1/onboarding/${sid}/status`)).body.data.status

describe('a sign-up on the hosted page', () => {
  it('leads from nothing to an owned account, a tenant, an application and the dashboard', async () => {
    const person = await server.person({ company: 'Acme', address: 'Owner@Example.com' })
    const { status, body } = await server.call('GET', '/v1/account', { headers: person.headers })
    expect(status).toBe(200)
    expect(body.data).toEqual({
      id: person.accountId,
      name: 'Acme',
      status: 'active',
      plan: 'starter',
      role: 'owner',
      user_id: person.personId,
      email: 'owner@example.com',
      email_verified: false,
      operator: false,
      accounts: [{ id: person.accountId, name: 'Acme', role: 'owner' }],
      tenants: [{ id: person.tenantId, name: 'Acme' }],
    })
    const own = await server.call('GET', '/v1/applications?scope=account', { headers: person.headers })
    expect(own.body.data.data.map(({ id }: { id: string }) => id)).toEqual([person.applicationId])
  })

  it('tells how far it is, to whoever has its id, and never a token', async () => {
    const started = await start({ user_role: 'maintainer', prefill: { company_name: 'Acme' } })
    const { session_id: sid, hosted_url, onboarding_url, expires_in } = started.body.data
    expect([started.status, sid.slice(0, 4), expires_in]).toEqual([201, 'onb_', 1800])
    expect([hosted_url, onboarding_url]).toEqual([`${page}/dashboard/sign-up/${sid}`, hosted_url])
    expect(await statusOf(sid)).toBe('pending_data')
    const given = await step(sid, 'data', who)
    expect(await statusOf(sid)).toBe('pending_passkey')
    const cookie = cookieOf(given)
    await step(sid, 'register-passkey', passkeyFor({ given }), { cookie })
    expect(await statusOf(sid)).toBe('pending_passkey')
    const done = await step(sid, 'complete', {}, { cookie })
    expect(done.body.data).toMatchObject({ status: 'completed', session_token: expect.stringMatching(/^eyJ/) })
    const seen = await server.call('GET', `/v1/onboarding/${sid}/status`)
    expect(seen.body.data).toEqual({ status: 'completed' })
  })

  it('shows the person the address as the name of the passkey', async () => {
    const { given } = await begin()
    expect(given.body.data.challenge.user).toMatchObject({ name: who.email, displayName: who.email })
    expect(given.body.data.challenge.rp.id).toBe('auth.example.com')
    expect(given.body.data.challenge.authenticatorSelection.userVerification).toBe('required')
  })

  it('refuses steps out of order', async () => {
    const { session_id: sid } = (await start()).body.data
    expect((await step(sid, 'complete', {})).body.error.code).toBe('invalid_state')
    const { sid: begun, cookie, given } = await begin()
    expect((await step(begun, 'complete', {}, { cookie })).body.error.code).toBe('invalid_state')
    expect((await step(begun, 'register-passkey', passkeyFor({ given }), { cookie })).status).toBe(200)
    expect((await step(begun, 'complete', {}, { cookie })).status).toBe(200)
    expect((await step(begun, 'complete', {}, { cookie })).body.error.code).toBe('invalid_state')
    expect((await step(begun, 'data', who, { cookie })).body.error.code).toBe('invalid_state')
  })

  it('gives a new challenge after a prompt that was cancelled, for the same person', async () => {
    const { sid, cookie, given } = await begin()
    const again = await step(sid, 'data', { ...who, company_name: 'Acme Ltd' }, { cookie })
    expect(again.body.data.challenge.user.id).toBe(given.body.data.challenge.user.id)
    expect((await step(sid, 'register-passkey', passkeyFor({ given: again }), { cookie })).status).toBe(200)
  })

  it.each([
    ['from another origin', { origin: 'https://evil.example.net' }, 403, 'forbidden'],
    ['from another browser', { cookie: '__Host-tm_onboarding=onp_other' }, 404, 'onboarding_not_found'],
    ['without the cookie', {}, 404, 'onboarding_not_found'],
  ])('goes no further %s', async (_, how: Step, status, code) => {
    const { sid, cookie, given } = await begin()
    const answer = await step(sid, 'register-passkey', passkeyFor({ given }), {
      ...(how.origin ? { cookie } : {}),
      ...how,
    })
    expect([answer.status, answer.body.error.code]).toEqual([status, code])
  })

  it('expires after half an hour, and takes a person without a passkey along', async () => {
    const { sid, cookie, given } = await begin()
    const people = async () =>
      (
        await server.database.sql.query(`select 1 from users where tenant_id = $1 and authenticated_at is null`, [
          CONSOLE_TENANT_ID,
        ])
      ).length
    server.clock.advance(1801)
    expect(await statusOf(sid)).toBe('expired')
    expect((await step(sid, 'register-passkey', passkeyFor({ given }), { cookie })).status).toBe(404)
    expect(await people()).toBeGreaterThan(0)
    expect(await purgeOnboardings(server.database.sql, server.clock(), 500)).toBeGreaterThan(0)
    expect([await people(), await statusOf(sid)]).toEqual([0, 'expired'])
    const rows = await server.database.sql.query(
      'select company_name, address, person_id, page_hash from hosted_onboardings where id = $1',
      [sid],
    )
    expect(rows).toEqual([{ company_name: null, address: null, person_id: null, page_hash: null }])
    server.clock.advance(86_400)
    await purgeOnboardings(server.database.sql, server.clock(), 500)
    expect((await server.call('GET', `/v1/onboarding/${sid}/status`)).status).toBe(404)
  })

  it.each([
    'https://evil.example.net/',
    '//evil.example.net',
    'https:\\\\evil.example.net',
    'https:evil.example.net',
    'javascript:alert(1)',
    `${page}.evil.example.net/`,
    `https://auth.example.com@evil.example.net/`,
  ])('security 228: does not lead back to %s', async (return_url) => {
    const { status, body } = await start({ user_role: 'maintainer', return_url })
    expect([status, body.error.code]).toEqual([400, 'invalid_return_url'])
  })

  it('leads back to a page of this server', async () => {
    const { status } = await start({ user_role: 'maintainer', return_url: `${page}/dashboard/keys` })
    expect(status).toBe(201)
  })

  it('shows what was prefilled until a browser has begun, then to that browser alone; and never takes it for given', async () => {
    const prefill = { company_name: 'Acme', email: 'ada@example.com' }
    const { session_id: sid } = (await start({ user_role: 'maintainer', prefill })).body.data
    const shown = async (headers = {}) =>
      (await server.call('GET', `/v1/onboarding/${sid}/page`, { headers })).body.data.prefill
    expect(await shown()).toEqual(prefill)
    expect((await step(sid, 'data', { email: who.email })).body.error.message).toBe('company_name: is required')
    const cookie = cookieOf(await step(sid, 'data', who))
    expect([await shown(), await shown({ cookie })]).toEqual([{}, who])
  })

  it('leads to refresh_url when it is too late', async () => {
    const refresh_url = `${page}/dashboard/sign-up`
    const { session_id: sid } = (await start({ user_role: 'maintainer', refresh_url })).body.data
    server.clock.advance(1801)
    await purgeOnboardings(server.database.sql, server.clock(), 500)
    const { body, headers } = await server.call('GET', `/v1/onboarding/${sid}/page`)
    expect(body.data).toEqual({ status: 'expired', user_role: 'maintainer', refresh_url, prefill: {} })
    expect(headers['cache-control']).toBe('no-store')
  })

  it('the 11th from one address within the hour is refused', async () => {
    const ip = freshAddress()
    const body = { user_role: 'maintainer' }
    const seen = []
    for (let i = 0; i < 11; i++) seen.push((await server.call('POST', '/v1/onboarding/start', { body, ip })).status)
    expect(seen).toEqual([...Array(10).fill(201), 429])
  })
})

describe('who may sign up', () => {
  it('agents 185: under SIGNUPS=waitlist a person gets in, sees so, and gets no further', async () => {
    const waiting = await testApp({ SIGNUPS: 'waitlist' }, { database: server.database })
    const { headers, applicationId } = await waiting.person()
    const { body } = await waiting.call('GET', '/v1/account', { headers })
    expect(body.data.status).toBe('waitlisted')
    for (const path of ['/v1/applications', `/v1/applications/${applicationId}`, '/v1/users', '/v1/audit-logs']) {
      const refused = await waiting.call('GET', path, { headers })
      expect([path, refused.status, refused.body.error.code]).toEqual([path, 403, 'not_admitted'])
    }
    await waiting.close()
  })

  it('under SIGNUPS=closed nobody does', async () => {
    const closed = await testApp({ SIGNUPS: 'closed' }, { database: server.database })
    const body = { user_role: 'maintainer' }
    const refused = await closed.call('POST', '/v1/onboarding/start', { body })
    expect([refused.status, refused.body.error.code]).toEqual([403, 'signups_closed'])
    await closed.close()
  })
})
