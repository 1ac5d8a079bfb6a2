import type { AuditEvent } from '../src/audit/events.ts'
import type { Operation } from '../src/surfaces/operations.ts'
import { type Authenticator, createAuthenticator, type Mutation } from './authenticator.ts'
import { browserOf } from './ceremonies.ts'
import type { Answer } from './harness.ts'
import { type Change, prepare } from './operation-calls.ts'
import { type Sample, samples, type World } from './samples.ts'

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

const breakSignature: Mutation = { signature: (bytes) => Buffer.from(bytes).fill(0, 8, 16) }

/**
 * How each event comes about that the sample of its operation does not write (test/samples.ts); an operation that declares
 * one without a way fails `audit-contract.test.ts`. `authorization.denied` has one for all, below.
 */
export const ways: Record<string, Partial<Record<AuditEvent, Way>>> = {
  'users.list': {
    'users.exported': (_world, call) => call({ query: { format: 'ndjson' } }),
  },
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
  'audit_logs.list': {
    'audit.exported': (_world, call) => call({ query: { format: 'ndjson' } }),
  },
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
    const weak = operation.auth.includes('dashboard')
      ? server.present(tenant, { kind: 'user', role: 'viewer' })
      : operation.auth.includes('admin') && server.present(tenant, { kind: 'agent', scopes: [] })
    if (weak) await call(mine, { token: null, headers: weak })
  }
