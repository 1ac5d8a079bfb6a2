import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestApp, testApp } from '../harness.ts'
import {
  type Asked,
  allow,
  callback,
  codeFor,
  pkce,
  queryOf,
  type Registered,
  redeem,
  refresh,
  registerClient,
  request,
} from '../oauth-client.ts'
import type { PersonAt } from '../people.ts'

const issuer = 'https://auth.example.com'
let server: TestApp
let person: PersonAt
let client: Registered
beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'false' })
  person = await server.person()
  client = await registerClient(server)
})
afterAll(() => server.close())

/** `GET /oauth/authorize` as a browser sends it. */
const open = (asked: Record<string, string>, headers: Record<string, string> = {}) =>
  server.call('GET', `/oauth/authorize?${new URLSearchParams(asked)}`, { headers })

const errorOf = (answer: { headers: Record<string, string | undefined> }) => queryOf(String(answer.headers.location))

const events = async (event: string) =>
  (await server.call('GET', `/v1/audit-logs?event=${event}`, { headers: person.headers })).body.data.data

const users = (token: string) => server.call('GET', '/v1/users', { token })

describe('agents 161: the whole flow', () => {
  it('S256, state and resource → code → token, with iss and state on the redirect', async () => {
    const { verifier, challenge } = pkce()
    const asked = request(client, challenge, { resource: issuer })
    const page = await open(asked)
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    const allowed = await allow(server, person, asked)
    expect(allowed.status).toBe(200)
    const { redirect_to } = allowed.body.data
    expect(redirect_to.split('?')[0]).toBe(callback)
    expect(queryOf(redirect_to)).toEqual({ code: expect.stringMatching(/^ac_/), state: 'xyz', iss: issuer })
    const granted = await redeem(server, client, { code: queryOf(redirect_to).code as string, verifier })
    expect(granted.body).toEqual({
      access_token: expect.stringMatching(/^eyJ/),
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'users:read offline_access',
      refresh_token: expect.stringMatching(/^rt_/),
    })
    const claims = JSON.parse(Buffer.from(granted.body.access_token.split('.')[1], 'base64url').toString())
    expect(claims).toMatchObject({
      iss: issuer,
      sub: person.personId,
      aud: issuer,
      client_id: client.id,
      act: { sub: expect.stringMatching(/^agt_/) },
    })
    expect((await users(granted.body.access_token)).status).toBe(200)
    const denied = await server.call('POST', '/v1/users', {
      token: granted.body.access_token,
      body: { external_user_id: 'u' },
    })
    expect([denied.status, denied.body.error.code]).toEqual([403, 'insufficient_scope'])
    expect((await events('oauth.consent_granted'))[0]).toMatchObject({ metadata: { client_id: client.id } })
  })

  it('a token without resource is for the MCP endpoint, and refused on the admin API', async () => {
    const granted = await redeem(server, client, await codeFor(server, person, client))
    const claims = JSON.parse(Buffer.from(granted.body.access_token.split('.')[1], 'base64url').toString())
    expect(claims.aud).toBe(`${issuer}/mcp`)
    expect((await users(granted.body.access_token)).status).toBe(401)
  })

  it('a refusal leads back with access_denied, and is recorded', async () => {
    const asked = request(client, pkce().challenge)
    const post = (path: string, body: object) =>
      server.call('POST', `/v1/oauth/authorization/${path}`, { body, headers: person.headers })
    const { csrf_token } = (await post('request', asked)).body.data
    const denied = await post('deny', { ...asked, csrf_token })
    expect(queryOf(denied.body.data.redirect_to)).toEqual({ error: 'access_denied', state: 'xyz', iss: issuer })
    expect((await events('oauth.consent_denied'))[0]).toMatchObject({ success: false })
  })
})

describe('agents 161, 162: what is wrong is told to the client, with iss and state', () => {
  it.each<[string, Asked, string]>([
    ['no response_type', { response_type: undefined }, 'invalid_request'],
    ['response_type token', { response_type: 'token' }, 'unsupported_response_type'],
    ['no code_challenge', { code_challenge: undefined }, 'invalid_request'],
    ['plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['no method', { code_challenge_method: undefined }, 'invalid_request'],
    ['a challenge of another form', { code_challenge: 'short' }, 'invalid_request'],
    ['an unknown scope', { scope: 'users:read admin' }, 'invalid_scope'],
    ['an unknown resource', { resource: 'https://other.example.com' }, 'invalid_target'],
    ['a resource with a fragment', { resource: `${issuer}/mcp#x` }, 'invalid_target'],
    ['an unknown prompt', { prompt: 'select_account' }, 'invalid_request'],
    ['prompt=none without a session', { prompt: 'none' }, 'login_required'],
  ])('%s', async (_, change, error) => {
    const answer = await open(request(client, pkce().challenge, change))
    expect(answer.status).toBe(302)
    expect(errorOf(answer)).toMatchObject({ error, state: 'xyz', iss: issuer })
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  it('prompt=none with a session but no consent → consent_required', async () => {
    const other = await registerClient(server)
    const answer = await open(request(other, pkce().challenge, { prompt: 'none' }), person.headers)
    expect(errorOf(answer)).toMatchObject({ error: 'consent_required' })
  })
})

describe('agents 163: nobody is redirected by an unknown client or to an unknown address', () => {
  it.each<[string, Asked]>([
    ['unknown client', { client_id: 'cli_0000000000000000000000' }],
    ['no client', { client_id: undefined }],
    ['prefix', { redirect_uri: `${callback}/more` }],
    ['extra slash', { redirect_uri: `${callback}/` }],
    ['other host', { redirect_uri: 'https://evil.example.net/callback' }],
    ['user info', { redirect_uri: 'https://x@client.example.com/callback' }],
    ['fragment', { redirect_uri: `${callback}#x` }],
  ])('%s → a page', async (_, change) => {
    const answer = await open(request(client, pkce().challenge, change))
    expect([answer.status, answer.headers.location]).toEqual([400, undefined])
    expect(answer.text).toContain('Nothing was granted')
    expect(answer.headers['content-security-policy']).toContain("frame-ancestors 'none'")
  })

  it('a parameter twice → a page', async () => {
    const query = new URLSearchParams(request(client, pkce().challenge))
    query.append('client_id', client.id)
    expect((await server.call('GET', `/oauth/authorize?${query}`)).status).toBe(400)
  })

  it('the port of a loop-back redirect may differ', async () => {
    const native = await registerClient(server, { redirect_uris: ['http://127.0.0.1/callback'] })
    const asked = request(native, pkce().challenge, { redirect_uri: 'http://127.0.0.1:50123/callback' })
    expect((await open(asked)).status).toBe(200)
    const allowed = await allow(server, person, asked)
    expect(allowed.body.data.redirect_to).toMatch(/^http:\/\/127\.0\.0\.1:50123\/callback\?code=/)
  })
})

describe('agents 164: a code', () => {
  it('used twice → invalid_grant, and what the first use gave is revoked', async () => {
    const code = await codeFor(server, person, client, { resource: issuer })
    const first = await redeem(server, client, code)
    expect((await users(first.body.access_token)).status).toBe(200)
    const second = await redeem(server, client, code)
    expect([second.status, second.body.error]).toEqual([400, 'invalid_grant'])
    expect((await users(first.body.access_token)).status).toBe(401)
    expect((await refresh(server, client, first.body.refresh_token)).body.error).toBe('invalid_grant')
  })

  it('after 60 seconds → invalid_grant', async () => {
    const code = await codeFor(server, person, client)
    server.clock.advance(60)
    expect((await redeem(server, client, code)).body.error).toBe('invalid_grant')
  })

  it('of client A at client B → invalid_grant, and A is unaffected', async () => {
    const code = await codeFor(server, person, client)
    const other = await registerClient(server)
    expect((await redeem(server, other, code)).body.error).toBe('invalid_grant')
    expect((await redeem(server, client, code)).status).toBe(200)
  })

  it.each<[string, Asked, string]>([
    ['agents 162: a wrong verifier', { code_verifier: pkce().verifier }, 'invalid_grant'],
    ['agents 162: no verifier', { code_verifier: undefined }, 'invalid_request'],
    ['agents 162: a verifier of another form', { code_verifier: 'short' }, 'invalid_grant'],
    ['another redirect_uri', { redirect_uri: 'https://client.example.com/other' }, 'invalid_grant'],
    ['an unknown resource', { resource: 'https://other.example.com' }, 'invalid_target'],
    ['no code', { code: undefined }, 'invalid_request'],
    ['garbage', { code: 'ac_garbage' }, 'invalid_grant'],
    ['an unknown client', { client_id: 'cli_0000000000000000000000' }, 'invalid_client'],
  ])('%s → %s', async (_, change, error) => {
    const answer = await redeem(server, client, await codeFor(server, person, client), change)
    expect(answer.body.error).toBe(error)
  })

  it('of a confidential client needs its secret', async () => {
    const confidential = await registerClient(server, { token_endpoint_auth_method: 'client_secret_post' })
    const code = await codeFor(server, person, confidential)
    expect((await redeem(server, confidential, code)).body.error).toBe('invalid_client')
    const wrong = await redeem(server, confidential, code, { client_secret: 'sec_wrong' })
    expect(wrong.body.error).toBe('invalid_client')
    expect((await redeem(server, confidential, code, { client_secret: confidential.secret ?? '' })).status).toBe(200)
  })
})

describe('agents 165: without scope', () => {
  it('what the client registered is granted and echoed, else reading', async () => {
    const registered = await registerClient(server, { scope: 'audit:read' })
    const granted = await redeem(server, registered, await codeFor(server, person, registered, { scope: undefined }))
    expect(granted.body.scope).toBe('audit:read')
    const other = await redeem(server, client, await codeFor(server, person, client, { scope: undefined }))
    expect(other.body.scope.split(' ').every((scope: string) => scope.endsWith(':read'))).toBe(true)
    expect(other.body.refresh_token).toBeUndefined()
  })
})

describe('agents 167: Allow', () => {
  it('a state of several kilobytes comes back unchanged', async () => {
    const state = 'a.b-'.repeat(1500)
    const allowed = await allow(server, person, request(client, pkce().challenge, { state }))
    expect(queryOf(allowed.body.data.redirect_to).state).toBe(state)
  })

  const asked = () => request(client, pkce().challenge)

  it('shows the client, its redirect host, the rights in words, and warns of loop-back clients', async () => {
    const native = await registerClient(server, { redirect_uris: ['http://localhost/cb'], client_name: 'Native <b>' })
    const body = request(native, pkce().challenge, { redirect_uri: 'http://localhost:1/cb', scope: 'full_access' })
    const shown = await server.call('POST', '/v1/oauth/authorization/request', { body, headers: person.headers })
    expect(shown.body.data).toMatchObject({
      client_name: 'Native <b>',
      client_host: null,
      redirect_host: 'localhost:1',
      loopback_only: true,
      scopes: [{ scope: 'full_access', about: 'everything in your account' }],
      account: { person: person.address },
    })
  })

  it.each<[string, Parameters<typeof allow>[3], number, string]>([
    ['without the CSRF token', { csrf_token: null }, 403, 'invalid_csrf_token'],
    [
      'with a CSRF token of another request',
      { csrf_token: Buffer.alloc(32).toString('base64url') },
      403,
      'invalid_csrf_token',
    ],
    ['from a foreign origin', { origin: 'https://evil.example.net' }, 403, 'forbidden'],
    ['without a passkey', { body: { session_id: undefined, credential: undefined } }, 401, 'step_up_required'],
    ['for rights that were not asked for', { body: { scopes: ['users:write'] } }, 400, 'validation_error'],
    [
      'for a foreign application',
      { body: { application_ids: ['app_0000000000000000000000'] } },
      400,
      'validation_error',
    ],
  ])('%s is refused', async (_, change, status, code) => {
    const answer = await allow(server, person, asked(), change)
    expect([answer.status, answer.body.error.code]).toEqual([status, code])
  })

  it('with a passkey proof for another request is refused', async () => {
    const answer = await allow(server, person, asked(), { purpose: asked() })
    expect([answer.status, answer.body.error.code]).toEqual([401, 'step_up_required'])
  })

  it('with a proof that is older than five minutes is refused', async () => {
    const body = asked()
    const post = (path: string, more: object = {}) =>
      server.call('POST', `/v1/oauth/authorization/${path}`, { body: { ...body, ...more }, headers: person.headers })
    const { csrf_token } = (await post('request')).body.data
    const started = (await post('challenge')).body.data
    const credential = person.device.authenticate(started.challenge, { origin: issuer })
    server.clock.advance(301)
    const answer = await post('allow', { csrf_token, session_id: started.session_id, credential })
    expect([answer.status, answer.body.error.code]).toEqual([401, 'step_up_required'])
  })

  it('may narrow the rights', async () => {
    const { verifier, challenge } = pkce()
    const body = request(client, challenge, { scope: 'users:read users:write', resource: issuer })
    const allowed = await allow(server, person, body, { body: { scopes: ['users:read'] } })
    const code = queryOf(allowed.body.data.redirect_to).code as string
    expect((await redeem(server, client, { code, verifier })).body.scope).toBe('users:read')
  })
})

describe('a consent is remembered', () => {
  it('for the same client, rights and resource; not for more, another resource, or prompt=consent', async () => {
    const mine = await registerClient(server)
    await codeFor(server, person, mine)
    const silent = (change: Asked = {}) => open(request(mine, pkce().challenge, change), person.headers)
    const again = await silent({ scope: 'users:read' })
    expect([again.status, errorOf(again).code?.slice(0, 3)]).toEqual([302, 'ac_'])
    expect((await silent({ prompt: 'none' })).headers.location).toContain('code=ac_')
    expect((await silent({ scope: 'users:write' })).status).toBe(200)
    expect((await silent({ resource: issuer })).status).toBe(200)
    expect((await silent({ prompt: 'consent' })).status).toBe(200)
    expect((await silent({ prompt: 'login' })).status).toBe(200)
  })

  it('never for the whole account, nor for a client that any local program can pose as', async () => {
    const mine = await registerClient(server)
    await codeFor(server, person, mine, { scope: 'full_access' })
    expect((await open(request(mine, pkce().challenge, { scope: 'full_access' }), person.headers)).status).toBe(200)
    const native = await registerClient(server, { redirect_uris: ['http://localhost/callback'] })
    const change = { redirect_uri: 'http://localhost/callback' }
    await codeFor(server, person, native, change)
    expect((await open(request(native, pkce().challenge, change), person.headers)).status).toBe(200)
  })

  it('never where this answer goes to the own machine, also of a client with other redirects (RFC 8252 §8.6)', async () => {
    const both = await registerClient(server, { redirect_uris: [callback, 'http://127.0.0.1/callback'] })
    const change = { redirect_uri: 'http://127.0.0.1:50123/callback' }
    await codeFor(server, person, both)
    expect((await open(request(both, pkce().challenge), person.headers)).status).toBe(302)
    expect((await open(request(both, pkce().challenge, change), person.headers)).status).toBe(200)
    const shown = await server.call('POST', '/v1/oauth/authorization/request', {
      body: request(both, pkce().challenge, change),
      headers: person.headers,
    })
    expect(shown.body.data.loopback_only).toBe(true)
  })

  it('given again for less, an earlier refresh token leads to no more than that', async () => {
    const mine = await registerClient(server)
    const wide = { scope: 'full_access offline_access', resource: issuer }
    const before = await redeem(server, mine, await codeFor(server, person, mine, wide))
    await codeFor(server, person, mine, { scope: 'audit:read offline_access', resource: issuer })
    const refreshed = await refresh(server, mine, before.body.refresh_token)
    expect([refreshed.status, refreshed.body.scope]).toEqual([200, 'audit:read offline_access'])
    expect((await users(refreshed.body.access_token)).status).toBe(403)
    const more = await refresh(server, mine, refreshed.body.refresh_token, { scope: 'users:read' })
    expect([more.status, more.body.error]).toEqual([400, 'invalid_scope'])
    await codeFor(server, person, mine, { scope: 'users:read', resource: issuer })
    const other = await redeem(
      server,
      mine,
      await codeFor(server, person, mine, { scope: 'audit:read offline_access' }),
    )
    await codeFor(server, person, mine, { scope: 'usage:read', resource: issuer })
    expect((await refresh(server, mine, other.body.refresh_token)).body.error).toBe('invalid_grant')
  })

  it('agents 170: taken back in the dashboard, its tokens and refresh tokens are dead', async () => {
    const mine = await registerClient(server)
    const granted = await redeem(server, mine, await codeFor(server, person, mine, { resource: issuer }))
    expect((await users(granted.body.access_token)).status).toBe(200)
    const { data } = (await server.call('GET', '/v1/agents', { headers: person.headers })).body.data
    const claims = JSON.parse(Buffer.from(granted.body.access_token.split('.')[1], 'base64url').toString())
    expect(data.map(({ id, agent_id }: { id?: string; agent_id?: string }) => id ?? agent_id)).toContain(claims.act.sub)
    const gone = await server.call('DELETE', `/v1/agents/${claims.act.sub}`, { headers: person.headers })
    expect(gone.status).toBe(204)
    expect((await events('oauth.consent_revoked'))[0]).toMatchObject({ metadata: { client_id: mine.id } })
    expect((await users(granted.body.access_token)).status).toBe(401)
    expect((await refresh(server, mine, granted.body.refresh_token)).body.error).toBe('invalid_grant')
  })
})

describe('agents 169: a refresh token', () => {
  const granted = async (change: Asked = {}) =>
    (await redeem(server, client, await codeFor(server, person, client, { resource: issuer, ...change }))).body

  it('is replaced at every use; an old one ends the whole family, and that is recorded', async () => {
    const first = await granted()
    const second = (await refresh(server, client, first.refresh_token)).body
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect((await users(second.access_token)).status).toBe(200)
    expect((await refresh(server, client, first.refresh_token)).body.error).toBe('invalid_grant')
    expect((await refresh(server, client, second.refresh_token)).body.error).toBe('invalid_grant')
    expect((await users(second.access_token)).status).toBe(401)
    expect((await events('refresh_token.reuse_detected'))[0]).toMatchObject({ success: false })
  })

  it('gives narrower scopes when asked, and refuses wider ones', async () => {
    const { refresh_token } = await granted({ scope: 'users:read audit:read offline_access' })
    const wider = await refresh(server, client, refresh_token, { scope: 'users:write' })
    expect(wider.body.error).toBe('invalid_scope')
    const narrower = await refresh(server, client, refresh_token, { scope: 'audit:read' })
    expect(narrower.body.scope).toBe('audit:read')
    expect((await users(narrower.body.access_token)).status).toBe(403)
    const full = await refresh(server, client, narrower.body.refresh_token)
    expect(full.body.scope).toBe('users:read audit:read offline_access')
  })

  it('of another client → invalid_grant, unaffected', async () => {
    const { refresh_token } = await granted()
    const other = await registerClient(server)
    expect((await refresh(server, other, refresh_token)).body.error).toBe('invalid_grant')
    expect((await refresh(server, client, refresh_token)).status).toBe(200)
  })

  it('ends after 30 idle days, and after 90 days however it is used', async () => {
    const idle = await granted()
    server.clock.advance(30 * 86_400)
    expect((await refresh(server, client, idle.refresh_token)).body.error).toBe('invalid_grant')
    person = await server.person()
    let { refresh_token: token } = await granted()
    for (let month = 0; month < 3; month++) {
      server.clock.advance(29 * 86_400)
      token = (await refresh(server, client, token)).body.refresh_token
    }
    server.clock.advance(3 * 86_400)
    expect((await refresh(server, client, token)).body.error).toBe('invalid_grant')
    person = await server.person()
  })
})
