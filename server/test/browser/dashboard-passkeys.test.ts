import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestApp } from '../harness.ts'
import { again, testBrowser } from '../machine.ts'
import { personPasskeys } from '../person-passkeys.ts'
import { findings } from './axe.ts'
import { launch } from './chromium.ts'
import { dialog, heading, isWide, press, serve, unexpected, visitSignedIn } from './dashboard-visit.ts'

const rows = (page: Page) => page.getByRole('table', { name: 'Your passkeys' }).locator('tbody tr')
const inDialog = (page: Page, name: string) => dialog(page).getByRole('button', { name, exact: true }).click()

describe.skipIf(!testBrowser)("the person's own passkeys, in the dashboard", again, () => {
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

  it('the only one stays, and a second is asked for; added on another device, it removes the first', async () => {
    const person = await server.person()
    const visit = await visitSignedIn(browser, url, person, '/account')
    const { page } = visit
    await heading(page, 'Account')
    await page.getByText('You have one passkey: add a second').waitFor()
    await page.getByText('Your only one cannot be removed.').waitFor()
    expect(await page.getByRole('button', { name: /^Remove/ }).count()).toBe(0)

    await page.getByRole('button', { name: 'Add a passkey' }).focus()
    await page.keyboard.press('Enter')
    await inDialog(page, 'Confirm with a passkey')
    await dialog(page).getByLabel('Name of the new passkey').waitFor()
    expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('alias')
    expect(await findings(page)).toEqual([])
    // The authenticator that holds one refuses to make another.
    await page.keyboard.press('Enter')
    await dialog(page).getByText('This device already holds a passkey for this account.').waitFor()
    await visit.changeDevice()
    await page.keyboard.type('Phone')
    await page.keyboard.press('Enter')
    await expect.poll(() => dialog(page).count()).toBe(0)
    await expect.poll(() => rows(page).count()).toBe(2)
    expect(await page.getByText('You have one passkey').count()).toBe(0)
    expect(await visit.credentials()).toHaveLength(1)
    expect(await page.getByRole('table', { name: 'Your passkeys' }).textContent()).toContain('Phone')

    await press(page, 'Remove Passkey on a device')
    expect(await findings(page)).toEqual([])
    await inDialog(page, 'Remove')
    await page.getByText('revoked').waitFor()
    await page.getByText('Your only one cannot be removed.').waitFor()
    expect(await personPasskeys(server, person).ids()).toHaveLength(1)

    // The new one is what signs in from now on.
    await page.evaluate(() => {
      PublicKeyCredential.isConditionalMediationAvailable = async () => false
    })
    await press(page, 'Sign out')
    await press(page, 'Sign in with a passkey')
    await heading(page, 'Applications')
    expect(unexpected(visit)).toEqual([])
    await visit.close()
  })

  it('a proof that is cancelled changes nothing, and says so', async () => {
    const person = await server.person()
    await personPasskeys(server, person).add('Phone')
    const visit = await visitSignedIn(browser, url, person, '/account')
    const { page } = visit
    await visit.setVerified(false)
    await press(page, 'Remove Phone')
    await inDialog(page, 'Remove')
    await dialog(page).getByText('The passkey prompt was cancelled').waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => dialog(page).count()).toBe(0)
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Remove Phone')
    await press(page, 'Add a passkey')
    await inDialog(page, 'Confirm with a passkey')
    await dialog(page).getByText('The passkey prompt was cancelled').waitFor()
    expect(await personPasskeys(server, person).ids()).toHaveLength(2)
    expect(unexpected(visit)).toEqual([])
    await visit.close()
  })

  it('one is renamed, with what the server says at the field', async () => {
    const person = await server.person()
    const visit = await visitSignedIn(browser, url, person, '/account')
    const { page } = visit
    await press(page, 'Rename Passkey on a device')
    const field = dialog(page).getByLabel('Name', { exact: true })
    await field.fill('')
    await page.keyboard.press('Enter')
    await expect.poll(() => field.getAttribute('aria-invalid')).toBe('true')
    await field.fill('"><script>alert(1)</script>')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Rename "><script>alert(1)</script>' }).waitFor()
    expect(await page.locator('body script').count()).toBe(0)
    expect(unexpected(visit)).toEqual([])
    await visit.close()
  })

  it('passes axe in light and dark, and fits a phone', async () => {
    const person = await server.person()
    await personPasskeys(server, person).add('a-very-long-name-of-a-passkey-that-nobody-would-ever-break-anywhere')
    const visit = await visitSignedIn(browser, url, person, '/account')
    const { page } = visit
    await expect.poll(() => rows(page).count()).toBe(2)
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
      .locator('main button')
      .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height).filter((height) => height > 0))
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(44)
    await visit.close()
  })
})
