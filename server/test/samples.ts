import { CONSOLE_CLIENT_ID } from '../src/console/console.ts'
import { operate } from '../src/operator/commands.ts'
import { anotherApplication, signIn as signInClient } from './account.ts'
import { proofToken } from './address-proof.ts'
import { freshMailbox, tokenOf } from './agent-registration.ts'
import { type Authenticator, createAuthenticator } from './authenticator.ts'
import { approvalPage, approved, askForCode, DEVICE_GRANT } from './device-flow.ts'
import { type Answer, freshAddress, type Tenant, type TestApp } from './harness.ts'
import { invited, invitedSignUp, joins } from './invitations.ts'
import { pkce, registerClient, request } from './oauth-client.ts'
import { credentialOf, type PersonAt } from './people.ts'

export const origin = 'https://app.example.com'

/** One request that an operation accepts; the credential follows from how the operation authenticates. */
export type Sample = {
  params?: Record<string, string>
  query?: Record<string, string>
  body?: Record<string, unknown>
  /** For an end user, whose session token it must be. */
  token?: string
  /** In place of the credential that the operation asks for first, such as a cookie of the page. */
  headers?: Record<string, string>
  /** What it is about, if it is not the tenant's first application. */
  about?: Pick<Tenant, 'tenantId' | 'applicationId'>
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

/** A client's authentication as members of a body. */
const inBody = ({ clientId, clientSecret }: Tenant) => ({ client_id: clientId, client_secret: clientSecret })

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

const ofPerson = (person: PersonAt): Sample => ({ about: person, headers: person.headers })

/** A person in front of the consent page, and what a client asks for. */
export async function consenting({ server }: World) {
  const person = await server.person()
  return { person, asked: request(await registerClient(server), pkce().challenge) }
}

async function asksForConsent(world: World): Promise<Sample> {
  const { person, asked } = await consenting(world)
  return { ...ofPerson(person), body: asked }
}

/** A sign-up begun on the hosted page. */
async function hosted({ server }: World): Promise<string> {
  const body = { user_role: 'maintainer' }
  return data(await server.call('POST', '/v1/onboarding/start', { body, ip: freshAddress() })).session_id
}

/** The same of an end user, whose passkeys the hosted page may make. */
async function hostedEndUser(world: World): Promise<string> {
  const { server, tenant } = world
  const body = { rp_id: 'example.com' }
  data(await server.call('PATCH', `/v1/applications/${tenant.applicationId}`, { token: tenant.token, body }))
  const call = { ...browser(world), body: { user_role: 'app_user' }, ip: freshAddress() }
  return data(await server.call('POST', '/v1/onboarding/start', call)).session_id
}

/** One after its first step, with the page's cookie and the options for a passkey. */
async function givenData({ server }: World, id: string, who: object) {
  const page = { origin: server.app.deps.config.PUBLIC_URL }
  const given = await server.call('POST', `/v1/onboarding/${id}/data`, { headers: page, body: who })
  const { challenge, ceremony_id } = data(given)
  const cookie = String(given.headers['set-cookie']).split(';')[0] ?? ''
  return { params: { id }, headers: { ...page, cookie }, challenge, ceremony_id }
}

export const hostedPage = async (world: World) =>
  givenData(world, await hosted(world), { company_name: 'Acme', email: `${fresh()}@example.com` })

export const endUserPage = async (world: World) => givenData(world, await hostedEndUser(world), { display_name: 'Ada' })

/** A session token of the console, for a person with that authenticator. */
async function consoleToken({ server }: World, device: Authenticator): Promise<string> {
  const page = { token: CONSOLE_CLIENT_ID, origin: server.app.deps.config.PUBLIC_URL }
  const begun = data(await server.call('POST', '/v1/passkeys/auth/start', { ...page, body: {} }))
  const credential = device.authenticate(begun.challenge, { origin: page.origin })
  const body = { session_id: begun.session_id, credential }
  return data(await server.call('POST', '/v1/passkeys/auth/finish', { ...page, body })).session_token
}

/** An agent with a secret key of the tenant's account. */
export async function agentKey({ server, tenant }: World, scopes: readonly string[] = ['full_access']) {
  // Not `present`, whose agents are one for all of a tenant's calls.
  const headers = await credentialOf(server.app, tenant, { kind: 'agent', scopes })
  const { key_id, agent_id } = data(await server.call('GET', '/v1/keys/current', { headers }))
  return { headers, key_id: key_id as string, agent_id: agent_id as string }
}

/** A fresh proof of a person's passkey. */
export async function stepUp({ server }: World, { headers, device }: PersonAt, purpose: string) {
  const ip = freshAddress()
  const begun = data(await server.call('POST', '/v1/dashboard/step-up', { headers, body: { purpose }, ip }))
  const credential = device.authenticate(begun.challenge, { origin: headers.origin })
  return { session_id: begun.session_id, credential }
}

/** Another passkey of a person, begun with a proof of the first. */
export async function furtherPasskey(world: World, person: PersonAt) {
  const body = { step_up: await stepUp(world, person, 'account.passkeys.register') }
  const { headers } = person
  return data(await world.server.call('POST', '/v1/account/passkeys/register/start', { headers, body }))
}

/** A person in the tenant's own account, with two passkeys, of which the id is one's. */
async function memberWithTwo(world: World) {
  const { server, tenant } = world
  const person = await server.person()
  await server.database.sql.query(
    'update members set account_id = (select account_id from tenants where id = $2) where person_id = $1::uuid',
    [person.personId, tenant.tenantId],
  )
  const { headers } = person
  const { session_id, challenge } = await furtherPasskey(world, person)
  const credential = createAuthenticator().register(challenge, { origin: headers.origin })
  const body = { session_id, credential }
  const done = data(await server.call('POST', '/v1/account/passkeys/register/finish', { headers, body }))
  return { ...person, credentialId: done.credential_id as string }
}

/** A person who asked for a mail to an address, and has it. */
export async function proving(world: World, person: PersonAt): Promise<Sample> {
  const token = await proofToken(world.server, person)
  return { ...ofPerson(person), body: { token, step_up: await stepUp(world, person, 'account.address.prove') } }
}

/** A code that waits to be looked at by a person. */
const deviceSample = async ({ server }: World): Promise<Sample> => {
  const { user_code } = await askForCode(server)
  return { ...ofPerson(await server.person()), body: { user_code } }
}

/** Somebody who is invited to the account of the world's tenant. */
const invitation = async ({ server, tenant }: World) =>
  invited(server, await server.present(tenant, { kind: 'user', role: 'owner' }))

/** Somebody who acts for whoever runs the server, and an account to act on. */
async function operating({ server }: World) {
  const [operator, other] = [await server.person(), await server.person()]
  await operate(server.app.deps, 'appoint', [operator.personId])
  return { headers: operator.headers, about: other, params: { account_id: other.accountId } }
}

/** A further tenant of the account, with an application. */
export async function anotherTenant({ server, tenant }: World): Promise<string> {
  const { 'x-app-id': _, ...headers } = await server.present(tenant, { kind: 'user', role: 'owner' })
  // Younger than the first, which stays the account's home.
  server.clock.advance(1)
  const body = { name: 'Another', allowed_origins: [origin] }
  return data(await server.call('POST', '/v1/applications', { headers, body })).tenant_id
}

const onOwnPage = ({ server }: World) => ({ headers: { origin: server.app.deps.config.PUBLIC_URL } })

/** A valid call of every operation; one without a row fails the contract test (security 111). */
export const samples: Record<string, (world: World) => Sample | Promise<Sample>> = {
  'onboarding.provision_agent': () => ({ body: { name: 'Sample' } }),
  'onboarding.availability': () => ({}),
  'onboarding.start': () => ({ body: { user_role: 'maintainer', prefill: { company_name: 'Acme' } } }),
  'onboarding.status': async (world) => ({ params: { id: await hosted(world) } }),
  'onboarding.page': async (world) => ({ params: { id: await hosted(world) } }),
  'onboarding.data': async (world) => ({
    params: { id: await hosted(world) },
    headers: { origin: world.server.app.deps.config.PUBLIC_URL },
    body: { company_name: 'Acme', email: `${fresh()}@example.com` },
  }),
  'onboarding.register_passkey': async (world) => {
    const { params, headers, challenge, ceremony_id } = await hostedPage(world)
    const credential = createAuthenticator().register(challenge, { origin: headers.origin })
    return { params, headers, body: { ceremony_id, credential } }
  },
  'onboarding.complete': async (world) => {
    const { params, headers, challenge, ceremony_id } = await hostedPage(world)
    const credential = createAuthenticator().register(challenge, { origin: headers.origin })
    const body = { ceremony_id, credential }
    data(await world.server.call('POST', `/v1/onboarding/${params.id}/register-passkey`, { headers, body }))
    return { params, headers, body: {} }
  },
  'dashboard.session.open': async (world) => {
    const person = await world.server.person()
    const { device, headers } = person
    return {
      about: person,
      headers: { origin: headers.origin },
      body: { session_token: await consoleToken(world, device) },
    }
  },
  'dashboard.session.close': async (world) => ofPerson(await world.server.person()),
  'account.get': async (world) => ofPerson(await world.server.person()),
  'account.passkeys.list': async (world) => ofPerson(await world.server.person()),
  'account.passkeys.register.start': async (world) => {
    const person = await world.server.person()
    return { ...ofPerson(person), body: { step_up: await stepUp(world, person, 'account.passkeys.register') } }
  },
  'account.passkeys.register.finish': async (world) => {
    const person = await world.server.person()
    const { session_id, challenge } = await furtherPasskey(world, person)
    const credential = createAuthenticator().register(challenge, { origin: person.headers.origin })
    return { ...ofPerson(person), body: { session_id, credential, alias: 'Phone' } }
  },
  'account.passkeys.update': async (world) => {
    const { headers, credentialId } = await memberWithTwo(world)
    return { headers, params: { credential_id: credentialId }, body: { alias: 'Phone' } }
  },
  'account.passkeys.remove': async (world) => {
    const { credentialId, ...person } = await memberWithTwo(world)
    const step_up = await stepUp(world, person, `account.passkeys.remove:${credentialId}`)
    return { headers: person.headers, params: { credential_id: credentialId }, body: { step_up } }
  },
  'account.address.request_proof': async (world) => ({
    ...ofPerson(await world.server.person()),
    body: { email: `${fresh()}@example.com` },
  }),
  'account.address.prove': async (world) => proving(world, await world.server.person()),
  'account.choose': async ({ server, tenant }) => {
    const headers = await server.present(tenant, { kind: 'user', role: 'viewer' })
    return { body: { account_id: data(await server.call('GET', '/v1/account', { headers })).id } }
  },
  'account.members.list': () => ({ query: { limit: '10' } }),
  'account.members.invite': () => ({ body: { email: `${fresh()}@example.com`, role: 'admin' } }),
  'account.members.remove': async (world) => ({
    params: { user_id: (await joins(world.server, await invitation(world))).personId },
  }),
  'account.invitations.list': async (world) => {
    await invitation(world)
    return { query: { limit: '10' } }
  },
  'account.invitations.withdraw': async (world) => ({ params: { invitation_id: (await invitation(world)).id } }),
  'invitations.show': async (world) => ({
    ...onOwnPage(world),
    body: { token: (await invitation(world)).token },
  }),
  'invitations.sign_up': async (world) => ({
    ...onOwnPage(world),
    body: { token: (await invitation(world)).token },
  }),
  'invitations.accept': async (world) => {
    const { token } = await invitation(world)
    const session_token = await invitedSignUp(world.server, token, createAuthenticator())
    return { ...onOwnPage(world), body: { token, session_token } }
  },
  'operator.accounts.list': async (world) => ({
    headers: (await operating(world)).headers,
    query: { status: 'active', limit: '10' },
  }),
  'operator.accounts.admit': async (world) => {
    const sample = await operating(world)
    await operate(world.server.app.deps, 'disable', [sample.params.account_id])
    return sample
  },
  'operator.accounts.disable': operating,
  'dashboard.step_up': async (world) => ({
    ...ofPerson(await world.server.person()),
    body: { purpose: 'keys.create' },
  }),
  'device.code': () => ({ body: { agent_name: 'Sample' } }),
  'device.token': async ({ server }) => {
    const person = await server.person()
    const { device_code } = await approved(server, person)
    return { about: person, body: { grant_type: DEVICE_GRANT, device_code } }
  },
  'device.request': deviceSample,
  'device.challenge': deviceSample,
  'device.approve': async (world) => {
    const person = await world.server.person()
    const { user_code } = await askForCode(world.server)
    const page = approvalPage(world.server, person)
    const body = { user_code, csrf_token: await page.csrf(user_code), ...(await page.prove(user_code)) }
    return { ...ofPerson(person), body }
  },
  'device.withdraw': async ({ server }) => {
    const person = await server.person()
    await approved(server, person)
    const [row] = await server.database.sql.query<{ agent_id: string }>(
      `select agent_id from device_requests where account_id = $1 and status = 'approved'`,
      [person.accountId],
    )
    return { ...ofPerson(person), body: { agent_id: row?.agent_id } }
  },
  'device.requests.list': () => ({ query: { limit: '10' } }),
  'device.requests.deny': async ({ server, tenant }) => {
    // Of the tenant's own client: it waits for everybody of the account.
    await askForCode(server, inBody(tenant))
    const [row] = await server.database.sql.query<{ id: string }>(
      `select id from device_requests where client_id = $1 and status = 'pending' order by id desc limit 1`,
      [tenant.clientId],
    )
    return { params: { request_id: row?.id ?? '' } }
  },
  'device.deny': async (world) => {
    const person = await world.server.person()
    const { user_code } = await askForCode(world.server)
    const csrf_token = await approvalPage(world.server, person).csrf(user_code)
    return { ...ofPerson(person), body: { user_code, csrf_token } }
  },
  'keys.list': () => ({ query: { limit: '10' } }),
  'keys.current': async (world) => ({ headers: (await agentKey(world)).headers }),
  'keys.get': async (world) => ({ params: { key_id: (await agentKey(world)).key_id } }),
  'keys.create': async (world) => {
    const person = await world.server.person()
    return { ...ofPerson(person), body: { name: 'CI', step_up: await stepUp(world, person, 'keys.create') } }
  },
  'keys.rotate': async (world) => {
    const { key_id, headers } = await agentKey(world)
    return { params: { key_id }, headers, body: { grace_period_seconds: 60 } }
  },
  'keys.revoke_current': async (world) => ({ headers: (await agentKey(world)).headers }),
  'keys.revoke': async (world) => ({ params: { key_id: (await agentKey(world)).key_id } }),
  'keys.report_leak': async (world) => ({
    body: { token: (await agentKey(world)).headers.authorization?.split(' ')[1] },
  }),
  'agents.list': () => ({ query: { limit: '10' } }),
  'agents.get': async (world) => ({ params: { agent_id: (await agentKey(world)).agent_id } }),
  'agents.revoke': async (world) => ({ params: { agent_id: (await agentKey(world)).agent_id } }),
  'oauth.introspect': ({ tenant }) => ({ body: { ...inBody(tenant), token: tenant.token } }),
  'oauth.revoke': async ({ server, tenant }) => ({
    body: { ...inBody(tenant), token: (await signInClient(server, tenant)).token, token_type_hint: 'access_token' },
  }),
  'agent_identity.create': () => ({ body: { type: 'anonymous', name: 'Sample' } }),
  'agent_identity.claim': async ({ server }) => {
    const made = await server.call('POST', '/v1/onboarding/ai', { body: { name: 'Sample' }, ip: freshAddress() })
    return { body: { token: made.body.claim.claim_token } }
  },
  'oauth.token': ({ tenant }) => ({
    body: {
      grant_type: 'client_credentials',
      client_id: tenant.clientId,
      client_secret: tenant.clientSecret,
      scope: 'users:read',
    },
  }),
  'clients.register': () => ({
    body: { redirect_uris: ['https://client.example.com/callback'], client_name: 'Sample', scope: 'users:read' },
  }),
  'authorization.request': asksForConsent,
  'authorization.challenge': asksForConsent,
  'authorization.allow': async (world) => {
    const { asked, person } = await consenting(world)
    const at = { headers: person.headers, origin: person.headers.origin }
    const shown = data(await world.server.call('POST', '/v1/oauth/authorization/request', { ...at, body: asked }))
    const started = data(await world.server.call('POST', '/v1/oauth/authorization/challenge', { ...at, body: asked }))
    const credential = person.device.authenticate(started.challenge, { origin: at.origin })
    const proof = { csrf_token: shown.csrf_token, session_id: started.session_id, credential }
    return { ...ofPerson(person), body: { ...asked, ...proof } }
  },
  'authorization.deny': async (world) => {
    const { asked, person } = await consenting(world)
    const at = { headers: person.headers, origin: person.headers.origin }
    const shown = data(await world.server.call('POST', '/v1/oauth/authorization/request', { ...at, body: asked }))
    return { ...ofPerson(person), body: { ...asked, csrf_token: shown.csrf_token } }
  },
  'agents.register': () => ({ body: { email: freshMailbox('gmail.com'), agent_name: 'Production Agent' } }),
  'agents.verify': async ({ server }) => ({ body: { token: await tokenOf(server) } }),
  'agents.verify_link': async ({ server }) => ({ query: { token: await tokenOf(server) } }),
  'connection.status': () => ({}),
  'tenants.get': ({ tenant }) => ({ params: { id: tenant.tenantId } }),
  'tenants.update': ({ tenant }) => ({ params: { id: tenant.tenantId }, body: { name: fresh() } }),
  'tenants.delete': async (world) => {
    const id = await anotherTenant(world)
    return { params: { id }, body: { confirm: id } }
  },
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
    const headers = await world.server.present(world.tenant, { kind: 'user', role: 'owner' })
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
