import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConfigError, parseConfig } from '../../src/config.ts'
import { freshAddress, type Tenant, type TestApp, testApp } from '../harness.ts'
import { oauthPost } from '../oauth-requests.ts'

const inspector = 'https://inspector.example'
let server: TestApp
let tenant: Tenant
beforeAll(async () => {
  server = await testApp({ MCP_ALLOWED_ORIGINS: `${inspector}, http://localhost:6274` })
  tenant = await server.tenant()
})
afterAll(() => server.close())

const paths = ['/oauth/token', '/oauth/revoke', '/oauth/register']
const preflight = (path: string, origin: string) =>
  server.call('OPTIONS', path, { headers: { origin, 'access-control-request-method': 'POST' }, ip: freshAddress() })
const cors = (headers: Record<string, string | undefined>) =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'))

describe('browsers at the OAuth endpoints (agents.md §8.3)', () => {
  it.each(paths)('%s answers a listed origin: preflight and errors, without credentials mode', async (path) => {
    for (const origin of [inspector, 'http://localhost:6274']) {
      const asked = await preflight(path, origin)
      expect([asked.status, asked.headers['access-control-allow-origin']]).toEqual([204, origin])
      expect(asked.headers['access-control-allow-methods']).toBe('POST')
      const answer = await oauthPost(server, path, { form: {}, headers: { origin } })
      expect(answer.headers['access-control-allow-origin']).toBe(origin)
      expect(answer.headers['access-control-expose-headers']).toContain('www-authenticate')
      expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
    }
  })

  it.each(paths)('%s sends any other origin no CORS headers, and no preflight', async (path) => {
    for (const origin of ['https://evil.example', 'https://inspector.example.evil', 'null', '*']) {
      const asked = await preflight(path, origin)
      expect([asked.status, asked.headers.allow, cors(asked.headers)]).toEqual([405, 'POST', []])
      const answer = await oauthPost(server, path, { form: {}, headers: { origin } })
      expect(cors(answer.headers)).toEqual([])
    }
  })

  it('a token granted to a listed origin can be read there; introspection stays between servers', async () => {
    const form = { grant_type: 'client_credentials', client_id: tenant.clientId, client_secret: tenant.clientSecret }
    const granted = await oauthPost(server, '/oauth/token', { form, headers: { origin: inspector } })
    expect([granted.status, granted.headers['access-control-allow-origin']]).toEqual([200, inspector])
    const { grant_type: _, ...credentials } = form
    const asked = await oauthPost(server, '/oauth/introspect', {
      form: { ...credentials, token: granted.body.access_token },
      headers: { origin: inspector },
    })
    expect([asked.status, cors(asked.headers)]).toEqual([200, []])
  })

  it('what is no origin stops the start', () => {
    for (const MCP_ALLOWED_ORIGINS of ['*', 'null', 'https://a.example/', 'https://A.example', 'a.example']) {
      expect(() => parseConfig({ MCP_ALLOWED_ORIGINS })).toThrow(ConfigError)
    }
  })
})
