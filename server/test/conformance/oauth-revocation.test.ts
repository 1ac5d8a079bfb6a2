import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { purgeRevokedTokens } from '../../src/oauth/revoked-tokens.ts'
import { agentToken } from '../agent-token.ts'
import { browserOf, ORIGIN } from '../ceremonies.ts'
import { type Answer, freshAddress, type Tenant, type TestApp, testApp } from '../harness.ts'
import { basicOf, type OAuthRequest, oauthPost, tokenOf } from '../oauth-requests.ts'

let server: TestApp
let tenant: Tenant
let other: Tenant
beforeAll(async () => {
  server = await testApp()
  tenant = await server.tenant({ origins: [ORIGIN] })
  other = await server.tenant()
})
afterAll(() => server.close())

const send = (request: OAuthRequest) => oauthPost(server, '/oauth/revoke', request)
const revoke = (token: string, as: Tenant = tenant, more: Record<string, string> = {}) =>
  send({ basic: basicOf(as), form: { token, ...more } })
const done = ({ status, text, headers }: Answer) =>
  expect([status, text, headers['cache-control']]).toEqual([200, '', 'no-store'])
const works = async (token: string) => (await server.call('GET', '/v1/users', { token, ip: freshAddress() })).status
const events = async (event: string, tenantId: string) =>
  server.database.sql.query<{ metadata: object; actor: { kind: string; id: string } }>(
    'select metadata, actor from audit_logs where event = $1 and tenant_id = $2',
    [event, tenantId],
  )

describe('agents H: revocation', () => {
  it('agents 112, 113: the owner ends a token → 200, empty, and its next call is 401; again → 200 and no second event', async () => {
    const mine = await server.tenant()
    const [ended, living] = [await tokenOf(server, mine), await tokenOf(server, mine)]
    expect(await works(ended)).toBe(200)
    done(await revoke(ended, mine))
    expect([await works(ended), await works(living)]).toEqual([401, 200])
    const refused = await server.call('GET', '/v1/users', { token: ended })
    expect(refused.headers['www-authenticate']).toBe('Bearer error="invalid_token"')
    done(await revoke(ended, mine))
    expect(await events('token.revoked', mine.tenantId)).toEqual([
      { metadata: { client_id: mine.clientId }, actor: { kind: 'service', id: mine.clientId } },
    ])
  })

  it('agents 113: unknown, malformed and expired → 200', async () => {
    const mine = await server.tenant()
    for (const token of ['x', 'a.b.c', 'tm_key_x', 'rt_x', 'x'.repeat(9000)]) done(await revoke(token, mine))
    server.clock.advance(3601)
    done(await revoke(mine.token, mine))
    expect(await events('token.revoked', mine.tenantId)).toEqual([])
  })

  it('agents 114: another client’s token → 400 invalid_grant, silent 200 for a public client; it stays valid', async () => {
    const mine = await server.tenant()
    const refused = await revoke(mine.token, other)
    expect([refused.status, refused.body.error]).toEqual([400, 'invalid_grant'])
    done(await send({ form: { token: mine.token, client_id: 'cli_agent' } }))
    expect(await works(mine.token)).toBe(200)
    const person = await server.person()
    const { token, secretKey } = await agentToken(server, person)
    for (const foreign of [token, secretKey]) {
      const answer = await revoke(foreign)
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant'])
    }
    expect(await works(secretKey)).toBe(200)
  })

  it('agents 115: no token → 400 invalid_request; no or bad authentication → 401 invalid_client', async () => {
    const missing = await send({ basic: basicOf(tenant), form: { token_type_hint: 'access_token' } })
    expect([missing.status, missing.body.error]).toEqual([400, 'invalid_request'])
    const token = tenant.token
    const requests: OAuthRequest[] = [
      { form: { token } },
      { form: { token, client_id: tenant.clientId } },
      { form: { token, client_id: 'cli_agent', client_secret: tenant.clientSecret } },
      { form: { token }, basic: [tenant.clientId, other.clientSecret] },
      { form: { token }, bearer: 'tm_key_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg4EQaWx' },
    ]
    for (const request of requests) {
      const { status, body } = await send(request)
      expect([status, body.error]).toEqual([401, 'invalid_client'])
    }
  })

  it('agents 116: an unknown hint is ignored', async () => {
    const mine = await server.tenant()
    done(await revoke(mine.token, mine, { token_type_hint: 'nonsense' }))
    expect(await works(mine.token)).toBe(401)
  })

  it('agents 117: ending a refresh token ends its access tokens; those of another grant go on', async () => {
    const person = await server.person()
    const [one, two] = [await agentToken(server, person), await agentToken(server, person)]
    expect([await works(one.familyToken), await works(two.familyToken)]).toEqual([200, 200])
    done(await send({ form: { token: one.refreshToken, client_id: 'cli_agent' } }))
    expect([await works(one.familyToken), await works(two.familyToken), await works(one.token)]).toEqual([
      401, 200, 200,
    ])
    done(await send({ form: { token: one.refreshToken, client_id: 'cli_agent' } }))
    expect(await events('token.revoked', person.tenantId)).toHaveLength(1)
    const left = await server.database.sql.query('select 1 from refresh_tokens where hash = $1', [
      server.app.deps.secrets.hash(one.refreshToken),
    ])
    expect(left).toEqual([])
  })

  it('agents 114: a registered client ends its own tokens: public by its id, confidential by its secret', async () => {
    const person = await server.person()
    const register = async (token_endpoint_auth_method: string) => {
      const body = { token_endpoint_auth_method, redirect_uris: ['https://client.example/callback'] }
      const { body: made } = await server.call('POST', '/oauth/register', { body, ip: freshAddress() })
      return { id: made.client_id as string, secret: made.client_secret as string }
    }
    const [open, closed] = [await register('none'), await register('client_secret_basic')]
    const [mine, theirs] = [
      await agentToken(server, person, { clientId: open.id }),
      await agentToken(server, person, { clientId: closed.id }),
    ]
    done(await send({ form: { token: theirs.token, client_id: open.id } }))
    expect(await works(theirs.token)).toBe(200)
    const foreign = await send({ basic: [closed.id, closed.secret], form: { token: mine.token } })
    expect([foreign.status, foreign.body.error]).toEqual([400, 'invalid_grant'])
    const unproven = await send({ form: { token: theirs.token, client_id: closed.id } })
    expect([unproven.status, unproven.body.error]).toEqual([401, 'invalid_client'])
    done(await send({ form: { token: mine.token, client_id: open.id } }))
    done(await send({ basic: [closed.id, closed.secret], form: { token: theirs.token } }))
    expect([await works(mine.token), await works(theirs.token)]).toEqual([401, 401])
  })

  it('agents 118: GET → 405', async () => {
    const answer = await server.call('GET', '/oauth/revoke')
    expect([answer.status, answer.headers.allow]).toEqual([405, 'POST'])
  })

  it('a public client ends an agent’s token by showing it; the key goes on working', async () => {
    const person = await server.person()
    const { token, secretKey } = await agentToken(server, person)
    expect(await works(token)).toBe(200)
    done(await send({ form: { token, client_id: 'cli_agent' } }))
    expect([await works(token), await works(secretKey)]).toEqual([401, 200])
    expect(await events('token.revoked', person.tenantId)).toHaveLength(1)
  })

  it('a secret key ends itself, and with it the tokens it was handed out with', async () => {
    const person = await server.person()
    const { token, secretKey } = await agentToken(server, person)
    done(await send({ bearer: secretKey, form: { token: secretKey } }))
    expect([await works(token), await works(secretKey)]).toEqual([401, 401])
    expect(await events('secret_key.revoked', person.tenantId)).toMatchObject([{ metadata: { reason: 'self' } }])
    const again = await send({ bearer: secretKey, form: { token: secretKey } })
    expect([again.status, again.body.error]).toEqual([401, 'invalid_client'])
    done(await send({ form: { token: secretKey, client_id: 'cli_agent' } }))
  })

  it('a secret key does not end the key of another agent of its account', async () => {
    const person = await server.person()
    const [one, two] = [await agentToken(server, person), await agentToken(server, person)]
    const answer = await send({ bearer: one.secretKey, form: { token: two.secretKey } })
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant'])
    expect(await works(two.secretKey)).toBe(200)
  })

  it('a session token of the own application ends, with session.revoked', async () => {
    const { token } = await browserOf(server, tenant).register('hedy')
    const validate = () => server.call('GET', '/v1/sessions/validate', { token, origin: ORIGIN })
    expect((await validate()).status).toBe(200)
    const foreign = await revoke(token, other)
    expect([foreign.status, foreign.body.error]).toEqual([400, 'invalid_grant'])
    done(await revoke(token))
    expect((await validate()).status).toBe(401)
    expect(await events('session.revoked', tenant.tenantId)).toHaveLength(1)
  })

  it('ending one token 20 times at once leaves one event', async () => {
    const mine = await server.tenant()
    const answers = await Promise.all(Array.from({ length: 20 }, () => revoke(mine.token, mine)))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(await events('token.revoked', mine.tenantId)).toHaveLength(1)
    const person = await server.person()
    const { refreshToken } = await agentToken(server, person)
    const form = { token: refreshToken, client_id: 'cli_agent' }
    await Promise.all(Array.from({ length: 20 }, () => send({ form })))
    expect(await events('token.revoked', person.tenantId)).toHaveLength(1)
  })

  it('a call with a token costs no query for its revocation, and what has expired is forgotten', async () => {
    const mine = await server.tenant()
    await revoke(await tokenOf(server, mine), mine)
    expect(await works(mine.token)).toBe(200)
    const { revokedTokens } = server.app.deps
    const known = await revokedTokens.get(mine.clientId)
    expect(known?.size).toBe(1)
    expect(await revokedTokens.get(mine.clientId)).toBe(known)
    const count = () => server.database.sql.query('select 1 from revoked_tokens where client_id = $1', [mine.clientId])
    await purgeRevokedTokens(server.database.sql, server.clock(), 500)
    expect(await count()).toHaveLength(1)
    server.clock.advance(3601)
    await purgeRevokedTokens(server.database.sql, server.clock(), 500)
    expect(await count()).toHaveLength(0)
  })
})
