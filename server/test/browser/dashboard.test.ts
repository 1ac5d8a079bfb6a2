import { readFileSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthenticator } from '../authenticator.ts'
import { browserOf, ORIGIN } from '../ceremonies.ts'
import { approved, askForCode, pollWith } from '../device-flow.ts'
import type { TestApp } from '../harness.ts'
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
  shown,
  unexpected,
  visitSignedIn,
  visitWithCookie,
} from './dashboard-visit.ts'

const hostile = '"><img src=x onerror=alert(1)><script>alert(1)</script>'

describe.skipIf(!testBrowser)('the dashboard in Chromium', again, () => {
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

  const withCookie = (cookie: string, path: string) => visitWithCookie(browser, url, cookie, path)
  const signedIn = (person: PersonAt, path: string) => visitSignedIn(browser, url, person, path)

  /** Lets users of the person's first application register from a site. @returns its browsers */
  async function usersOf(person: PersonAt) {
    const changed = await server.call('PATCH', `/v1/applications/${person.applicationId}`, {
      headers: person.headers,
      body: { allowed_origins: [ORIGIN] },
    })
    return browserOf(server, { clientId: changed.body.data.client_id })
  }

  const get = (person: PersonAt, path: string) =>
    server.call('GET', path, { headers: { ...person.headers, 'x-app-id': person.applicationId } })

  it('somebody signs up with a passkey, signs out and in again; by keyboard, from this host alone', async () => {
    const visit = await visitor(browser)
    const { page } = visit
    await page.goto(`${url}/dashboard/sign-up`)
    await page.getByLabel('Company or project').focus()
    await page.keyboard.type('Acme & Söhne')
    await page.keyboard.press('Tab')
    await page.keyboard.type('no address')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.getByLabel('E-mail').getAttribute('aria-invalid')).toBe('true')
    await page.getByLabel('E-mail').fill('ada@example.com')
    await page.keyboard.press('Enter')
    await heading(page, 'Applications')
    expect(new URL(page.url()).pathname).toBe('/dashboard')
    expect(await page.evaluate(() => document.cookie)).toBe('')
    // Nothing is offered by the field meanwhile, so that the button is what signs in.
    await visit.setVerified(false)
    await press(page, 'Sign out')
    await heading(page, 'Sign in')
    expect(await findings(page)).toEqual([])
    expect(await page.evaluate(() => localStorage.length)).toBe(0)
    await press(page, 'Sign in with a passkey')
    await page.getByText('The passkey prompt was cancelled').waitFor()
    await visit.setVerified(true)
    await page.getByRole('button', { name: 'Sign in with a passkey' }).focus()
    await page.keyboard.press('Enter')
    await heading(page, 'Applications')
    expect(unexpected(visit)).toEqual([])
    expect([...visit.hosts]).toEqual([new URL(url).host])
    await visit.close()
  })

  it('the field of the sign-in offers passkeys (autofill)', async () => {
    const person = await server.person()
    const visit = await signedIn(person, '')
    await heading(visit.page, 'Applications')
    await visit.context.clearCookies()
    await visit.page.goto(`${url}/dashboard/usage`)
    // The virtual authenticator takes what it is offered at once.
    await heading(visit.page, 'Usage')
    await visit.close()
  })

  it('a sign-up begun elsewhere goes on here, and leads back; one that is over says so', async () => {
    const return_url = `${url}/docs`
    const ip = '192.0.2.77'
    const begin = () =>
      server.call('POST', '/v1/onboarding/start', { body: { user_role: 'maintainer', return_url }, ip })
    const { hosted_url, session_id } = (await begin()).body.data
    const visit = await visitor(browser)
    const { page } = visit
    await page.goto(hosted_url)
    await heading(page, 'Sign up')
    await page.getByLabel('Company or project').fill('Elsewhere')
    await page.getByLabel('E-mail').fill('grace@example.com')
    await press(page, 'Create a passkey')
    await page.waitForURL(return_url)
    expect((await server.call('GET', `/v1/onboarding/${session_id}/status`)).body.data.status).toBe('completed')
    await page.goto(hosted_url)
    await heading(page, 'This sign-up is complete')
    await page.goto(`${url}/dashboard/sign-up/onb_nobodys`)
    await heading(page, 'This sign-up has expired')
    await visit.close()
  })

  it('an application: origins with what the server says at the field, a secret shown once, suspended and deleted', async () => {
    const person = await server.person({ company: 'Acme' })
    const visit = await signedIn(person, '')
    const { page } = visit
    await follow(page, 'New application')
    await heading(page, 'New application')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('New application')
    await page.getByLabel('Name').fill('Shop')
    await page.getByLabel('Origin 1', { exact: true }).fill('http://shop.example.com')
    await press(page, 'Create')
    await page.getByText('Must be https, or http://localhost:<port>.').first().waitFor()
    expect(await page.getByLabel('Origin 1', { exact: true }).getAttribute('aria-invalid')).toBe('true')
    await page.getByLabel('Origin 1', { exact: true }).fill('https://shop.example.com')
    await press(page, 'Create')
    await heading(page, 'Shop was created')
    const first = (await shown(page, 'Client secret')) ?? ''
    const clientId = await shown(page, 'Client ID')
    const tokenWith = (client_secret: string) =>
      server.call('POST', '/oauth/token', {
        body: { grant_type: 'client_credentials', client_id: clientId, client_secret },
      })
    expect((await tokenWith(first)).status).toBe(200)
    await follow(page, 'I have stored it: to the application')
    await heading(page, 'Shop')

    await press(page, 'Add an origin')
    await page.getByLabel('Origin 2', { exact: true }).fill('https://www.example.com/path')
    await press(page, 'Save')
    await page.getByText('Must be scheme, host and port only: https://www.example.com.').first().waitFor()
    expect(await page.getByLabel('Origin 1', { exact: true }).getAttribute('aria-invalid')).toBe(null)
    await page.getByLabel('Origin 2', { exact: true }).fill('https://www.example.com')
    await press(page, 'Save')
    await page.getByText('Saved.').waitFor()

    await page.getByLabel('The secret until now goes on working for').selectOption('0')
    await press(page, 'Rotate the secret')
    await page.getByText('New client secret').waitFor()
    const second = (await shown(page, 'New client secret')) ?? ''
    expect([(await tokenWith(first)).status, (await tokenWith(second)).status]).toEqual([401, 200])
    await press(page, 'I have stored it')
    expect(await page.content()).not.toContain(second)

    await press(page, 'Suspend')
    expect(await dialog(page).getByRole('button', { name: 'Suspend' }).isDisabled()).toBe(true)
    expect(await findings(page)).toEqual([])
    await dialog(page).getByLabel('Type “Shop” to confirm').fill('Shop')
    await page.keyboard.press('Enter')
    await press(page, 'Activate')
    await page.getByRole('button', { name: 'Suspend', exact: true }).waitFor()
    await press(page, 'Delete')
    await dialog(page).getByLabel('Type “Shop” to confirm').fill('Shop')
    await page.keyboard.press('Enter')
    await heading(page, 'Applications')
    await expect.poll(() => page.locator('tbody tr').count()).toBe(1)
    expect(await page.evaluate(() => Object.keys(localStorage))).toEqual(['trymellon.application'])
    expect(unexpected(visit)).toEqual([])
    await visit.close()
  })

  it('users: listed page by page, found, disabled and enabled; a passkey revoked, sessions ended', async () => {
    const person = await server.person()
    const users = await usersOf(person)
    const { device } = await users.register('ada', createAuthenticator())
    for (let i = 0; i < 51; i++) {
      const body = { external_user_id: `user-${i}` }
      await server.call('POST', '/v1/users', { headers: person.headers, body })
    }
    const visit = await signedIn(person, '/users')
    const { page } = visit
    await expect.poll(() => page.locator('tbody tr').count()).toBe(50)
    await press(page, 'Load more')
    await expect.poll(() => page.locator('tbody tr').count()).toBe(52)
    await page.getByLabel('Find by external ID').fill('nobody')
    await page.keyboard.press('Enter')
    await page.getByText('There is no user with this ID.').waitFor()
    await page.getByLabel('Find by external ID').fill('ada')
    await page.keyboard.press('Enter')
    await heading(page, 'ada')
    expect(page.url()).toMatch(/\/users\/[0-9a-f-]{36}$/)

    await press(page, 'Disable')
    await dialog(page).getByRole('button', { name: 'Disable' }).click()
    await press(page, 'Enable')
    await page.getByRole('button', { name: 'Disable', exact: true }).waitFor()
    expect((await users.signIn(device)).status).toBe(200)
    await page.reload()
    await press(page, 'End all sessions')
    await dialog(page).getByRole('button', { name: 'End all sessions' }).click()
    await expect.poll(() => page.getByRole('button', { name: 'End this session' }).count()).toBe(0)
    await page.getByRole('button', { name: /^Revoke Passkey/ }).click()
    await dialog(page)
      .getByRole('button', { name: /Revoke/ })
      .click()
    await page.getByText('revoked').first().waitFor()
    await expect.poll(async () => (await users.signIn(device)).status).not.toBe(200)
    await press(page, 'Erase')
    await dialog(page).getByLabel('Type “erase” to confirm').fill('erase')
    await page.keyboard.press('Enter')
    await heading(page, 'Users')
    expect((await get(person, '/v1/users/ada')).status).toBe(404)
    expect(unexpected(visit)).toEqual([])
    await visit.close()
  })

  it('a locked user is unlocked', async () => {
    const person = await server.person()
    await (await usersOf(person)).register('ada')
    const until = new Date(server.clock().getTime() + 3_600_000)
    await server.database.sql.query('update users set locked_until = $2 where tenant_id = $1', [person.tenantId, until])
    const visit = await signedIn(person, '/users')
    await follow(visit.page, 'ada')
    await press(visit.page, 'Unlock')
    await expect.poll(() => visit.page.getByRole('button', { name: 'Unlock' }).count()).toBe(0)
    expect((await get(person, '/v1/users/ada')).body.data.status).toBe('active')
    await visit.close()
  })

  it('a secret key: confirmed with a passkey, shown once, rotated, revoked with its agent', async () => {
    const person = await server.person()
    const visit = await signedIn(person, '/keys')
    const { page } = visit
    const works = async (key: string | null) => (await server.call('GET', '/v1/users', { token: key ?? '' })).status
    await follow(page, 'New secret key')
    await visit.setVerified(false)
    await page.getByLabel('Name').fill('CI')
    await page.getByLabel('Only some rights').check()
    await page.getByLabel('users:read').check()
    await page.getByLabel('Addresses').fill('192.0.2.5/24')
    await press(page, 'Confirm with a passkey')
    await page.getByText('The passkey prompt was cancelled').waitFor()
    await visit.setVerified(true)
    await press(page, 'Confirm with a passkey')
    await page.getByText('Must have no bits beyond its prefix: write 192.0.2.0/24.').first().waitFor()
    await page.getByLabel('Addresses').fill('192.0.2.0/24, 127.0.0.1 203.0.113.0/24')
    await press(page, 'Confirm with a passkey')
    await heading(page, 'The key “CI”')
    const key = await shown(page, 'Secret key')
    expect(await works(key)).toBe(200)
    await page.getByText('Commands that connect a client').click()
    expect(await findings(page)).toEqual([])
    expect(await shown(page, 'Clients that only start local processes')).toContain(
      `/mcp --header "Authorization: Bearer ${key}"`,
    )
    expect(JSON.stringify(await page.evaluate(() => ({ ...localStorage })))).not.toContain('tm_key_')
    expect(page.url()).not.toContain('tm_key_')
    await follow(page, 'I have stored it: to the keys')
    await page.getByText('users:read').waitFor()
    await page.getByText('192.0.2.0/24, 127.0.0.1, 203.0.113.0/24').waitFor()
    expect(await page.content()).not.toContain(key)

    await press(page, 'Rotate CI')
    await dialog(page).getByLabel('The key until now goes on working for').selectOption('0')
    await dialog(page).getByRole('button', { name: 'Rotate' }).click()
    await dialog(page).getByText('Copy what you need now').waitFor()
    const next = await dialog(page).locator('pre').first().textContent()
    expect([await works(key), await works(next)]).toEqual([401, 200])
    await press(page, 'I have stored it')
    await expect.poll(() => page.content()).not.toContain(next)
    await press(page, 'Revoke CI')
    await dialog(page).getByRole('button', { name: 'Revoke' }).click()
    await page.getByText('revoked').waitFor()
    expect(await works(next)).toBe(401)

    await follow(page, 'Agents')
    await press(page, 'Revoke CI')
    await page.keyboard.press('Escape')
    await expect.poll(() => dialog(page).count()).toBe(0)
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Revoke CI')
    await press(page, 'Revoke CI')
    await dialog(page).getByRole('button', { name: 'Revoke' }).click()
    await page.getByText('revoked').waitFor()
    expect(unexpected(visit)).toEqual([])
    await visit.close()
  })

  it('the audit log: filtered, linked to its users, exported', async () => {
    const person = await server.person()
    const users = await usersOf(person)
    const { data } = await users.register('ada')
    const visit = await signedIn(person, '/audit')
    const { page } = visit
    await expect.poll(() => page.locator('tbody tr').count()).toBeGreaterThan(5)
    await page.getByLabel('Event').selectOption('passkey.registered')
    await page.getByLabel('User ID').fill(data.user.user_id)
    await press(page, 'Apply')
    await expect.poll(() => page.locator('tbody tr').count()).toBe(1)
    const saved = page.waitForEvent('download')
    await press(page, 'Export as CSV')
    const file = readFileSync(await (await saved).path(), 'utf8')
    expect(file.trim().split('\n')).toHaveLength(2)
    expect(file).toContain('passkey.registered')
    await page.getByLabel('Outcome').selectOption('failure')
    await press(page, 'Apply')
    await page.getByText('Nothing fits.').waitFor()
    await page.getByLabel('User ID').fill('ada')
    await press(page, 'Apply')
    await expect.poll(() => page.getByLabel('User ID').getAttribute('aria-invalid')).toBe('true')
    await press(page, 'Clear')
    await page.getByRole('link', { name: data.user.user_id }).first().click()
    await heading(page, 'ada')
    expect(unexpected(visit)).toEqual([])
    await visit.close()
  })

  it('usage: a plot of the last months, and the same figures in a table', async () => {
    const person = await server.person()
    await (await usersOf(person)).register('ada')
    const visit = await signedIn(person, '/usage')
    const { page } = visit
    const plot = page.getByRole('img', { name: /^Active users/ })
    await plot.waitFor()
    expect(await plot.locator('.bar').count()).toBe(6)
    expect(await page.locator('tbody tr').first().locator('td').nth(1).textContent()).toBe('1')
    const month = await page.getByLabel('Up to the month').locator('option').nth(1).getAttribute('value')
    await page.getByLabel('Up to the month').selectOption(month)
    await expect.poll(() => page.locator('tbody tr').first().locator('td').nth(1).textContent()).toBe('0')
    expect(unexpected(visit)).toEqual([])
    await visit.close()
  })

  it('a code that a program shows is entered here and decided on the approval page', async () => {
    const person = await server.person()
    const codes = await askForCode(server)
    const visit = await signedIn(person, '/connect')
    const { page } = visit
    await page.getByLabel('The code that the program shows').fill(codes.user_code)
    await page.keyboard.press('Enter')
    await page.locator('#review').waitFor({ state: 'visible' })
    await page.click('#approve')
    await page.locator('#done').waitFor({ state: 'visible' })
    expect((await pollWith(server, codes.device_code)).status).toBe(200)
    await visit.close()
  })

  it('several applications: each screen is about the chosen one', async () => {
    const person = await server.person({ company: 'First' })
    const body = { name: 'Second', allowed_origins: [ORIGIN] }
    const made = await server.call('POST', '/v1/applications', { headers: person.headers, body })
    const { id, client_id: clientId } = made.body.data
    await browserOf(server, { clientId }).register('in-second')
    const visit = await signedIn(person, '/users')
    const { page } = visit
    await page.getByLabel('Application', { exact: true }).selectOption({ label: 'First' })
    await page.getByText('Nobody has registered a passkey yet.').waitFor()
    await page.getByLabel('Application', { exact: true }).selectOption(id)
    await follow(page, 'in-second')
    await heading(page, 'in-second')
    await page.getByLabel('Application', { exact: true }).selectOption({ label: 'First' })
    await heading(page, 'Users')
    await visit.close()
  })

  it('a session that ends elsewhere leads to the sign-in, and back to what was there', async () => {
    const person = await server.person()
    const visit = await signedIn(person, '/account')
    const { page } = visit
    // A browser that offers nothing by the field: a virtual authenticator would take the offer before the button.
    await page.evaluate(() => {
      PublicKeyCredential.isConditionalMediationAvailable = async () => false
    })
    await heading(page, 'Account')
    await server.call('DELETE', '/v1/dashboard/session', { headers: person.headers })
    await follow(page, 'Agents')
    await page.getByText('Your session has ended. Sign in to go on.').waitFor()
    await press(page, 'Sign in with a passkey')
    await heading(page, 'Agents')
    await visit.close()
  })

  it('a viewer is shown everything and offered no change', async () => {
    const tenant = await server.tenant()
    const { cookie = '' } = await server.present(tenant, { kind: 'user', role: 'viewer' })
    const visit = await withCookie(cookie, `/applications/${tenant.applicationId}`)
    const { page } = visit
    for (const path of [`/applications/${tenant.applicationId}`, '', '/users', '/keys', '/agents', '/account']) {
      await page.goto(`${url}/dashboard${path}`)
      await heading(page, /./)
      expect(await page.locator('button.danger, a.button').count()).toBe(0)
    }
    await visit.close()
  })

  it('what is not there, or not of the chosen application, says so', async () => {
    const person = await server.person()
    const visit = await signedIn(person, '/applications/app_nobodys')
    await heading(visit.page, 'Not found')
    await visit.page.goto(`${url}/dashboard/users/0190c2f0-0000-7000-8000-000000000000`)
    await heading(visit.page, 'Not found')
    await visit.page.goto(`${url}/dashboard/keys/new/beyond`)
    await heading(visit.page, 'There is nothing here')
    await visit.close()
  })

  it('by keyboard: past the menu, into a screen, and back', async () => {
    const person = await server.person()
    const visit = await signedIn(person, '')
    const { page } = visit
    await heading(page, 'Applications')
    const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent)
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('Skip to content')
    await page.keyboard.press('Enter')
    await expect.poll(focused).toBe('main')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await heading(page, 'Acme')
    await expect.poll(focused).toBe('Acme')
    await page.goBack()
    await heading(page, 'Applications')
    expect(await page.title()).toBe('Applications · TryMellon')
    await visit.close()
  })

  it('security 227: hostile names are inert text on every screen', async () => {
    const person = await server.person({ company: hostile })
    const users = await usersOf(person)
    const { data } = await users.register(hostile)
    const visit = await signedIn(person, '')
    const { page } = visit
    let dialogs = 0
    page.on('dialog', (box) => {
      dialogs += 1
      void box.dismiss()
    })
    for (const path of [
      '',
      `/applications/${person.applicationId}`,
      '/users',
      `/users/${data.user.user_id}`,
      '/audit',
      '/account',
    ]) {
      await page.goto(`${url}/dashboard${path}`)
      await heading(page, /./)
      await expect.poll(() => page.locator('body').textContent()).toContain(hostile)
      expect(await page.locator('body script, body img').count()).toBe(0)
    }
    expect([dialogs, unexpected(visit)]).toEqual([0, []])
    await visit.close()
  })

  it('security 227: every screen passes axe in light and dark under its strict policy, and fits a phone', async () => {
    const person = await server.person()
    const users = await usersOf(person)
    const { data } = await users.register('a-very-long-external-id-of-somebody@some-company.example.com')
    await approved(server, person, { agent_name: 'Builder' })
    const visit = await signedIn(person, '')
    const { page } = visit
    const screens = [
      '',
      `/applications/${person.applicationId}`,
      '/applications/new',
      '/users',
      `/users/${data.user.user_id}`,
      '/keys',
      '/keys/new',
      '/agents',
      '/audit',
      '/usage',
      '/connect',
      '/account',
      '/nowhere',
      '/sign-up',
    ]
    for (const path of screens) {
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
    expect([...visit.hosts]).toEqual([new URL(url).host])
    await visit.close()
  }, 90_000)

  it('on a phone the menu opens and closes, and every target is at least 44 px high', async () => {
    const person = await server.person()
    const visit = await signedIn(person, '')
    const { page } = visit
    await page.setViewportSize({ width: 360, height: 740 })
    // There is a menu to be closed only once the screen is there.
    await heading(page, 'Applications')
    expect(await page.getByRole('navigation').isVisible()).toBe(false)
    await press(page, 'Menu')
    await page.getByRole('navigation').waitFor({ state: 'visible' })
    const heights = await page
      .locator('nav a, button')
      .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height).filter((height) => height > 0))
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(44)
    await follow(page, 'Usage')
    await heading(page, 'Usage')
    expect(await page.getByRole('navigation').isVisible()).toBe(false)
    await visit.close()
  })
})

describe.skipIf(!testBrowser)('the dashboard under SIGNUPS', again, () => {
  it('closed: whoever wants to sign up reads that', async () => {
    const browser = await launch()
    const { server, url } = await serve({ SIGNUPS: 'closed' })
    const visit = await visitor(browser)
    await visit.page.goto(`${url}/dashboard/sign-up`)
    await press(visit.page, 'Create a passkey')
    await expect.poll(() => visit.page.locator('.alert').textContent()).toBe('This server takes no new accounts.')
    expect(await visit.credentials()).toEqual([])
    await visit.close()
    await server.close()
    await browser.close()
  })

  it('agents 185: somebody on the wait-list sees that, and nothing else', async () => {
    const browser = await launch()
    const { server, url } = await serve({ SIGNUPS: 'waitlist' })
    const visit = await visitor(browser)
    const { page } = visit
    await page.goto(`${url}/dashboard/sign-up`)
    await page.getByLabel('Company or project').fill('Acme')
    await page.getByLabel('E-mail').fill('early@example.com')
    await press(page, 'Create a passkey')
    await heading(page, "You're on the Waitlist")
    await page.goto(`${url}/dashboard/keys/new`)
    await heading(page, "You're on the Waitlist")
    expect(await page.getByRole('link').count()).toBe(0)
    expect(await findings(page)).toEqual([])
    await visit.close()
    await server.close()
    await browser.close()
  })
})
