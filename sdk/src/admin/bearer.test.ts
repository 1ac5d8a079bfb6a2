import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AdminApi, client, serveAdminApi } from '../../test/admin-api.ts'
import { type TestPace, testPace, timeoutMs } from '../../test/pace.ts'
import { ok } from '../../test/serve.ts'
import { type Admin, adminAtPace } from './client.ts'
import { AuthenticationError } from './errors.ts'

let api: AdminApi
let pace: TestPace
let admin: Admin

beforeEach(async () => {
  api = await serveAdminApi(() => ok({}))
  pace = testPace()
  admin = adminAtPace({ baseUrl: api.url, ...client, scope: 'users:read', timeoutMs }, pace)
})
afterEach(() => api.close())

const bearers = () => api.calls().map(({ headers }) => headers.authorization)

describe('client credentials', () => {
  it('are exchanged once for parallel calls', async () => {
    await Promise.all(Array.from({ length: 20 }, () => admin.users.get('a')))
    expect(api.tokens()).toBe(1)
    expect(api.seen[0]?.body).toEqual({ grant_type: 'client_credentials', scope: 'users:read' })
    expect(new Set(bearers())).toEqual(new Set(['Bearer token_1']))
  })

  it('are exchanged anew 60 s before the token ends', async () => {
    await admin.users.get('a')
    pace.advance(3_539_999)
    await admin.users.get('a')
    expect(api.tokens()).toBe(1)
    pace.advance(1)
    await admin.users.get('a')
    expect(bearers()).toEqual(['Bearer token_1', 'Bearer token_1', 'Bearer token_2'])
  })

  it('are exchanged anew, once for all, when the token is refused', async () => {
    await admin.users.get('a')
    api.revoke('token_1')
    await Promise.all(Array.from({ length: 10 }, () => admin.users.create({ external_user_id: 'a' })))
    expect(api.tokens()).toBe(2)
    // Its second try is the same call: same request id, same key.
    const refused = api.calls().filter(({ headers }, n) => n > 0 && headers.authorization === 'Bearer token_1')
    const accepted = api.calls().filter(({ headers }) => headers.authorization === 'Bearer token_2')
    expect(accepted).toHaveLength(10)
    const names = (calls: typeof accepted) =>
      calls.map(({ headers }) => `${headers['x-request-id']} ${headers['idempotency-key']}`).sort()
    expect(names(accepted)).toEqual(expect.arrayContaining(names(refused)))
    expect(refused.length).toBeGreaterThan(0)
  })

  it('are exchanged anew only once for a call', async () => {
    // Every token is dead on arrival.
    const impatient: typeof fetch = (url, init) => {
      for (const token of ['token_1', 'token_2', 'token_3']) api.revoke(token)
      return fetch(url, init)
    }
    const unlucky = adminAtPace({ baseUrl: api.url, ...client, timeoutMs, fetch: impatient }, pace)
    await expect(unlucky.users.get('a')).rejects.toBeInstanceOf(AuthenticationError)
    expect(bearers()).toEqual(['Bearer token_1', 'Bearer token_2'])
  })

  it('that are wrong fail with the OAuth code, and are tried again by the next call', async () => {
    const wrong = adminAtPace({ baseUrl: api.url, ...client, clientSecret: 'sec_wrong', timeoutMs }, pace)
    const failure = await wrong.users.get('a').catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(AuthenticationError)
    expect(failure).toMatchObject({ code: 'invalid_client', status: 401, message: 'no' })
    await expect(wrong.users.get('a')).rejects.toMatchObject({ code: 'invalid_client' })
    expect(api.seen).toHaveLength(2)
  })
})

describe('an access token', () => {
  beforeEach(() => admin.users.get('a'))

  it('that is refused cannot be replaced', async () => {
    const fixed = adminAtPace({ baseUrl: api.url, accessToken: 'token_9', timeoutMs }, pace)
    await expect(fixed.users.get('a')).rejects.toMatchObject({ code: 'unauthorized', status: 401 })
    expect(bearers().slice(1)).toEqual(['Bearer token_9'])
  })

  it('from a function is asked for at each call, and once more after a 401', async () => {
    const tokens = ['token_1', 'token_9', 'token_1', 'token_9', 'token_9']
    const asked = adminAtPace({ baseUrl: api.url, accessToken: async () => tokens.shift() as string, timeoutMs }, pace)
    await asked.users.get('a')
    await asked.users.get('a')
    await expect(asked.users.get('a')).rejects.toBeInstanceOf(AuthenticationError)
    expect(bearers().slice(1)).toEqual(['Bearer token_1', 'Bearer token_9', 'Bearer token_1', 'Bearer token_9'])
  })
})

describe('a secret key', () => {
  it('is sent as it is', async () => {
    const agent = adminAtPace({ baseUrl: api.url, secretKey: 'tm_key_a', timeoutMs }, pace)
    await expect(agent.users.get('a')).rejects.toBeInstanceOf(AuthenticationError)
    expect(bearers()).toEqual(['Bearer tm_key_a'])
  })
})
