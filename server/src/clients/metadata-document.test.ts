import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestApp, testApp } from '../../test/harness.ts'
import { type HttpsHost, httpsHost } from '../../test/https-host.ts'
import { codeFor, redeem } from '../../test/oauth-client.ts'
import { signer } from '../../test/oauth-requests.ts'
import { systemContext } from '../platform/context.ts'
import { isDocumentUrl, metadataDocument } from './metadata-document.ts'

let host: HttpsHost
let server: TestApp
beforeAll(async () => {
  host = await httpsHost()
  server = await testApp({}, { outbound: host.outbound })
})
afterAll(async () => {
  await server.close()
  await host.close()
})

let count = 0
let url = ''
beforeEach(() => {
  count += 1
  url = `${host.origin}/client/${count}`
})

const document = (change: object = {}) => ({
  client_id: url,
  client_name: 'Interactive client',
  redirect_uris: ['https://client.example.com/callback'],
  ...change,
})

const serve = (body: unknown, headers: Record<string, string> = {}, status = 200) =>
  host.answer((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })

const find = () => metadataDocument(systemContext(server.app.deps, 'test'), url)

const { jwk } = signer('ES256')
const keys = { keys: [jwk] }
const signs = { token_endpoint_auth_method: 'private_key_jwt' }

describe('agents 166: a client id metadata document', () => {
  it('describes a client, which a person can let in', async () => {
    serve(document())
    const person = await server.person()
    const client = { id: url, secret: null }
    const granted = await redeem(server, client, await codeFor(server, person, client))
    expect(granted.status).toBe(200)
    const claims = JSON.parse(Buffer.from(granted.body.access_token.split('.')[1], 'base64url').toString())
    expect(claims.client_id).toBe(url)
  })

  it.each<[string, object | string, Record<string, string>]>([
    ['a client_id that differs from its URL', { client_id: 'https://client.example.com/other' }, {}],
    ['a client secret', { client_secret: 'x' }, {}],
    ['a secret’s end', { client_secret_expires_at: 0 }, {}],
    ['a method with a secret', { token_endpoint_auth_method: 'client_secret_basic' }, {}],
    ['keys, but nowhere', { token_endpoint_auth_method: 'private_key_jwt' }, {}],
    ['keys of another host', { ...signs, jwks_uri: 'https://keys.example.com/jwks' }, {}],
    ['keys without TLS', { ...signs, jwks_uri: 'http://client.example.com/jwks' }, {}],
    ['keys behind user info', { ...signs, jwks_uri: 'https://user@client.example.com/jwks' }, {}],
    ['keys in two places', { ...signs, jwks: keys, jwks_uri: 'https://client.example.com/jwks' }, {}],
    ['a private key', { ...signs, jwks: { keys: [{ ...jwk, d: jwk.x }] } }, {}],
    ['a symmetric key', { ...signs, jwks: { keys: [jwk, { kty: 'oct', k: 'x' }] } }, {}],
    ['more than ten keys', { ...signs, jwks: { keys: Array.from({ length: 11 }, () => jwk) } }, {}],
    ['a key that is on no curve', { ...signs, jwks: { keys: [{ ...jwk, y: jwk.x }] } }, {}],
    ['keys that are no set', { ...signs, jwks: [jwk] }, {}],
    ['no redirect', { redirect_uris: [] }, {}],
    ['javascript:', { redirect_uris: ['javascript:alert(1)'] }, {}],
    [' JavaScript:', { redirect_uris: [' JavaScript:alert(1)'] }, {}],
    ['data:', { redirect_uris: ['data:text/html,x'] }, {}],
    ['one good and one bad redirect', { redirect_uris: ['https://client.example.com/', 'file:///x'] }, {}],
    ['a body over 64 KB', { padding: 'x'.repeat(66_000) }, {}],
    ['HTML', {}, { 'content-type': 'text/html' }],
    ['no JSON', '{', {}],
  ])('with %s is refused', async (_, change, headers) => {
    serve(typeof change === 'string' ? change : document(change), headers)
    expect(await find()).toBeNull()
  })

  it.each<[string, object, object]>([
    [
      'jwks_uri of its host',
      { jwks_uri: 'https://client.example.com/jwks' },
      { uri: 'https://client.example.com/jwks' },
    ],
    ['inline jwks', { jwks: keys }, keys],
  ])('may name its keys with %s', async (_, change, source) => {
    serve(document({ ...signs, ...change }))
    expect(await find()).toMatchObject({ authMethod: 'private_key_jwt', keys: source })
  })

  it('a failure takes no good copy away before its time', async () => {
    serve(document(), { 'cache-control': 'max-age=3600' })
    expect(await find()).not.toBeNull()
    serve('', {}, 500)
    server.clock.advance(3599)
    expect(await find()).not.toBeNull()
    server.clock.advance(1)
    expect(await find()).toBeNull()
  })

  it('behind a redirect is refused', async () => {
    host.answer((_request, response) => void response.writeHead(301, { location: `${host.origin}/other` }).end())
    expect(await find()).toBeNull()
  })

  it('at a private address is refused', async () => {
    const strict = await testApp({}, { database: server.database })
    const ctx = systemContext(strict.app.deps, 'test')
    expect(await metadataDocument(ctx, 'https://127.0.0.1/client')).toBeNull()
    expect(await metadataDocument(ctx, 'https://[::1]/client')).toBeNull()
    await strict.close()
  })

  it('is served from the cache: 5 minutes at least, as Cache-Control says, a day at most', async () => {
    const seconds: [string, number][] = [
      ['no-store', 300],
      ['max-age=3600', 3600],
      ['max-age=99999999', 86_400],
    ]
    for (const [cacheControl, life] of seconds) {
      url = `${host.origin}/cached/${life}`
      serve(document(), { 'cache-control': cacheControl })
      const before = host.count
      await find()
      server.clock.advance(life - 1)
      await find()
      expect(host.count).toBe(before + 1)
      server.clock.advance(1)
      expect(await find()).not.toBeNull()
      expect(host.count).toBe(before + 2)
    }
  })

  it('a failure is remembered for a minute', async () => {
    serve('', {}, 500)
    expect(await find()).toBeNull()
    serve(document())
    expect(await find()).toBeNull()
    server.clock.advance(60)
    expect(await find()).not.toBeNull()
  })

  it.each([
    ['https://client.example.com/client', true],
    ['https://client.example.com/', false],
    ['https://client.example.com', false],
    ['http://client.example.com/client', false],
    ['https://client.example.com/a/../client', false],
    ['https://client.example.com/a/%2e%2e/client', false],
    ['https://client.example.com/client#x', false],
    ['https://user@client.example.com/client', false],
    ['https://CLIENT.example.com/client', false],
    ['https://client.example.com\\client', false],
  ])('%s may be one: %s', (text, expected) => expect(isDocumentUrl(text)).toBe(expected))
})
