import type { AuditEvent } from '../src/audit/events.ts'
import { mintSecret } from '../src/platform/secrets.ts'
import type { Operation } from '../src/surfaces/operations.ts'
import { proofToken } from './address-proof.ts'
import { freshMailbox, tokenOf, verify } from './agent-registration.ts'
import { agentToken } from './agent-token.ts'
import { type Authenticator, createAuthenticator, type Mutation } from './authenticator.ts'
import { browserOf } from './ceremonies.ts'
import { approvalPage, askForCode } from './device-flow.ts'
import { type Answer, freshAddress } from './harness.ts'
import { invited, joins } from './invitations.ts'
import { codeFor, redeem as redeemCode, registerClient } from './oauth-client.ts'
import { type Change, prepare } from './operation-calls.ts'
import {
  agentKey,
  anotherTenant,
  endUserPage,
  furtherPasskey,
  hostedPage,
  proving,
  type Sample,
  samples,
  stepUp,
  type World,
} from './samples.ts'

/** Calls an operation so that it writes an event; what else has to be there first is made without `call`. */
export type Way = (world: World, call: (sample: Sample, change?: Change) => Promise<Answer>) => Promise<unknown>

let users = 0

/** A new user with a passkey of the device. */
async function passkey({ server, tenant }: World, device: Authenticator = createAuthenticator()) {
  users += 1
  const name = `way_${users}`
  const { token } = await browserOf(server, tenant).register(name, device)
  return { name, device, token }
}

/** The body of a sign-in's finish. */
async function signIn(
  { server, tenant }: World,
  { name, device }: { name: string; device: Authenticator },
  mutate: Mutation,
) {
  const browser = browserOf(server, tenant)
  const { body } = await browser.startSignIn({ name })
  const credential = device.authenticate(body.data.challenge, { origin: 'https://app.example.com', mutate })
  return { body: { session_id: body.data.session_id, credential } }
}

const inBody = ({ tenant }: World) => ({ client_id: tenant.clientId, client_secret: tenant.clientSecret })

const breakSignature: Mutation = { signature: (bytes) => Buffer.from(bytes).fill(0, 8, 16) }

/** A token that is presented once more, until that locks it. */
const verification = (sampleOf: (token: string) => Sample): Partial<Record<AuditEvent, Way>> => ({
  'agent.verification_failed': (_world, call) => call(sampleOf(mintSecret('emt'))),
  'agent.locked': async ({ server }, call) => {
    const token = await tokenOf(server)
    for (let attempt = 0; attempt < 6; attempt += 1) await call(sampleOf(token))
  },
})

/** The device grant, at the token endpoint. */
const redeem: Way = async (world, call) => call((await samples['device.token']?.(world)) ?? {})

/** Somebody is removed who made a key by hand. */
const removesOneWithAKey: Way = async (world, call) => {
  const { server } = world
  const { headers, ...person } = await server.person()
  const joined = await joins(server, await invited(server, headers, 'admin'))
  const step_up = await stepUp(world, { ...person, ...joined }, 'keys.create')
  await server.call('POST', '/v1/keys', { headers: joined.headers, body: { name: 'CI', step_up } })
  await call({ about: person, headers, params: { user_id: joined.personId } })
}

const applicationsOf = async ({ server }: World, tenantId: string): Promise<string[]> =>
  (await server.database.sql.query<{ id: string }>('select id from applications where tenant_id = $1', [tenantId])).map(
    ({ id }) => id,
  )

/** A client was let in to the applications of that tenant alone. */
const deletesATenantWithAConsent: Way = async (world, call) => {
  const { server } = world
  const { headers, ...person } = await server.person()
  const client = await registerClient(server)
  await codeFor(server, { headers, ...person }, client)
  await server.database.sql.query('update agents set application_ids = $2 where client_id = $1', [
    client.id,
    [person.applicationId],
  ])
  await call({ about: person, headers, params: { id: person.tenantId }, body: { confirm: person.tenantId } })
}

/**
 * How each event comes about that the sample of its operation does not write (test/samples.ts); an operation that declares
 * one without a way fails `audit-contract.test.ts`. `authorization.denied` has one for all, below.
 */
export const ways: Record<string, Partial<Record<AuditEvent, Way>>> = {
  'agents.verify': verification((token) => ({ body: { token } })),
  'agents.verify_link': verification((token) => ({ query: { token } })),
  'users.list': { 'users.exported': (_world, call) => call({ query: { format: 'ndjson' } }) },
  'users.update': {
    'session.revoked': async (world, call) => {
      const { name } = await passkey(world)
      await call({ params: { external_user_id: name }, body: { status: 'disabled' } })
    },
  },
  'users.unlock': {
    'user.unlocked': async (world, call) => {
      const user = await passkey(world)
      const body = await signIn(world, user, breakSignature)
      await browserOf(world.server, world.tenant).post('/v1/passkeys/auth/finish', body.body, {})
      await call({ params: { external_user_id: user.name } })
    },
  },
  'account.members.remove': {
    'agent.revoked': removesOneWithAKey,
    'secret_key.revoked': removesOneWithAKey,
    'oauth.consent_revoked': async ({ server }, call) => {
      const { headers, ...person } = await server.person()
      const joined = await joins(server, await invited(server, headers, 'admin'))
      await codeFor(server, { ...person, ...joined }, await registerClient(server))
      await call({ about: person, headers, params: { user_id: joined.personId } })
    },
  },
  'tenants.delete': {
    'agent.revoked': deletesATenantWithAConsent,
    'oauth.consent_revoked': deletesATenantWithAConsent,
    'secret_key.revoked': async (world, call) => {
      const { server, tenant } = world
      const id = await anotherTenant(world)
      const applicationIds = await applicationsOf(world, id)
      const headers = await server.present(tenant, { kind: 'user', role: 'owner' })
      const { key_id } = await agentKey(world)
      await server.database.sql.query('update secret_keys set application_ids = $2 where id = $1', [
        key_id,
        applicationIds,
      ])
      await call({ headers, params: { id }, body: { confirm: id } })
    },
  },
  'agents.revoke': {
    'oauth.consent_revoked': async ({ server }, call) => {
      const { headers, ...person } = await server.person()
      const client = await registerClient(server)
      await codeFor(server, { headers, ...person }, client)
      const [row] = await server.database.sql.query<{ id: string }>('select id from agents where client_id = $1', [
        client.id,
      ])
      await call({ about: person, headers, params: { agent_id: row?.id ?? '' } })
    },
  },
  'account.address.prove': {
    'auth.failed': async (world, call) => {
      const person = await world.server.person()
      await call({ about: person, headers: person.headers, body: { token: await proofToken(world.server, person) } })
    },
    'member.joined': async (world, call) => {
      const { server, tenant } = world
      const address = freshMailbox('example.com')
      const { body } = await verify(server, { token: await tokenOf(server, address) })
      const opened = await server.call('GET', '/v1/applications', { token: body.secret_key })
      // The row is in the trail of the account that is taken over.
      Object.assign(tenant, { tenantId: opened.body.data.data[0].tenant_id })
      await call(await proving(world, await server.person({ address })))
    },
  },
  'account.passkeys.register.start': { 'auth.failed': (_world, call) => call({ body: {} }) },
  'account.passkeys.register.finish': {
    'auth.failed': async (world, call) => {
      const { headers, ...person } = await world.server.person()
      const { session_id, challenge } = await furtherPasskey(world, { headers, ...person })
      const credential = createAuthenticator().register(challenge, { origin: 'https://evil.example.net' })
      await call({ about: person, headers, body: { session_id, credential } })
    },
  },
  'account.passkeys.remove': {
    'auth.failed': async (world, call) => {
      const { body: _, ...sample } = (await samples['account.passkeys.remove']?.(world)) ?? {}
      await call({ ...sample, body: {} })
    },
  },
  'authorization.allow': {
    'auth.failed': async (world, call) => {
      const { body, ...sample } = await (samples['authorization.allow'] as (world: World) => Promise<Sample>)(world)
      await call({ ...sample, body: { ...body, session_id: undefined } })
    },
  },
  'onboarding.register_passkey': {
    'user.created': async (world, call) => {
      const { challenge, ceremony_id, ...page } = await endUserPage(world)
      const credential = createAuthenticator().register(challenge, { origin: page.headers.origin })
      await call({ ...page, body: { ceremony_id, credential } })
    },
    'auth.failed': async (world, call) => {
      const { challenge, ceremony_id, ...page } = await hostedPage(world)
      const credential = createAuthenticator().register(challenge, { origin: 'https://evil.example.net' })
      await call({ ...page, body: { ceremony_id, credential } })
    },
  },
  'keys.create': { 'auth.failed': (_world, call) => call({ body: { name: 'CI' } }) },
  'oauth.revoke': {
    'session.revoked': async (world, call) => call({ body: { ...inBody(world), token: (await passkey(world)).token } }),
    'secret_key.revoked': async ({ server }, call) => {
      const { secretKey } = await agentToken(server, await server.person())
      await call({ headers: { authorization: `Bearer ${secretKey}` }, body: { token: secretKey } })
    },
  },
  'agent_identity.create': {
    'agent.registration_requested': (_world, call) =>
      call({ body: { type: 'service_auth', login_hint: freshMailbox('example.com') } }),
  },
  'oauth.token': {
    'agent.registered': redeem,
    'secret_key.created': redeem,
    'device.redeemed': redeem,
    'refresh_token.reuse_detected': async ({ server }, call) => {
      const client = await registerClient(server)
      const { body } = await redeemCode(server, client, await codeFor(server, await server.person(), client))
      const again = { grant_type: 'refresh_token', client_id: client.id, refresh_token: body.refresh_token }
      await call({ body: again })
      await call({ body: again })
    },
  },
  'device.request': {
    'device.code_failed': async ({ server }, call) => {
      const { headers, ...about } = await server.person()
      await call({ about, headers, body: { user_code: 'BBBB-BBBB' } })
    },
  },
  'device.approve': {
    'auth.failed': async (world, call) => {
      const { body, ...sample } = (await samples['device.approve']?.(world)) ?? {}
      await call({ ...sample, body: { user_code: body?.user_code, csrf_token: body?.csrf_token } })
    },
    'agent.claimed': async ({ server, tenant }, call) => {
      // The plan of the world's tenant is one that nobody can claim: another one takes its place.
      const { claim, tenantId } = (
        await server.call('POST', '/v1/onboarding/ai', { body: { name: 'W' }, ip: freshAddress() })
      ).body
      const person = await server.person()
      const { user_code } = await askForCode(server, { claim_token: claim.claim_token })
      const page = approvalPage(server, person)
      const body = { user_code, csrf_token: await page.csrf(user_code), ...(await page.prove(user_code)) }
      Object.assign(tenant, { tenantId })
      await call({ about: person, headers: person.headers, body })
    },
  },
  'passkeys.register.finish': {
    'auth.failed': async (world, call) => {
      const { body } = await browserOf(world.server, world.tenant).startRegistration()
      const credential = createAuthenticator().register(body.data.challenge, { origin: 'https://evil.example.net' })
      await call({ body: { session_id: body.data.session_id, credential } })
    },
  },
  'passkeys.auth.finish': {
    'auth.failed': async (world, call) => {
      await call(await signIn(world, await passkey(world), breakSignature))
    },
    'credential.lockout': async (world, call) => {
      const user = await passkey(world)
      for (let attempt = 0; attempt < 5; attempt += 1) await call(await signIn(world, user, breakSignature))
    },
    'credential.replay_detected': async (world, call) => {
      await call(await signIn(world, await passkey(world, createAuthenticator({ counter: 10 })), { counter: 3 }))
    },
  },
  'audit_logs.list': { 'audit.exported': (_world, call) => call({ query: { format: 'ndjson' } }) },
}

/** Names of somebody else's things, where a name of ours means another thing to everybody. */
async function globalNames(world: World, { params = {}, token }: Sample): Promise<Record<string, string>> {
  const { server, tenant } = world
  const names = { ...params }
  if (names.external_user_id) {
    const path = `/v1/users/${encodeURIComponent(names.external_user_id)}`
    const { body } = await server.call('GET', path, { token: tenant.token })
    names.external_user_id = `id:${body.data.id}`
  }
  if (names.id === 'current') {
    const { body } = await server.call('GET', '/v1/sessions/validate', {
      token: String(token),
      origin: 'https://app.example.com',
    })
    names.id = body.data.session_id
  }
  return names
}

/** Both denials there are: another tenant's thing, and a caller with too few rights. */
export const denials =
  (operation: Operation): Way =>
  async (world, call) => {
    const mine = (await samples[operation.name]?.(world)) ?? {}
    if (mine.params) {
      const [theirs, sample] = await prepare(world.server, operation.name)
      await call({ ...mine, params: await globalNames(theirs, sample) })
    }
    const { server, tenant } = world
    const isBackends = operation.auth.some((kind) => ['admin', 'account', 'dashboard', 'manager'].includes(kind))
    const weak = isBackends && (await server.present(tenant, { kind: 'agent', scopes: [] }))
    if (weak) await call(mine, { token: null, headers: weak })
  }
