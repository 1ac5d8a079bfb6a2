import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agentToken } from '../agent-token.ts'
import { type Tenant, type TestApp, testApp } from '../harness.ts'
import { basicOf, oauthPost, tokenOf } from '../oauth-requests.ts'
import { exchange } from '../wire.ts'

const issuer = 'https://auth.example.com'
let server: TestApp
let tenant: Tenant
beforeAll(async () => {
  server = await testApp()
  tenant = await server.tenant()
})
afterAll(() => server.close())

const get = (headers: Record<string, string>, query = '') => server.call('GET', `/v1/users${query}`, { headers })
const bearer = (token: string, scheme = 'Bearer') => ({ authorization: `${scheme} ${token}` })

describe('agents I: tokens on the admin API', () => {
  it('agents 119: no credential → 401 with a challenge that names no error', async () => {
    const answer = await get({})
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer'])
  })

  it('agents 120: garbage, expired and revoked → 401 error="invalid_token"', async () => {
    const mine = await server.tenant()
    const revoked = await tokenOf(server, mine)
    await oauthPost(server, '/oauth/revoke', { basic: basicOf(mine), form: { token: revoked } })
    const expired = await tokenOf(server, mine)
    expect((await get(bearer(expired))).status).toBe(200)
    server.clock.advance(3600)
    for (const token of ['garbage', 'a.b.c', revoked, expired, 'tm_key_x']) {
      const answer = await get(bearer(token))
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer error="invalid_token"'])
    }
  })

  it('agents 121: a missing scope → 403 error="insufficient_scope" with the scope that is needed', async () => {
    const token = await tokenOf(server, tenant, { scope: 'audit:read' })
    const answer = await get(bearer(token))
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([
      403,
      'Bearer error="insufficient_scope", scope="users:read"',
    ])
  })

  it('agents 122: a token in two places → 400; in the query alone → 401', async () => {
    const token = await tokenOf(server, tenant)
    expect((await get(bearer(token), `?access_token=${token}`)).status).toBe(400)
    expect((await get({}, `?access_token=${token}`)).status).toBe(401)
    const base = await server.app.http.listen({ port: 0, host: '127.0.0.1' })
    const twice = await exchange(
      Number(new URL(base).port),
      `GET /v1/users HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${`Authorization: Bearer ${token}\r\n`.repeat(2)}\r\n`,
    )
    expect(twice?.status).toBe(400)
  })

  it('agents 123: the scheme in any case', async () => {
    const token = await tokenOf(server, tenant)
    for (const scheme of ['bearer', 'BEARER', 'Bearer']) expect((await get(bearer(token, scheme))).status).toBe(200)
  })

  it('agents 124, 178: a token for another audience → 401', async () => {
    const token = await tokenOf(server, tenant, { resource: `${issuer}/mcp` })
    const answer = await get(bearer(token))
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer error="invalid_token"'])
    expect((await get(bearer(await tokenOf(server, tenant, { resource: issuer })))).status).toBe(200)
  })

  it('agents 125: a secret key, its agent’s token and a client’s token are all taken', async () => {
    const person = await server.person()
    const { secretKey, token } = await agentToken(server, person)
    for (const credential of [secretKey, token, await tokenOf(server, tenant)]) {
      expect((await get(bearer(credential))).status).toBe(200)
    }
  })
})
