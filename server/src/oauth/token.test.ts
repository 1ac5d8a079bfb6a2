import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshAddress, type Tenant, type TestApp, testApp } from '../../test/harness.ts'

let server: TestApp
let tenant: Tenant
beforeAll(async () => {
  server = await testApp()
  tenant = await server.tenant()
})
afterAll(() => server.close())

type Options = {
  basic?: [string, string]
  form?: Record<string, string> | string
  body?: unknown
  ip?: string
  query?: string
}

function grant({ basic, form, body, ip = freshAddress(), query = '' }: Options) {
  const headers: Record<string, string> = {}
  if (basic) headers.authorization = `Basic ${Buffer.from(basic.join(':')).toString('base64')}`
  if (form) headers['content-type'] = 'application/x-www-form-urlencoded'
  const payload = typeof form === 'string' ? form : form ? new URLSearchParams(form).toString() : body
  return server.call('POST', `/oauth/token${query}`, {
    headers,
    ip,
    ...(payload === undefined ? {} : { body: payload }),
  })
}

const cc = { grant_type: 'client_credentials' }

describe('POST /oauth/token', () => {
  it('200 for JSON, form and Basic, raw and percent-encoded', async () => {
    const { clientId, clientSecret, applicationId } = tenant
    const encoded = (text: string) => text.replaceAll('_', '%5F')
    const answers = [
      await grant({ body: { ...cc, client_id: clientId, client_secret: clientSecret } }),
      await grant({ body: { ...cc, client_id: applicationId, client_secret: clientSecret } }),
      await grant({ form: { ...cc, client_id: clientId, client_secret: clientSecret } }),
      await grant({ form: cc, basic: [clientId, clientSecret] }),
      await grant({ form: cc, basic: [encoded(clientId), encoded(clientSecret)] }),
      await grant({ form: { ...cc, client_id: clientId }, basic: [clientId, clientSecret] }),
      await grant({ form: { ...cc, client_id: clientId, client_secret: clientSecret, unknown: 'x', scope: '' } }),
    ]
    for (const { status, body, headers } of answers) {
      expect([status, body.token_type, body.expires_in]).toEqual([200, 'Bearer', 3600])
      expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'token_type'])
      expect([headers['cache-control'], headers.pragma]).toEqual(['no-store', 'no-cache'])
    }
  })

  it('issues an at+jwt that an independent library verifies against the published keys', async () => {
    const { body } = await grant({ body: { ...cc, client_id: tenant.clientId, client_secret: tenant.clientSecret } })
    const keys = createLocalJWKSet(server.app.deps.keys.jwks() as Parameters<typeof createLocalJWKSet>[0])
    const { payload } = await jwtVerify(body.access_token, keys, {
      issuer: 'https://auth.example.com',
      audience: 'https://auth.example.com/mcp',
      typ: 'at+jwt',
      algorithms: ['ES256'],
      currentDate: server.clock(),
    })
    expect(payload).toMatchObject({
      sub: tenant.clientId,
      client_id: tenant.clientId,
      tenant_id: tenant.tenantId,
      app_id: tenant.applicationId,
      aud: ['https://auth.example.com', 'https://auth.example.com/mcp'],
    })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600)
    expect(decodeProtectedHeader(body.access_token).kid).toBe(server.app.deps.keys.jwks().keys[0]?.kid)
  })

  it.each([
    ['a wrong secret in the body', { body: { ...cc, client_secret: 'sec_x' } }, 401, 'invalid_client', undefined],
    ['no authentication', { body: cc }, 401, 'invalid_client', undefined],
    ['a wrong secret in Basic', { form: cc, basic: ['cli_x', 'sec_x'] }, 401, 'invalid_client', 'Basic realm="oauth"'],
    ['another grant', { body: { grant_type: 'password' } }, 400, 'unsupported_grant_type', undefined],
    ['no grant type', { body: {} }, 400, 'invalid_request', undefined],
    ['an empty body', {}, 400, 'invalid_request', undefined],
    ['malformed JSON', { body: '{' }, 400, 'invalid_request', undefined],
    ['an array', { body: '[]' }, 400, 'invalid_request', undefined],
    [
      'a repeated form parameter',
      { form: 'grant_type=client_credentials&scope=a&scope=b' },
      400,
      'invalid_request',
      undefined,
    ],
    ['malformed percent-encoding', { form: 'grant_type=%zz' }, 400, 'invalid_request', undefined],
  ] as [string, Options, number, string, string | undefined][])(
    'refuses %s',
    async (_, options, status, error, challenge) => {
      const filled =
        options.body && typeof options.body === 'object' && 'client_secret' in options.body
          ? { ...options, body: { ...options.body, client_id: tenant.clientId } }
          : options
      const answer = await grant(filled)
      expect([answer.status, answer.body.error]).toEqual([status, error])
      expect(answer.body.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
      expect(answer.headers['www-authenticate']).toBe(challenge)
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.body.ok).toBeUndefined()
    },
  )

  it('security 140: 400 for a secret in both places, and for another client_id', async () => {
    const { clientId, clientSecret } = tenant
    const both = await grant({
      form: { ...cc, client_id: clientId, client_secret: clientSecret },
      basic: [clientId, clientSecret],
    })
    expect([both.status, both.body.error]).toEqual([400, 'invalid_request'])
    const other = await grant({ form: { ...cc, client_id: 'cli_other' }, basic: [clientId, clientSecret] })
    expect([other.status, other.body.error]).toEqual([400, 'invalid_request'])
  })

  it('never reads credentials from the query', async () => {
    const query = `?grant_type=client_credentials&client_id=${tenant.clientId}&client_secret=${tenant.clientSecret}`
    expect((await grant({ query })).status).toBe(400)
  })

  it('400 for text/plain in the oauth dialect, 405 with Allow for GET', async () => {
    const plain = await server.call('POST', '/oauth/token', { body: 'x', headers: { 'content-type': 'text/plain' } })
    expect([plain.status, plain.body.error]).toEqual([415, 'invalid_request'])
    const get = await server.call('GET', '/oauth/token')
    expect([get.status, get.headers.allow, get.body.error]).toEqual([405, 'POST', 'invalid_request'])
  })

  it('narrows the scope on request and refuses what is not allowed', async () => {
    const client = { ...cc, client_id: tenant.clientId, client_secret: tenant.clientSecret }
    const narrow = await grant({ body: { ...client, scope: 'users:read' } })
    expect(narrow.status).toBe(200)
    const token = narrow.body.access_token
    const read = await server.call('GET', '/v1/users', { token })
    expect(read.status).toBe(200)
    const write = await server.call('POST', '/v1/users', { token, body: { external_user_id: 'x' } })
    expect([write.status, write.body.error.code]).toEqual([403, 'insufficient_scope'])
    expect(write.headers['www-authenticate']).toBe('Bearer error="insufficient_scope", scope="users:write"')
    for (const scope of ['acting_as:write', 'nonsense', 'users:read webhooks:write', 'a"b', 'users:read  audit:read']) {
      const refused = await grant({ body: { ...client, scope } })
      expect([scope, refused.status, refused.body.error]).toEqual([scope, 400, 'invalid_scope'])
    }
  })

  it('accepts its two resources and refuses any other', async () => {
    const client = { ...cc, client_id: tenant.clientId, client_secret: tenant.clientSecret }
    expect((await grant({ body: { ...client, resource: 'https://auth.example.com/mcp' } })).status).toBe(200)
    for (const resource of [
      'https://evil.example',
      'https://auth.example.com/',
      'https://auth.example.com#x',
      '/mcp',
    ]) {
      const refused = await grant({ body: { ...client, resource } })
      expect([refused.status, refused.body.error]).toEqual([400, 'invalid_target'])
    }
  })

  it('security 141: throttles failures per client and address, and not the right secret from elsewhere', async () => {
    const mine = await server.tenant()
    const ip = freshAddress()
    const wrong = { ...cc, client_id: mine.clientId, client_secret: tenant.clientSecret }
    for (let i = 0; i < 10; i++) expect((await grant({ body: wrong, ip })).status).toBe(401)
    const right = { ...cc, client_id: mine.clientId, client_secret: mine.clientSecret }
    const locked = await grant({ body: right, ip })
    expect([locked.status, locked.body.error]).toEqual([429, 'rate_limit_exceeded'])
    expect(Number(locked.headers['retry-after'])).toBeGreaterThan(0)
    expect((await grant({ body: right })).status).toBe(200)
  })

  it('accepts Basic on admin routes too, and refuses the token of a suspended application', async () => {
    const mine = await server.tenant()
    const basic = `Basic ${Buffer.from(`${mine.clientId}:${mine.clientSecret}`).toString('base64')}`
    expect((await server.call('GET', '/v1/users', { headers: { authorization: basic } })).status).toBe(200)
    await server.database.sql.query(`update applications set status = 'suspended' where id = $1`, [mine.applicationId])
    server.app.deps.caches.clear()
    expect((await server.call('GET', '/v1/users', { token: mine.token })).status).toBe(401)
    const refused = await grant({ body: { ...cc, client_id: mine.clientId, client_secret: mine.clientSecret } })
    expect([refused.status, refused.body.error]).toEqual([401, 'invalid_client'])
  })
})
