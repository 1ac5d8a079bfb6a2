import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Tenant, TestApp } from '../harness.ts'
import { liveServer } from '../live-server.ts'
import { registerKeys, signer } from '../oauth-requests.ts'

// An independent client judges discovery, the token endpoint and the tokens over a real port.
const insecure = { [oauth.allowInsecureRequests]: true }

let server: TestApp
let issuer: URL
let tenant: Tenant
let as: oauth.AuthorizationServer
beforeAll(async () => {
  // The client checks times against the system's clock, so this server's stands where that is.
  ;({ server, issuer } = await liveServer())
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
  expect(as.grant_types_supported).toEqual(expect.arrayContaining(['client_credentials']))
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

it('agents 50: validates the access token as RFC 9068 asks, for the right audience only', async () => {
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

it.each([
  ['client_secret_basic', () => oauth.ClientSecretBasic(tenant.clientSecret)],
  ['client_secret_post', () => oauth.ClientSecretPost(tenant.clientSecret)],
] as const)('introspects and revokes, authenticated by %s', async (_, method) => {
  const client = { client_id: tenant.clientId }
  const { access_token: token } = await grant(method())
  const ask = async () => {
    const response = await oauth.introspectionRequest(as, client, method(), token, insecure)
    return oauth.processIntrospectionResponse(as, client, response)
  }
  expect(await ask()).toMatchObject({
    active: true,
    iss: issuer.origin,
    client_id: tenant.clientId,
    token_type: 'Bearer',
  })
  const revoked = await oauth.revocationRequest(as, client, method(), token, insecure)
  expect(await oauth.processRevocationResponse(revoked)).toBeUndefined()
  expect(await ask()).toEqual({ active: false })
})

it('revokes as a public client too', async () => {
  const client = { client_id: 'cli_agent' }
  const { access_token: token } = await grant(oauth.ClientSecretPost(tenant.clientSecret))
  const answered = await oauth.revocationRequest(as, client, oauth.None(), token, insecure)
  expect(await oauth.processRevocationResponse(answered)).toBeUndefined()
  // Not its token: it hears nothing, and nothing happened.
  const users = await fetch(new URL('/v1/users', issuer), {
    headers: { authorization: `Bearer ${token}` },
  })
  expect(users.status).toBe(200)
})

it('signs assertions that are taken', async () => {
  const pair = signer('ES256', 'web')
  await registerKeys(server, tenant, pair)
  const pkcs8 = new Uint8Array(pair.privateKey.export({ type: 'pkcs8', format: 'der' }))
  const key = await crypto.subtle.importKey('pkcs8', pkcs8, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
  expect(await grant(oauth.PrivateKeyJwt({ key, kid: 'web' }))).toMatchObject({
    token_type: 'bearer',
  })
})
