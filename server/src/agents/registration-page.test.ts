import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tokenOf, verify, verifyLink } from '../../test/agent-registration.ts'
import { type Answer, freshAddress, type TestApp, testApp } from '../../test/harness.ts'
import { pageHeaders } from '../pages/page.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp({ RATE_LIMIT_OVERRIDES: '{"agent_email_ip":{"points":1000}}' })
})
afterAll(() => server.close())

const browser = { accept: 'text/html,*/*;q=0.8', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' }
const form = 'application/x-www-form-urlencoded'

const cookieOf = (answer: Answer): string => String(answer.headers['set-cookie'] ?? '').split(';', 1)[0] ?? ''
const fieldOf = (answer: Answer, name: string): string =>
  answer.text.match(new RegExp(`name="${name}" value="([^"]*)"`))?.[1] ?? ''

const open = (path: string, headers: Record<string, string> = {}) =>
  server.call('GET', path, { headers: { ...browser, ...headers }, ip: freshAddress() })

/** What a browser sends for the button: `Origin: null`, because the page gives no referrer. */
const press = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
  server.call('POST', '/api/agents/verify', {
    body: new URLSearchParams(fields).toString(),
    headers: { ...browser, 'content-type': form, origin: 'null', 'sec-fetch-site': 'same-origin', ...headers },
    ip: freshAddress(),
  })

function expectPage(answer: Answer, status: number): void {
  expect([answer.status, answer.headers['content-type']]).toEqual([status, 'text/html; charset=utf-8'])
  for (const [name, value] of Object.entries(pageHeaders)) expect(answer.headers[name]).toBe(value)
  expect(answer.text).not.toMatch(/<style|style=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:/)
}

describe('agents 139: the page with the button', () => {
  it('makes the key when it is pressed, shows it once, and is used up', async () => {
    const token = await tokenOf(server)
    const page = await open(`/api/agents/verify?token=${token}`)
    expectPage(page, 200)
    expect(page.headers['set-cookie']).toMatch(
      /^__Host-tm_form=[0-9A-Za-z]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict$/,
    )
    const fields = { token: fieldOf(page, 'token'), csrf: fieldOf(page, 'csrf') }
    expect(fields.token).toBe(token)
    const done = await press(fields, { cookie: cookieOf(page) })
    expectPage(done, 200)
    const [key = ''] = done.text.match(/\btm_key_[0-9A-Za-z]{49}\b/) ?? []
    expect((await server.call('GET', '/v1/applications', { token: key })).status).toBe(200)
    expect(done.text.indexOf('claude mcp add --transport http')).toBeGreaterThan(done.text.indexOf('export TRYMELLON'))

    const again = await press(fields, { cookie: cookieOf(page) })
    expectPage(again, 410)
    expect(again.text).toContain('has been used')
    expect(again.text).not.toContain('tm_key_')
  })

  it('the page that the mail’s link opens knows no token, and its module takes it from the fragment', async () => {
    const page = await open('/agents/confirm')
    expectPage(page, 200)
    expect(page.text).toContain('<script type="module" src="/assets/agent-confirm.js"></script>')
    expect(page.text).not.toContain('emt_')
    const module = await open('/assets/agent-confirm.js')
    expect([module.status, module.headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8'])
    const done = await press({ token: await tokenOf(server), csrf: fieldOf(page, 'csrf') }, { cookie: cookieOf(page) })
    expectPage(done, 200)
  })

  it('several tabs share one cookie', async () => {
    const first = await open('/agents/confirm')
    const second = await open('/agents/confirm', { cookie: cookieOf(first) })
    expect(second.headers['set-cookie']).toBeUndefined()
    expect(fieldOf(second, 'csrf')).toBe(fieldOf(first, 'csrf'))
  })

  it('asks for the registration secret on a strict server', async () => {
    const strict = await testApp({ EMAIL_VERIFY_STRICT: 'on' })
    for (const path of ['/agents/confirm', '/api/agents/verify?token=x']) {
      const page = await strict.call('GET', path, { headers: browser })
      expect(page.text).toContain('name="registration_secret"')
    }
    await strict.close()
    expect((await open('/agents/confirm')).text).not.toContain('registration_secret')
  })

  it.each(['"><script>alert(1)</script>', "' autofocus onfocus='alert(1)", 'Call 0800 123 456 to get your key'])(
    'security 227: what is no token, such as %s, is not on the page in any form',
    async (token) => {
      const page = await open(`/api/agents/verify?token=${encodeURIComponent(token)}`)
      expectPage(page, 200)
      expect(page.text).toBe((await open('/api/agents/verify', { cookie: cookieOf(page) })).text)
    },
  )
})

describe('the form of another site', () => {
  it.each<[string, { cookie?: string; csrf?: string; headers?: Record<string, string> }]>([
    ['without the field', { csrf: '' }],
    ['with a made-up field', { csrf: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
    ['without the cookie', { cookie: '' }],
    ['with a cookie of its own', { cookie: `__Host-tm_form=${'a'.repeat(43)}` }],
    ['from another origin', { headers: { origin: 'https://evil.example' } }],
    ['that the browser knows as another site’s', { headers: { 'sec-fetch-site': 'cross-site' } }],
    ['on a neighbouring host', { headers: { 'sec-fetch-site': 'same-site' } }],
  ])('%s → 403, and the token stays good', async (_what, { cookie, csrf, headers }) => {
    const token = await tokenOf(server)
    const page = await open('/agents/confirm')
    const refused = await press(
      { token, csrf: csrf ?? fieldOf(page, 'csrf') },
      { cookie: cookie ?? cookieOf(page), ...headers },
    )
    expectPage(refused, 403)
    expect((await verify(server, { token })).status).toBe(200)
  })

  it('that hides that it is a browser’s is one by its Origin', async () => {
    const token = await tokenOf(server)
    const refused = await server.call('POST', '/api/agents/verify', {
      body: `token=${token}`,
      headers: { 'content-type': form, accept: '*/*', origin: 'https://evil.example' },
      ip: freshAddress(),
    })
    expectPage(refused, 403)
    expect((await verifyLink(server, token)).status).toBe(200)
  })

  it('locked out after too many failures, it says when to come back', async () => {
    const page = await open('/agents/confirm')
    const ip = freshAddress()
    let last: Answer | undefined
    for (let i = 0; i < 21; i++) {
      last = await server.call('POST', '/api/agents/verify', {
        body: new URLSearchParams({ token: 'x', csrf: fieldOf(page, 'csrf') }).toString(),
        headers: { ...browser, 'content-type': form, 'sec-fetch-site': 'same-origin', cookie: cookieOf(page) },
        ip,
      })
    }
    expectPage(last as Answer, 429)
    expect(last?.headers['retry-after']).toMatch(/^[1-9]\d*$/)
  })
})
