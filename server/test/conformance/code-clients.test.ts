import * as strict from 'oauth4webapi'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signingClient } from '../document-client.ts'
import type { TestApp } from '../harness.ts'
import { type HttpsHost, httpsHost } from '../https-host.ts'
import { liveServer } from '../live-server.ts'
import { allow, callback } from '../oauth-client.ts'
import type { PersonAt } from '../people.ts'

let server: TestApp
let issuer: URL
let person: PersonAt
let host: HttpsHost
beforeAll(async () => {
  host = await httpsHost()
  ;({ server, issuer } = await liveServer({}, { outbound: host.outbound }))
  person = await server.person()
})
afterAll(async () => {
  await server.close()
  await host.close()
})

const scope = 'users:read offline_access'

/** The person allows what the address asks; returns where the browser is sent. */
async function consented(address: URL): Promise<URL> {
  const allowed = await allow(server, person, Object.fromEntries(address.searchParams))
  if (allowed.status !== 200) throw new Error(`allow answered ${allowed.status}: ${allowed.text}`)
  return new URL(allowed.body.data.redirect_to)
}

describe('openid-client', () => {
  const options = { algorithm: 'oauth2' as const, execute: [client.allowInsecureRequests] }
  const metadata = { redirect_uris: [callback], client_name: 'openid-client' }

  /** Registers itself, as a client without a metadata document does. */
  const registered = (method: string) =>
    client.dynamicClientRegistration(issuer, { ...metadata, token_endpoint_auth_method: method }, undefined, options)

  /** A code with PKCE, exchanged and refreshed once. */
  async function throughTheFlow(config: client.Configuration) {
    const verifier = client.randomPKCECodeVerifier()
    const state = client.randomState()
    const address = client.buildAuthorizationUrl(config, {
      redirect_uri: callback,
      scope,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      resource: issuer.href.replace(/\/$/, ''),
    })
    const back = await consented(address)
    const tokens = await client.authorizationCodeGrant(config, back, {
      pkceCodeVerifier: verifier,
      expectedState: state,
    })
    expect(tokens).toMatchObject({ token_type: 'bearer', scope })
    const again = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
    expect(again.refresh_token).not.toBe(tokens.refresh_token)
    return { refreshed: again.access_token }
  }

  it.each(['none', 'client_secret_basic', 'client_secret_post'])(
    'agents 161, 168: registers with %s, gets a code with PKCE, checks iss, exchanges and refreshes',
    async (method) => {
      const { refreshed } = await throughTheFlow(await registered(method))
      expect((await server.call('GET', '/v1/users', { token: refreshed })).status).toBe(200)
    },
  )

  it.each([
    ['jwks_uri', false],
    ['jwks', true],
  ])('agents 161, 166: the same as a metadata document that names its keys with %s', async (_, inline) => {
    const { id, key } = await signingClient(host, { inline })
    const config = await client.discovery(issuer, id, undefined, client.PrivateKeyJwt(key), options)
    const { refreshed } = await throughTheFlow(config)
    expect(await client.tokenIntrospection(config, refreshed)).toMatchObject({ active: true, client_id: id })
    await client.tokenRevocation(config, refreshed)
    expect(await client.tokenIntrospection(config, refreshed)).toEqual({ active: false })
    const unsigned = await client.discovery(issuer, id, undefined, client.None(), options)
    await expect(throughTheFlow(unsigned)).rejects.toMatchObject({ status: 401, error: 'invalid_client' })
  })

  it('agents 161: refuses an answer of another issuer', async () => {
    const config = await registered('none')
    const verifier = client.randomPKCECodeVerifier()
    const challenge = await client.calculatePKCECodeChallenge(verifier)
    const address = client.buildAuthorizationUrl(config, {
      redirect_uri: callback,
      scope,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    })
    const back = await consented(address)
    back.searchParams.set('iss', 'https://evil.example.net')
    await expect(client.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier })).rejects.toMatchObject({
      code: 'OAUTH_INVALID_RESPONSE',
    })
  })
})

describe('oauth4webapi', () => {
  const insecure = { [strict.allowInsecureRequests]: true }

  /** Who the client is, and how it authenticates. */
  type Me = { me: strict.Client; auth: strict.ClientAuth }

  async function registered(as: strict.AuthorizationServer): Promise<Me> {
    const metadata = { redirect_uris: [callback], token_endpoint_auth_method: 'client_secret_post' }
    const answered = await strict.dynamicClientRegistrationRequest(as, metadata, insecure)
    const { client_id, client_secret } = await strict.processDynamicClientRegistrationResponse(answered)
    return { me: { client_id }, auth: strict.ClientSecretPost(client_secret as string) }
  }

  async function published(): Promise<Me> {
    const { id, key } = await signingClient(host)
    return { me: { client_id: id }, auth: strict.PrivateKeyJwt(key) }
  }

  it.each([
    ['168: a registered client', registered],
    ['166: a metadata document with keys', published],
  ])('agents 161, %s: the same strictly, and introspects and revokes what it got', async (_, become) => {
    const discovered = await strict.discoveryRequest(issuer, { ...insecure, algorithm: 'oauth2' })
    const as = await strict.processDiscoveryResponse(issuer, discovered)
    const { me, auth } = await become(as)

    const verifier = strict.generateRandomCodeVerifier()
    const state = strict.generateRandomState()
    const address = new URL(as.authorization_endpoint as string)
    const asked = {
      response_type: 'code',
      client_id: me.client_id,
      redirect_uri: callback,
      scope,
      state,
      code_challenge: await strict.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      resource: as.issuer,
    }
    for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value)
    const parameters = strict.validateAuthResponse(as, me, await consented(address), state)
    const tokens = await strict.processAuthorizationCodeResponse(
      as,
      me,
      await strict.authorizationCodeGrantRequest(as, me, auth, parameters, callback, verifier, insecure),
    )
    const again = await strict.processRefreshTokenResponse(
      as,
      me,
      await strict.refreshTokenGrantRequest(as, me, auth, tokens.refresh_token as string, insecure),
    )
    const look = async (token: string) =>
      strict.processIntrospectionResponse(as, me, await strict.introspectionRequest(as, me, auth, token, insecure))
    expect(await look(again.access_token)).toMatchObject({
      active: true,
      client_id: me.client_id,
      sub: person.personId,
    })
    const ended = await strict.revocationRequest(as, me, auth, again.refresh_token as string, insecure)
    await strict.processRevocationResponse(ended)
    // Revoking the refresh token took the access tokens of the same grant along (agents 117).
    expect(await look(again.access_token)).toEqual({ active: false })
  })
})
