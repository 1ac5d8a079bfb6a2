import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestApp, testApp } from '../harness.ts'
import { again, testBrowser } from '../machine.ts'
import { freePort } from '../ports.ts'
import { launch, visitor } from './chromium.ts'

const port = await freePort()

describe.skipIf(!testBrowser)('the API reference in Chromium', again, () => {
  let browser: Browser
  let app: TestApp
  beforeAll(async () => {
    browser = await launch()
    app = await testApp({ PUBLIC_URL: `http://localhost:${port}` })
    await app.app.http.listen({ port, host: 'localhost' })
  })
  afterAll(async () => {
    await browser?.close()
    await app?.close()
  })

  it('shows the operations, asks no other host, and breaks no policy', async () => {
    const { page, hosts, complaints, close } = await visitor(browser)
    await page.goto(`http://localhost:${port}/docs`)
    await page.getByRole('heading', { name: 'TryMellon API' }).waitFor()
    await page
      .getByRole('link', { name: 'Users' })
      .or(page.getByText('Users', { exact: true }))
      .first()
      .click()
    await page.getByText('Create a user before the first passkey.').first().waitFor()
    expect([...hosts]).toEqual([`localhost:${port}`])
    expect(complaints).toEqual([])
    await close()
  })
})
