import { readFileSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { registerExample } from '../../src/demo/page.ts'
import { type Tenant, type TestApp, testApp, testClock } from '../harness.ts'
import { again, testBrowser } from '../machine.ts'
import { freePort } from '../ports.ts'
import { launch, type Visitor, visitor } from './chromium.ts'

/** A server on a port of its own, whose example page belongs to a tenant that allows `origins`. */
async function serve(settings: { port: number; origins: string[]; application?: object }) {
  const url = `http://localhost:${settings.port}`
  const app = await testApp({ PUBLIC_URL: url }, { clock: testClock() })
  const served = { publishable_key: '', url }
  registerExample(app.app.http, '', () => served)
  const tenant = await app.tenant({ origins: settings.origins, settings: settings.application ?? {} })
  served.publishable_key = tenant.clientId
  await app.app.http.listen({ port: settings.port, host: 'localhost' })
  return { app, tenant, url }
}

/** The library's browser half, as a page would load it. */
type SimpleWebAuthn = typeof import('@simplewebauthn/browser')
const simpleWebAuthn = readFileSync(
  new URL('../../node_modules/@simplewebauthn/browser/dist/bundle/index.umd.min.js', import.meta.url),
  'utf8',
)

describe.skipIf(!testBrowser)('the example page in Chromium', again, () => {
  let browser: Browser
  let app: TestApp
  let tenant: Tenant
  let url: string
  let someone: Visitor

  beforeAll(async () => {
    browser = await launch()
    const port = await freePort()
    ;({ app, tenant, url } = await serve({
      port,
      origins: [`http://localhost:${port}`],
    }))
  })
  afterAll(async () => {
    await browser?.close()
    await app?.close()
  })

  const open = async (options: { verified?: boolean; path?: string } = {}) => {
    someone = await visitor(browser, options)
    await someone.page.goto(`${url}/example/${options.path ?? ''}`)
    await someone.page.locator('#entry').waitFor({ state: 'visible' })
    return someone
  }
  const fill = (name: string) => someone.page.fill('#name', name)
  const press = (id: string) => someone.page.click(id)
  const message = (text: RegExp) => expect.poll(() => someone.page.textContent('#message')).toMatch(text)
  const inside = (name: string) => expect.poll(() => someone.page.textContent('#who')).toBe(`Welcome, ${name}`)
  const outside = () => someone.page.locator('#entry').waitFor({ state: 'visible' })
  const register = async (name: string) => {
    await fill(name)
    await press('#register')
    await inside(name)
  }
  const signOut = async () => {
    await press('#sign-out')
    await outside()
  }
  const events = async (user: string) => {
    const found = await app.call('GET', `/v1/users/${user}`, { token: tenant.token })
    const logs = await app.call('GET', `/v1/audit-logs?user_id=${found.body.data.id}&limit=100`, {
      token: tenant.token,
    })
    return logs.body.data.data.map((row: { event: string }) => row.event) as string[]
  }

  it('registers, lists, signs out and signs in by name; the backend sees passkey and audit log', async () => {
    const visit = await open()
    await register('ada')
    await expect.poll(() => visit.page.locator('#passkeys li').count()).toBe(1)
    await signOut()
    await fill('ada')
    await press('#sign-in')
    await inside('ada')
    const passkeys = await app.call('GET', '/v1/users/ada/credentials', { token: tenant.token })
    expect(passkeys.body.data).toMatchObject({
      credentials: [{ status: 'active', transports: ['internal'], attestation_type: 'none' }],
      pagination: { total: 1 },
    })
    expect(await events('ada')).toEqual(
      expect.arrayContaining(['user.created', 'passkey.registered', 'auth.success', 'session.logout']),
    )
    expect(visit.complaints).toEqual([])
    expect([...visit.hosts]).toEqual([new URL(url).host])
    await visit.close()
  })

  it('signs in without a name (discoverable), and from autofill', async () => {
    const visit = await open()
    await register('grace')
    await signOut()
    await fill('')
    await press('#sign-in')
    await inside('grace')
    await signOut()
    await visit.page.goto(`${url}/example/?autofill`)
    await inside('grace')
    await visit.close()
  })

  it('adds and removes passkeys, but not the last one', async () => {
    const visit = await open()
    await register('edsger')
    await press('#add')
    await message(/already has a passkey/)
    await visit.page.locator('#passkeys li button').first().click()
    await message(/LAST_PASSKEY/)
    await visit.close()
  })

  it('the exclude list stops a second registration by the same authenticator, and a stranger cannot add one by PK', async () => {
    const visit = await open()
    await register('barbara')
    await signOut()
    await fill('barbara')
    await press('#register')
    await message(/sign in, then add a passkey/)
    await visit.close()
  })

  it('a revoked passkey no longer signs in', async () => {
    const visit = await open()
    await register('donald')
    await signOut()
    const { body } = await app.call('GET', '/v1/users/donald/credentials', { token: tenant.token })
    const id = body.data.credentials[0].credential_id
    expect((await app.call('DELETE', `/v1/users/donald/credentials/${id}`, { token: tenant.token })).status).toBe(204)
    await fill('')
    await press('#sign-in')
    await message(/No passkey is known/)
    await visit.close()
  })

  it('security 73: a cloned counter is refused and recorded', async () => {
    const visit = await open()
    await register('alan')
    await signOut()
    for (let i = 0; i < 2; i++) {
      await fill('alan')
      await press('#sign-in')
      await inside('alan')
      await signOut()
    }
    const [credential] = await visit.credentials()
    if (!credential) throw new Error('the authenticator has no credential')
    await visit.putCredential({ ...credential, signCount: 1 })
    await fill('alan')
    await press('#sign-in')
    await message(/CHALLENGE_MISMATCH/)
    expect(await events('alan')).toContain('credential.replay_detected')
    await visit.close()
  })

  it('serves pages that use @simplewebauthn/browser and fetch instead of the SDK', async () => {
    const visit = await open()
    await visit.page.evaluate(simpleWebAuthn)
    const outcome = await visit.page.evaluate(async (key) => {
      const { startRegistration, startAuthentication } = (
        globalThis as unknown as { SimpleWebAuthnBrowser: SimpleWebAuthn }
      ).SimpleWebAuthnBrowser
      const post = async (path: string, body: object) => {
        const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
        const response = await fetch(`/v1/passkeys/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
        return (await response.json()).data
      }
      const creation = await post('register/start', { external_user_id: 'plain' })
      const made = await startRegistration({ optionsJSON: creation.challenge })
      const registered = await post('register/finish', { session_id: creation.session_id, credential: made })
      const request = await post('auth/start', {})
      const assertion = await startAuthentication({ optionsJSON: request.challenge })
      const signedIn = await post('auth/finish', { session_id: request.session_id, credential: assertion })
      return [registered.status, signedIn.user.external_user_id]
    }, tenant.clientId)
    expect(outcome).toEqual(['active', 'plain'])
    await visit.close()
  })

  it('a ceremony that the person cancels is said so', async () => {
    const visit = await open()
    await register('niklaus')
    await signOut()
    const other = await open()
    await fill('niklaus')
    await press('#sign-in')
    await message(/Cancelled/)
    await other.close()
    await visit.close()
  })
})

describe.skipIf(!testBrowser)('policies in Chromium', again, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launch()
  })
  afterAll(() => browser?.close())

  it('an origin that is not listed reads why, and gets nothing else', async () => {
    const port = await freePort()
    const { app, url } = await serve({
      port,
      origins: ['https://elsewhere.example'],
    })
    const visit = await visitor(browser)
    await visit.page.goto(`${url}/example/`)
    await visit.page.fill('#name', 'eve')
    await visit.page.click('#register')
    await expect.poll(() => visit.page.textContent('#message')).toMatch(/INVALID_ARGUMENT: .*origin/)
    expect(await visit.credentials()).toEqual([])
    await visit.close()
    await app.close()
  })

  it('user verification: required stops an unverified person in the browser', async () => {
    const port = await freePort()
    const { app, url } = await serve({
      port,
      origins: [`http://localhost:${port}`],
      application: { user_verification: 'required' },
    })
    const visit = await visitor(browser, { verified: false })
    await visit.page.goto(`${url}/example/`)
    await visit.page.fill('#name', 'john')
    await visit.page.click('#register')
    await expect.poll(() => visit.page.textContent('#message')).toMatch(/Cancelled/)
    await visit.close()
    await app.close()
  })
})
