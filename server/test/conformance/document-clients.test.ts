import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type DocumentClient, documentClient } from '../document-client.ts'
import { freshAddress, type TestApp, testApp } from '../harness.ts'
import { type HttpsHost, httpsHost } from '../https-host.ts'
import { codeFor, redeem, refresh } from '../oauth-client.ts'
import { oauthPost, signer } from '../oauth-requests.ts'
import type { PersonAt } from '../people.ts'

const issuer = 'https://auth.example.com'
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const key = signer('ES256', 'one')
const stranger = signer('ES256', 'one')

let host: HttpsHost
let server: TestApp
let person: PersonAt
beforeAll(async () => {
  host = await httpsHost()
  server = await testApp({ RATE_LIMITS: 'false' }, { outbound: host.outbound })
})
afterAll(async () => {
  await server.close()
  await host.close()
})
beforeEach(async () => {
  person ??= await server.person()
})

const outcome = ({ status, body }: { status: number; body: { error?: string } }) => [status, body.error]
const refused = [401, 'invalid_client']
const post = (path: string, form: Record<string, string>) => oauthPost(server, path, { form })
const grant = async (client: DocumentClient, change = {}) =>
  redeem(server, client, await codeFor(server, person, client, { resource: issuer }), {
    ...(await client.assertion(server)),
    ...change,
  })

describe.each([
  ['jwks_uri', false],
  ['jwks', true],
])('agents 166: a client whose metadata document names its keys with %s', (_, inline) => {
  let client: DocumentClient
  beforeEach(() => {
    client = documentClient(host, key, { inline, grant_types: ['authorization_code', 'refresh_token', DEVICE] })
  })

  it('signs for a code and for a refresh; agents 54: the client may be named by the assertion alone', async () => {
    const granted = await grant(client, { client_id: undefined })
    expect(granted.body).toMatchObject({ token_type: 'Bearer', refresh_token: expect.stringMatching(/^rt_/) })
    const again = await refresh(server, client, granted.body.refresh_token, await client.assertion(server))
    expect(again.status).toBe(200)
    expect((await server.call('GET', '/v1/users', { token: again.body.access_token })).status).toBe(200)
  })

  it('may not act as a public client, anywhere, nor with a secret', async () => {
    const { body } = await grant(client)
    const bare = { client_id: client.id }
    const code = await codeFor(server, person, client)
    expect(outcome(await redeem(server, client, code))).toEqual(refused)
    expect(outcome(await redeem(server, client, code, { client_secret: 'sec_x' }))).toEqual(refused)
    expect(outcome(await refresh(server, client, body.refresh_token))).toEqual(refused)
    expect(outcome(await post('/device/code', bare))).toEqual(refused)
    expect(outcome(await post('/device/token', { ...bare, grant_type: DEVICE, device_code: 'dvc_x' }))).toEqual(refused)
    expect(outcome(await post('/oauth/revoke', { ...bare, token: body.refresh_token }))).toEqual(refused)
    expect(outcome(await post('/oauth/introspect', { ...bare, token: body.access_token }))).toEqual(refused)
    expect((await refresh(server, client, body.refresh_token, await client.assertion(server))).status).toBe(200)
  })

  it('signs for a device code and every poll with it', async () => {
    const asked = await post('/device/code', { scope: 'users:read', ...(await client.assertion(server)) })
    expect(asked.status).toBe(200)
    const poll = (more: Record<string, string>) =>
      post('/device/token', { grant_type: DEVICE, device_code: asked.body.device_code, ...more })
    const signed = () => client.assertion(server)
    expect(outcome(await poll(await signed()))).toEqual([400, 'authorization_pending'])
    expect(outcome(await poll({ client_id: client.id }))).toEqual(refused)
    expect(outcome(await poll({}))).toEqual([400, 'invalid_grant'])
    const other = documentClient(host, key, { inline, grant_types: [DEVICE] })
    expect(outcome(await poll(await other.assertion(server)))).toEqual([400, 'invalid_grant'])
  })

  it('signs to introspect and to revoke its own tokens, and learns nothing of others', async () => {
    const { access_token: token } = (await grant(client)).body
    const look = async (by: DocumentClient) =>
      (await post('/oauth/introspect', { token, ...(await by.assertion(server)) })).body
    expect(await look(client)).toMatchObject({ active: true, client_id: client.id })
    const other = documentClient(host, key, { inline })
    expect(await look(other)).toEqual({ active: false })
    const foreign = await post('/oauth/revoke', { token, ...(await other.assertion(server)) })
    expect(outcome(foreign)).toEqual([400, 'invalid_grant'])
    expect((await post('/oauth/revoke', { token, ...(await client.assertion(server)) })).status).toBe(200)
    expect(await look(client)).toEqual({ active: false })
  })

  it.each<[string, (client: DocumentClient) => ReturnType<DocumentClient['assertion']>]>([
    ['agents 52: for the token endpoint', (c) => c.assertion(server, { claims: { aud: `${issuer}/oauth/token` } })],
    ['agents 52: for the issuer and another', (c) => c.assertion(server, { claims: { aud: [issuer, c.id] } })],
    ['agents 55: by an unknown key', (c) => c.assertion(server, { by: stranger })],
    ['agents 55: expired', (c) => c.assertion(server, { claims: { exp: 1 } })],
    ['that lives for an hour', (c) => c.assertion(server, { claims: { exp: server.clock().getTime() / 1000 + 3600 } })],
    ['of another client', (c) => c.assertion(server, { claims: { iss: `${c.id}x`, sub: `${c.id}x` } })],
    ['under a key id of nobody’s', (c) => c.assertion(server, { header: { kid: 'two' } })],
  ])('with an assertion %s → 401 invalid_client', async (_name, sign) => {
    const code = await codeFor(server, person, client)
    expect(outcome(await redeem(server, client, code, await sign(client)))).toEqual(refused)
    expect((await redeem(server, client, code, await client.assertion(server))).status).toBe(200)
  })

  it('agents 53: with one jti twice → 401 invalid_client, at whichever endpoint', async () => {
    const assertion = await client.assertion(server)
    const { body } = await grant(client, assertion)
    expect(outcome(await refresh(server, client, body.refresh_token, assertion))).toEqual(refused)
    expect(outcome(await post('/oauth/introspect', { token: body.access_token, ...assertion }))).toEqual(refused)
  })
})

describe('a client of a metadata document', () => {
  it('that said it would prove nothing may not sign', async () => {
    const open = documentClient(host, key, { token_endpoint_auth_method: 'none', jwks: { keys: [key.jwk] } })
    const code = await codeFor(server, person, open)
    expect(outcome(await redeem(server, open, code, await open.assertion(server)))).toEqual(refused)
    expect((await redeem(server, open, code)).status).toBe(200)
  })

  it('that is public ends its tokens by its name; one whose document cannot be read does not', async () => {
    const open = documentClient(host, key, { token_endpoint_auth_method: 'none' })
    const { body } = await redeem(server, open, await codeFor(server, person, open, { resource: issuer }))
    const revoke = (client_id: string) => post('/oauth/revoke', { token: body.access_token, client_id })
    expect(outcome(await revoke(`${host.origin}/nowhere`))).toEqual(refused)
    expect((await revoke(open.id)).status).toBe(200)
    expect((await server.call('GET', '/v1/users', { token: body.access_token })).status).toBe(401)
  })

  it('agents 48: wrong assertions count as its failures at one address; from another it gets in', async () => {
    const limited = await testApp({}, { outbound: host.outbound, database: server.database })
    const client = documentClient(host, key)
    const ip = freshAddress()
    const present = async (from: string, by = key) =>
      outcome(
        await oauthPost(limited, '/oauth/introspect', {
          form: { token: 'x', ...(await client.assertion(limited, { by })) },
          ip: from,
        }),
      )
    for (let i = 0; i < 10; i += 1) expect(await present(ip, stranger)).toEqual(refused)
    expect((await present(ip))[0]).toBe(429)
    expect((await present(freshAddress()))[0]).toBe(200)
    await limited.close()
  })
})

describe('keys behind a jwks_uri', () => {
  const other = signer('EdDSA', 'two')
  const present = async (client: DocumentClient, by = key) =>
    (await post('/oauth/introspect', { token: 'x', ...(await client.assertion(server, { by })) })).status

  it('are fetched once, also for many at once, and again when their time is over', async () => {
    const client = documentClient(host, key)
    expect(await Promise.all(Array.from({ length: 5 }, () => present(client)))).toEqual([200, 200, 200, 200, 200])
    expect(client.fetches()).toBe(1)
    server.clock.advance(299)
    expect([await present(client), client.fetches()]).toEqual([200, 1])
    server.clock.advance(1)
    expect([await present(client), client.fetches()]).toEqual([200, 2])
  })

  it('are fetched again for a key that is new there, once a minute at most', async () => {
    const client = documentClient(host, key)
    expect(await present(client)).toBe(200)
    client.serve({ keys: [key.jwk, other.jwk] })
    expect([await present(client, other), client.fetches()]).toEqual([401, 1])
    server.clock.advance(60)
    expect([await present(client, other), client.fetches()]).toEqual([200, 2])
    for (const kid of ['three', 'four', 'five']) expect(await present(client, signer('EdDSA', kid))).toBe(401)
    expect(client.fetches()).toBe(2)
    server.clock.advance(60)
    for (const kid of ['three', 'four', 'five']) expect(await present(client, signer('EdDSA', kid))).toBe(401)
    expect([await present(client), client.fetches()]).toEqual([200, 3])
  })

  it('and so are inline ones', async () => {
    const client = documentClient(host, key, { inline: true })
    expect(await present(client)).toBe(200)
    client.serve({ keys: [other.jwk] })
    const before = host.count
    expect([await present(client, other), host.count]).toEqual([401, before])
    server.clock.advance(60)
    expect([await present(client, other), host.count]).toEqual([200, before + 1])
    expect([await present(client), await present(client), host.count]).toEqual([401, 401, before + 1])
  })

  it('a failure is remembered for a minute, and replaces no good copy', async () => {
    const client = documentClient(host, key)
    client.serve(500)
    expect([await present(client), client.fetches()]).toEqual([401, 1])
    client.serve({ keys: [key.jwk] })
    expect([await present(client), client.fetches()]).toEqual([401, 1])
    server.clock.advance(60)
    expect([await present(client), client.fetches()]).toEqual([200, 2])
    client.serve(500)
    server.clock.advance(60)
    expect([await present(client, other), client.fetches()]).toEqual([401, 3])
    expect([await present(client), client.fetches()]).toEqual([200, 3])
  })

  const { jwk } = key
  const pad = 'x'.repeat(66_000)
  it.each<[string, unknown]>([
    ['a private key', { keys: [{ ...jwk, d: 'x'.repeat(43) }] }],
    ['a good key and a private one', { keys: [jwk, { ...other.jwk, d: 'x'.repeat(43) }] }],
    ['a good key and a symmetric one', { keys: [jwk, { kty: 'oct', k: 'x' }] }],
    ['more than ten keys', { keys: Array.from({ length: 11 }, () => jwk) }],
    ['no key', { keys: [] }],
    ['no key that signs', { keys: [{ ...jwk, use: 'enc' }] }],
    ['no set', [jwk]],
    ['more than 64 KB', { keys: [jwk], pad }],
  ])('that hold %s sign nobody in', async (_, keys) => {
    const client = documentClient(host, key)
    client.serve(keys)
    expect(await present(client)).toBe(401)
  })

  it('may stand beside keys for something else, and beside members that say nothing here', async () => {
    const client = documentClient(host, key)
    const p384 = { kty: 'EC', crv: 'P-384', x: 'x', y: 'y' }
    client.serve({ keys: [p384, { ...jwk, use: 'enc', kid: 'x' }, { ...jwk, key_ops: ['verify'], x5t: 'x' }] })
    expect(await present(client)).toBe(200)
  })

  it('are not looked for behind a redirect', async () => {
    const client = documentClient(host, key)
    client.serve(302)
    expect(await present(client)).toBe(401)
  })
})
