import { anotherApplication } from './account.ts'
import { type Authenticator, createAuthenticator } from './authenticator.ts'
import type { Answer, Tenant, TestApp } from './harness.ts'

export const origin = 'https://app.example.com'

/** One request that an operation accepts; the credential follows from how the operation authenticates. */
export type Sample = {
  params?: Record<string, string>
  query?: Record<string, string>
  body?: Record<string, unknown>
  /** For an end user, whose session token it must be. */
  token?: string
  /** The application that it is about, if it is not the tenant's first. */
  about?: Tenant
}

export type World = { server: TestApp; tenant: Tenant }

const data = (answer: Answer) => {
  if (answer.status >= 300) throw new Error(`a sample could not be prepared: ${answer.status} ${answer.text}`)
  return answer.body.data
}

let count = 0
const fresh = (): string => {
  count += 1
  return `user_${count}`
}

async function user({ server, tenant }: World): Promise<string> {
  const external_user_id = fresh()
  data(await server.call('POST', '/v1/users', { token: tenant.token, body: { external_user_id } }))
  return external_user_id
}

const hook = 'https://hooks.example.com/trymellon'

/** A further application of the tenant: what happens to it leaves the tenant's own at work. */
const expendable = ({ server, tenant }: World) => anotherApplication(server, tenant)

const browser = ({ tenant }: World) => ({ token: tenant.clientId, origin })

/** A new user with a passkey, signed in. */
async function signUp(world: World) {
  const { server } = world
  const device = createAuthenticator()
  const name = fresh()
  const begun = data(
    await server.call('POST', '/v1/passkeys/register/start', { ...browser(world), body: { external_user_id: name } }),
  )
  const credential = device.register(begun.challenge, { origin })
  const body = { session_id: begun.session_id, credential }
  const done = data(await server.call('POST', '/v1/passkeys/register/finish', { ...browser(world), body }))
  const token: string = done.session_token
  const validated = data(await server.call('GET', '/v1/sessions/validate', { token, origin }))
  return { name, device, token, credentialId: done.credential_id as string, sessionId: validated.session_id as string }
}

/** A failure that counts toward lockout. */
async function failToSignIn(world: World, device: Authenticator): Promise<void> {
  const { server } = world
  const begun = data(await server.call('POST', '/v1/passkeys/auth/start', { ...browser(world), body: {} }))
  const credential = device.authenticate(begun.challenge, { origin, mutate: { signature: () => Buffer.alloc(8) } })
  const body = { session_id: begun.session_id, credential }
  const { status, text } = await server.call('POST', '/v1/passkeys/auth/finish', { ...browser(world), body })
  if (status !== 401) throw new Error(`a sample could not be prepared: ${status} ${text}`)
}

/** A second passkey, so that one of them may go. */
async function addPasskey(world: World, token: string): Promise<string> {
  const { server } = world
  const begun = data(await server.call('POST', '/v1/passkeys/register/start', { token, origin, body: {} }))
  const credential = createAuthenticator().register(begun.challenge, { origin })
  const body = { session_id: begun.session_id, credential }
  return data(await server.call('POST', '/v1/passkeys/register/finish', { token, origin, body })).credential_id
}

/** A valid call of every operation; one without a row fails the contract test (security 111). */
export const samples: Record<string, (world: World) => Sample | Promise<Sample>> = {
  'onboarding.provision_agent': () => ({ body: { name: 'Sample' } }),
  'onboarding.availability': () => ({}),
  'oauth.token': ({ tenant }) => ({
    body: {
      grant_type: 'client_credentials',
      client_id: tenant.clientId,
      client_secret: tenant.clientSecret,
      scope: 'users:read',
    },
  }),
  'applications.list': () => ({ query: { limit: '10' } }),
  'applications.get': ({ tenant }) => ({ params: { id: tenant.applicationId } }),
  'applications.update': ({ tenant }) => ({
    params: { id: tenant.applicationId },
    body: { name: 'Renamed', related_origins: ['https://example.org'], rp_id: 'example.com' },
  }),
  'applications.create': () => ({
    body: { name: 'Second', allowed_origins: [origin], enrollment: { max_active_tickets: 5 }, webhook_url: hook },
  }),
  'applications.rotate_secret': ({ tenant }) => ({
    params: { id: tenant.applicationId },
    body: { grace_period_seconds: 60 },
  }),
  'applications.rotate_webhook_secret': async ({ server, tenant }) => {
    const body = { webhook_url: hook }
    data(await server.call('PATCH', `/v1/applications/${tenant.applicationId}`, { token: tenant.token, body }))
    return { params: { id: tenant.applicationId }, body: { grace_period_seconds: 60 } }
  },
  'applications.suspend': async (world) => {
    const about = await expendable(world)
    return { about, params: { id: about.applicationId }, body: { reason: 'Abuse' } }
  },
  'applications.activate': async (world) => {
    const about = await expendable(world)
    const headers = world.server.present(world.tenant, { kind: 'user', role: 'owner' })
    const path = `/v1/applications/${about.applicationId}/suspend`
    data(await world.server.call('POST', path, { headers, body: {} }))
    return { about, params: { id: about.applicationId }, body: { reason: 'Resolved' } }
  },
  'applications.delete': async (world) => {
    const about = await expendable(world)
    return { about, params: { id: about.applicationId } }
  },
  'users.create': () => ({
    body: {
      external_user_id: fresh(),
      email: `${fresh()}@example.com`,
      email_verified: true,
      metadata: { plan: 'pro' },
    },
  }),
  'users.get': async (world) => ({ params: { external_user_id: await user(world) } }),
  'users.list': async (world) => {
    await user(world)
    return { query: { limit: '10' } }
  },
  'users.import': () => ({
    body: { users: [{ external_user_id: fresh(), email: `${fresh()}@example.com` }, { external_user_id: fresh() }] },
  }),
  'users.update': async (world) => ({
    params: { external_user_id: (await signUp(world)).name },
    body: { status: 'disabled', metadata: { plan: 'free' } },
  }),
  'users.unlock': async (world) => {
    const { device, name } = await signUp(world)
    await failToSignIn(world, device)
    return { params: { external_user_id: name } }
  },
  'users.delete': async (world) => ({ params: { external_user_id: await user(world) } }),
  'users.credentials.list': async (world) => ({
    params: { external_user_id: (await signUp(world)).name },
    query: { page: '1' },
  }),
  'users.credentials.revoke': async (world) => {
    const { name, credentialId } = await signUp(world)
    return { params: { external_user_id: name, credential_id: credentialId } }
  },
  'users.sessions.list': async (world) => ({ params: { external_user_id: (await signUp(world)).name } }),
  'users.sessions.revoke_all': async (world) => ({ params: { external_user_id: (await signUp(world)).name } }),
  'passkeys.register.start': () => ({ body: { external_user_id: fresh(), display_name: 'Ada' } }),
  'passkeys.register.finish': async (world) => {
    const begun = data(await world.server.call('POST', '/v1/passkeys/register/start', { ...browser(world), body: {} }))
    const credential = createAuthenticator().register(begun.challenge, { origin })
    return { body: { session_id: begun.session_id, credential, alias: 'Laptop' } }
  },
  'passkeys.auth.start': async (world) => ({ body: { external_user_id: (await signUp(world)).name } }),
  'passkeys.auth.finish': async (world) => {
    const { device, name } = await signUp(world)
    const body = { external_user_id: name }
    const begun = data(await world.server.call('POST', '/v1/passkeys/auth/start', { ...browser(world), body }))
    return { body: { session_id: begun.session_id, credential: device.authenticate(begun.challenge, { origin }) } }
  },
  'passkeys.list': async (world) => ({ token: (await signUp(world)).token, query: { limit: '10' } }),
  'passkeys.update': async (world) => {
    const { token, credentialId } = await signUp(world)
    return { token, params: { credential_id: credentialId }, body: { alias: 'Phone' } }
  },
  'passkeys.delete': async (world) => {
    const { token } = await signUp(world)
    return { token, params: { credential_id: await addPasskey(world, token) } }
  },
  'sessions.validate': async (world) => ({ token: (await signUp(world)).token }),
  'sessions.list': async (world) => ({ token: (await signUp(world)).token }),
  'sessions.logout': async (world) => ({ token: (await signUp(world)).token, params: { id: 'current' } }),
  'sessions.revoke': async (world) => ({ params: { id: (await signUp(world)).sessionId } }),
  'privacy.report': async (world) => ({ params: { external_user_id: (await signUp(world)).name } }),
  'usage.get': ({ server }) => ({ query: { period: server.clock().toISOString().slice(0, 7) } }),
  'audit_logs.list': () => ({ query: { event: 'application.created', success: 'true', limit: '5' } }),
}
