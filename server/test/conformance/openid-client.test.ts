import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Tenant, TestApp } from '../harness.ts'
import { liveServer } from '../live-server.ts'
import { registerKeys, signer } from '../oauth-requests.ts'

// Unmodified, over a real port: what most programs in this language talk OAuth with.
let server: TestApp
let issuer: URL
let tenant: Tenant
beforeAll(async () => {
  ;({ server, issuer } = await liveServer())
  tenant = await server.tenant()
})
afterAll(() => server.close())

const configure = (auth: client.ClientAuth, metadata?: Partial<client.ClientMetadata>) =>
  client.discovery(issuer, tenant.clientId, metadata, auth, {
    algorithm: 'oauth2',
    execute: [client.allowInsecureRequests],
  })

describe('openid-client', () => {
  it('discovers the server, by the metadata of OAuth as of OpenID Connect', async () => {
    const config = await configure(client.ClientSecretBasic(tenant.clientSecret))
    expect(config.serverMetadata()).toMatchObject({
      issuer: issuer.origin,
      token_endpoint: `${issuer.origin}/oauth/token`,
      introspection_endpoint: `${issuer.origin}/oauth/introspect`,
    })
    const other = await client.discovery(issuer, tenant.clientId, tenant.clientSecret, undefined, {
      execute: [client.allowInsecureRequests],
    })
    expect(other.serverMetadata().issuer).toBe(issuer.origin)
  })

  it.each([
    ['client_secret_basic', () => client.ClientSecretBasic(tenant.clientSecret)],
    ['client_secret_post', () => client.ClientSecretPost(tenant.clientSecret)],
  ])('client credentials by %s, and what follows: introspection, a call, revocation', async (_, auth) => {
    const config = await configure(auth())
    const granted = await client.clientCredentialsGrant(config, { scope: 'users:read', resource: issuer.origin })
    expect(granted).toMatchObject({ token_type: 'bearer', expires_in: 3600 })
    const token = granted.access_token
    expect(await client.tokenIntrospection(config, token)).toMatchObject({
      active: true,
      scope: 'users:read',
      aud: issuer.origin,
      client_id: tenant.clientId,
    })
    const users = new URL('/v1/users', issuer)
    expect((await client.fetchProtectedResource(config, token, users, 'GET')).status).toBe(200)
    await client.tokenRevocation(config, token)
    expect(await client.tokenIntrospection(config, token)).toEqual({ active: false })
    await expect(client.fetchProtectedResource(config, token, users, 'GET')).rejects.toMatchObject({ status: 401 })
  })

  it.each(['ES256', 'RS256', 'EdDSA'] as const)('client credentials by private_key_jwt with %s', async (alg) => {
    const pair = signer(alg, alg)
    await registerKeys(server, tenant, pair)
    const usages: KeyUsage[] = ['sign']
    const name = {
      ES256: { name: 'ECDSA', namedCurve: 'P-256' },
      RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
      EdDSA: { name: 'Ed25519' },
    }[alg]
    const pkcs8 = pair.privateKey.export({ type: 'pkcs8', format: 'der' })
    const key = await crypto.subtle.importKey('pkcs8', new Uint8Array(pkcs8), name, false, usages)
    const config = await configure(client.PrivateKeyJwt({ key, kid: alg }))
    const { access_token } = await client.clientCredentialsGrant(config)
    expect(await client.tokenIntrospection(config, access_token)).toMatchObject({ active: true })
    await client.tokenRevocation(config, access_token)
  })

  it('a wrong secret is the typed error of the RFC', async () => {
    const config = await configure(client.ClientSecretPost('sec_wrong'))
    await expect(client.clientCredentialsGrant(config)).rejects.toMatchObject({ status: 401, error: 'invalid_client' })
    const scope = await configure(client.ClientSecretPost(tenant.clientSecret))
    await expect(client.clientCredentialsGrant(scope, { scope: 'nonsense' })).rejects.toMatchObject({
      status: 400,
      error: 'invalid_scope',
    })
  })
})
