import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Tenant, type TestApp, testApp, testClock } from '../harness.ts'

// An independent client judges discovery, the token endpoint and the tokens over a real port.
const insecure = { [oauth.allowInsecureRequests]: true }

let server: TestApp
let issuer: URL
let tenant: Tenant
let as: oauth.AuthorizationServer
beforeAll(async () => {
  const port = 30_000 + (process.pid % 20_000)
  // The client checks times against the system's clock, so this server's stands where that is.
  server = await testApp({ PUBLIC_URL: `http://localhost:${port}` }, { clock: testClock() })
  await server.app.http.listen({ port, host: 'localhost' })
  issuer = new URL(`http://localhost:${port}`)
  tenant = await server.tenant()
  const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
  as = await oauth.processDiscoveryResponse(new URL(issuer.origin), response)
})
afterAll(() => server.close())

const grant = async (auth: oauth.ClientAuth, parameters: Record<string, string> = {}) => {
  const client = { client_id: tenant.clientId }
  const response = await oauth.clientCredentialsGrantRequest(
    as,
    client,
    auth,
    new URLSearchParams(parameters),
    insecure,
  )
  return oauth.processClientCredentialsResponse(as, client, response)
}

it('discovers the server; the issuer is byte-equal and every endpoint answers', async () => {
  expect(as.issuer).toBe(issuer.origin)
  expect(as.grant_types_supported).toEqual(['client_credentials'])
  for (const [name, value] of Object.entries(as)) {
    expect([name, Array.isArray(value) ? value.length > 0 : value !== null]).toEqual([name, true])
    if (!/_endpoint$|_uri$/.test(name)) continue
    expect([name, (await fetch(String(value))).status]).not.toEqual([name, 404])
  }
})

it.each([
  ['client_secret_basic', oauth.ClientSecretBasic],
  ['client_secret_post', oauth.ClientSecretPost],
] as const)('grants client credentials by %s', async (_, method) => {
  const result = await grant(method(tenant.clientSecret))
  expect(result).toMatchObject({ token_type: 'bearer', expires_in: 3600 })
  expect(result.refresh_token).toBeUndefined()
})

it('validates the access token as RFC 9068 asks, for the right audience only', async () => {
  const { access_token: token } = await grant(oauth.ClientSecretBasic(tenant.clientSecret), { scope: 'users:read' })
  const request = () => new Request(`${issuer.origin}/v1/users`, { headers: { authorization: `Bearer ${token}` } })
  const claims = await oauth.validateJwtAccessToken(as, request(), issuer.origin, insecure)
  expect(claims).toMatchObject({
    sub: tenant.clientId,
    client_id: tenant.clientId,
    scope: 'users:read',
    app_id: tenant.applicationId,
  })
  await expect(oauth.validateJwtAccessToken(as, request(), 'https://elsewhere.example', insecure)).rejects.toThrow()
})

it('reports a wrong secret as the RFC does', async () => {
  await expect(grant(oauth.ClientSecretPost('sec_wrong'))).rejects.toMatchObject({
    error: 'invalid_client',
    status: 401,
  })
  // The header's challenge is processed before the body, as the library documents.
  await expect(grant(oauth.ClientSecretBasic('sec_wrong'))).rejects.toMatchObject({ status: 401 })
})
