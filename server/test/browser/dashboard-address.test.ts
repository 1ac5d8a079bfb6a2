import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { proofLink, proofToken } from '../address-proof.ts'
import { freshMailbox, tokenOf, verify } from '../agent-registration.ts'
import type { TestApp } from '../harness.ts'
import { again, testBrowser } from '../machine.ts'
import { findings } from './axe.ts'
import { launch } from './chromium.ts'
import { follow, heading, isWide, press, serve, unexpected, visitSignedIn } from './dashboard-visit.ts'

const notice = (page: Page) => page.getByRole('heading', { name: 'Confirm your e-mail address' })

describe.skipIf(!testBrowser)('proving an address in the dashboard', again, () => {
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

  it('a mistyped address is corrected, mailed to and confirmed; by keyboard, on a phone too', async () => {
    const person = await server.person({ address: 'typo@exmaple.com' })
    const visit = await visitSignedIn(browser, url, person, '/account')
    const { page } = visit
    await notice(page).waitFor()
    expect(await page.getByRole('textbox', { name: 'Your e-mail' }).inputValue()).toBe('typo@exmaple.com')
    expect(await findings(page)).toEqual([])
    await page.getByRole('textbox', { name: 'Your e-mail' }).fill('no address')
    await page.getByRole('textbox', { name: 'Your e-mail' }).press('Enter')
    await expect
      .poll(() => page.getByRole('textbox', { name: 'Your e-mail' }).getAttribute('aria-invalid'))
      .toBe('true')
    const address = freshMailbox('example.com')
    await page.getByRole('textbox', { name: 'Your e-mail' }).fill(address)
    await page.getByRole('textbox', { name: 'Your e-mail' }).press('Enter')
    await page.getByText(`A mail with a link is on its way to ${address}`).waitFor()
    await page.getByRole('button', { name: 'Send another mail' }).waitFor()
    await page.setViewportSize({ width: 360, height: 740 })
    expect([await isWide(page), await findings(page)]).toEqual([false, []])

    await page.goto(await proofLink(server, address))
    await notice(page).waitFor()
    expect(page.url()).toBe(`${url}/dashboard/address`)
    expect([await isWide(page), await findings(page)]).toEqual([false, []])
    // A prompt that is cancelled costs nothing.
    await visit.setVerified(false)
    await press(page, 'Confirm with a passkey')
    await page.getByText('The passkey prompt was cancelled').waitFor()
    await visit.setVerified(true)
    await page.getByRole('button', { name: 'Confirm with a passkey' }).focus()
    await page.keyboard.press('Enter')
    await heading(page, 'Your e-mail address is confirmed')
    await page.getByText(`${address} is yours.`).waitFor()
    expect([await isWide(page), await findings(page)]).toEqual([false, []])
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state]))
    expect(kept).not.toContain('apt_')
    await follow(page, 'To your account')
    await heading(page, 'Account')
    await page.getByText(address).waitFor()
    expect(await notice(page).count()).toBe(0)

    // The link is used up, and says so.
    await page.goto(await proofLink(server, address))
    await press(page, 'Confirm with a passkey')
    await page.getByText('Ask for another mail on the Account screen.').waitFor()
    expect(unexpected(visit)).toEqual([])
    expect([...visit.hosts]).toEqual([new URL(url).host])
    await visit.close()
  })

  it('signed out: after the sign-in it goes on; a key that was registered by mail before is seen and revoked', async () => {
    const address = freshMailbox('example.com')
    const { body } = await verify(server, { token: await tokenOf(server, address, 'Nightly build') })
    const person = await server.person({ company: 'Grace', address })
    await proofToken(server, person)
    const visit = await visitSignedIn(browser, url, person, '')
    const { page, context } = visit
    // Nothing is offered by the field, so that the button is what signs in.
    await page.addInitScript(() => {
      if (window.PublicKeyCredential) PublicKeyCredential.isConditionalMediationAvailable = async () => false
    })
    await heading(page, 'Applications')
    await context.clearCookies()
    await page.goto('about:blank')
    await page.goto(await proofLink(server, address))
    await heading(page, 'Sign in')
    expect(page.url()).toBe(`${url}/dashboard/address`)
    await press(page, 'Sign in with a passkey')
    await notice(page).waitFor()
    await page.getByText('You are signed in to Grace').waitFor()
    await press(page, 'Confirm with a passkey')
    await heading(page, 'Your e-mail address is confirmed')
    await page.getByRole('listitem').getByText('Nightly build').waitFor()
    expect(await findings(page)).toEqual([])
    await follow(page, 'To your account')
    await heading(page, 'Account')
    await page.getByLabel('Account', { exact: true }).selectOption({ label: 'Nightly build' })
    await expect.poll(() => page.locator('.brand').textContent()).toContain('Nightly build')
    await follow(page, 'Secret keys')
    await page.getByRole('cell', { name: 'Nightly build' }).or(page.getByRole('rowheader')).first().waitFor()
    await page.getByRole('button', { name: /^Revoke/ }).click()
    await page
      .locator('dialog[open]')
      .getByRole('button', { name: /Revoke/ })
      .click()
    const current = () => server.call('GET', '/v1/keys/current', { token: body.secret_key })
    await expect.poll(async () => (await current()).status).toBe(401)
    expect(unexpected(visit)).toEqual([])
    await visit.close()
  })

  it('says so where the link has no token', async () => {
    const visit = await visitSignedIn(browser, url, await server.person(), '/address')
    await visit.page.getByText('part of it is missing').waitFor()
    expect(await findings(visit.page)).toEqual([])
    await visit.close()
  })
})
