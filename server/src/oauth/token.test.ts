import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Tenant, TestApp } from '../../test/harness.ts'
import { testApp } from '../../test/harness.ts'
import { basicOf, oauthPost, tokenOf } from '../../test/oauth-requests.ts'

// What RFC 6749 and its companions ask of the token endpoint is in test/conformance/oauth-*.test.ts.
const issuer = 'https://auth.example.com'
let server: TestApp
let tenant: Tenant
beforeAll(async () => {
  server = await testApp()
  tenant = await server.tenant()
})
afterAll(() => server.close())

const audienceOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).aud

describe('resource indicators', () => {
  it('agents 127: the resource asked for is the audience; nothing asked, the API and the MCP endpoint', async () => {
    expect(audienceOf(await tokenOf(server, tenant, { resource: `${issuer}/mcp` }))).toBe(`${issuer}/mcp`)
    expect(audienceOf(await tokenOf(server, tenant, { resource: issuer }))).toBe(issuer)
    expect(audienceOf(await tokenOf(server, tenant))).toEqual([issuer, `${issuer}/mcp`])
  })

  it.each(['https://evil.example', `${issuer}/`, `${issuer}#x`, `${issuer}/mcp/`, '/mcp', 'mcp'])(
    'agents 128: %s → 400 invalid_target',
    async (resource) => {
      const form = { grant_type: 'client_credentials', resource }
      const answer = await oauthPost(server, '/oauth/token', { basic: basicOf(tenant), form })
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_target'])
    },
  )
})

describe('a client on the admin API', () => {
  it('is let in with Basic too; once its application is suspended, neither that nor its tokens work', async () => {
    const mine = await server.tenant()
    const authorization = `Basic ${Buffer.from(basicOf(mine).join(':')).toString('base64')}`
    const statuses = async () => [
      (await server.call('GET', '/v1/users', { headers: { authorization } })).status,
      (await server.call('GET', '/v1/users', { token: mine.token })).status,
    ]
    expect(await statuses()).toEqual([200, 200])
    await server.database.sql.query(`update applications set status = 'suspended' where id = $1`, [mine.applicationId])
    server.app.deps.caches.clear()
    expect(await statuses()).toEqual([401, 401])
  })
})
