import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthenticator } from '../../test/authenticator.ts'
import { browserOf, ORIGIN } from '../../test/ceremonies.ts'
import { type TestApp, testApp } from '../../test/harness.ts'

const missing = 'cred_0000000000000000000000'

let server: TestApp
beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'off' })
})
afterAll(() => server.close())

async function signedIn() {
  const tenant = await server.tenant({ origins: [ORIGIN] })
  const browser = browserOf(server, tenant)
  const { token, data, device } = await browser.register('ada')
  const call = (method: string, path: string, body?: object, as = token) =>
    server.call(method, path, { token: as, origin: ORIGIN, ...(body ? { body } : {}) })
  const add = async () => {
    server.clock.advance(1)
    const added = await browser.register(undefined, createAuthenticator(), { session: token })
    return added.data.credential_id as string
  }
  const revocations = async () => {
    const { body } = await server.call('GET', '/v1/audit-logs?event=credential.revoked', { token: tenant.token })
    return body.data.data as { user_id: string; metadata: object }[]
  }
  return {
    tenant,
    browser,
    token,
    device,
    first: data.credential_id as string,
    userId: data.user.user_id,
    call,
    add,
    revocations,
  }
}

describe('GET /v1/passkeys', () => {
  it('200 pages newest first, and refuses the cursor of somebody else', async () => {
    const { browser, first, call, add } = await signedIn()
    const [second, third] = [await add(), await add()]
    const page = async (query: string) => (await call('GET', `/v1/passkeys?${query}`)).body.data
    const ids = (data: { data: { credential_id: string }[] }) => data.data.map((row) => row.credential_id)
    const top = await page('limit=2')
    expect([ids(top), top.has_more, top.next_cursor]).toEqual([[third, second], true, second])
    const rest = await page(`limit=2&starting_after=${second}`)
    expect([ids(rest), rest.has_more, rest.next_cursor]).toEqual([[first], false, null])
    const eve = await browser.register('eve')
    for (const cursor of [eve.data.credential_id, missing]) {
      const refused = await call('GET', `/v1/passkeys?starting_after=${cursor}`)
      expect([refused.status, refused.body.error.message]).toEqual([400, expect.stringMatching(/^starting_after: /)])
    }
    const { data } = await page('limit=1')
    expect(Object.keys(data[0])).not.toEqual(expect.arrayContaining(['public_key', 'sign_count', 'webauthn_id']))
  })
})

describe('PATCH /v1/passkeys/{credential_id}', () => {
  it('200 renames the own passkey; another’s does not exist and keeps its name', async () => {
    const { browser, first, call } = await signedIn()
    const renamed = await call('PATCH', `/v1/passkeys/${first}`, { alias: 'Key' })
    expect([renamed.status, renamed.body.data.alias]).toEqual([200, 'Key'])
    const eve = await browser.register('eve', createAuthenticator(), { finish: { alias: 'Hers' } })
    const foreign = await call('PATCH', `/v1/passkeys/${eve.data.credential_id}`, { alias: 'Mine' })
    const unknown = await call('PATCH', `/v1/passkeys/${missing}`, { alias: 'Mine' })
    expect([foreign.status, foreign.text]).toEqual([404, unknown.text])
    const hers = await call('GET', '/v1/passkeys', undefined, eve.token)
    expect(hers.body.data.data[0].alias).toBe('Hers')
  })

  it.each([[{}], [{ alias: '' }], [{ alias: 'x'.repeat(101) }], [{ alias: 'a', status: 'revoked' }]])(
    '400 for %j',
    async (body) => {
      const { first, call } = await signedIn()
      const refused = await call('PATCH', `/v1/passkeys/${first}`, body)
      expect([refused.status, refused.body.error.code]).toEqual([400, 'validation_error'])
    },
  )
})

describe('DELETE /v1/passkeys/{credential_id}', () => {
  it('204 ends the passkey at once, with one event however often it is asked', async () => {
    const { browser, device, userId, first, call, add, revocations } = await signedIn()
    await add()
    for (let i = 0; i < 2; i++) expect((await call('DELETE', `/v1/passkeys/${first}`)).status).toBe(204)
    expect(await revocations()).toMatchObject([
      { user_id: userId, metadata: { credential_id: first, reason: 'user', by: userId } },
    ])
    expect((await browser.signIn(device)).body.error.code).toBe('credential_not_found')
    const offered = await browser.startSignIn({ name: 'ada' })
    expect(offered.body.data.challenge.allowCredentials).toHaveLength(1)
  })

  it('409 last_credential for the last that works, revoked ones not counted', async () => {
    const { first, call, add } = await signedIn()
    const second = await add()
    expect((await call('DELETE', `/v1/passkeys/${first}`)).status).toBe(204)
    const refused = await call('DELETE', `/v1/passkeys/${second}`)
    expect([refused.status, refused.body.error.code]).toEqual([409, 'last_credential'])
  })

  it('404 for another’s passkey, as for a missing one, and it still works', async () => {
    const { browser, call, revocations } = await signedIn()
    const eve = await browser.register('eve')
    const foreign = await call('DELETE', `/v1/passkeys/${eve.data.credential_id}`)
    const unknown = await call('DELETE', `/v1/passkeys/${missing}`)
    expect([foreign.status, foreign.text]).toEqual([404, unknown.text])
    expect(await revocations()).toEqual([])
    expect((await browser.signIn(eve.device)).status).toBe(200)
  })
})
