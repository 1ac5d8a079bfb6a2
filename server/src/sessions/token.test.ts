import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { browserOf, ORIGIN } from '../../test/ceremonies.ts'
import { type TestApp, testApp } from '../../test/harness.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'off' })
})
afterAll(() => server.close())

async function signedIn(name: string | undefined, settings: object = {}, finish: object = {}) {
  const tenant = await server.tenant({ origins: [ORIGIN], settings })
  const browser = browserOf(server, tenant)
  const { token, data, device } = await browser.register(name, undefined, { finish })
  return { tenant, browser, device, token, data, claims: decodeJwt(token) }
}

const validate = (token: string, origin?: string) =>
  server.call('GET', '/v1/sessions/validate', { token, ...(origin ? { origin } : {}) })

describe('a session token', () => {
  it('carries the claims of http-api.md §1.3, and no other', async () => {
    const rules = { theme: { type: 'string', client_settable: true } }
    const finish = { custom_claims: { theme: 'dark' } }
    const { tenant, token, data } = await signedIn(
      'ada',
      { custom_claims_schema: rules, session_ttl_seconds: 300 },
      finish,
    )
    const iat = Math.floor(server.clock().getTime() / 1000)
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', typ: 'JWT', kid: expect.any(String) })
    expect(decodeJwt(token)).toEqual({
      iss: 'https://auth.example.com',
      sub: data.user.user_id,
      aud: [tenant.clientId, 'end-user'],
      tenant_id: tenant.tenantId,
      app_id: tenant.applicationId,
      user_id: data.user.user_id,
      external_user_id: 'ada',
      iat,
      exp: iat + 300,
      jti: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
      'https://trymellon.dev/claims': { theme: 'dark' },
    })
    const { body } = await validate(token)
    expect(body.data).toMatchObject({ session_id: decodeJwt(token).jti, custom_claims: { theme: 'dark' } })
  })

  it('of an anonymous user leaves the external id out, and validates with an empty one', async () => {
    const { token, claims } = await signedIn(undefined)
    expect(Object.keys(claims)).not.toContain('external_user_id')
    expect((await validate(token)).body.data).toMatchObject({ external_user_id: '', is_anonymous: true })
  })

  it('is another at each sign-in, and one ends without the other', async () => {
    const { browser, device, token } = await signedIn('ada')
    const second = (await browser.signIn(device)).body.data.session_token
    expect(decodeJwt(second).jti).not.toBe(decodeJwt(token).jti)
    expect((await server.call('POST', '/v1/sessions/current/logout', { token })).status).toBe(204)
    expect([(await validate(token)).status, (await validate(second)).status]).toEqual([401, 200])
  })

  it('counts only as its row says: signed by us, yet another user, session, application or audience', async () => {
    const [ada, eve] = [await signedIn('ada'), await signedIn('eve')]
    const { keys } = server.app.deps
    const sign = (change: object) =>
      keys.sign('JWT', { ...ada.claims, ...change } as unknown as Parameters<typeof keys.sign>[1])
    expect((await validate(sign({}))).status).toBe(200)
    for (const change of [
      { sub: eve.claims.sub },
      { jti: eve.claims.jti },
      { jti: '019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57' },
      { aud: eve.claims.aud },
      { aud: [ada.tenant.clientId] },
      { aud: ada.tenant.clientId },
      { aud: ['end-user', ada.tenant.clientId] },
      { aud: eve.claims.aud, app_id: eve.claims.app_id },
      { app_id: eve.claims.app_id },
      { iat: Number(ada.claims.iat) - 300, exp: Number(ada.claims.iat) },
      { iss: 'https://evil.example' },
    ]) {
      const refused = await validate(sign(change))
      expect([change, refused.status, refused.body.error.code]).toEqual([change, 401, 'invalid_session_token'])
    }
  })

  it('from this server’s own pages needs no listed origin; from others it does, and null is one', async () => {
    const { token } = await signedIn('ada')
    expect((await validate(token, 'https://auth.example.com')).status).toBe(200)
    for (const origin of ['https://evil.example', 'null', `${ORIGIN}:8443`]) {
      const refused = await validate(token, origin)
      expect([refused.status, refused.body.error.code]).toEqual([404, 'origin_not_allowed'])
    }
  })
})
