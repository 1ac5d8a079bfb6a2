import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { join } from '../account.ts'
import { agentToken } from '../agent-token.ts'
import { browserOf, ORIGIN } from '../ceremonies.ts'
import type { Answer, Tenant, TestApp } from '../harness.ts'
import { testApp } from '../harness.ts'
import {
  assertionClaims,
  assertionForm,
  basicOf,
  type OAuthRequest,
  oauthPost,
  registerKeys,
  signer,
  tokenOf,
} from '../oauth-requests.ts'

const issuer = 'https://auth.example.com'
let server: TestApp
let tenant: Tenant
let other: Tenant
beforeAll(async () => {
  server = await testApp()
  tenant = await server.tenant({ origins: [ORIGIN] })
  other = await server.tenant({ origins: [ORIGIN] })
})
afterAll(() => server.close())

const ask = (request: OAuthRequest) => oauthPost(server, '/oauth/introspect', request)
const about = (token: string, as: Tenant = tenant, more: Record<string, string> = {}) =>
  ask({ basic: basicOf(as), form: { token, ...more } })
const inactive = ({ status, text }: Answer) => expect([status, text]).toEqual([200, '{"active":false}'])
const keyOf = async (scopes: string[], whose = tenant) => {
  const { authorization = '' } = await server.present(whose, { kind: 'agent', scopes })
  return authorization.replace('Bearer ', '')
}

describe('agents G: introspection', () => {
  it('agents 104: an access token of the own tenant → 200 with what it is for; nothing is cached', async () => {
    const token = await tokenOf(server, tenant, { scope: 'users:read audit:read' })
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    const answer = await about(token)
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        active: true,
        scope: 'users:read audit:read',
        client_id: tenant.clientId,
        sub: tenant.clientId,
        exp: claims.exp,
        iat: claims.iat,
        iss: issuer,
        aud: [issuer, `${issuer}/mcp`],
        token_type: 'Bearer',
        jti: claims.jti,
        tenant_id: tenant.tenantId,
        app_id: tenant.applicationId,
      },
    ])
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  it('agents 104: by Basic, body, JSON, private_key_jwt and a secret key', async () => {
    const mine = await server.tenant()
    const pair = signer('ES256')
    await registerKeys(server, mine, pair)
    const { grant_type: _, ...assertion } = assertionForm(await pair.sign(assertionClaims(server, mine.clientId)))
    const credentials = { client_id: mine.clientId, client_secret: mine.clientSecret }
    const token = mine.token
    const requests: OAuthRequest[] = [
      { basic: basicOf(mine), form: { token } },
      { form: { token, ...credentials } },
      { json: { token, ...credentials } },
      { form: { token, ...assertion } },
      { bearer: await keyOf(['users:read'], mine), form: { token } },
    ]
    for (const request of requests) expect(await ask(request)).toMatchObject({ status: 200, body: { active: true } })
  })

  it('agents 105: no, bad or a public client’s authentication → 401 invalid_client', async () => {
    const { token } = tenant
    const requests: OAuthRequest[] = [
      { form: { token } },
      { form: { token, client_id: tenant.clientId } },
      { form: { token, client_id: 'cli_agent' } },
      { form: { token }, basic: [tenant.clientId, other.clientSecret] },
      { form: { token }, bearer: tenant.token },
      { form: { token }, bearer: 'tm_key_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg4EQaWx' },
    ]
    for (const request of requests) {
      const { status, body } = await ask(request)
      expect([status, body.error]).toEqual([401, 'invalid_client'])
    }
    const challenges = await Promise.all(
      requests.map(async (request) => (await ask(request)).headers['www-authenticate']),
    )
    expect(challenges.map((challenge) => challenge?.split(' ')[0])).toEqual([
      undefined,
      undefined,
      undefined,
      'Basic',
      'Bearer',
      'Bearer',
    ])
  })

  it('agents 106: unknown, malformed, expired and revoked → exactly {"active":false}', async () => {
    for (const token of ['x', 'a.b.c', `${tenant.token}x`, 'tm_key_x', tenant.clientSecret, 'é', 'x'.repeat(20_000)]) {
      inactive(await about(token))
    }
    const mine = await server.tenant()
    const revoked = await tokenOf(server, mine)
    await oauthPost(server, '/oauth/revoke', { basic: basicOf(mine), form: { token: revoked } })
    inactive(await about(revoked, mine))
    expect((await about(mine.token, mine)).body.active).toBe(true)
    server.clock.advance(3600)
    inactive(await about(mine.token, mine))
    expect((await about(await tokenOf(server, mine), mine)).body.active).toBe(true)
    await server.database.sql.query(`update applications set status = 'suspended' where id = $1`, [other.applicationId])
    server.app.deps.caches.clear()
    const key = await keyOf(['users:read'], other)
    inactive(await ask({ bearer: key, form: { token: other.token } }))
    await server.database.sql.query(`update applications set status = 'active' where id = $1`, [other.applicationId])
    server.app.deps.caches.clear()
  })

  it('agents 107: another tenant’s token, key and session → {"active":false}, and no header tells of it', async () => {
    const { token: session } = await browserOf(server, other).register('ada')
    for (const token of [await tokenOf(server, other), await keyOf(['users:read'], other), session]) {
      const answer = await about(token)
      inactive(answer)
      const key = await keyOf(['full_access'])
      inactive(await ask({ bearer: key, form: { token } }))
    }
  })

  it('agents 107: of one account, a client sees its own tenant only; a secret key all that it reaches', async () => {
    const [mine, theirs] = [await server.tenant(), await server.tenant()]
    await join(server, theirs, mine)
    inactive(await about(theirs.token, mine))
    const key = await keyOf(['full_access'], mine)
    expect((await ask({ bearer: key, form: { token: theirs.token } })).body.active).toBe(true)
  })

  it('agents 108: no token → 400 invalid_request, with and without authentication', async () => {
    for (const form of [{ token: '' }, { nothing: 'x' }] as Record<string, string>[]) {
      const answer = await ask({ basic: basicOf(tenant), form })
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request'])
    }
  })

  it('agents 109: a wrong hint → still found', async () => {
    const mine = await server.tenant()
    for (const token_type_hint of ['refresh_token', 'nonsense']) {
      expect((await about(mine.token, mine, { token_type_hint })).body.active).toBe(true)
    }
  })

  it('agents 110: GET → 405', async () => {
    const answer = await server.call('GET', '/oauth/introspect')
    expect([answer.status, answer.headers.allow]).toEqual([405, 'POST'])
  })

  it('agents 111: a secret key is found, and never said; asking is not using it', async () => {
    const mine = await server.tenant()
    const key = await keyOf(['users:read', 'keys:read'], mine)
    const { status, body, text } = await about(key, mine)
    expect([status, body]).toMatchObject([
      200,
      { active: true, scope: 'users:read keys:read', token_type: 'Bearer', client_id: 'cli_agent', iss: issuer },
    ])
    expect([body.jti, body.sub]).toEqual([expect.stringMatching(/^key_/), expect.stringMatching(/^agt_/)])
    expect(body).not.toHaveProperty('exp')
    expect(text).not.toContain(key.slice(7, 20))
    const used = () =>
      server.database.sql.query<{ last_used_at: Date | null }>('select last_used_at from secret_keys where id = $1', [
        body.jti,
      ])
    await server.app.deps.keyUse.flush()
    expect((await used())[0]?.last_used_at).toBeNull()
  })

  it('a session token is found too, with its user, and asking does not keep it alive', async () => {
    const { token } = await browserOf(server, tenant).register('grace')
    const { body } = await about(token)
    expect(body).toMatchObject({
      active: true,
      client_id: tenant.clientId,
      tenant_id: tenant.tenantId,
      app_id: tenant.applicationId,
      external_user_id: 'grace',
      user_id: body.sub,
    })
    server.clock.advance(600)
    await about(token)
    const [row] = await server.database.sql.query<{ idle: boolean }>(
      'select last_seen_at < $2 as idle from sessions where id = $1::uuid',
      [body.jti, new Date(server.clock().getTime() - 300_000)],
    )
    expect(row?.idle).toBe(true)
    await server.call('POST', '/v1/sessions/current', { token, origin: ORIGIN })
    await oauthPost(server, '/oauth/revoke', { basic: basicOf(tenant), form: { token } })
    inactive(await about(token))
  })

  it('an agent’s token shows the person as sub and the agent as act, to its account', async () => {
    const person = await server.person()
    const made = await agentToken(server, person)
    const { body } = await ask({ bearer: made.secretKey, form: { token: made.token } })
    expect(body).toMatchObject({
      active: true,
      sub: person.personId,
      act: { sub: made.agentId },
      account_id: person.accountId,
      client_id: 'cli_agent',
      scope: 'full_access',
    })
    inactive(await about(made.token))
    const refresh = await ask({ bearer: made.secretKey, form: { token: made.refreshToken } })
    expect(refresh.body).toMatchObject({ active: true, token_type: 'refresh_token', act: { sub: made.agentId } })
    await oauthPost(server, '/oauth/revoke', { form: { token: made.refreshToken, client_id: 'cli_agent' } })
    inactive(await ask({ bearer: made.secretKey, form: { token: made.refreshToken } }))
    inactive(await ask({ bearer: made.secretKey, form: { token: made.familyToken } }))
  })
})
