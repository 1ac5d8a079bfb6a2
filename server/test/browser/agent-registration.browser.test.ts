import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshMailbox, tokenOf } from '../agent-registration.ts'
import { type TestApp, testApp } from '../harness.ts'
import { again, testBrowser } from '../machine.ts'
import { freePort } from '../ports.ts'
import { launch, visitor } from './chromium.ts'

const port = await freePort()

describe.skipIf(!testBrowser)('the page that a registration mail leads to, in Chromium', again, () => {
  let browser: Browser
  let server: TestApp
  const lines: string[] = []
  beforeAll(async () => {
    browser = await launch()
    server = await testApp({ PUBLIC_URL: `http://localhost:${port}` })
    server.app.http.addHook('onRequest', async (request) => void lines.push(`${request.method} ${request.url}`))
    await server.app.http.listen({ port, host: 'localhost' })
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  /** The link in the HTML part of the mail. */
  async function linkIn(email: string): Promise<string> {
    const [mail] = await server.mails(email)
    return mail?.html?.match(/href="([^"]+)"/)?.[1] ?? ''
  }

  it('agents 139, 140: one key press makes the key; the token leaves the address bar and is in no request line', async () => {
    const email = freshMailbox()
    const token = await tokenOf(server, email)
    const { page, hosts, complaints, close } = await visitor(browser)
    await page.goto(await linkIn(email))
    await page.getByRole('heading', { name: 'Register an agent' }).waitFor()
    await expect.poll(() => page.url()).toBe(`http://localhost:${port}/agents/confirm`)
    expect(await page.getByLabel('Token from the mail').inputValue()).toBe(token)
    // By keyboard alone.
    await page.getByRole('button', { name: 'Make the secret key' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Your secret key' }).waitFor()
    const key = (await page.locator('pre').first().textContent()) ?? ''
    expect(key).toMatch(/^tm_key_[0-9A-Za-z]{49}$/)
    expect((await server.call('GET', '/v1/applications', { token: key })).status).toBe(200)
    // What is shown once is whole on a phone, too: nothing of it is beyond the edge.
    await page.setViewportSize({ width: 390, height: 800 })
    const cut = await page.evaluate(
      () => [...document.querySelectorAll('pre')].filter((box) => box.scrollWidth > box.clientWidth).length,
    )
    expect(cut).toBe(0)
    expect([[...hosts], complaints]).toEqual([[`localhost:${port}`], []])
    expect(lines.join('\n')).not.toMatch(/emt_|tm_key_/)
    await close()
  })

  it('agents 139: opening the address for programs shows a button, and opening it again does too', async () => {
    const token = await tokenOf(server)
    const { page, complaints, close } = await visitor(browser)
    const address = `http://localhost:${port}/api/agents/verify?token=${token}`
    for (let i = 0; i < 3; i++) await page.goto(address)
    await page.getByRole('button', { name: 'Make the secret key' }).click()
    await page.getByRole('heading', { name: 'Your secret key' }).waitFor()
    expect(complaints).toEqual([])
    await page.goto(address)
    await page.getByRole('button', { name: 'Make the secret key' }).click()
    await page.getByRole('heading', { name: 'There is no key' }).waitFor()
    await close()
  })

  it("another site's form makes no key", async () => {
    const token = await tokenOf(server)
    const { page, close } = await visitor(browser)
    await page.goto(`http://localhost:${port}/agents/confirm`)
    await page.goto(`http://127.0.0.1:${port}/health`).catch(() => {})
    await page.setContent(
      `<form method="post" action="http://localhost:${port}/api/agents/verify"><input name="token" value="${token}"><button>Go</button></form>`,
    )
    await page.getByRole('button').click()
    await page.getByRole('heading', { name: 'There is no key' }).waitFor()
    expect((await server.call('POST', '/api/agents/verify', { body: { token } })).status).toBe(200)
    await close()
  })
})
