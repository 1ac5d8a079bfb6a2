import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createAuthenticator } from '../../test/authenticator.ts'
import { browserOf, ORIGIN } from '../../test/ceremonies.ts'
import { type TestApp, testApp } from '../../test/harness.ts'

const secret = 'a-test-authenticator-secret-of-some-length'
let on: TestApp
let off: TestApp
beforeAll(async () => {
  on = await testApp({ WEBAUTHN_TEST_MODE: 'on', TEST_AUTHENTICATOR_SECRET: secret, RATE_LIMITS: 'off' })
  off = await testApp({ RATE_LIMITS: 'off' }, { database: on.database })
})
afterAll(async () => {
  await on.close()
  await off.close()
})

function proof(server: TestApp, externalUserId: string, operation: string, { age = 0, key = secret } = {}) {
  const ts = server.clock().getTime() - age
  const sig = createHmac('sha256', key).update(`${externalUserId}|${operation}|${ts}`).digest('base64url')
  return {
    'x-test-authenticator': Buffer.from(JSON.stringify({ externalUserId, operation, ts, sig })).toString('base64url'),
  }
}

/** A response that no check would pass, of the credential that the backend lists. */
const hollow = (id: string) => ({
  id,
  rawId: id,
  type: 'public-key',
  response: { clientDataJSON: 'e30', attestationObject: 'oA', authenticatorData: 'AA', signature: 'AA' },
})

it('stands in for registration and sign-in where the mode is on, and only with a fresh, right proof', async () => {
  const tenant = await on.tenant({ origins: [ORIGIN] })
  const browser = browserOf(on, tenant)
  const finish = async (headers: Record<string, string>) => {
    const { body } = await browser.startRegistration({ name: 'bot' })
    const credential = hollow('AAAA')
    return browser.post('/v1/passkeys/register/finish', { session_id: body.data.session_id, credential }, { headers })
  }
  for (const wrong of [
    {},
    proof(on, 'bot', 'authenticate'),
    proof(on, 'other', 'register'),
    proof(on, 'bot', 'register', { age: 60_001 }),
    proof(on, 'bot', 'register', { key: 'another secret' }),
    { 'x-test-authenticator': 'e30' },
  ]) {
    expect((await finish(wrong as Record<string, string>)).status).toBeGreaterThanOrEqual(400)
  }
  expect((await finish(proof(on, 'bot', 'register'))).status).toBe(200)
  const started = await browser.startSignIn({ name: 'bot' })
  const id = started.body.data.challenge.allowCredentials[0].id
  const signedIn = await browser.post(
    '/v1/passkeys/auth/finish',
    { session_id: started.body.data.session_id, credential: hollow(id) },
    { headers: proof(on, 'bot', 'authenticate') },
  )
  expect(signedIn.status).toBe(200)
})

it('is deaf to the header where the mode is off', async () => {
  const tenant = await off.tenant({ origins: [ORIGIN] })
  const browser = browserOf(off, tenant)
  const started = await browser.startRegistration({ name: 'bot' })
  const device = createAuthenticator()
  const refused = await browser.finishRegistration(started, {
    device,
    mutate: { flags: () => 0 },
    headers: proof(off, 'bot', 'register'),
  })
  expect(refused.status).toBe(401)
})
