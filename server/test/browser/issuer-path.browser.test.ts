import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askForCode, pollWith } from '../device-flow.ts'
import type { TestApp } from '../harness.ts'
import { liveServer } from '../live-server.ts'
import { again, testBrowser } from '../machine.ts'
import { launch, visitor } from './chromium.ts'

describe.skipIf(!testBrowser)('below a path of the host, in Chromium', again, () => {
  let browser: Browser
  let server: TestApp
  let issuer: URL
  beforeAll(async () => {
    browser = await launch()
    ;({ server, issuer } = await liveServer({}, {}, '/t1'))
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  it('somebody signs up, moves about, and lets a program in', async () => {
    const visit = await visitor(browser)
    const { page } = visit
    const paths = new Set<string>()
    page.on('request', (request) => paths.add(new URL(request.url()).pathname))
    await page.goto(`${issuer.href}/dashboard/sign-up`)
    await page.getByLabel('Company or project').fill('Below')
    await page.getByLabel('E-mail').fill('ada@example.com')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Applications' }).waitFor()
    await page.getByRole('link', { name: 'Usage', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'Usage' }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/t1/dashboard/usage')
    await page.getByRole('link', { name: 'Audit log', exact: true }).click()
    const saving = page.waitForEvent('download', { timeout: 10_000 })
    await page.getByRole('button', { name: 'Export as CSV', exact: true }).click()
    expect((await saving).suggestedFilename()).toBe('audit-logs.csv')
    const codes = await askForCode(server, { agent_name: 'Builder' })
    expect(codes.verification_uri_complete.startsWith(`${issuer.href}/device?`)).toBe(true)
    await page.goto(codes.verification_uri_complete)
    await page.locator('#review').waitFor({ state: 'visible' })
    await page.click('#approve')
    await page.locator('#done').waitFor({ state: 'visible' })
    const answer = await pollWith(server, codes.device_code)
    expect([answer.status, answer.body.setup.env_var]).toEqual([200, expect.stringContaining('tm_key_')])
    expect([...paths].filter((path) => !path.startsWith('/t1/'))).toEqual([])
    expect(visit.complaints).toEqual([])
    await visit.close()
  })
})
