import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Authenticator, createAuthenticator } from '../../../test/authenticator.ts'
import { browserOf, ORIGIN } from '../../../test/ceremonies.ts'
import { type Answer, freshAddress, type Tenant, type TestApp, testApp } from '../../../test/harness.ts'
import { type Plan, plans } from '../../tenants/plans.ts'

let server: TestApp
let tenant: Tenant
const page = 'https://auth.example.com'
const back = 'https://app.example.com/welcome?from=sign-up'
const settings = { rp_id: 'example.com', success_urls: [back] }

beforeAll(async () => {
  server = await testApp()
  tenant = await server.tenant({ origins: [ORIGIN], settings })
})
afterAll(() => server.close())

type Who = { tenant?: Tenant; origin?: string; token?: string | null }
const start = (body: object = {}, { tenant: whose = tenant, origin = ORIGIN, token = whose.clientId }: Who = {}) =>
  server.call('POST', '/v1/onboarding/start', {
    body: { user_role: 'app_user', ...body },
    ip: freshAddress(),
    origin,
    ...(token === null ? {} : { token }),
  })
const step = (sid: string, name: string, body: object, cookie = '', origin = page) =>
  server.call('POST', `/v1/onboarding/${sid}/${name}`, { body, origin, headers: { cookie } })
const cookieOf = (answer: Answer) => String(answer.headers['set-cookie']).split(';')[0] ?? ''
const codeOf = ({ status, body }: Answer) => [status, body.error?.code]

const ada = { display_name: 'Ada', email: 'Ada@example.com' }

async function begin(who: object = ada, body: object = {}, whose: Who = {}) {
  const started = await start(body, whose)
  if (started.status !== 201) throw new Error(started.text)
  const sid: string = started.body.data.session_id
  const given = await step(sid, 'data', who)
  return { sid, given, cookie: cookieOf(given), started }
}

async function signUp(device: Authenticator = createAuthenticator(), body: object = {}, whose: Who = {}) {
  const { sid, given, cookie } = await begin(ada, body, whose)
  const { challenge, ceremony_id } = given.body.data
  const credential = device.register(challenge, { origin: page })
  const registered = await step(sid, 'register-passkey', { ceremony_id, credential }, cookie)
  const done = await step(sid, 'complete', {}, cookie)
  return { sid, cookie, challenge, registered, done }
}

const eventsOf = async (userId: string) => {
  const rows = await server.database.sql.query<{ event: string; metadata: Record<string, unknown> }>(
    'select event, metadata from audit_logs where tenant_id = $1 and application_id = $2 and user_id = $3 order by id',
    [tenant.tenantId, tenant.applicationId, userId],
  )
  return rows.map(({ event, metadata }) => [event, metadata] as const)
}

describe('an end user on the hosted page', () => {
  it('gets a user and a passkey of the application, which signs in on its site', async () => {
    const device = createAuthenticator()
    const { sid, challenge, registered, done } = await signUp(device, { return_url: back })
    expect([challenge.rp.id, challenge.user.name, challenge.user.displayName]).toEqual([
      'example.com',
      ada.email,
      ada.display_name,
    ])
    const { user_id } = registered.body.data
    expect(registered.body.data).toEqual({
      session_id: sid,
      status: 'pending_passkey',
      user_id,
      tenant_id: tenant.tenantId,
    })
    expect(done.body.data).toMatchObject({ status: 'completed', user_id, tenant_id: tenant.tenantId, return_url: back })
    const user = await server.call('GET', `/v1/users/${user_id}`, { token: tenant.token })
    expect(user.body.data).toMatchObject({
      id: user_id,
      external_user_id: user_id,
      metadata: { display_name: 'Ada', email: 'ada@example.com' },
    })
    const token = done.body.data.session_token
    const valid = await server.call('GET', '/v1/sessions/validate', { token, origin: ORIGIN })
    expect(valid.body.data).toMatchObject({ user_id, app_id: tenant.applicationId })
    const sessions = await server.call('GET', '/v1/sessions', { token, origin: ORIGIN })
    expect(sessions.body.data.data).toHaveLength(1)
    const browser = browserOf(server, tenant)
    const signedIn = await browser.finishSignIn(await browser.startSignIn(), { device })
    expect([signedIn.status, signedIn.body.data.user.user_id]).toEqual([200, user_id])
  })

  it('leaves its events, in the trail of the application', async () => {
    const { sid, registered } = await signUp()
    const events = await eventsOf(registered.body.data.user_id)
    expect(events.map(([event]) => event)).toEqual([
      'user.created',
      'passkey.registered',
      'auth.success',
      'onboarding.completed',
    ])
    expect(Object.fromEntries(events)).toMatchObject({
      'user.created': { source: 'hosted_onboarding' },
      'auth.success': { method: 'passkey', user_verified: true },
      'onboarding.completed': { onboarding_id: sid, user_role: 'app_user' },
    })
    const begun = await server.call('GET', '/v1/audit-logs?event=registration.started', { token: tenant.token })
    expect(begun.body.data.data.length).toBeGreaterThan(0)
  })

  it('tells the page of the application how far it is, and never a token', async () => {
    const { sid, given, cookie } = await begin({ email: ada.email })
    const look = (who: Partial<Parameters<TestApp['call']>[2]> = {}) =>
      server.call('GET', `/v1/onboarding/${sid}/status`, { origin: ORIGIN, ...who })
    const seen = await look({ token: tenant.clientId })
    expect(seen.headers['access-control-allow-origin']).toBe(ORIGIN)
    expect(seen.body.data).toMatchObject({ status: 'pending_passkey', hosted_url: `${page}/onboarding/${sid}` })
    const stranger = await server.tenant({ origins: [ORIGIN] })
    expect(codeOf(await look({ token: stranger.clientId }))).toEqual([404, 'onboarding_not_found'])
    const { challenge, ceremony_id } = given.body.data
    const credential = createAuthenticator().register(challenge, { origin: page })
    await step(sid, 'register-passkey', { ceremony_id, credential }, cookie)
    await step(sid, 'complete', {}, cookie)
    expect((await look()).body.data).toEqual({ status: 'completed' })
  })

  it('sees whose page it is and where the passkey will work', async () => {
    const { body } = await start({ prefill: ada })
    const shown = await server.call('GET', `/v1/onboarding/${body.data.session_id}/page`)
    expect(shown.body.data).toEqual({
      status: 'pending_data',
      user_role: 'app_user',
      application: { name: 'Test', site: 'example.com' },
      prefill: ada,
    })
  })

  it('keeps one user through prompts that were cancelled', async () => {
    const { sid, given, cookie } = await begin()
    const again = await step(sid, 'data', { display_name: 'Ada L.' }, cookie)
    expect(again.body.data.challenge.user).toEqual({
      id: given.body.data.challenge.user.id,
      name: 'Ada L.',
      displayName: 'Ada L.',
    })
  })

  it.each([
    ['nothing', {}, 'email: is required, or display_name is'],
    ['a company', { company_name: 'Acme', email: 'a@example.com' }, 'company_name: is not asked of app_user'],
    ['an external id', { email: 'a@example.com', external_user_id: 'ada' }, 'external_user_id: is not a known field'],
  ])('is refused %s as data', async (_, who, message) => {
    const { given } = await begin(who)
    expect([given.status, given.body.error.message]).toEqual([400, message])
  })

  it('goes through the steps in their order, once', async () => {
    const { session_id: sid } = (await start()).body.data
    expect(codeOf(await step(sid, 'complete', {}))).toEqual([409, 'invalid_state'])
    const { sid: other, cookie } = await begin()
    expect(codeOf(await step(other, 'complete', {}, cookie))).toEqual([409, 'invalid_state'])
    const done = await signUp()
    expect(codeOf(await step(done.sid, 'complete', {}, done.cookie))).toEqual([409, 'invalid_state'])
    expect(codeOf(await step(done.sid, 'data', ada, done.cookie))).toEqual([409, 'invalid_state'])
  })

  it('cannot finish a registration that was begun elsewhere', async () => {
    const { sid, cookie } = await begin()
    const elsewhere = (await browserOf(server, tenant).startRegistration({ name: 'somebody' })).body.data
    const credential = createAuthenticator().register(elsewhere.challenge, { origin: ORIGIN })
    const answer = await step(sid, 'register-passkey', { ceremony_id: elsewhere.session_id, credential }, cookie)
    expect(codeOf(answer)).toEqual([400, 'session_expired'])
  })

  it('goes no further from the application’s own page, in another browser, or once its page is not listed', async () => {
    const own = await server.tenant({ origins: [ORIGIN], settings })
    const { sid, cookie } = await begin(ada, {}, { tenant: own })
    expect(codeOf(await step(sid, 'data', ada, cookie, ORIGIN))).toEqual([403, 'forbidden'])
    expect(codeOf(await step(sid, 'data', ada))).toEqual([404, 'onboarding_not_found'])
    const body = { allowed_origins: ['https://other.example.com'] }
    await server.call('PATCH', `/v1/applications/${own.applicationId}`, { token: own.token, body })
    expect(codeOf(await step(sid, 'data', ada, cookie))).toEqual([404, 'onboarding_not_found'])
  })

  it('is in the report about the user, and erased with it', async () => {
    const { sid, registered } = await signUp()
    const id = registered.body.data.user_id
    const report = await server.call('GET', `/v1/privacy/user-data/${id}`, { token: tenant.token })
    expect(report.body.data.onboardings).toMatchObject([{ id: sid, status: 'completed', ...ada }])
    await server.call('DELETE', `/v1/users/${id}`, { token: tenant.token })
    expect((await server.call('GET', `/v1/onboarding/${sid}/status`)).status).toBe(404)
  })
})

describe('beginning one', () => {
  it('needs the publishable key and a listed origin', async () => {
    expect(codeOf(await start({}, { token: null }))).toEqual([401, 'unauthorized'])
    expect(codeOf(await start({}, { token: tenant.token }))).toEqual([401, 'unauthorized'])
    expect(codeOf(await start({}, { origin: 'https://evil.example.net' }))).toEqual([404, 'origin_not_allowed'])
    expect(codeOf(await start({}, { token: 'cli_unknown' }))).toEqual([404, 'origin_not_allowed'])
  })

  it.each([
    ['return_url', 'https://app.example.com/welcome'],
    ['return_url', `${back}#x`],
    ['return_url', 'javascript:alert(1)'],
    ['return_url', `${page}/dashboard`],
    ['refresh_url', 'https://evil.example.net/'],
  ])('security 228: %s %s is not in success_urls', async (name, url) => {
    expect(codeOf(await start({ [name]: url }))).toEqual([400, `invalid_${name}`])
    expect((await start({ [name]: back })).status).toBe(201)
  })

  it('is refused where the page could not make the passkey, and says which setting that is', async () => {
    const own = await server.tenant({ origins: [ORIGIN] })
    const { status, body } = await start({}, { tenant: own })
    expect([status, body.error.code]).toEqual([400, 'validation_error'])
    expect(body.error.message).toBe(`rp_id: passkeys of app.example.com cannot be made on ${page}`)
    expect(body.error.hint).toContain('related_origins')
  })

  it.each(['preregistered', 'ticket'])(
    'is refused under registration_policy %s: nobody knows a stranger',
    async (policy) => {
      const own = await server.tenant({ origins: [ORIGIN], settings: { ...settings, registration_policy: policy } })
      expect(codeOf(await start({}, { tenant: own }))).toEqual([403, 'registration_not_allowed'])
    },
  )

  it('is not refused without anonymous_signup: who signs up here says who it is', async () => {
    const own = await server.tenant({ origins: [ORIGIN], settings: { ...settings, anonymous_signup: false } })
    expect((await signUp(createAuthenticator(), {}, { tenant: own })).done.status).toBe(200)
  })

  it('is refused when the plan is full; whoever was on the page by then is told too', async () => {
    const own = await server.tenant({ origins: [ORIGIN], settings })
    const { sid, given, cookie } = await begin(ada, {}, { tenant: own })
    const free: Plan = 'free_ai'
    await server.database.sql.query('update tenants set user_count = $2 where id = $1', [
      own.tenantId,
      plans[free].users,
    ])
    expect(codeOf(await start({}, { tenant: own }))).toEqual([409, 'plan_limit_reached'])
    expect(codeOf(await step(sid, 'data', ada, cookie))).toEqual([409, 'plan_limit_reached'])
    const { challenge, ceremony_id } = given.body.data
    const credential = createAuthenticator().register(challenge, { origin: page })
    const late = await step(sid, 'register-passkey', { ceremony_id, credential }, cookie)
    expect(codeOf(late)).toEqual([409, 'plan_limit_reached'])
  })

  it('is open while SIGNUPS=closed, which is about accounts', async () => {
    const closed = await testApp({ SIGNUPS: 'closed' }, { database: server.database })
    const body = { user_role: 'app_user' }
    const answer = await closed.call('POST', '/v1/onboarding/start', { body, origin: ORIGIN, token: tenant.clientId })
    expect(answer.status).toBe(201)
    await closed.close()
  })
})
