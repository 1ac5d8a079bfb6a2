import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createAuthenticator } from '../../server/test/authenticator.ts'
import { type Tenant, type TestApp, testApp } from '../../server/test/harness.ts'
import { agentKey } from '../../server/test/samples.ts'
import { type Admin, adminAtPace } from '../src/admin/client.ts'
import { createAtPace, type TryMellon } from '../src/browser/client.ts'
import type { Result } from '../src/index.ts'
import { stubBrowser } from './browser.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import { testPace, timeoutMs } from './pace.ts'

/** Both clients against the whole server on a port, with a proxy between them that fails on command. */
const origin = 'https://app.example.com'
let server: TestApp
let address: string
let proxy: FaultProxy
let tenant: Tenant
let admin: Admin

beforeAll(async () => {
  server = await testApp()
  address = await server.app.http.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(() => server.close())

beforeEach(async () => {
  proxy = await startFaultProxy(address)
  tenant = await server.tenant({ origins: [origin] })
  const { clientId, clientSecret } = tenant
  admin = adminAtPace({ baseUrl: proxy.url, clientId, clientSecret, timeoutMs }, testPace())
})
afterEach(async () => {
  vi.unstubAllGlobals()
  await proxy.close()
})

async function allOf<Item>(list: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = []
  for await (const item of list) items.push(item)
  return items
}

describe('the admin client with a secret key', () => {
  it('makes, lists, replaces and revokes keys, and tells what it is itself', async () => {
    const { headers, key_id } = await agentKey({ server, tenant })
    const secretKey = headers.authorization?.replace('Bearer ', '') as string
    const own = adminAtPace({ baseUrl: proxy.url, secretKey, timeoutMs }, testPace())
    expect(await own.keys.current()).toMatchObject({ key_id })
    const made = await own.keys.create({ name: 'CI', scopes: ['users:read'] })
    expect((await allOf(own.keys.list({ limit: 1 }))).map((key) => key.key_id)).toEqual(
      expect.arrayContaining([key_id, made.key_id]),
    )
    const replaced = await own.keys.rotate(made.key_id)
    const ci = adminAtPace({ baseUrl: proxy.url, secretKey: replaced.secret_key, timeoutMs }, testPace())
    expect(await allOf(ci.users.list())).toEqual([])
    const { agent_id } = await own.keys.get(made.key_id)
    expect((await allOf(own.agents.list())).map((agent) => agent.id)).toContain(agent_id)
    await own.keys.revoke(made.key_id)
    await expect(ci.users.list()).rejects.toMatchObject({ code: 'unauthorized' })
    await own.keys.revokeCurrent()
    await expect(own.keys.current()).rejects.toMatchObject({ code: 'unauthorized' })
  })
})

describe('the admin client', () => {
  it('gets one tenant and its credentials, though the first answer is lost', async () => {
    const nobody = adminAtPace({ baseUrl: proxy.url, accessToken: 'none', timeoutMs }, testPace())
    proxy.next({ kind: 'cut' })
    const agent = await nobody.onboarding.provisionAgent({ name: 'Agent' })
    expect(proxy.seen).toHaveLength(2)
    const own = adminAtPace({ baseUrl: proxy.url, ...agent, timeoutMs }, testPace())
    expect(await own.applications.get(agent.applicationId)).toMatchObject({ tenant_id: agent.tenantId })
    expect(await nobody.onboarding.availability()).toMatchObject({ available: false })
  })

  it('creates a user once, though answers are lost after the commit', async () => {
    await admin.users.list()
    proxy.next({ kind: 'cut' }, { kind: 'drop' }, { kind: 'truncate' })
    const user = await admin.users.create({ external_user_id: 'user_123', metadata: { plan: 'gold' } })
    expect(proxy.seen.slice(-4).map(({ fault }) => fault)).toEqual(['cut', 'drop', 'truncate', 'pass'])
    expect(await allOf(admin.users.list())).toEqual([expect.objectContaining({ id: user.id })])
    expect(await allOf(admin.auditLogs.list({ event: 'user.created' }))).toHaveLength(1)
    expect(await admin.users.get('user_123')).toMatchObject({ metadata: { plan: 'gold' } })
  })

  it('walks lists of several pages, and filters', async () => {
    const names = ['a', 'b/c', 'ü?#%']
    for (const external_user_id of names) await admin.users.create({ external_user_id })
    const users = await allOf(admin.users.list({ limit: 1 }))
    expect(users.map(({ external_user_id }) => external_user_id)).toEqual(names)
    for (const name of names) expect(await admin.users.get(name)).toMatchObject({ external_user_id: name })
    expect(await allOf(admin.users.credentials.list('b/c', { limit: 1 }))).toEqual([])
    const created = await allOf(admin.auditLogs.list({ event: 'user.created', success: true, limit: 2 }))
    expect(created).toHaveLength(3)
    expect(await allOf(admin.auditLogs.list({ event: 'user.created', success: false }))).toEqual([])
    await admin.users.delete('ü?#%')
    await expect(admin.users.get('ü?#%')).rejects.toMatchObject({ name: 'NotFoundError', code: 'user_not_found' })
  })

  it('throws what the server says', async () => {
    await admin.users.create({ external_user_id: 'a' }, { idempotencyKey: 'once' })
    const again = admin.users.create({ external_user_id: 'a' })
    await expect(again).rejects.toMatchObject({ name: 'ConflictError', code: 'user_exists', status: 409 })
    const reused = admin.users.create({ external_user_id: 'b' }, { idempotencyKey: 'once' })
    await expect(reused).rejects.toMatchObject({ name: 'ConflictError', code: 'idempotency_key_reused', status: 422 })
    const wrong = await admin.users.create({ external_user_id: '' }).catch((error: unknown) => error)
    expect(wrong).toMatchObject({ name: 'ValidationError', code: 'validation_error', status: 400 })
    expect(wrong).toHaveProperty('details', [expect.objectContaining({ path: 'external_user_id' })])
    expect(wrong).toHaveProperty('requestId', proxy.seen.at(-1)?.headers['x-request-id'])
    const stranger = { baseUrl: proxy.url, clientId: tenant.clientId, clientSecret: 'sec_wrong', timeoutMs }
    await expect(adminAtPace(stranger, testPace()).users.list()).rejects.toMatchObject({
      name: 'AuthenticationError',
      code: 'invalid_client',
    })
  })
})

const bytes = (text: unknown): ArrayBuffer | null => {
  if (typeof text !== 'string') return null
  return Uint8Array.from(Buffer.from(text, 'base64url')).buffer
}

/** A page of `pageOrigin` with a software authenticator; its parsed options are the server's JSON as it came. */
function page(pageOrigin: string): TryMellon {
  const authenticator = createAuthenticator()
  stubBrowser({ parses: true }).answer(({ kind, options }) => {
    const ceremony = { origin: pageOrigin }
    const asked = options.publicKey as never
    const made =
      kind === 'create' ? authenticator.register(asked, ceremony) : authenticator.authenticate(asked, ceremony)
    const { transports, ...binary } = made.response as Record<string, unknown>
    const response = Object.fromEntries(Object.entries(binary).map(([name, value]) => [name, bytes(value)]))
    return {
      ...made,
      rawId: bytes(made.rawId),
      response: { ...response, getTransports: () => transports },
      getClientExtensionResults: () => made.clientExtensionResults,
    }
  })
  const config = { publishableKey: tenant.clientId, apiBaseUrl: proxy.url, origin: pageOrigin, timeoutMs }
  return valued(createAtPace(config, testPace()))
}

function valued<Value>(result: Result<Value>): Value {
  if (!result.ok) throw result.error
  return result.value
}

describe('the browser client', () => {
  it('signs up and in, named and discoverable, over a bad line', async () => {
    const mellon = page(origin)
    proxy.next({ kind: 'drop' }, { kind: 'cut' })
    const signedUp = valued(await mellon.signUp({ externalUserId: 'user_123', displayName: 'Ada', alias: 'Laptop' }))
    expect(signedUp).toMatchObject({ success: true, status: 'active', user: { externalUserId: 'user_123' } })
    for (const options of [{}, { externalUserId: 'user_123' }]) {
      const signedIn = valued(await mellon.signIn(options))
      expect(signedIn).toMatchObject({
        authenticated: true,
        user: { userId: signedUp.user.userId, isAnonymous: false },
      })
      expect(signedIn.signals).toMatchObject({ userVerification: true, backupEligible: false })
    }
    const [passkey] = await allOf(admin.users.credentials.list('user_123'))
    expect(passkey).toMatchObject({ credential_id: signedUp.credentialId, alias: 'Laptop' })
  })

  it('verifies, lists and ends a session', async () => {
    const mellon = page(origin)
    const { sessionToken, user } = valued(await mellon.signUp())
    expect(user).toMatchObject({ isAnonymous: true })
    expect(valued(await mellon.session.verify(sessionToken))).toMatchObject({
      valid: true,
      userId: user.userId,
      externalUserId: '',
      appId: tenant.applicationId,
    })
    expect(valued(await mellon.session.list(sessionToken))).toEqual([expect.objectContaining({ current: true })])
    expect(await mellon.session.logout(sessionToken)).toMatchObject({ ok: true })
    expect(await mellon.session.verify(sessionToken)).toMatchObject({ ok: false, error: { code: 'SESSION_EXPIRED' } })
  })

  it('adds, renames and removes passkeys, but not the last', async () => {
    const mellon = page(origin)
    const { sessionToken, credentialId } = valued(await mellon.signUp({ externalUserId: 'user_123' }))
    // Another device: an authenticator refuses a second passkey of the same user.
    const other = page(origin)
    const added = valued(await other.passkeys.add({ sessionToken, alias: 'Phone' }))
    const renamed = await mellon.passkeys.rename({ sessionToken, credentialId, alias: 'Old laptop' })
    expect(valued(renamed)).toMatchObject({ credentialId, alias: 'Old laptop' })
    const names = valued(await mellon.passkeys.list({ sessionToken })).map(({ alias }) => alias)
    expect(names.sort()).toEqual(['Old laptop', 'Phone'])
    expect(await mellon.passkeys.remove({ sessionToken, credentialId })).toMatchObject({ ok: true })
    const last = await mellon.passkeys.remove({ sessionToken, credentialId: added.credentialId })
    expect(last).toMatchObject({ ok: false, error: { code: 'LAST_PASSKEY', wireCode: 'last_credential' } })
  })

  it('is told what to do about a page that is not allowed', async () => {
    const result = await page('https://elsewhere.example').signIn()
    expect(result).toMatchObject({
      ok: false,
      error: { code: 'INVALID_ARGUMENT', wireCode: 'origin_not_allowed', hint: expect.any(String) },
    })
  })

  it('is refused a finish whose answer was lost, rather than signed in twice', async () => {
    const mellon = page(origin)
    valued(await mellon.signUp({ externalUserId: 'user_123' }))
    proxy.next({ kind: 'pass' }, { kind: 'cut' })
    expect(await mellon.signIn()).toMatchObject({ ok: false, error: { code: 'NETWORK_FAILURE' } })
    expect(await allOf(admin.auditLogs.list({ event: 'auth.success' }))).toHaveLength(2)
  })
})
