import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pay } from '../account.ts'
import { agentToken } from '../agent-token.ts'
import { type Answer, type Tenant, type TestApp, testApp } from '../harness.ts'
import { callTool, currentRequest, keyOf, olderRequest, post } from '../mcp-requests.ts'
import { basicOf, oauthPost, tokenOf } from '../oauth-requests.ts'
import { exchange } from '../wire.ts'

const issuer = 'https://auth.example.com'
const metadata = `resource_metadata="${issuer}/.well-known/oauth-protected-resource/mcp"`
const everyMethod = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

let server: TestApp
let tenant: Tenant
beforeAll(async () => {
  server = await testApp({ MCP_ALLOWED_ORIGINS: 'https://inspector.example' })
  tenant = await pay(server, await server.tenant())
})
afterAll(() => server.close())

const list = olderRequest('tools/list')
const at = (method: string, headers: Record<string, string>, path = '/mcp'): Promise<Answer> =>
  server.call(method, path, { headers: { host: 'auth.example.com', ...headers } })
const bearer = (token: string, scheme = 'Bearer') => ({ authorization: `${scheme} ${token}` })

describe('agents I: credentials at the MCP endpoint', () => {
  it('agents 119: none → 401 that names where to ask and for what, and no error', async () => {
    for (const method of everyMethod) {
      const answer = await at(method, {})
      expect([method, answer.status]).toEqual([method, 401])
      const challenge = answer.headers['www-authenticate'] as string
      expect(challenge).toMatch(new RegExp(`^Bearer ${metadata}, scope="[a-z:_ ]+"$`))
      expect(challenge).toContain('users:read')
      expect(challenge).not.toContain('error')
      expect(answer.headers['cache-control']).toBe('no-store')
    }
  })

  it('agents 119: what is no bearer credential counts as none: neither a password nor a cookie opens anything', async () => {
    const basic = Buffer.from(basicOf(tenant).join(':')).toString('base64')
    const { cookie } = await server.present(tenant, { kind: 'user', role: 'owner' })
    const tries: Record<string, string>[] = [
      { authorization: `Basic ${basic}` },
      { cookie: cookie as string },
      { cookie: cookie as string, origin: issuer },
    ]
    for (const headers of tries) {
      const answer = await post(server, list, { headers })
      expect([headers, answer.status]).toEqual([headers, 401])
      expect(answer.headers['www-authenticate']).not.toContain('error')
    }
  })

  it('agents 120: garbage, expired and revoked → 401 error="invalid_token"', async () => {
    const mine = await server.tenant()
    const revoked = await tokenOf(server, mine)
    await oauthPost(server, '/oauth/revoke', { basic: basicOf(mine), form: { token: revoked } })
    const expired = await tokenOf(server, mine)
    expect((await post(server, list, { token: expired })).status).toBe(200)
    server.clock.advance(3600)
    for (const token of ['garbage', 'a.b.c', revoked, expired, 'tm_key_x', mine.clientId]) {
      const answer = await post(server, list, { token })
      const challenge = answer.headers['www-authenticate'] as string
      expect([token, answer.status, challenge.split(', ').slice(0, 2)]).toEqual([
        token,
        401,
        ['Bearer error="invalid_token"', metadata],
      ])
    }
    tenant = await pay(server, tenant)
  })

  it('agents 121: a missing scope → 403 error="insufficient_scope" with the scope that is needed', async () => {
    for (const credential of [
      { token: await tokenOf(server, tenant, { scope: 'audit:read' }) },
      await keyOf(server, tenant, ['audit:read']),
    ]) {
      for (const request of [currentRequest, olderRequest]) {
        const sent = request('tools/call', { name: 'users_create', arguments: { external_user_id: 'nobody' } })
        const answer = await post(server, sent, credential)
        expect([answer.status, answer.body.id, answer.body.error.data.code]).toEqual([
          403,
          sent.body.id,
          'insufficient_scope',
        ])
        expect(answer.headers['www-authenticate']).toBe(
          `Bearer error="insufficient_scope", ${metadata}, scope="users:write"`,
        )
      }
    }
  })

  it('agents 122: a credential in two places → 400; in the query alone → 401', async () => {
    const { headers } = await keyOf(server, tenant)
    const key = headers.authorization?.slice(7) as string
    for (const token of [tenant.token, key]) {
      const twice = await post(server, list, { token }, { path: `/mcp?access_token=${token}` })
      expect([twice.status, twice.headers['www-authenticate']?.split(',')[0]]).toEqual([
        400,
        'Bearer error="invalid_request"',
      ])
      expect((await post(server, list, {}, { path: `/mcp?access_token=${token}` })).status).toBe(401)
    }
    const base = await server.app.http.listen({ port: 0, host: '127.0.0.1' })
    const line = `Authorization: Bearer ${tenant.token}\r\n`
    const lines = `POST /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n${line}${line}\r\n`
    expect((await exchange(Number(new URL(base).port), lines))?.status).toBe(400)
  })

  it('agents 123: the scheme in any case', async () => {
    for (const scheme of ['bearer', 'BEARER', 'Bearer']) {
      expect((await post(server, list, { headers: bearer(tenant.token, scheme) })).status).toBe(200)
    }
  })

  it('agents 124, 178: a token for the API alone → 401 here, one for here alone → 401 there', async () => {
    const person = await server.person()
    const { token: asked } = await agentToken(server, person)
    expect((await post(server, list, { token: asked })).status).toBe(200)
    const forApi = await tokenOf(server, tenant, { resource: issuer })
    const refused = await post(server, list, { token: forApi })
    expect([refused.status, refused.headers['www-authenticate']?.split(',')[0]]).toEqual([
      401,
      'Bearer error="invalid_token"',
    ])
    expect((await at('GET', bearer(forApi), '/v1/users')).status).toBe(200)
    const forHere = await tokenOf(server, tenant, { resource: `${issuer}/mcp` })
    expect((await post(server, list, { token: forHere })).status).toBe(200)
    const called = await callTool(server, { token: forHere }, 'users_list')
    expect([called.status, called.body.result.isError]).toEqual([200, undefined])
    expect((await at('GET', bearer(forHere), '/v1/users')).status).toBe(401)
  })

  it('agents 125, 173: a valid key and a valid token never see 401, on any method', async () => {
    const { headers } = await keyOf(server, tenant)
    for (const credential of [headers, bearer(tenant.token)]) {
      for (const path of ['/mcp', '/mcp/key']) {
        for (const method of everyMethod.filter((name) => name !== 'POST')) {
          const answer = await at(method, credential, path)
          expect([method, answer.status, answer.headers.allow]).toEqual([method, 405, 'POST'])
        }
        for (const sent of [list, currentRequest('tools/list')]) {
          expect((await post(server, sent, { headers: credential }, { path })).status).toBe(200)
        }
      }
    }
  })

  it('agents 179: without a credential /mcp/key names no metadata, so that no client begins OAuth', async () => {
    for (const headers of [{}, bearer('garbage')]) {
      const answer = await at('POST', headers, '/mcp/key')
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer (?:error="invalid_token", )?scope="/)
      expect(answer.headers['www-authenticate']).not.toContain('resource_metadata')
    }
  })
})

describe('agents 126: who asks', () => {
  const withCredential = () => bearer(tenant.token)

  it('a foreign host → 403 before any credential, on every method', async () => {
    for (const host of ['evil.example', 'auth.example.com.evil.example', 'evil.example:443', 'a b', '127.0.0.1.nip.io'])
      for (const headers of [{}, withCredential()])
        for (const method of ['POST', 'GET', 'OPTIONS']) {
          const answer = await at(method, { ...headers, host })
          expect([host, method, answer.status]).toEqual([host, method, 403])
          expect(answer.headers['www-authenticate']).toBeUndefined()
        }
  })

  it('a foreign origin → 403 with an error that has no id', async () => {
    for (const origin of [
      'https://evil.example',
      'null',
      'http://auth.example.com',
      `${issuer}.evil.example`,
      'http://localhost',
    ]) {
      const answer = await post(server, list, { headers: { ...withCredential(), origin } })
      expect([origin, answer.status, 'id' in answer.body, answer.body.error.code]).toEqual([origin, 403, false, -32000])
      expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    }
  })

  it('on loop-back, loop-back names too; elsewhere only the own host', async () => {
    for (const host of ['localhost', '127.0.0.1:3000', '[::1]:3000', 'AUTH.example.com', 'auth.example.com:443'])
      expect([host, (await at('POST', { host })).status]).toEqual([host, 401])
    const open = await testApp({ HOST: '0.0.0.0' })
    const ask = async (host: string) => (await open.call('POST', '/mcp', { headers: { host } })).status
    expect([await ask('localhost:3000'), await ask('127.0.0.1'), await ask('auth.example.com')]).toEqual([
      403, 403, 401,
    ])
    await open.close()
  })

  it('the own origin and listed ones are answered, the listed ones so that a page can read it', async () => {
    const own = await post(server, list, { headers: { ...withCredential(), origin: issuer } })
    expect([own.status, own.headers['access-control-allow-origin']]).toEqual([200, undefined])
    const origin = 'https://inspector.example'
    const asked = await at('OPTIONS', { origin, 'access-control-request-method': 'POST' })
    expect([asked.status, asked.headers['access-control-allow-origin']]).toEqual([204, origin])
    for (const name of ['authorization', 'mcp-protocol-version', 'mcp-method', 'mcp-name'])
      expect(asked.headers['access-control-allow-headers']).toContain(name)
    for (const headers of [withCredential(), {}]) {
      const answer = await post(server, list, { headers: { ...headers, origin } })
      expect(answer.headers['access-control-allow-origin']).toBe(origin)
      expect(answer.headers['access-control-expose-headers']).toContain('www-authenticate')
      expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
    }
  })
})

describe('RFC 9728 metadata', () => {
  it('agents 10, 11, 12: names the resource, where tokens come from and every scope but offline_access', async () => {
    for (const path of ['', '/mcp']) {
      const { body, status, headers } = await server.call('GET', `/.well-known/oauth-protected-resource${path}`)
      expect([status, headers['access-control-allow-origin']]).toEqual([200, '*'])
      const { scopes_supported: scopes, ...rest } = body
      expect(rest).toEqual({
        resource: `${issuer}${path}`,
        authorization_servers: [issuer],
        bearer_methods_supported: ['header'],
        resource_name: 'TryMellon',
        resource_documentation: `${issuer}/docs`,
      })
      expect(scopes).toContain('keys:write')
      expect(scopes).not.toContain('offline_access')
    }
    const { body } = await server.call('GET', '/.well-known/oauth-authorization-server')
    expect(body.issuer).toBe(issuer)
    expect((await server.call('GET', '/.well-known/oauth-protected-resource/mcp/key')).status).toBe(404)
  })
})
