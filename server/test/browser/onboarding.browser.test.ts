import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshAddress, type Tenant, type TestApp, testApp, testClock } from '../harness.ts'
import { again, testBrowser } from '../machine.ts'
import { freePort } from '../ports.ts'
import { findings } from './axe.ts'
import { launch, type Visitor, visitor } from './chromium.ts'

const port = await freePort()
const url = `http://localhost:${port}`
/** The application's own site: its host is the RP ID, which is also that of the hosted page. */
const site = 'http://localhost:5173'
const hostile = '"><img src=x onerror=alert(1)><script>alert(1)</script>'

describe.skipIf(!testBrowser)('the hosted page of an end user in Chromium', again, () => {
  let browser: Browser
  let server: TestApp
  let tenant: Tenant
  const back = `${url}/agents/revoke`

  beforeAll(async () => {
    browser = await launch()
    server = await testApp({ PUBLIC_URL: url }, { clock: testClock() })
    await server.app.http.listen({ port, host: 'localhost' })
    const settings = { success_urls: [back], display_name: hostile }
    tenant = await server.tenant({ origins: [site], settings })
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  const start = async (body: object = {}): Promise<string> => {
    const answer = await server.call('POST', '/v1/onboarding/start', {
      body: { user_role: 'app_user', ...body },
      token: tenant.clientId,
      origin: site,
      ip: freshAddress(),
    })
    return answer.body.data.hosted_url
  }
  async function open(address: string): Promise<Visitor> {
    const visit = await visitor(browser)
    await visit.page.goto(address)
    return visit
  }
  const sees = ({ page }: Visitor, id: string) => page.locator(id).waitFor({ state: 'visible' })
  const signUp = (visit: Visitor) => visit.page.getByRole('button', { name: 'Create a passkey' }).click()
  const isWide = ({ page }: Visitor) =>
    page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)
  // Chromium writes each refused request to the console, those that the page expects too.
  const unexpected = ({ complaints }: Visitor) => complaints.filter((text) => !/status of 4\d\d/.test(text))

  it('makes a passkey by keyboard, goes back, and has the token in no address and no storage', async () => {
    const visit = await visitor(browser)
    const { page } = visit
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    let token = ''
    await page.route('**/complete', async (route) => {
      const response = await route.fetch()
      token = (await response.json()).data.session_token
      await route.fulfill({ response })
    })
    const address = await start({ return_url: back, prefill: { display_name: 'Ada', email: 'ada@example.com' } })
    await page.goto(address)
    await sees(visit, '#form')
    expect(await page.inputValue('#display-name')).toBe('Ada')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('display-name')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.waitForURL(back)
    expect(token).toMatch(/^eyJ/)
    expect(asked.filter((text) => text.includes(token))).toEqual([])
    expect(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie])).toEqual([0, 0, ''])
    const [held] = await visit.credentials()
    expect([held?.rpId, held?.isResidentCredential]).toEqual(['localhost', true])
    const status = await server.call('GET', `/v1${new URL(address).pathname}/status`)
    expect(status.body.data).toEqual({ status: 'completed' })
    expect(unexpected(visit)).toEqual([])
    expect([...visit.hosts]).toEqual([new URL(url).host])
    await visit.close()
  })

  it('goes on after a prompt that was cancelled, and after a reload, in this browser alone', async () => {
    const address = await start()
    const visit = await open(address)
    await sees(visit, '#form')
    await visit.setVerified(false)
    await visit.page.fill('#display-name', 'Ada')
    await signUp(visit)
    await expect.poll(() => visit.page.textContent('#message')).toMatch(/Cancelled/)
    const other = await open(address)
    await sees(other, '#form')
    expect(await other.page.inputValue('#display-name')).toBe('')
    await other.page.fill('#display-name', 'Eve')
    await signUp(other)
    await sees(other, '#over')
    await visit.setVerified(true)
    await visit.page.reload()
    await sees(visit, '#form')
    expect(await visit.page.inputValue('#display-name')).toBe('Ada')
    await signUp(visit)
    await sees(visit, '#done')
    expect(await visit.page.locator('#back').isVisible()).toBe(false)
    for (const one of [visit, other]) await one.close()
  })

  it('ends one whose last answer was lost, without a second passkey', async () => {
    const visit = await open(await start())
    const { page } = visit
    await page.route('**/complete', (route) => route.abort(), { times: 1 })
    await page.fill('#display-name', 'Ada')
    await signUp(visit)
    await expect.poll(() => page.textContent('#message')).toMatch(/could not be reached/)
    await page.reload()
    await sees(visit, '#form')
    await signUp(visit)
    await sees(visit, '#done')
    expect(await visit.credentials()).toHaveLength(1)
    await visit.close()
  })

  it('leads to refresh_url when it has expired, and nowhere when it is unknown', async () => {
    const address = await start({ refresh_url: back })
    const visit = await open(address)
    await sees(visit, '#form')
    server.clock.advance(1801)
    await visit.page.fill('#display-name', 'Ada')
    await signUp(visit)
    await sees(visit, '#over')
    expect(await visit.page.getAttribute('#again', 'href')).toBe(back)
    await visit.page.reload()
    await sees(visit, '#again')
    await visit.page.goto(`${url}/onboarding/onb_${'0'.repeat(22)}`)
    await sees(visit, '#over')
    expect(await visit.page.locator('#again').isVisible()).toBe(false)
    await visit.close()
  })

  it('a maintainer’s is the dashboard’s own page, with what was prefilled, and says where to start again', async () => {
    const prefill = { company_name: 'Acme', email: 'ada@example.com' }
    const body = { user_role: 'maintainer', prefill, refresh_url: `${url}/dashboard/sign-in` }
    const begun = await server.call('POST', '/v1/onboarding/start', { body, ip: freshAddress() })
    const { session_id } = begun.body.data
    const visit = await open(`${url}/onboarding/${session_id}`)
    await visit.page.waitForURL(`${url}/dashboard/sign-up/${session_id}`)
    await expect.poll(() => visit.page.getByLabel('Company or project').inputValue()).toBe('Acme')
    expect(await visit.page.getByLabel('E-mail').inputValue()).toBe('ada@example.com')
    server.clock.advance(1801)
    await visit.page.reload()
    await visit.page.getByRole('link', { name: 'Start again' }).click()
    await visit.page.waitForURL(`${url}/dashboard/sign-in`)
    await visit.close()
  })

  it('is accessible in light and in dark, fits a phone, and shows names with markup as text', async () => {
    const visit = await open(await start({ refresh_url: back, prefill: { display_name: hostile } }))
    const { page } = visit
    let dialogs = 0
    page.on('dialog', (dialog) => {
      dialogs += 1
      void dialog.dismiss()
    })
    await sees(visit, '#form')
    expect(await page.textContent('#application')).toBe(hostile)
    expect(await page.textContent('#site')).toBe('localhost')
    expect(await page.locator('main img, main script').count()).toBe(0)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      expect(await findings(page)).toEqual([])
    }
    await page.setViewportSize({ width: 320, height: 640 })
    expect(await isWide(visit)).toBe(false)
    await signUp(visit)
    await sees(visit, '#done')
    expect(await findings(page)).toEqual([])
    await page.goto(`${url}/onboarding/onb_${'0'.repeat(22)}`)
    await sees(visit, '#over')
    expect([await findings(page), await isWide(visit)]).toEqual([[], false])
    expect(dialogs).toBe(0)
    await visit.close()
  })
})
