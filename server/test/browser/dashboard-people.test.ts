import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { operate } from '../../src/operator/commands.ts'
import { browserOf, ORIGIN } from '../ceremonies.ts'
import type { TestApp } from '../harness.ts'
import { accept, consoleSignIn, invited, joins } from '../invitations.ts'
import { again, testBrowser } from '../machine.ts'
import type { PersonAt } from '../people.ts'
import { findings } from './axe.ts'
import { launch, visitor } from './chromium.ts'
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

describe.skipIf(!testBrowser)('the people of an account in the dashboard', again, () => {
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

  const signedIn = (person: PersonAt, path: string) => visitSignedIn(browser, url, person, path)

  /** The link in the last mail to an address. */
  const linkTo = async (address: string): Promise<string> =>
    (await server.mails(address)).at(-1)?.text.match(/http:\S+\/dashboard\/join#\S+/)?.[0] ?? ''

  it('an owner invites somebody, who joins with a new passkey and is removed again; by keyboard', async () => {
    const person = await server.person({ company: 'Acme & Söhne' })
    const visit = await signedIn(person, '')
    const { page } = visit
    await follow(page, 'Members')
    await heading(page, 'Members')
    await page.getByText(`${person.address} (you)`).waitFor()
    await page.getByLabel('E-mail').focus()
    await page.keyboard.type('no address')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.getByLabel('E-mail').getAttribute('aria-invalid')).toBe('true')
    await page.getByLabel('E-mail').fill('grace@example.com')
    await page.getByLabel('Role').selectOption('admin')
    await page.getByLabel('E-mail').press('Enter')
    await page.getByText('A mail with a link is on its way to grace@example.com').waitFor()
    await page.getByRole('rowheader', { name: 'grace@example.com' }).waitFor()

    const guest = await visitor(browser)
    await guest.page.goto(await linkTo('grace@example.com'))
    await heading(guest.page, 'Join Acme & Söhne')
    expect(guest.page.url()).toBe(`${url}/dashboard/join`)
    expect(await findings(guest.page)).toEqual([])
    // A prompt that is cancelled costs nothing.
    await guest.setVerified(false)
    await press(guest.page, 'Create a passkey and join')
    await guest.page.getByText('The passkey prompt was cancelled').waitFor()
    await guest.setVerified(true)
    await guest.page.getByRole('button', { name: 'Create a passkey and join' }).focus()
    await guest.page.keyboard.press('Enter')
    await heading(guest.page, 'Applications')
    await guest.page.getByText('Acme & Söhne').first().waitFor()
    expect(JSON.stringify(await guest.page.evaluate(() => ({ ...localStorage })))).not.toContain('itk_')
    await guest.page.goto(`${url}/dashboard/members`)
    await guest.page.getByText('Only owners of the account see who is in it.').waitFor()
    // The link is used up.
    await guest.page.goto(await linkTo('grace@example.com'))
    await heading(guest.page, 'This invitation cannot be used')

    await page.reload()
    await press(page, 'Remove grace@example.com')
    expect(await findings(page)).toEqual([])
    await dialog(page).getByRole('button', { name: 'Remove' }).click()
    await expect.poll(() => page.getByRole('button', { name: 'Remove grace@example.com' }).count()).toBe(0)
    await guest.page.goto(`${url}/dashboard/agents`)
    await heading(guest.page, 'Sign in')
    await press(page, `Remove ${person.address}`)
    await dialog(page).getByRole('button', { name: 'Remove' }).click()
    await page.getByText('This is the last owner of the account.').waitFor()
    expect([...unexpected(visit), ...unexpected(guest)]).toEqual([])
    expect([...guest.hosts]).toEqual([new URL(url).host])
    await guest.close()
    await visit.close()
  })

  it('somebody with an account of their own joins with the passkey they have, and goes from one to the other', async () => {
    const [owner, grace] = [await server.person({ company: 'Acme' }), await server.person({ company: 'Grace' })]
    const { address } = await invited(server, owner.headers, 'viewer')
    const visit = await signedIn(grace, '')
    const { page } = visit
    await heading(page, 'Applications')
    expect(await page.getByLabel('Account', { exact: true }).count()).toBe(0)
    await page.goto(await linkTo(address))
    await press(page, 'Join with a passkey I have')
    await heading(page, 'Applications')
    expect(await page.getByLabel('Account', { exact: true }).inputValue()).toBe(owner.accountId)
    await page.getByLabel('Account', { exact: true }).selectOption({ label: 'Grace' })
    await expect.poll(() => page.locator('.brand').textContent()).toContain('Grace')
    await follow(page, 'Members')
    await page.getByText(`${grace.address} (you)`).waitFor()
    expect(unexpected(visit)).toEqual([])
    await visit.close()
  })

  it('an invitation is withdrawn, and its link says so', async () => {
    const person = await server.person()
    const { address } = await invited(server, person.headers)
    const visit = await signedIn(person, '/members')
    const { page } = visit
    await press(page, `Withdraw the invitation of ${address}`)
    await dialog(page).getByRole('button', { name: 'Withdraw' }).click()
    await page.getByText('None waits to be used.').waitFor()
    await page.goto(await linkTo(address))
    await page.getByText('This is not an invitation, or it was taken back.').waitFor()
    expect(await findings(page)).toEqual([])
    await visit.close()
  })

  it('a tenant gets another name, and is deleted with what is in it', async () => {
    const person = await server.person({ company: 'Acme' })
    server.clock.advance(1)
    const body = { name: 'Shop', allowed_origins: [ORIGIN] }
    const made = await server.call('POST', '/v1/applications', { headers: person.headers, body })
    const visit = await signedIn(person, '/account')
    const { page } = visit
    await follow(page, 'Shop')
    await heading(page, 'Shop')
    await page.getByLabel('Name').fill('Shop, old')
    await page.keyboard.press('Enter')
    await page.getByText('Saved.').waitFor()
    await heading(page, 'Shop, old')
    await press(page, 'Delete')
    expect(await dialog(page).getByRole('button', { name: 'Delete' }).isDisabled()).toBe(true)
    expect(await findings(page)).toEqual([])
    await dialog(page).getByLabel('Type “Shop, old” to confirm').fill('Shop, old')
    await page.keyboard.press('Enter')
    await heading(page, 'Account')
    await page.getByRole('link', { name: 'Acme' }).waitFor()
    expect(await page.getByRole('link', { name: 'Shop, old' }).count()).toBe(0)
    const browserSide = browserOf(server, { clientId: made.body.data.client_id })
    expect((await browserSide.startRegistration()).status).toBe(404)
    await page.goto(`${url}/dashboard/tenants/${made.body.data.tenant_id}`)
    await heading(page, 'Not found')
    expect(unexpected(visit)).toEqual([])
    await visit.close()
  })

  it('a viewer sees a tenant and changes nothing; an admin renames it only', async () => {
    const person = await server.person()
    for (const [role, buttons] of [
      ['viewer', 0],
      ['admin', 1],
    ] as const) {
      const joined = await joins(server, await invited(server, person.headers, role))
      const visit = await visitWithCookie(browser, url, joined.headers.cookie, `/tenants/${person.tenantId}`)
      await heading(visit.page, 'Acme')
      expect([role, await visit.page.locator('main button').count()]).toEqual([role, buttons])
      expect(await visit.page.getByRole('link', { name: 'Members' }).count()).toBe(0)
      await visit.close()
    }
  })

  it('agents 185: an operator admits who waits and disables an account; for others there is no such screen', async () => {
    const waiting = await serve({ SIGNUPS: 'waitlist' })
    const [operator, founder] = [
      await waiting.server.person({ company: 'Operations' }),
      await waiting.server.person({ company: 'Waiting Ltd' }),
    ]
    await operate(waiting.server.app.deps, 'admit', [operator.accountId])
    await operate(waiting.server.app.deps, 'appoint', [operator.personId])
    const early = await visitSignedIn(browser, waiting.url, founder, '')
    await heading(early.page, "You're on the Waitlist")
    const visit = await visitSignedIn(browser, waiting.url, operator, '')
    const { page } = visit
    await follow(page, 'Waiting accounts')
    await heading(page, 'Waiting accounts')
    await page.getByText(`${founder.address} (not verified)`).waitFor()
    await page.getByRole('button', { name: 'Admit Waiting Ltd' }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('Nobody waits.').waitFor()
    expect((await waiting.server.mails(founder.address)).map(({ subject }) => subject)).toEqual([
      'Your account is admitted',
    ])
    await early.page.reload()
    await heading(early.page, 'Applications')
    expect(await early.page.getByRole('link', { name: 'Waiting accounts' }).count()).toBe(0)
    await early.page.goto(`${waiting.url}/dashboard/accounts`)
    await heading(early.page, 'There is nothing here')

    await page.getByLabel('Accounts that are').selectOption('active')
    await press(page, 'Disable Waiting Ltd')
    expect(await findings(page)).toEqual([])
    await dialog(page).getByRole('button', { name: 'Disable' }).click()
    await expect.poll(() => page.getByRole('button', { name: 'Disable Waiting Ltd' }).count()).toBe(0)
    expect(await page.getByRole('button', { name: 'Disable Operations' }).count()).toBe(0)
    await early.page.reload()
    await heading(early.page, 'Sign in')
    expect(unexpected(visit)).toEqual([])
    await visit.close()
    await early.close()
    await waiting.server.close()
  })

  it('every screen passes axe in light and dark, and fits a phone, also with long names', async () => {
    const person = await server.person({ company: 'A-very-long-company-name-without-a-single-space-in-it-anywhere' })
    await operate(server.app.deps, 'appoint', [person.personId])
    const long = 'a-very-long-local-part-of-somebody@some-very-long-company-name.example.com'
    const { address } = await invited(server, person.headers, 'viewer', long)
    const other = await server.person()
    const { token } = await invited(server, other.headers, 'owner')
    await accept(server, token, await consoleSignIn(server, person.device))
    const { headers } = person
    await server.call('POST', '/v1/account/choose', { headers, body: { account_id: person.accountId } })
    const visit = await signedIn(person, '')
    const { page } = visit
    const screens = [
      '/members',
      `/tenants/${person.tenantId}`,
      '/accounts',
      '/account',
      '/join',
      (await linkTo(address)).slice(`${url}/dashboard`.length),
    ]
    for (const path of screens) {
      // By a page in between: where only the fragment differs the browser loads nothing.
      await page.goto('about:blank')
      await page.goto(`${url}/dashboard${path}`)
      await heading(page, /./)
      await expect.poll(() => page.getByText('Loading…').count()).toBe(0)
      for (const [colorScheme, width] of [
        ['light', 1280],
        ['dark', 360],
      ] as const) {
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize({ width, height: 800 })
        expect([path, colorScheme, await findings(page)]).toEqual([path, colorScheme, []])
        expect([path, width, await isWide(page)]).toEqual([path, width, false])
      }
    }
    expect(unexpected(visit)).toEqual([])
    await visit.close()
  }, 90_000)
})
