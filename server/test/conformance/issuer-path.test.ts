import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshAddress, type Tenant, type TestApp } from '../harness.ts'
import { liveServer } from '../live-server.ts'

// A server that shares its host with others: `PUBLIC_URL` has a path, and so has the issuer.
let server: TestApp
let issuer: URL
let tenant: Tenant
beforeAll(async () => {
  ;({ server, issuer } = await liveServer({}, {}, '/t1'))
  tenant = await server.tenant()
})
afterAll(() => server.close())

const get = (path: string) => server.call('GET', path, { ip: freshAddress() })

describe('agents 3: an issuer with a path', () => {
  it.each([
    '/.well-known/oauth-authorization-server/t1',
    '/.well-known/openid-configuration/t1',
    '/t1/.well-known/oauth-authorization-server',
    '/t1/.well-known/openid-configuration',
  ])('is described at %s', async (path) => {
    const { status, body } = await get(path)
    expect([status, body.issuer, body.token_endpoint]).toEqual([200, issuer.href, `${issuer.href}/oauth/token`])
  })

  it('every address of its metadata has the path and answers', async () => {
    const { text } = await get('/.well-known/oauth-authorization-server/t1')
    const addresses = [...text.matchAll(/"(http:\/\/localhost[^"]*)"/g)].map(([, address = '']) => address)
    expect(addresses.length).toBeGreaterThan(10)
    for (const address of addresses) {
      expect(address.startsWith(issuer.href)).toBe(true)
      expect([address, (await get(new URL(address).pathname)).status]).not.toEqual([address, 404])
    }
  })

  it('the MCP server names its metadata where RFC 9728 §3.1 puts it', async () => {
    const challenge = (await server.call('POST', '/t1/mcp', { body: {} })).headers['www-authenticate'] as string
    const [, metadata = ''] = /resource_metadata="([^"]+)"/.exec(challenge) ?? []
    expect(metadata).toBe(`${issuer.origin}/.well-known/oauth-protected-resource/t1/mcp`)
    const { body } = await get(new URL(metadata).pathname)
    expect(body).toMatchObject({ resource: `${issuer.href}/mcp`, authorization_servers: [issuer.href] })
  })

  it('openid-client discovers it, gets a token, and calls the API with it', async () => {
    const config = await client.discovery(issuer, tenant.clientId, tenant.clientSecret, undefined, {
      algorithm: 'oauth2',
      execute: [client.allowInsecureRequests],
    })
    const { access_token } = await client.clientCredentialsGrant(config, { scope: 'users:read' })
    expect(await client.tokenIntrospection(config, access_token)).toMatchObject({ active: true, iss: issuer.href })
    const users = new URL(`${issuer.href}/v1/users`)
    expect((await client.fetchProtectedResource(config, access_token, users, 'GET')).status).toBe(200)
    const started = await client.initiateDeviceAuthorization(
      await client.discovery(issuer, 'cli_agent', undefined, client.None(), {
        algorithm: 'oauth2',
        execute: [client.allowInsecureRequests],
      }),
      {},
    )
    expect(started.verification_uri).toBe(`${issuer.href}/device`)
  })

  it.each(['/t1/device', '/t1/claim', '/t1/agents/confirm', '/t1/docs', '/t1/dashboard'])(
    '%s loads what it needs from below the path',
    async (path) => {
      const { status, text } = await get(path)
      const loaded = [...text.matchAll(/(?:src|href|action)="(\/[^"]*)"/g)].map(([, address = '']) => address)
      expect([status, loaded.length > 0]).toEqual([200, true])
      for (const address of loaded) {
        expect(address).toMatch(/^\/t1\//)
        if (!address.includes('/api/')) expect([address, (await get(address)).status]).toEqual([address, 200])
      }
    },
  )

  it('another path is nobody’s', async () => {
    for (const path of ['/t10/health', '/t2/health', '/.well-known/oauth-authorization-server/t2']) {
      expect((await get(path)).status).toBe(404)
    }
    expect((await get('/health')).status).toBe(200)
  })
})
