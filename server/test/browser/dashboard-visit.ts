import type { Browser, Page } from 'playwright-core'
import { testApp, testClock } from '../harness.ts'
import type { PersonAt } from '../people.ts'
import { freePort } from '../ports.ts'
import { type Visitor, visitor } from './chromium.ts'

/** A server at an address of its own, with the dashboard as it was built. */
export async function serve(settings: Record<string, string> = {}) {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const server = await testApp({ PUBLIC_URL: url, ...settings }, { clock: testClock() })
  await server.app.http.listen({ port, host: 'localhost' })
  return { server, url }
}

export const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor()
export const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
export const follow = (page: Page, name: string) => page.getByRole('link', { name, exact: true }).click()
export const dialog = (page: Page) => page.locator('dialog[open]')
/** What stands in the code block under a label. */
export const shown = (page: Page, label: string) =>
  page.locator('.copyable', { hasText: label }).locator('pre').first().textContent()
export const isWide = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)
// Chromium writes each refused request to the console, those that the page expects too.
export const unexpected = ({ complaints }: Visitor) => complaints.filter((text) => !/status of 4\d\d/.test(text))

/** A browser with a dashboard's cookie, at a screen. */
export async function visitWithCookie(browser: Browser, url: string, cookie: string, path: string): Promise<Visitor> {
  const visit = await visitor(browser)
  const value = cookie.slice(cookie.indexOf('=') + 1)
  await visit.context.addCookies([{ name: 'tm_session', value, url, httpOnly: true, sameSite: 'Lax' }])
  await visit.page.goto(`${url}/dashboard${path}`)
  return visit
}

/** A browser of a person who is signed in, with their passkey. */
export async function visitSignedIn(browser: Browser, url: string, person: PersonAt, path: string): Promise<Visitor> {
  const visit = await visitWithCookie(browser, url, person.headers.cookie, path)
  const [held] = person.device.credentials
  if (!held) throw new Error('the person has no passkey')
  await visit.putCredential({
    credentialId: held.id.toString('base64'),
    isResidentCredential: true,
    rpId: 'localhost',
    privateKey: held.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    userHandle: Buffer.from(held.userHandle, 'base64url').toString('base64'),
    signCount: 100,
  })
  return visit
}
