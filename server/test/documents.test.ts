import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contract } from '../src/contract.ts'
import { documentTable } from '../src/documents.ts'
import { openDatabase } from '../src/platform/db.ts'
import { migrate } from '../src/platform/migrate.ts'
import { ensureAuditPartitions } from '../src/platform/partitions.ts'
import { systemClock } from '../src/platform/time.ts'
import { type Contract, contractOf } from './answers.ts'
import { freshAddress, type TestApp, testApp } from './harness.ts'

const issuer = 'https://auth.example.com'
const metadataPaths = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']

let server: TestApp
let documented: Contract
beforeAll(async () => {
  server = await testApp({ PUBLIC_URL: issuer })
  documented = contractOf(contract(issuer))
})
afterAll(() => server.close())

const get = (path: string, headers: Record<string, string> = {}) =>
  server.call('GET', path, { headers, ip: freshAddress() })

describe('every document', () => {
  const rows = Object.entries(documentTable)

  it.each(rows)('%s answers as the OpenAPI document says', async (name, { path, cacheSeconds, limit }) => {
    const answer = await get(path, { 'x-request-id': 'documents-1' })
    documented.check(name, answer)
    expect(answer.status).toBe(200)
    expect(answer.headers['x-request-id']).toBe('documents-1')
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
    expect(answer.headers['cache-control']).toBe(cacheSeconds > 0 ? `public, max-age=${cacheSeconds}` : 'no-store')
    expect(answer.headers['access-control-allow-origin']).toBe(path.startsWith('/.well-known/') ? '*' : undefined)
    expect(answer.headers.ratelimit?.split(';')[0]).toBe(limit.length > 0 ? '"discovery"' : undefined)
  })

  it.each(rows)(
    '%s: HEAD is GET without a body; agents 14: any other method is a 405 with Allow',
    async (_name, { path }) => {
      const [got, head] = [await get(path), await server.call('HEAD', path, { ip: freshAddress() })]
      expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', got.headers['content-length']])
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const answer = await server.call(method, path, { body: {}, ip: freshAddress() })
        expect([method, answer.status, answer.body.error.code]).toEqual([method, 405, 'method_not_allowed'])
        expect(answer.headers.allow).toMatch(/^GET, HEAD\b/)
      }
    },
  )

  it('a browser may ask for well-known documents with headers of its own', async () => {
    const headers = { origin: 'https://inspector.example', 'access-control-request-method': 'GET' }
    const answer = await server.call('OPTIONS', metadataPaths[0] as string, { headers })
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([204, '*'])
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
  })

  it('whoever has the current one gets a 304 without a body', async () => {
    const { headers } = await get('/.well-known/jwks.json')
    const etag = headers.etag as string
    expect(etag).toMatch(/^"[\w-]{22}"$/)
    for (const sent of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await get('/.well-known/jwks.json', { 'if-none-match': sent })
      expect([sent, again.status, again.text]).toEqual([sent, 304, ''])
    }
    expect((await get('/.well-known/jwks.json', { 'if-none-match': '"other"' })).status).toBe(200)
  })

  it('agents 13, security 226: an unknown one is a 404 in JSON', async () => {
    for (const path of [
      '/.well-known/xyz',
      '/.well-known/',
      '/.well-known/jwks',
      '/nowhere',
      '/v1/nowhere',
      '/openapi.yaml',
    ]) {
      const answer = await get(path)
      expect([path, answer.status, answer.body]).toMatchObject([path, 404, { ok: false, error: { code: 'not_found' } }])
      expect(answer.headers['content-type']).toMatch(/^application\/json/)
    }
  })
})

describe('limits by address', () => {
  it('security 225: one document too many in a minute is a 429 that says when to come back, for that address only', async () => {
    const limited = await testApp({ RATE_LIMIT_OVERRIDES: '{"discovery":{"points":3},"not_found":{"points":2}}' })
    const ip = freshAddress()
    for (let i = 0; i < 3; i++) expect((await limited.call('GET', '/openapi.json', { ip })).status).toBe(200)
    const refused = await limited.call('GET', '/.well-known/jwks.json', { ip })
    expect([refused.status, refused.body.error.code]).toEqual([429, 'rate_limit_exceeded'])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect((await limited.call('GET', '/.well-known/jwks.json', { ip: freshAddress() })).status).toBe(200)
    for (let i = 0; i < 2; i++) expect((await limited.call('GET', `/nowhere/${i}`, { ip })).status).toBe(404)
    expect((await limited.call('GET', '/nowhere', { ip })).status).toBe(429)
    for (let i = 0; i < 5; i++) expect((await limited.call('GET', '/health', { ip })).status).toBe(200)
    await limited.close()
  })
})

describe('GET /health, GET /ready', () => {
  it('security 239: without a database the process is healthy and not ready', async () => {
    const database = await openDatabase({ dataDir: 'memory://' })
    await migrate(database)
    await ensureAuditPartitions(database.sql, systemClock(), 1)
    const own = await testApp({}, { database })
    expect((await own.call('GET', '/ready')).body).toEqual({ status: 'ready' })
    await database.close()
    const ready = await own.call('GET', '/ready')
    documented.check('meta.ready', ready)
    expect([ready.status, ready.body.checks]).toEqual([503, { database: 'down', migrations: 'ok', redis: 'off' }])
    const health = await own.call('GET', '/health')
    expect([health.status, health.body.status]).toEqual([200, 'ok'])
  })

  it('security 240: once draining, it is not ready and still answers', async () => {
    const own = await testApp()
    own.app.drain()
    expect((await own.call('GET', '/ready')).body).toMatchObject({ status: 'draining' })
    expect((await own.call('GET', '/v1/onboarding/ai')).status).toBe(200)
    await own.close()
  })
})

describe('links', () => {
  it('security 189: no header of the request changes a link', async () => {
    const honest = await get(metadataPaths[0] as string)
    const forged = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      forwarded: 'host=evil.example',
    }
    for (const path of [...metadataPaths, '/openapi.json']) {
      expect((await get(path, forged)).text).not.toContain('evil')
    }
    expect((await get(metadataPaths[0] as string, forged)).text).toBe(honest.text)
  })
})

describe('GET /openapi.json', () => {
  it('is the committed contract, on this server', async () => {
    const { body } = await get('/openapi.json')
    expect(body.servers).toEqual([{ url: issuer }])
    expect(body.components.securitySchemes.client_credentials.flows.clientCredentials.tokenUrl).toBe(
      `${issuer}/oauth/token`,
    )
    expect(Object.keys(body.paths)).toEqual(Object.keys(contract().paths))
    expect(JSON.stringify(body)).not.toContain('9007199254740991')
  })

  it('says of an operation all that a client needs', async () => {
    const { paths } = contract()
    const create = paths['/v1/users']?.post
    expect(create?.operationId).toBe('users.create')
    expect(Object.keys(create?.responses ?? {})).toEqual([
      '201',
      '400',
      '401',
      '403',
      '404',
      '409',
      '413',
      '415',
      '422',
      '429',
      '500',
      '503',
    ])
    expect(create?.security).toEqual([
      { client_credentials: ['users:write'] },
      { basic: [] },
      { secret_key: [] },
      { dashboard_session: [] },
    ])
    expect(create?.parameters).toEqual([{ $ref: '#/components/parameters/IdempotencyKey' }])
    expect(create?.requestBody?.content['application/json']?.schema).toMatchObject({ additionalProperties: false })
    expect(create).toMatchObject({ 'x-dialect': 'envelope', 'x-idempotent': true, 'x-auth': ['admin'] })
    const token = paths['/oauth/token']?.post
    expect(Object.keys(token?.requestBody?.content ?? {})).toEqual([
      'application/x-www-form-urlencoded',
      'application/json',
    ])
    expect(token?.security).toEqual([{ basic: [] }, {}])
    const list = paths['/v1/users']?.get
    expect(list?.parameters).toContainEqual(
      expect.objectContaining({ name: 'limit', schema: expect.objectContaining({ type: 'integer', default: 50 }) }),
    )
    expect(paths['/v1/users/{external_user_id}']?.delete?.responses[204]).not.toHaveProperty('content')
    expect(paths['/v1/onboarding/ai']?.get?.security).toEqual([])
  })
})
