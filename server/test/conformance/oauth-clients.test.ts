import { createLocalJWKSet, decodeProtectedHeader, type JWTPayload, jwtVerify, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { purgeUsedAssertions } from '../../src/oauth/client-assertion.ts'
import { mint } from '../../src/platform/ids.ts'
import { mintSecret } from '../../src/platform/secrets.ts'
import { type Answer, freshAddress, type Tenant, type TestApp, testApp } from '../harness.ts'
import {
  assertionClaims,
  assertionForm,
  basicOf,
  type OAuthRequest,
  oauthPost,
  registerKeys,
  type Signer,
  signer,
  tokenOf,
} from '../oauth-requests.ts'

const issuer = 'https://auth.example.com'
let server: TestApp
let tenant: Tenant
beforeAll(async () => {
  server = await testApp()
  tenant = await server.tenant()
})
afterAll(() => server.close())

const cc = { grant_type: 'client_credentials' }
const send = (request: OAuthRequest) => oauthPost(server, '/oauth/token', request)
const outcome = ({ status, body }: Answer) => [status, body.error]
const inBody = (client: Pick<Tenant, 'clientId' | 'clientSecret'>) => ({
  ...cc,
  client_id: client.clientId,
  client_secret: client.clientSecret,
})
const median = (all: number[]) => all.sort((a, b) => a - b)[all.length >> 1] ?? 0

describe('agents C: client secrets', () => {
  it('agents 30–33, 41: Basic raw and percent-encoded, and the body, by either id → a Bearer token, nothing to refresh', async () => {
    const encoded = basicOf(tenant).map((text) => text.replaceAll('_', '%5F')) as [string, string]
    const requests: OAuthRequest[] = [
      { form: cc, basic: basicOf(tenant) },
      { form: cc, basic: encoded },
      { form: inBody(tenant) },
      { json: { ...inBody(tenant), client_id: tenant.applicationId } },
    ]
    for (const request of requests) {
      const { status, body } = await send(request)
      expect([status, body.token_type, body.expires_in, typeof body.access_token]).toEqual([
        200,
        'Bearer',
        3600,
        'string',
      ])
      expect(body.refresh_token).toBeUndefined()
    }
  })

  it('agents 34, 35: a wrong secret → 401 invalid_client, with a challenge only for the header', async () => {
    const wrong = { ...tenant, clientSecret: mintSecret('sec') }
    const [header, body] = [await send({ form: cc, basic: basicOf(wrong) }), await send({ form: inBody(wrong) })]
    expect([...outcome(header), header.headers['www-authenticate']]).toEqual([
      401,
      'invalid_client',
      'Basic realm="oauth"',
    ])
    expect([...outcome(body), body.headers['www-authenticate']]).toEqual([401, 'invalid_client', undefined])
  })

  it('agents 36: an unknown client and a wrong secret → same status, same body, medians within 10 % or 5 ms', async () => {
    const quick = await testApp({ RATE_LIMITS: 'false' })
    const known = await quick.tenant()
    const times = { known: [] as number[], unknown: [] as number[] }
    const texts = new Set<string>()
    for (let turn = 0; turn < 300; turn += 1) {
      for (const kind of ['known', 'unknown'] as const) {
        const form = inBody({
          clientId: kind === 'known' ? known.clientId : mint('cli'),
          clientSecret: mintSecret('sec'),
        })
        const before = performance.now()
        const answer = await oauthPost(quick, '/oauth/token', { form })
        times[kind].push(performance.now() - before)
        texts.add(`${answer.status} ${answer.text}`)
      }
    }
    await quick.close()
    expect(texts.size).toBe(1)
    const [a, b] = [median(times.known), median(times.unknown)]
    expect(Math.abs(a - b)).toBeLessThan(Math.max(5, a * 0.1))
  })

  it('agents 37, 38: a secret in two places → 400; Basic beside its own client_id → 200, beside another → 400', async () => {
    const basic = basicOf(tenant)
    expect(outcome(await send({ basic, form: inBody(tenant) }))).toEqual([400, 'invalid_request'])
    expect((await send({ basic, form: { ...cc, client_id: tenant.clientId } })).status).toBe(200)
    expect(outcome(await send({ basic, form: { ...cc, client_id: 'cli_other' } }))).toEqual([400, 'invalid_request'])
  })

  it.each([
    ['agents 39: Basic without a colon', { authorization: `Basic ${Buffer.from('cli_x').toString('base64')}` }],
    ['agents 39: Basic that is no base64', { authorization: 'Basic !!!' }],
    ['agents 39: another scheme', { authorization: 'Digest x' }],
    ['agents 40: no authentication', {}],
  ])('%s → 401 invalid_client', async (_, headers) => {
    expect(outcome(await send({ form: cc, headers: headers as Record<string, string> }))).toEqual([
      401,
      'invalid_client',
    ])
  })

  it('agents 42, 45: the scope asked for and no more; without one, all that is allowed but auth_link', async () => {
    const scopes = async (form: Record<string, string>) => {
      const token = await tokenOf(server, tenant, form)
      return String(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).scope).split(' ')
    }
    expect(await scopes({ scope: 'users:read audit:read' })).toEqual(['users:read', 'audit:read'])
    expect(await scopes({ scope: 'users:read users:read' })).toEqual(['users:read'])
    const standard = await scopes({})
    expect(standard).toEqual(expect.arrayContaining(['users:read', 'users:write', 'audit:read', 'applications:write']))
    expect(standard.filter((scope) => ['auth_link', 'acting_as:write', 'webhooks:write'].includes(scope))).toEqual([])
    const doubled = await send({ basic: basicOf(tenant), form: { ...cc, scope: 'users:read users:read' } })
    expect(doubled.body.scope).toBe('users:read')
  })

  it.each(['acting_as:write', 'full_access', 'nonsense', 'a"b', 'a\\b', 'users:read  audit:read', ' users:read'])(
    'agents 43, 44: scope %j → 400 invalid_scope',
    async (scope) => {
      expect(outcome(await send({ basic: basicOf(tenant), form: { ...cc, scope } }))).toEqual([400, 'invalid_scope'])
    },
  )

  it('agents 46: the public client has no right to this grant → 400 unauthorized_client', async () => {
    expect(outcome(await send({ form: { ...cc, client_id: 'cli_agent' } }))).toEqual([400, 'unauthorized_client'])
  })

  it('agents 47: a client that was suspended or purged → 401 invalid_client', async () => {
    const mine = await server.tenant()
    await server.database.sql.query(`update applications set status = 'suspended' where id = $1`, [mine.applicationId])
    server.app.deps.caches.clear()
    expect(outcome(await send({ form: inBody(mine) }))).toEqual([401, 'invalid_client'])
  })

  it('security 141: whoever asks in the name of a client, with or without a secret, keeps nobody else from its tokens', async () => {
    const mine = await server.tenant()
    const ip = freshAddress()
    const ask = (client_id: string) =>
      oauthPost(server, '/oauth/token', { form: { grant_type: 'client_credentials', client_id }, ip })
    const lookUp = () => oauthPost(server, '/oauth/introspect', { form: { token: 'x', client_id: mine.clientId }, ip })
    for (let i = 0; i < 121; i += 1) await Promise.all([ask(mine.clientId), ask('cli_agent')])
    expect((await ask(mine.clientId)).status).toBe(429)
    for (let i = 0; i < 60; i += 1) await Promise.all(Array.from({ length: 21 }, lookUp))
    const form = { grant_type: 'client_credentials' }
    const granted = await oauthPost(server, '/oauth/token', { basic: basicOf(mine), form })
    expect(granted.status).toBe(200)
    const { access_token: token } = granted.body
    const looked = await oauthPost(server, '/oauth/introspect', { basic: basicOf(mine), form: { token } })
    expect([looked.status, looked.body.active]).toEqual([200, true])
    const polled = await oauthPost(server, '/oauth/token', {
      form: {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        device_code: 'dvc_x',
        client_id: 'cli_agent',
      },
    })
    expect([polled.status, polled.body.error]).toEqual([400, 'invalid_grant'])
  })

  it('agents 48: after 10 failures → 429 with Retry-After; the right secret from elsewhere still works', async () => {
    const mine = await server.tenant()
    const ip = freshAddress()
    const wrong = inBody({ ...mine, clientSecret: mintSecret('sec') })
    for (let i = 0; i < 10; i += 1) expect((await send({ form: wrong, ip })).status).toBe(401)
    const locked = await send({ form: inBody(mine), ip })
    expect(outcome(locked)).toEqual([429, 'rate_limit_exceeded'])
    expect(Number(locked.headers['retry-after'])).toBeGreaterThan(0)
    expect((await send({ form: inBody(mine) })).status).toBe(200)
  })

  it('agents 49: the token is an RFC 9068 JWT that an independent library verifies', async () => {
    const token = await tokenOf(server, tenant)
    const keys = createLocalJWKSet((await server.call('GET', '/.well-known/jwks.json')).body)
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience: issuer,
      typ: 'at+jwt',
      algorithms: ['ES256'],
      currentDate: server.clock(),
      requiredClaims: ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'],
    })
    expect([payload.sub, payload.client_id]).toEqual([tenant.clientId, tenant.clientId])
    expect(decodeProtectedHeader(token).kid).toMatch(/./)
  })

  it('agents 51: the old secret works during the grace period of a rotation, and fails after it', async () => {
    const mine = await server.tenant()
    const rotated = await server.call('POST', `/v1/applications/${mine.applicationId}/rotate-secret`, {
      token: mine.token,
      body: { grace_period_seconds: 60 },
    })
    const renewed = { ...mine, clientSecret: rotated.body.data.new_client_secret }
    for (const client of [mine, renewed]) expect((await send({ form: inBody(client) })).status).toBe(200)
    server.clock.advance(61)
    expect(outcome(await send({ form: inBody(mine) }))).toEqual([401, 'invalid_client'])
    expect((await send({ form: inBody(renewed) })).status).toBe(200)
  })
})

describe('agents C: private_key_jwt', () => {
  let client: Tenant
  const key = { es: signer('ES256', 'one'), rs: signer('RS256', 'two'), ed: signer('EdDSA') }
  beforeAll(async () => {
    client = await server.tenant()
    await registerKeys(server, client, key.es, key.rs, key.ed)
  })

  const claims = (change: JWTPayload = {}) => ({ ...assertionClaims(server, client.clientId), ...change })
  const present = (assertion: string, more: Record<string, string> = {}) =>
    send({ form: { ...assertionForm(assertion), ...more } })

  it.each(Object.entries(key))(
    'agents 52, 54: aud = issuer, no client_id parameter, signed by %s → 200',
    async (_, pair) => {
      const { status, body } = await present(await pair.sign(claims()))
      expect([status, body.token_type]).toEqual([200, 'Bearer'])
      const read = await server.call('GET', '/v1/users', { token: body.access_token })
      expect(read.status).toBe(200)
    },
  )

  it('agents 54: with the same client_id → 200, with another → 401', async () => {
    expect((await present(await key.es.sign(claims()), { client_id: client.clientId })).status).toBe(200)
    const other = await present(await key.es.sign(claims()), { client_id: tenant.clientId })
    expect(outcome(other)).toEqual([401, 'invalid_client'])
  })

  it.each([
    ['the token endpoint', `${issuer}/oauth/token`],
    ['the issuer and another', [issuer, 'https://elsewhere.example']],
    ['the issuer with a slash', `${issuer}/`],
    ['nothing', undefined],
  ])('agents 52: aud = %s → 401', async (_, aud) => {
    expect(outcome(await present(await key.es.sign(claims({ aud } as JWTPayload))))).toEqual([401, 'invalid_client'])
  })

  it('agents 53: the same jti twice → 401, also when 20 arrive at once, until it has expired', async () => {
    const assertion = await key.es.sign(claims())
    expect((await present(assertion)).status).toBe(200)
    expect(outcome(await present(assertion))).toEqual([401, 'invalid_client'])
    const twin = await key.es.sign(claims())
    const answers = await Promise.all(Array.from({ length: 20 }, () => present(twin)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    const { sql } = server.database
    expect(await purgeUsedAssertions(sql, server.clock(), 500)).toBe(0)
    server.clock.advance(601)
    expect(await purgeUsedAssertions(sql, server.clock(), 500)).toBeGreaterThan(0)
    expect(outcome(await present(assertion))).toEqual([401, 'invalid_client'])
  })

  const stranger = signer('ES256', 'one')
  const now = () => Math.floor(server.clock().getTime() / 1000)
  it.each([
    ['expired', () => key.es.sign(claims({ exp: now() - 1 }))],
    ['that lives for longer than five minutes', () => key.es.sign(claims({ exp: now() + 400 }))],
    ['without an end', () => key.es.sign({ ...claims(), exp: undefined } as unknown as JWTPayload)],
    ['without a jti', () => key.es.sign({ ...claims(), jti: undefined } as unknown as JWTPayload)],
    ['not valid yet', () => key.es.sign(claims({ nbf: now() + 120 }))],
    ['of another issuer', () => key.es.sign(claims({ iss: 'cli_other' }))],
    ['of another client', () => key.es.sign(claims({ iss: tenant.clientId, sub: tenant.clientId }))],
    ['signed by an unknown key', () => stranger.sign(claims())],
    ['under another key id', () => key.es.sign(claims(), { kid: 'two' })],
    ['with alg none', async () => new UnsecuredJWT(claims()).encode()],
    [
      'with HS256 and the public key',
      () =>
        new SignJWT(claims())
          .setProtectedHeader({ alg: 'HS256', kid: 'one' })
          .sign(Buffer.from(key.es.publicKey.export({ format: 'pem', type: 'spki' }))),
    ],
    ['with something else in it', async () => 'not.a.jwt'],
  ] as [string, () => Promise<string>][])('agents 55: an assertion %s → 401 invalid_client', async (_, make) => {
    const answer = await present(await make())
    expect([...outcome(answer), answer.headers['www-authenticate']]).toEqual([401, 'invalid_client', undefined])
  })

  it('agents 37: an assertion beside a secret, or of another type → 400 invalid_request', async () => {
    const twice = await present(await key.es.sign(claims()), { client_secret: client.clientSecret })
    expect(outcome(twice)).toEqual([400, 'invalid_request'])
    const header = await send({ basic: basicOf(client), form: assertionForm(await key.es.sign(claims())) })
    expect(outcome(header)).toEqual([400, 'invalid_request'])
    const type = await present(await key.es.sign(claims()), { client_assertion_type: 'urn:other' })
    expect(outcome(type)).toEqual([400, 'invalid_request'])
  })

  it('agents 48: wrong assertions count as failures of the client they name', async () => {
    const mine = await server.tenant()
    await registerKeys(server, mine, key.es)
    const ip = freshAddress()
    const bad = () => stranger.sign(assertionClaims(server, mine.clientId))
    for (let i = 0; i < 10; i += 1) expect((await send({ form: assertionForm(await bad()), ip })).status).toBe(401)
    const good = () => key.es.sign(assertionClaims(server, mine.clientId))
    expect((await send({ form: assertionForm(await good()), ip })).status).toBe(429)
    expect((await send({ form: assertionForm(await good()) })).status).toBe(200)
  })

  it('a key that was taken away signs nobody in any more', async () => {
    const mine = await server.tenant()
    await registerKeys(server, mine, key.ed)
    const sign = () => key.ed.sign(assertionClaims(server, mine.clientId))
    expect((await send({ form: assertionForm(await sign()) })).status).toBe(200)
    await registerKeys(server, mine)
    expect(outcome(await send({ form: assertionForm(await sign()) }))).toEqual([401, 'invalid_client'])
  })
})

describe('the setting client_jwks', () => {
  const patch = async (client_jwks: unknown) => {
    const mine = await server.tenant()
    return server.call('PATCH', `/v1/applications/${mine.applicationId}`, { token: mine.token, body: { client_jwks } })
  }
  const { jwk }: Signer = signer('ES256', 'k1')
  const { d: _, ...broken } = { ...jwk, x: jwk.y as string, d: '' }

  it('shows the public keys, and writes application.config_changed', async () => {
    const mine = await server.tenant()
    await registerKeys(server, mine, signer('EdDSA', 'a'))
    const shown = await server.call('GET', `/v1/applications/${mine.applicationId}`, { token: mine.token })
    expect(shown.body.data.client_jwks).toMatchObject([{ kty: 'OKP', crv: 'Ed25519', kid: 'a' }])
    const logs = await server.call('GET', '/v1/audit-logs?event=application.config_changed', { token: mine.token })
    expect(logs.body.data.data[0].metadata.changed).toEqual(['client_jwks'])
  })

  it.each([
    ['a private key', [{ ...jwk, d: 'x'.repeat(43) }]],
    ['a symmetric key', [{ kty: 'oct', k: 'x'.repeat(43) }]],
    ['another curve', [{ ...jwk, crv: 'P-384' }]],
    ['a point that is not on the curve', [broken]],
    ['a short RSA key', [{ kty: 'RSA', n: 'x'.repeat(171), e: 'AQAB' }]],
    ['one kid twice', [jwk, jwk]],
    ['eleven keys', Array.from({ length: 11 }, (__, i) => ({ ...jwk, kid: `k${i}` }))],
    ['something else', 'keys'],
  ])('400 validation_error for %s', async (_name, keys) => {
    const { status, body } = await patch(keys)
    expect([status, body.error.code, body.error.message]).toEqual([
      400,
      'validation_error',
      expect.stringMatching(/^client_jwks/),
    ])
  })
})
