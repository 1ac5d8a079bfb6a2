import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { approvalPage, askForCode, pollWith } from '../device-flow.ts'
import { freshAddress, type TestApp, testApp, testClock } from '../harness.ts'
import { again, testBrowser } from '../machine.ts'
import type { PersonAt } from '../people.ts'
import { freePort } from '../ports.ts'
import { launch, type Visitor, visitor } from './chromium.ts'

const port = await freePort()
const url = `http://localhost:${port}`

describe.skipIf(!testBrowser)('the approval page in Chromium', again, () => {
  let browser: Browser
  let server: TestApp
  let person: PersonAt
  let visit: Visitor

  beforeAll(async () => {
    browser = await launch()
    server = await testApp({ PUBLIC_URL: url }, { clock: testClock() })
    await server.app.http.listen({ port, host: 'localhost' })
  })
  // One for each test: a passkey in two authenticators has two counts, as a cloned one would.
  beforeEach(async () => {
    person = await server.person({ company: '<img src=x onerror=alert(1)>' })
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  /** A browser whose authenticator holds the person's passkey; signed out. */
  async function open(path: string, who: PersonAt = person): Promise<void> {
    visit = await visitor(browser)
    const [held] = who.device.credentials
    if (!held) throw new Error('the person has no passkey')
    await visit.putCredential({
      credentialId: held.id.toString('base64'),
      isResidentCredential: true,
      rpId: 'localhost',
      privateKey: held.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
      userHandle: Buffer.from(held.userHandle, 'base64url').toString('base64'),
      signCount: 0,
    })
    await visit.page.goto(`${url}${path}`)
  }
  const sees = (id: string) => visit.page.locator(id).waitFor({ state: 'visible' })
  const textOf = (id: string) => visit.page.textContent(id)

  it('agents 93, 94: signed out by link → sign-in → the same code with all facts → approved with the passkey', async () => {
    const codes = await askForCode(server, { agent_name: 'Builder' }, { ip: '192.0.2.1' })
    await open(new URL(codes.verification_uri_complete).pathname + new URL(codes.verification_uri_complete).search)
    await sees('#sign-in')
    expect(new URL(visit.page.url()).search).toBe('')
    expect(await visit.page.evaluate(() => history.length)).toBeLessThan(3)
    await visit.page.click('#sign-in-button')
    await sees('#review')
    for (const text of [codes.user_code, 'Builder', 'unverified', '192.0.2.1', person.address]) {
      expect(await textOf('#facts')).toContain(text)
    }
    expect(await textOf('#rights')).toContain('everything in your account')
    expect(await textOf('#review')).toContain('Did you start this yourself, just now?')
    await sees('#network')
    expect((await pollWith(server, codes.device_code)).body.error).toBe('authorization_pending')
    await visit.page.click('#approve')
    await sees('#done')
    expect(await textOf('#done-title')).toBe('Approved')
    const { status, body } = await pollWith(server, codes.device_code)
    expect([status, body.scope]).toEqual([200, 'full_access'])
    // The answer that made the page ask for a sign-in.
    expect(visit.complaints.filter((complaint) => !/401/.test(complaint))).toEqual([])
    expect([...visit.hosts]).toEqual([new URL(url).host])
    await visit.close()
  })

  it('a typed code, fewer rights, then the deny button; keyboard alone', async () => {
    const codes = await askForCode(server, { scope: 'users:read users:write' })
    await open('/device')
    await sees('#enter')
    expect(await visit.page.evaluate(() => document.activeElement?.id)).toBe('code')
    await visit.page.keyboard.type('wdjb 0o1i')
    await visit.page.keyboard.press('Enter')
    await sees('#sign-in')
    await visit.page.keyboard.press('Tab')
    await visit.page.keyboard.press('Enter')
    await expect.poll(() => textOf('#message')).toMatch(/not a valid code/)
    await visit.page.fill('#code', codes.user_code.toLowerCase().replace('-', ''))
    await visit.page.keyboard.press('Enter')
    await sees('#review')
    await visit.page.click('#narrow summary')
    await visit.page.uncheck('input[value="users:write"]')
    await visit.page.selectOption('#expiry', '30')
    await visit.page.click('#approve')
    await sees('#done')
    expect((await pollWith(server, codes.device_code)).body.scope).toBe('users:read')
    const other = await askForCode(server)
    await visit.page.goto(other.verification_uri_complete)
    await sees('#review')
    await visit.page.click('#deny')
    await sees('#done')
    expect((await pollWith(server, other.device_code)).body.error).toBe('access_denied')
    await visit.close()
  })

  it('agents 99: a passkey that does not verify its owner approves nothing', async () => {
    const codes = await askForCode(server)
    await open(`/device?code=${codes.user_code}`)
    await sees('#sign-in')
    await visit.page.click('#sign-in-button')
    await sees('#review')
    await visit.setVerified(false)
    await visit.page.click('#approve')
    await expect.poll(() => textOf('#message')).toMatch(/Cancelled/)
    expect((await pollWith(server, codes.device_code)).body.error).toBe('authorization_pending')
    await visit.close()
  })

  it('agents 141, 147: the claim link leads to ownership, and its token to no server but in a body', async () => {
    const ip = freshAddress()
    const made = await server.call('POST', '/v1/onboarding/ai', { body: { name: '<script>alert(1)</script>' }, ip })
    const { claim, clientId, tenantId } = made.body
    const heard: string[] = []
    const owner = await server.person()
    await open('/device', owner)
    visit.page.on('request', (request) => heard.push(`${request.url()} ${JSON.stringify(request.headers())}`))
    await visit.page.goto(claim.claim_url)
    await sees('#sign-in')
    await visit.page.click('#sign-in-button')
    await sees('#review')
    expect(await textOf('#review-title')).toBe('Take over this tenant?')
    expect(await textOf('#facts')).toContain('<script>alert(1)</script>')
    await visit.page.click('#approve')
    await sees('#done')
    expect(heard.join('\n')).not.toContain(claim.claim_token)
    const rows = await server.database.sql.query('select account_id from tenants where id = $1', [tenantId])
    expect(rows).toEqual([{ account_id: owner.accountId }])
    expect(clientId).toMatch(/^cli_/)
    await visit.close()
  })

  it('security 227: names with markup, direction overrides and 10 kB are inert text', async () => {
    const codes = await askForCode(server, { agent_name: '"><img src=x onerror=alert(1)>' })
    await open(`/device?code=${codes.user_code}`)
    let dialogs = 0
    visit.page.on('dialog', (dialog) => {
      dialogs += 1
      void dialog.dismiss()
    })
    await sees('#sign-in')
    await visit.page.click('#sign-in-button')
    await sees('#review')
    expect(await textOf('#facts')).toContain('"><img src=x onerror=alert(1)>')
    expect(await visit.page.locator('main img').count()).toBe(0)
    for (const code of ['<script>alert(1)</script>', 'x'.repeat(10_000), '\u202eTHJM-BJDW']) {
      await visit.page.goto(`${url}/device?code=${encodeURIComponent(code)}`)
      await expect.poll(() => textOf('#message')).not.toBe('')
      expect(await visit.page.locator('main script, main img').count()).toBe(0)
    }
    expect(dialogs).toBe(0)
    await visit.close()
  })

  it('the mail’s link revokes what was approved, before and after the program fetched it', async () => {
    for (const fetched of [false, true]) {
      person = await server.person()
      const codes = await askForCode(server)
      expect((await approvalPage(server, person).approve(codes.user_code)).status).toBe(200)
      const key = fetched ? (await pollWith(server, codes.device_code)).body.secret_key : null
      const mail = (await server.mails(person.address)).at(-1)
      const link = mail?.text.match(/http\S+\/agents\/revoke#agt_\S+/)?.[0] ?? ''
      await open(new URL(link).pathname + new URL(link).hash)
      await visit.page.click('#revoke')
      await expect.poll(() => textOf('#outcome')).toMatch(/^Revoked/)
      if (key) {
        server.app.deps.caches.clear()
        expect((await server.call('GET', '/v1/keys/current', { token: key })).status).toBe(401)
      } else {
        expect((await pollWith(server, codes.device_code)).body.error).toBe('access_denied')
      }
      await visit.close()
    }
  })

  it('the accessibility tree names every control, in light and in dark', async () => {
    const codes = await askForCode(server)
    await open(`/device?code=${codes.user_code}`)
    await sees('#sign-in')
    await visit.page.click('#sign-in-button')
    await sees('#review')
    await visit.page.click('#narrow summary')
    const nameless = await visit.page.evaluate(
      () =>
        [...document.querySelectorAll('input, select, button')].filter(
          (control) => !(control as HTMLInputElement).labels?.length && !control.textContent?.trim(),
        ).length,
    )
    expect(nameless).toBe(0)
    const colours = async (colorScheme: 'light' | 'dark') => {
      await visit.page.emulateMedia({ colorScheme })
      return visit.page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    }
    expect([await colours('light'), await colours('dark')]).toEqual(['rgb(255, 255, 255)', 'rgb(20, 24, 22)'])
    await visit.close()
  })

  // The last one: its server, of another address, makes the console of their database its own.
  it('a person on the wait-list is told so, and sees nothing of the request', async () => {
    const otherPort = await freePort()
    const other = `http://localhost:${otherPort}`
    const waiting = await testApp({ PUBLIC_URL: other, SIGNUPS: 'waitlist' })
    await waiting.app.http.listen({ port: otherPort, host: 'localhost' })
    const who = await waiting.person()
    const codes = await askForCode(waiting, { agent_name: 'Builder' })
    await open('/device', who)
    await visit.page.goto(codes.verification_uri_complete)
    await sees('#sign-in')
    await visit.page.click('#sign-in-button')
    await sees('#waitlist')
    expect(await textOf('#waitlist h1')).toBe("You're on the Waitlist")
    expect(await textOf('#facts')).toBe('')
    await visit.close()
    await waiting.close()
  })
})
