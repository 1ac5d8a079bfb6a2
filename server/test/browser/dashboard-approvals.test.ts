import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { join } from '../account.ts'
import { approvalPage, approved, askForCode, pollWith } from '../device-flow.ts'
import type { TestApp } from '../harness.ts'
import { again, testBrowser } from '../machine.ts'
import type { PersonAt } from '../people.ts'
import { findings } from './axe.ts'
import { launch } from './chromium.ts'
import {
  dialog,
  follow,
  heading,
  isWide,
  press,
  serve,
  unexpected,
  visitSignedIn,
  visitWithCookie,
} from './dashboard-visit.ts'

const rows = (page: Page) => page.getByRole('table', { name: 'Programs that wait' }).locator('tbody tr')
const count = (page: Page) => page.getByRole('link', { name: 'Connect a program 1 waiting', exact: true })
const asked = (page: Page) => {
  const seen: string[] = []
  page.on('request', (request) => {
    if (request.url().includes('device.requests.list')) seen.push(request.url())
  })
  return seen
}
const setVisible = (page: Page, state: 'visible' | 'hidden') =>
  page.evaluate((value) => {
    Object.defineProperty(document, 'visibilityState', { value, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  }, state)

describe.skipIf(!testBrowser)('programs that wait, in the dashboard', again, () => {
  let browser: Browser
  let server: TestApp
  let url: string

  beforeAll(async () => {
    browser = await launch()
    ;({ server, url } = await serve())
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  /** The client of an application of the person's account. */
  async function clientOf(person: PersonAt) {
    const tenant = await server.tenant()
    await join(server, tenant, { ...tenant, tenantId: person.tenantId })
    return { tenant, client: { client_id: tenant.clientId, client_secret: tenant.clientSecret } }
  }

  it('one whose code was entered is listed without it, and denied by keyboard', async () => {
    const person = await server.person()
    const codes = await askForCode(server, { agent_name: 'Builder' }, { ip: '192.0.2.44' })
    await approvalPage(server, person).look(codes.user_code)
    const visit = await visitSignedIn(browser, url, person, '')
    const { page } = visit
    await count(page).click()
    await heading(page, 'Connect a program')
    await expect.poll(() => rows(page).count()).toBe(1)
    const text = (await rows(page).textContent()) ?? ''
    for (const fact of ['Builder', 'waiting', 'everything in your account', '192.0.2.44']) expect(text).toContain(fact)
    expect(await page.content()).not.toContain(codes.user_code)
    await page.getByRole('button', { name: 'Deny Builder' }).focus()
    await page.keyboard.press('Enter')
    expect(await findings(page)).toEqual([])
    await page.keyboard.press('Escape')
    await expect.poll(() => dialog(page).count()).toBe(0)
    await page.keyboard.press('Enter')
    await dialog(page).getByRole('button', { name: 'Deny' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('No program is waiting.').waitFor()
    await expect.poll(() => count(page).count()).toBe(0)
    expect((await pollWith(server, codes.device_code)).body.error).toBe('access_denied')
    expect(unexpected(visit)).toEqual([])
    await visit.close()
  })

  it('approving asks for the code on the approval page, as ever', async () => {
    const person = await server.person()
    const { client } = await clientOf(person)
    const codes = await askForCode(server, { ...client, agent_name: 'Robot' })
    const visit = await visitSignedIn(browser, url, person, '/connect')
    const { page } = visit
    await page.getByRole('link', { name: 'Enter the code of Robot' }).click()
    await page.waitForURL(`${url}/device`)
    await page.locator('#code').fill(codes.user_code)
    await page.keyboard.press('Enter')
    await page.locator('#review').waitFor({ state: 'visible' })
    await page.click('#approve')
    await page.locator('#done').waitFor({ state: 'visible' })
    await page.goto(`${url}/dashboard/connect`)
    await page.getByText('not collected').waitFor()
    expect(await page.getByRole('link', { name: 'Enter the code of Robot' }).count()).toBe(0)
    await page.reload()
    expect((await pollWith(server, codes.device_code, client)).status).toBe(200)
    await page.reload()
    await page.getByText('No program is waiting.').waitFor()
    expect(unexpected(visit)).toEqual([])
    await visit.close()
  })

  it('an approval that no program has collected is taken back; one that was collected meanwhile says so', async () => {
    const person = await server.person()
    const [first, second] = [await approved(server, person), await approved(server, person, { agent_name: 'Quick' })]
    const visit = await visitSignedIn(browser, url, person, '/connect')
    const { page } = visit
    await press(page, 'Take back A program without a name')
    await dialog(page).getByRole('button', { name: 'Take back' }).click()
    await expect.poll(() => rows(page).count()).toBe(1)
    expect((await pollWith(server, first.device_code)).body.error).toBe('access_denied')
    expect((await pollWith(server, second.device_code)).status).toBe(200)
    await press(page, 'Take back Quick')
    await dialog(page).getByRole('button', { name: 'Take back' }).click()
    await dialog(page).getByText('There is no such request that waits for you.').waitFor()
    expect(unexpected(visit)).toEqual([])
    await visit.close()
  })

  it('is asked for anew every 20 seconds, and only while the page is looked at', async () => {
    const person = await server.person()
    const { client } = await clientOf(person)
    const visit = await visitWithCookie(browser, url, person.headers.cookie, '/nowhere')
    const { page } = visit
    await page.clock.install()
    await page.goto(`${url}/dashboard/usage`)
    await heading(page, 'Usage')
    const seen = asked(page)
    await askForCode(server, client)
    await page.clock.runFor(19_000)
    expect([seen.length, await count(page).count()]).toEqual([0, 0])
    await page.clock.runFor(2_000)
    await count(page).waitFor()
    expect(seen.length).toBe(1)
    await setVisible(page, 'hidden')
    await page.clock.runFor(120_000)
    expect(seen.length).toBe(1)
    await setVisible(page, 'visible')
    await expect.poll(() => seen.length).toBe(2)
    await setVisible(page, 'hidden')
    await setVisible(page, 'visible')
    await page.clock.runFor(10_000)
    expect(seen.length).toBe(2)
    await visit.close()
  })

  it('a viewer sees what waits, and is offered no decision', async () => {
    const person = await server.person()
    const { tenant, client } = await clientOf(person)
    await askForCode(server, { ...client, agent_name: 'Robot' })
    const { cookie = '' } = await server.present(tenant, { kind: 'user', role: 'viewer' })
    const visit = await visitWithCookie(browser, url, cookie, '/connect')
    await expect.poll(() => rows(visit.page).count()).toBe(1)
    expect(await visit.page.locator('button.danger, a.button').count()).toBe(0)
    await visit.close()
  })

  it('security 227: with hostile names, in light and dark, it passes axe and fits a phone', async () => {
    const person = await server.person()
    const { client } = await clientOf(person)
    const hostile = '"><img src=x onerror=alert(1)><script>alert(1)</script>'
    await askForCode(server, { ...client, agent_name: hostile })
    await approved(server, person, { agent_name: 'a-very-long-name-of-an-agent-that-nobody-would-ever-break-anywhere' })
    const visit = await visitSignedIn(browser, url, person, '/connect')
    const { page } = visit
    await expect.poll(() => rows(page).count()).toBe(2)
    expect(await page.locator('body script, body img').count()).toBe(0)
    for (const [colorScheme, width] of [
      ['light', 1280],
      ['dark', 360],
    ] as const) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 800 })
      expect([colorScheme, await findings(page)]).toEqual([colorScheme, []])
      expect([width, await isWide(page)]).toEqual([width, false])
    }
    const heights = await page
      .locator('main a, main button')
      .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height).filter((height) => height > 0))
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(44)
    await press(page, 'Menu')
    await count(page).waitFor()
    expect(await findings(page)).toEqual([])
    await follow(page, 'Usage')
    await heading(page, 'Usage')
    expect(unexpected(visit)).toEqual([])
    await visit.close()
  })
})
