import * as strict from 'oauth4webapi'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestApp } from '../harness.ts'
import { liveServer } from '../live-server.ts'
import { allow, callback } from '../oauth-client.ts'
import type { PersonAt } from '../people.ts'

let server: TestApp
let issuer: URL
let person: PersonAt
beforeAll(async () => {
  ;({ server, issuer } = await liveServer())
  person = await server.person()
})
afterAll(() => server.close())

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

  it.each(['none', 'client_secret_basic', 'client_secret_post'])(
    'agents 161, 168: registers with %s, gets a code with PKCE, checks iss, exchanges and refreshes',
    async (method) => {
      const config = await registered(method)
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
      expect((await server.call('GET', '/v1/users', { token: again.access_token })).status).toBe(200)
    },
  )

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

  it('agents 161, 168: the same strictly, and introspects and revokes what it got', async () => {
    const discovered = await strict.discoveryRequest(issuer, { ...insecure, algorithm: 'oauth2' })
    const as = await strict.processDiscoveryResponse(issuer, discovered)
    const metadata = { redirect_uris: [callback], token_endpoint_auth_method: 'client_secret_post' }
    const answered = await strict.dynamicClientRegistrationRequest(as, metadata, insecure)
    const registered = await strict.processDynamicClientRegistrationResponse(answered)
    const me: strict.Client = { client_id: registered.client_id }
    const auth = strict.ClientSecretPost(registered.client_secret as string)

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
