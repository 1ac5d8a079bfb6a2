import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type TestApp, testApp } from '../harness.ts'
import { again, testBrowser } from '../machine.ts'
import { pkce, queryOf, type Registered, redeem, registerClient, request } from '../oauth-client.ts'
import type { PersonAt } from '../people.ts'
import { freePort } from '../ports.ts'
import { launch, type Visitor, visitor } from './chromium.ts'

const port = await freePort()
const url = `http://localhost:${port}`
/** Nobody listens there: the browser is stopped on its way. */
const callback = 'http://localhost:9/callback'

describe.skipIf(!testBrowser)('the consent page in Chromium', again, () => {
  let browser: Browser
  let server: TestApp
  let person: PersonAt
  let client: Registered
  let visit: Visitor

  beforeAll(async () => {
    browser = await launch()
    server = await testApp({ PUBLIC_URL: url })
    await server.app.http.listen({ port, host: 'localhost' })
  })
  beforeEach(async () => {
    person = await server.person({ company: '"><img src=x onerror=alert(1)>' })
    client = await registerClient(server, { redirect_uris: [callback], client_name: '<script>alert(1)</script>' })
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  /** Opens the page as a program makes a browser do; the answer to the program is caught. */
  async function open(challenge: string): Promise<{ answered: Promise<string> }> {
    visit = await visitor(browser)
    const [held] = person.device.credentials
    if (!held) throw new Error('the person has no passkey')
    await visit.putCredential({
      credentialId: held.id.toString('base64'),
      isResidentCredential: true,
      rpId: 'localhost',
      privateKey: held.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
      userHandle: Buffer.from(held.userHandle, 'base64url').toString('base64'),
      signCount: 0,
    })
    const answered = new Promise<string>((resolve) => {
      void visit.page.route('http://localhost:9/**', async (route) => {
        resolve(route.request().url())
        await route.fulfill({ body: 'back' })
      })
    })
    // Clients send more than this server knows, and leave parameters empty: neither is anything (RFC 6749 §3.1).
    const beside = { response_mode: 'query', nonce: 'n-1', login_hint: '', resource: '', prompt: '' }
    const asked = request(client, challenge, { redirect_uri: callback, scope: 'users:read audit:read', ...beside })
    await visit.page.goto(`${url}/oauth/authorize?${new URLSearchParams(asked)}`)
    return { answered }
  }
  const sees = (id: string) => visit.page.locator(id).waitFor({ state: 'visible' })

  it('agents 167: sign-in, who asks and where it leads, a warning, then Allow with the passkey → a code that works', async () => {
    const { verifier, challenge } = pkce()
    const { answered } = await open(challenge)
    await sees('#sign-in')
    await visit.page.click('#sign-in-button')
    await sees('#review')
    const facts = (await visit.page.textContent('#facts')) ?? ''
    for (const text of ['<script>alert(1)</script>', 'unverified', 'localhost:9', person.address, `${url}/mcp`]) {
      expect(facts).toContain(text)
    }
    expect(await visit.page.locator('#loopback').isVisible()).toBe(true)
    expect(await visit.page.textContent('#rights')).toContain('read the audit log')
    await visit.page.click('#narrow summary')
    await visit.page.getByLabel('read the audit log (audit:read)').uncheck()
    await visit.page.click('#allow')
    const answer = queryOf(await await answered)
    expect(answer).toMatchObject({ state: 'xyz', iss: url })
    const granted = await redeem(server, client, { code: answer.code as string, verifier }, { redirect_uri: callback })
    expect([granted.status, granted.body.scope]).toEqual([200, 'users:read'])
    // The answer that made the page ask for a sign-in.
    expect(visit.complaints.filter((complaint) => !/401/.test(complaint))).toEqual([])
    await visit.close()
  })

  it('Deny leads back with access_denied; by keyboard alone', async () => {
    const { answered } = await open(pkce().challenge)
    await sees('#sign-in')
    await visit.page.keyboard.press('Tab')
    await visit.page.keyboard.press('Enter')
    await sees('#review')
    await visit.page.locator('#deny').focus()
    await visit.page.keyboard.press('Enter')
    expect(queryOf(await await answered)).toEqual({ error: 'access_denied', state: 'xyz', iss: url })
    await visit.close()
  })
})
