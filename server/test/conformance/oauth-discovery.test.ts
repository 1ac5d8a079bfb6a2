import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConfigError, parseConfig } from '../../src/config.ts'
import { grantNames } from '../../src/grants.ts'
import { freshAddress, type TestApp, testApp } from '../harness.ts'

const issuer = 'https://auth.example.com'
const asPath = '/.well-known/oauth-authorization-server'
const both = [asPath, '/.well-known/openid-configuration']

let server: TestApp
beforeAll(async () => {
  server = await testApp({ PUBLIC_URL: issuer })
})
afterAll(() => server.close())

const get = (path: string) => server.call('GET', path, { ip: freshAddress() })
const post = (path: string, body: object) => server.call('POST', path, { ip: freshAddress(), body })

/** Every member of every depth, with where it stands. */
function* walk(value: unknown, path = ''): Generator<[string, unknown]> {
  yield [path, value]
  if (typeof value !== 'object' || value === null) return
  for (const [name, member] of Object.entries(value)) yield* walk(member, `${path}/${name}`)
}

describe.each(both)('agents A: %s', (path) => {
  it('agents 1, 2: 200 in JSON; the issuer is the configured one, byte for byte', async () => {
    const { status, headers, body } = await get(path)
    expect([status, headers['content-type']]).toEqual([200, expect.stringMatching(/^application\/json/)])
    expect(body.issuer).toBe(issuer)
    expect(headers['access-control-allow-origin']).toBe('*')
  })

  it('agents 4: the endpoints are there, on the issuer’s origin', async () => {
    const { body } = await get(path)
    expect(body).toMatchObject({
      token_endpoint: `${issuer}/oauth/token`,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      introspection_endpoint: `${issuer}/oauth/introspect`,
      revocation_endpoint: `${issuer}/oauth/revoke`,
      device_authorization_endpoint: `${issuer}/device/code`,
      service_documentation: `${issuer}/docs`,
    })
  })

  it('agents 5, 6: grants and ways to authenticate are listed, and none that is not served', async () => {
    const { body } = await get(path)
    expect(body.grant_types_supported).toEqual([...grantNames])
    const confidential = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']
    expect(body).toMatchObject({
      token_endpoint_auth_methods_supported: [...confidential, 'none'],
      token_endpoint_auth_signing_alg_values_supported: ['ES256', 'RS256', 'EdDSA'],
      introspection_endpoint_auth_methods_supported: confidential,
      revocation_endpoint_auth_methods_supported: [...confidential, 'none'],
    })
    for (const grant_type of body.grant_types_supported) {
      expect((await post('/oauth/token', { grant_type })).body.error).not.toBe('unsupported_grant_type')
    }
    for (const grant_type of ['password', 'implicit', 'urn:ietf:params:oauth:grant-type:token-exchange']) {
      expect((await post('/oauth/token', { grant_type })).body.error).toBe('unsupported_grant_type')
      expect(body.grant_types_supported).not.toContain(grant_type)
    }
  })

  it('agents 7: S256 is the only code challenge method', async () => {
    expect((await get(path)).body).toMatchObject({
      code_challenge_methods_supported: ['S256'],
      response_types_supported: ['code'],
      authorization_response_iss_parameter_supported: true,
    })
  })

  it('agents 8: no member is an empty array or null', async () => {
    for (const [name, value] of walk((await get(path)).body)) {
      expect(value, name).not.toBeNull()
      expect(Array.isArray(value) && value.length === 0, name).toBe(false)
    }
  })

  it('agents 9, 182: every address in it answers, those of agent_auth too', async () => {
    for (const [name, value] of walk((await get(path)).body)) {
      if (typeof value !== 'string' || !value.startsWith(`${issuer}/`)) continue
      const { pathname } = new URL(value)
      expect([name, (await get(pathname)).status]).not.toEqual([name, 404])
    }
  })

  it('agents 12: offline_access stands here, and not among the scopes of a resource', async () => {
    const { scopes_supported } = (await get(path)).body
    expect(scopes_supported).toEqual(
      expect.arrayContaining(['users:read', 'keys:write', 'full_access', 'offline_access']),
    )
    const resource = await get('/.well-known/oauth-protected-resource/mcp')
    if (resource.status === 200) expect(resource.body.scopes_supported).not.toContain('offline_access')
  })

  it('agents 14: POST → 405 with Allow', async () => {
    const answer = await post(path, {})
    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS'])
  })
})

describe('agents A: the rest', () => {
  it('agents 2: an issuer with a query, a fragment or http is refused at the start', () => {
    for (const PUBLIC_URL of ['https://example.com/?x', 'https://example.com/#x', 'http://example.com']) {
      expect(() =>
        parseConfig({ NODE_ENV: 'production', MASTER_KEY: '9f0b7c1e5ad34486b2c81f93e07d6a54'.repeat(2), PUBLIC_URL }),
      ).toThrow(ConfigError)
    }
  })

  it.each(['/.well-known/xyz', '/.well-known/oauth-authorization-server/t1', '/.well-known/openid-configuration/mcp'])(
    'agents 3, 13: %s → 404 in JSON',
    async (path) => {
      const { status, headers, body } = await get(path)
      expect([status, body.ok, body.error.code]).toEqual([404, false, 'not_found'])
      expect(headers['content-type']).toMatch(/^application\/json/)
    },
  )

  it('agents 15, security 131: the JWKS has public members only, and each key kid, alg and use', async () => {
    const { body } = await get('/.well-known/jwks.json')
    expect(body.keys.length).toBeGreaterThan(0)
    for (const key of body.keys) {
      expect(key).toMatchObject({ kid: expect.any(String), alg: 'ES256', use: 'sig', kty: 'EC', crv: 'P-256' })
      expect(Object.keys(key).filter((name) => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].includes(name))).toEqual([])
    }
  })

  it('agents 4, 182: with the device flow off, nothing of it is announced', async () => {
    const own = await testApp({ DEVICE_FLOW: 'false' })
    const { body, text } = await own.call('GET', asPath)
    expect(body.grant_types_supported).not.toContain('urn:ietf:params:oauth:grant-type:device_code')
    expect(text).not.toContain('device')
    for (const path of ['/auth.md', '/llms.txt']) expect((await own.call('GET', path)).text).not.toContain('/device')
    await own.close()
  })
})
