import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { purgeUnusedClients } from '../../src/clients/purge.ts'
import { addSeconds } from '../../src/platform/time.ts'
import { agentScopeNames } from '../../src/scopes.ts'
import { join, pay } from '../account.ts'
import { approvalPage, approved, askForCode, DEVICE_GRANT, form, pollWith } from '../device-flow.ts'
import { type Answer, freshAddress, type TestApp, testApp } from '../harness.ts'
import { refresh } from '../oauth-client.ts'
import type { PersonAt } from '../people.ts'

let server: TestApp
let person: PersonAt
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const somebody = async () => {
  person ??= await server.person()
  return person
}
const sql = () => server.database.sql
const errorOf = ({ status, body }: Answer) => [status, body.error]
const postCode = (options: Parameters<TestApp['call']>[2] = {}) =>
  server.call('POST', '/device/code', { ip: freshAddress(), ...options })
const userCode = /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/

describe('D. the device authorization request', () => {
  it('agents 56: a form with client_id → 200 with the documented members', async () => {
    const { status, body } = await postCode(form({ client_id: 'cli_agent' }))
    expect(status).toBe(200)
    expect(Object.keys(body)).toEqual([
      'device_code',
      'user_code',
      'verification_uri',
      'verification_uri_complete',
      'expires_in',
      'interval',
      'qr_code',
    ])
  })

  it('agents 57: {}, a content type without a body, and nothing at all → 200', async () => {
    const headers = { 'content-type': 'application/json' }
    for (const options of [{ body: {} }, { headers }, {}, { body: '', headers }, form({})]) {
      const { status, body } = await postCode(options)
      expect([status, body.interval]).toEqual([200, 5])
    }
    const [row] = await sql().query('select client_id, scopes from device_requests order by created_at desc limit 1')
    expect(row).toEqual({ client_id: 'cli_agent', scopes: ['full_access'] })
  })

  it('agents 58: an unknown client → 401 invalid_client', async () => {
    for (const client_id of ['cli_unknown', 'cli_agentX', 'https://client.example/metadata']) {
      expect(errorOf(await postCode({ body: { client_id } }))).toEqual([401, 'invalid_client'])
    }
    expect(errorOf(await postCode({ body: { client_id: 'cli_agent', client_secret: 'x' } }))).toEqual([
      401,
      'invalid_client',
    ])
  })

  it('agents 59: a client whose application switched the flow off, or a server that did → 400 unauthorized_client', async () => {
    const tenant = await server.tenant({ settings: { device_flow: false } })
    const client = { client_id: tenant.clientId, client_secret: tenant.clientSecret }
    expect(errorOf(await postCode({ body: client }))).toEqual([400, 'unauthorized_client'])
    const off = await testApp({ DEVICE_FLOW: 'false' }, { database: server.database })
    expect(errorOf(await off.call('POST', '/device/code'))).toEqual([400, 'unauthorized_client'])
    expect(errorOf(await pollWith(off, 'dvc_x'))).toEqual([400, 'unauthorized_client'])
    await off.close()
  })

  it('agents 60, 61, 63, 64: interval, life, addresses without the code, 256 bits, no-store', async () => {
    const { body, headers } = await postCode()
    expect([body.interval, body.expires_in]).toEqual([5, 900])
    expect(body.verification_uri).toBe('https://auth.example.com/device')
    expect(body.verification_uri_complete).toBe(`${body.verification_uri}?code=${body.user_code}`)
    expect(body.user_code).toMatch(userCode)
    expect(body.device_code).toMatch(/^dvc_[0-9A-Za-z]{49}$/)
    expect([headers['cache-control'], headers.pragma]).toEqual(['no-store', 'no-cache'])
    const [{ text } = { text: '' }] = await sql().query<{ text: string }>(
      `select string_agg(d::text, ' ') as text from device_requests d`,
    )
    expect(text).not.toContain(body.device_code)
    expect(text).not.toContain(body.user_code)
    expect(text).not.toContain(body.user_code.replace('-', ''))
    expect(server.lines.join('\n')).not.toContain(body.user_code)
    expect(server.lines.join('\n')).not.toContain(body.device_code)
  })

  it('agents 66: unknown, malformed and disallowed scopes → 400 invalid_scope', async () => {
    for (const scope of ['nothing', 'users:read nothing', 'users:read  users:write', 'a"b']) {
      expect(errorOf(await postCode({ body: { scope } }))).toEqual([400, 'invalid_scope'])
    }
    expect((await postCode({ body: { scope: agentScopeNames.join(' ') } })).status).toBe(200)
    const tenant = await server.tenant()
    const owner = await server.present(tenant, { kind: 'user', role: 'owner' })
    const patch = { headers: owner, body: { allowed_scopes: ['users:read'] } }
    expect((await server.call('PATCH', `/v1/applications/${tenant.applicationId}`, patch)).status).toBe(200)
    const client = { client_id: tenant.clientId, client_secret: tenant.clientSecret }
    for (const scope of ['full_access', 'users:write']) {
      expect(errorOf(await postCode({ body: { ...client, scope } }))).toEqual([400, 'invalid_scope'])
    }
    expect((await postCode({ body: client })).status).toBe(200)
    const [row] = await sql().query('select scopes from device_requests where client_id = $1', [tenant.clientId])
    expect(row).toEqual({ scopes: ['users:read'] })
  })

  it('an unknown resource → 400 invalid_target', async () => {
    for (const resource of ['https://auth.example.com/other', '/mcp', 'https://auth.example.com/mcp#x']) {
      expect(errorOf(await postCode({ body: { resource } }))).toEqual([400, 'invalid_target'])
    }
    expect((await postCode({ body: { resource: 'https://auth.example.com/mcp' } })).status).toBe(200)
  })

  it('agents 67: the eleventh in an hour from one address → 429 with Retry-After, in JSON', async () => {
    const ip = freshAddress()
    for (let i = 0; i < 10; i += 1) expect((await postCode({ ip })).status).toBe(200)
    const refused = await postCode({ ip })
    expect(errorOf(refused)).toEqual([429, 'rate_limit_exceeded'])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(3000)
  })

  it('agents 68: names that are too long or hold control or direction characters → 400 invalid_request', async () => {
    for (const agent_name of ['x'.repeat(81), 'a\u0007b', 'evil\u202egnp.exe', 'a\nb', '']) {
      const answer = await postCode({ body: { agent_name } })
      expect([agent_name, ...errorOf(answer)]).toEqual(
        agent_name === '' ? ['', 200, undefined] : [agent_name, 400, 'invalid_request'],
      )
    }
  })

  it('agents 69: two requests → different codes, and the first stays valid', async () => {
    const [one, two] = [await askForCode(server), await askForCode(server)]
    expect(one.device_code).not.toBe(two.device_code)
    expect(one.user_code).not.toBe(two.user_code)
    for (const { device_code } of [one, two])
      expect(errorOf(await pollWith(server, device_code))).toEqual([400, 'authorization_pending'])
  })

  it('repeated and unknown parameters, and bodies of other types', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    expect(errorOf(await postCode({ body: 'scope=a&scope=b', headers }))).toEqual([400, 'invalid_request'])
    expect((await postCode({ body: { unknown: 'x', scope: '' } })).status).toBe(200)
    expect(errorOf(await postCode({ body: 'x', headers: { 'content-type': 'text/plain' } }))).toEqual([
      415,
      'invalid_request',
    ])
  })
})

describe('E. the device token request', () => {
  it('agents 70, 71, 76: a poll right after issue → authorization_pending in the published words, without a challenge', async () => {
    const { device_code } = await askForCode(server)
    const answer = await pollWith(server, device_code)
    expect([answer.status, answer.body]).toEqual([
      400,
      { error: 'authorization_pending', error_description: 'User has not yet authorized' },
    ])
    expect(answer.headers['www-authenticate']).toBeUndefined()
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  it('agents 72, 73: too fast → slow_down with the new interval; obeying it → authorization_pending', async () => {
    const { device_code } = await askForCode(server)
    await pollWith(server, device_code)
    server.clock.advance(1)
    const fast = await pollWith(server, device_code)
    expect([fast.status, fast.body]).toEqual([
      400,
      { error: 'slow_down', error_description: 'Please wait before polling again', interval: 10 },
    ])
    expect(fast.headers['www-authenticate']).toBeUndefined()
    server.clock.advance(10)
    expect(errorOf(await pollWith(server, device_code))).toEqual([400, 'authorization_pending'])
  })

  it('agents 74: a cadence of 5 s for 60 polls is always served', async () => {
    const { device_code } = await askForCode(server)
    for (let i = 0; i < 60; i += 1) {
      expect(errorOf(await pollWith(server, device_code))).toEqual([400, 'authorization_pending'])
      server.clock.advance(5 + (i % 2 === 0 ? 0.2 : -0.2))
    }
  })

  it('agents 75, 77: a poll every 100 ms never ends the flow, and the approval is delivered to the next, early one', async () => {
    const { device_code, user_code } = await askForCode(server)
    let interval = 0
    for (let i = 0; i < 40; i += 1) {
      const { body } = await pollWith(server, device_code)
      interval = body.interval ?? interval
      server.clock.advance(0.1)
    }
    expect(interval).toBe(60)
    expect((await approvalPage(server, await somebody()).approve(user_code)).status).toBe(200)
    expect((await pollWith(server, device_code)).status).toBe(200)
  })

  it('agents 78, 88, 151: the key and the token work; the body is the published one, at both endpoints', async () => {
    const who = await somebody()
    for (const path of ['/device/token', '/oauth/token']) {
      const { device_code } = await approved(server, who, { agent_name: 'Builder' })
      const { status, body } = await pollWith(server, device_code, { path })
      expect([status, Object.keys(body).sort()]).toEqual([
        200,
        ['access_token', 'expires_in', 'key_preview', 'scope', 'secret_key', 'setup', 'token_type'],
      ])
      expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'full_access' })
      expect(body.secret_key).toMatch(/^tm_key_[0-9A-Za-z]{49}$/)
      expect(body.setup.env_var).toContain(body.secret_key)
      for (const token of [body.secret_key, body.access_token]) {
        const list = await server.call('GET', '/v1/users', { token, headers: { 'x-app-id': who.applicationId } })
        expect([list.status, list.text]).toEqual([200, list.text])
      }
      const claims = JSON.parse(Buffer.from(body.access_token.split('.')[1], 'base64url').toString())
      expect(claims).toMatchObject({ sub: who.personId, act: { sub: expect.stringMatching(/^agt_/) } })
    }
  })

  it('agents 79: the same device code again → invalid_grant, and no second key exists', async () => {
    const who = await server.person()
    const { device_code } = await approved(server, who)
    expect((await pollWith(server, device_code)).status).toBe(200)
    for (let i = 0; i < 3; i += 1) expect(errorOf(await pollWith(server, device_code))).toEqual([400, 'invalid_grant'])
    const [{ n } = { n: 0 }] = await sql().query<{ n: number }>(
      'select count(*)::int as n from secret_keys where account_id = $1',
      [who.accountId],
    )
    expect(n).toBe(1)
  })

  it('agents 80: ten parallel polls after approval → exactly one 200', async () => {
    const { device_code } = await approved(server, await somebody())
    const answers = await Promise.all(Array.from({ length: 10 }, () => pollWith(server, device_code)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ body }) => body.error === 'invalid_grant')).toHaveLength(9)
  })

  it('agents 81, 101: denied without a passkey → access_denied on every later poll; the denial is final', async () => {
    const page = approvalPage(server, await somebody())
    const { device_code, user_code } = await askForCode(server)
    const csrf_token = await page.csrf(user_code)
    const proof = await page.prove(user_code)
    expect((await page.deny(user_code)).status).toBe(200)
    for (let i = 0; i < 3; i += 1) {
      const { status, body } = await pollWith(server, device_code)
      expect([status, body]).toEqual([
        400,
        { error: 'access_denied', error_description: 'User denied the authorization request' },
      ])
    }
    const late = await page.post('/device/approve', { user_code, csrf_token, ...proof })
    expect(errorOf(late)).toEqual([400, 'invalid_user_code'])
    expect(errorOf(await pollWith(server, device_code))).toEqual([400, 'access_denied'])
  })

  it('agents 82, 102: after 15 minutes → expired_token, approved or not, and nothing can be approved', async () => {
    const page = approvalPage(server, await somebody())
    const [open, left] = [await askForCode(server), await approved(server, await somebody())]
    server.clock.advance(900)
    for (const { device_code } of [open, left])
      expect(errorOf(await pollWith(server, device_code))).toEqual([400, 'expired_token'])
    const shown = await page.look(open.user_code)
    expect([shown.status, shown.body.error.code]).toEqual([400, 'invalid_user_code'])
  })

  it('agents 83, 84, 86, 87: unknown code, user code, no code, other grant', async () => {
    const { user_code, device_code } = await askForCode(server)
    for (const code of [`${device_code.slice(0, -1)}${device_code.endsWith('0') ? '1' : '0'}`, user_code, 'x']) {
      expect(errorOf(await pollWith(server, code))).toEqual([400, 'invalid_grant'])
    }
    expect(errorOf(await pollWith(server, ''))).toEqual([400, 'invalid_request'])
    expect(errorOf(await pollWith(server, '', { path: '/oauth/token' }))).toEqual([400, 'invalid_request'])
    const body = { grant_type: 'client_credentials', device_code }
    const other = await server.call('POST', '/device/token', { body })
    expect(errorOf(other)).toEqual([400, 'unsupported_grant_type'])
    const none = await server.call('POST', '/device/token', { body: { device_code } })
    expect(errorOf(none)).toEqual([400, 'invalid_request'])
  })

  it('agents 85, 89, 152: the code of client A at client B or without authentication is refused, and A goes on', async () => {
    const who = await somebody()
    const [a, b] = [await server.tenant(), await server.tenant()]
    await join(server, a, { ...a, tenantId: who.tenantId })
    const [mine, theirs] = [a, b].map((tenant) => ({ client_id: tenant.clientId, client_secret: tenant.clientSecret }))
    const { device_code, user_code } = await askForCode(server, { ...mine, scope: 'users:read' })
    expect(errorOf(await pollWith(server, device_code, theirs))).toEqual([400, 'invalid_grant'])
    expect(errorOf(await pollWith(server, device_code, { client_id: a.clientId }))).toEqual([401, 'invalid_client'])
    expect(errorOf(await pollWith(server, device_code))).toEqual([400, 'invalid_grant'])
    expect(errorOf(await pollWith(server, device_code, mine))).toEqual([400, 'authorization_pending'])
    expect((await approvalPage(server, who).approve(user_code)).status).toBe(200)
    const { status, body } = await pollWith(server, device_code, mine)
    expect([status, body.scope]).toEqual([200, 'users:read'])
  })

  it('agents 90: 30 unknown codes from one address → 429 with Retry-After; a real one goes on', async () => {
    const ip = freshAddress()
    const { device_code } = await askForCode(server)
    for (let i = 0; i < 30; i += 1)
      expect(errorOf(await pollWith(server, 'guess', { ip }))).toEqual([400, 'invalid_grant'])
    const refused = await pollWith(server, 'guess', { ip })
    expect(errorOf(refused)).toEqual([429, 'rate_limit_exceeded'])
    expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/)
    expect(errorOf(await pollWith(server, device_code, { ip }))).toEqual([400, 'authorization_pending'])
  })

  it.each<[string, (who: PersonAt) => Promise<unknown>]>([
    ['wait-listed', (who) => sql().query(`update accounts set status = 'waitlisted' where id = $1`, [who.accountId])],
    ['disabled', (who) => sql().query(`update accounts set status = 'disabled' where id = $1`, [who.accountId])],
    [
      'disabled as a person',
      (who) => sql().query(`update users set status = 'disabled' where id = $1::uuid`, [who.personId]),
    ],
    ['gone from the account', (who) => sql().query('delete from members where person_id = $1::uuid', [who.personId])],
    [
      'signed out',
      (who) => server.call('DELETE', '/v1/dashboard/session', { headers: who.headers, ip: freshAddress() }),
    ],
  ])(
    'agents 91, security 159: approver %s between approval and redemption → access_denied, and no key',
    async (_name, end) => {
      const who = await server.person()
      const { device_code } = await approved(server, who)
      await end(who)
      for (let i = 0; i < 2; i += 1) {
        const { status, body } = await pollWith(server, device_code)
        expect([status, body]).toEqual([400, { error: 'access_denied', error_description: 'Account is not admitted' }])
      }
      const keys = await sql().query('select 1 from secret_keys where account_id = $1', [who.accountId])
      expect(keys).toEqual([])
    },
  )

  it('security 153: a scope taken from the client between approval and poll → invalid_scope, and no key', async () => {
    const who = await server.person()
    const tenant = await pay(server, await server.tenant())
    await join(server, tenant, { ...tenant, tenantId: who.tenantId })
    const client = { client_id: tenant.clientId, client_secret: tenant.clientSecret }
    const { device_code, user_code } = await askForCode(server, { ...client, scope: 'users:read users:write' })
    expect((await approvalPage(server, who).approve(user_code)).status).toBe(200)
    const patch = { headers: who.headers, body: { allowed_scopes: ['users:read'] } }
    const changed = await server.call('PATCH', `/v1/applications/${tenant.applicationId}`, patch)
    expect([changed.status, changed.text]).toEqual([200, changed.text])
    expect(errorOf(await pollWith(server, device_code, client))).toEqual([400, 'invalid_scope'])
    expect(await sql().query('select 1 from secret_keys where account_id = $1', [who.accountId])).toEqual([])
  })
})

describe('F. approval', () => {
  it('agents 94: shows who asks, from where and when, and all it would get; looking approves nothing', async () => {
    const who = await server.person()
    const codes = await askForCode(server, { agent_name: '<b>Builder</b>' }, { ip: '192.0.2.44' })
    const { status, body } = await approvalPage(server, who).look(codes.user_code)
    expect([status, body.data]).toEqual([
      200,
      {
        user_code: codes.user_code,
        agent_name: '<b>Builder</b>',
        client_name: null,
        scopes: [{ scope: 'full_access', about: 'everything in your account' }],
        choices: expect.arrayContaining([{ scope: 'users:read', about: 'read users' }]),
        ip_address: '192.0.2.44',
        same_network: false,
        requested_at: server.clock().toISOString(),
        expires_in: 300,
        claim: null,
        account: { name: 'Acme', person: who.address },
        applications: [{ id: who.applicationId, name: expect.any(String) }],
        csrf_token: expect.any(String),
      },
    ])
    expect(errorOf(await pollWith(server, codes.device_code))).toEqual([400, 'authorization_pending'])
  })

  it('agents 95: lower case, spaces and a missing hyphen are accepted; 0, O, 1 and I are no valid code, and no guess', async () => {
    const who = await server.person()
    const page = approvalPage(server, who)
    const { user_code } = await askForCode(server)
    for (const typed of [user_code.toLowerCase(), user_code.replace('-', ''), ` ${user_code.replace('-', ' ')} `]) {
      expect((await page.look(typed)).status).toBe(200)
    }
    for (let i = 0; i < 8; i += 1) {
      const { status, body } = await page.look(`${user_code.slice(0, 8)}${'0O1I'[i % 4]}`)
      expect([status, body.error.code]).toEqual([400, 'invalid_user_code'])
    }
    expect((await page.look(user_code)).status).toBe(200)
  })

  it('agents 96: five wrong codes lock the account for a quarter of an hour; wrong, expired and used say the same', async () => {
    const used = await approved(server, await somebody())
    const expired = await askForCode(server)
    await sql().query(`update device_requests set expires_at = $1 where status = 'pending'`, [server.clock()])
    const who = await server.person()
    const page = approvalPage(server, who)
    const answers = [await page.look(used.user_code), await page.look(expired.user_code), await page.look('BBBB-BBBB')]
    for (const { status, body } of answers) expect([status, body]).toEqual([400, answers[0]?.body])
    for (let i = 0; i < 2; i += 1) await page.look(used.user_code)
    const fresh = await askForCode(server)
    const refused = await page.look(fresh.user_code)
    expect([refused.status, refused.body.error.code]).toEqual([429, 'rate_limit_exceeded'])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(800)
    const rows = await sql().query<{ metadata: object; success: boolean }>(
      `select metadata, success from audit_logs where tenant_id = $1 and event = 'device.code_failed'`,
      [who.tenantId],
    )
    expect(rows).toEqual([{ metadata: { attempts: 1 }, success: false }])
    expect((await approvalPage(server, await somebody()).look(fresh.user_code)).status).toBe(200)
  })

  it('agents 97, security 156: without the page’s token, with another’s, or from another origin → 403, and nothing changes', async () => {
    const [who, other] = [await somebody(), await server.person()]
    const page = approvalPage(server, who)
    const [codes, elsewhere] = [await askForCode(server), await askForCode(server)]
    const { user_code } = codes
    const csrf_token = await page.csrf(user_code)
    const attempts: [string, object, Record<string, string>][] = [
      ['none', {}, who.headers],
      ['garbage', { csrf_token: 'x' }, who.headers],
      ['of another code', { csrf_token: await page.csrf(elsewhere.user_code) }, who.headers],
      ['of another session', { csrf_token: await approvalPage(server, other).csrf(user_code) }, who.headers],
      ['foreign origin', { csrf_token }, { ...who.headers, origin: 'https://evil.example' }],
      ['no origin', { csrf_token }, { cookie: who.headers.cookie }],
    ]
    for (const path of ['/device/approve', '/device/deny']) {
      for (const [name, sent, headers] of attempts) {
        const proof = path === '/device/approve' ? await page.prove(user_code) : {}
        const answer = await page.post(path, { user_code, ...proof, ...sent }, headers)
        expect([name, answer.status]).toEqual([name, 403])
      }
    }
    expect(errorOf(await pollWith(server, codes.device_code))).toEqual([400, 'authorization_pending'])
  })

  it('agents 98, security 157: without a proof, with a stale one, a used one, or one for another code → 401 step_up_required', async () => {
    const who = await somebody()
    const page = approvalPage(server, who)
    const [codes, other] = [await askForCode(server), await askForCode(server)]
    const { user_code } = codes
    const csrf_token = await page.csrf(user_code)
    const approve = (proof: object) => page.post('/device/approve', { user_code, csrf_token, ...proof })
    const { session_id, credential } = await page.prove(user_code)
    const foreign = await page.prove(other.user_code)
    for (const proof of [{}, { session_id }, { credential }, foreign, foreign]) {
      expect(errorOf(await approve(proof))).toEqual([401, 'step_up_required'])
    }
    const stranger = await server.person()
    const theirs = await approvalPage(server, stranger).prove(user_code)
    expect(errorOf(await approve(theirs))).toEqual([401, 'step_up_required'])
    expect(errorOf(await approve({ session_id: theirs.session_id, credential }))).toEqual([401, 'step_up_required'])
    const broken = await page.prove(user_code, { signature: (bytes) => Buffer.from(bytes).fill(0, 8, 16) })
    expect(errorOf(await approve(broken))).toEqual([401, 'step_up_required'])
    const stale = await page.prove(user_code)
    server.clock.advance(300)
    const token = await page.csrf(user_code)
    const late = await page.post('/device/approve', { user_code, csrf_token: token, ...stale })
    expect(errorOf(late)).toEqual([401, 'step_up_required'])
    expect(errorOf(await pollWith(server, codes.device_code))).toEqual([400, 'authorization_pending'])
    const good = await page.prove(user_code)
    expect((await page.post('/device/approve', { user_code, csrf_token: token, ...good })).status).toBe(200)
  })

  it('agents 99: an assertion without user verification → 401 user_verification_required', async () => {
    const page = approvalPage(server, await somebody())
    const { user_code, device_code } = await askForCode(server)
    const csrf_token = await page.csrf(user_code)
    const proof = await page.prove(user_code, { flags: (flags) => flags & ~0x04 })
    const answer = await page.post('/device/approve', { user_code, csrf_token, ...proof })
    expect(errorOf(answer)).toEqual([401, 'user_verification_required'])
    expect(errorOf(await pollWith(server, device_code))).toEqual([400, 'authorization_pending'])
  })

  it('a page opened from another network decides for five minutes, one from the same for the life of the code', async () => {
    const who = await somebody()
    const [near, far] = [approvalPage(server, who, '192.0.2.9'), approvalPage(server, who)]
    const { user_code } = await askForCode(server, {}, { ip: '192.0.2.9' })
    expect((await near.look(user_code)).body.data).toMatchObject({ same_network: true, expires_in: 900 })
    const [mine, theirs] = [await near.csrf(user_code), await far.csrf(user_code)]
    server.clock.advance(300)
    const late = await far.post('/device/deny', { user_code, csrf_token: theirs })
    expect(errorOf(late)).toEqual([400, 'invalid_user_code'])
    expect((await near.post('/device/deny', { user_code, csrf_token: mine })).status).toBe(200)
  })

  it('narrower scopes, chosen applications and an end reach the key; more than was asked is refused', async () => {
    const who = await server.person()
    const page = approvalPage(server, who)
    const { user_code, device_code } = await askForCode(server, { scope: 'users:read users:write' })
    const csrf_token = await page.csrf(user_code)
    const soon = new Date(server.clock().getTime() + 86_400_000).toISOString()
    const wrong = [
      { scopes: ['users:read', 'audit:read'] },
      { scopes: ['full_access'] },
      { scopes: [] },
      { application_ids: ['app_0000000000000000000000'] },
      { expires_at: '2020-01-01T00:00:00Z' },
      { expires_at: 'tomorrow' },
    ]
    for (const choice of wrong) {
      const proof = await page.prove(user_code)
      const refused = await page.post('/device/approve', { user_code, csrf_token, ...proof, ...choice })
      expect([choice, ...errorOf(refused)]).toEqual([choice, 400, 'invalid_request'])
    }
    const choice = { scopes: ['users:read'], application_ids: [who.applicationId], expires_at: soon }
    expect((await page.approve(user_code, choice)).status).toBe(200)
    const { body } = await pollWith(server, device_code)
    expect(body.scope).toBe('users:read')
    const token: string = body.secret_key
    expect((await server.call('GET', '/v1/users', { token })).status).toBe(200)
    const denied = await server.call('POST', '/v1/users', { token, body: { external_user_id: 'x' } })
    expect([denied.status, denied.body.error.code]).toEqual([403, 'insufficient_scope'])
    server.clock.advance(86_401)
    expect((await server.call('GET', '/v1/users', { token })).status).toBe(401)
  })

  it('security 154: an application’s own client is let in by members of its account alone', async () => {
    const tenant = await server.tenant()
    const client = { client_id: tenant.clientId, client_secret: tenant.clientSecret }
    const { user_code } = await askForCode(server, client)
    expect(errorOf(await approvalPage(server, await server.person()).approve(user_code))).toEqual([403, 'forbidden'])
  })

  it('a viewer and a program cannot approve; a wait-listed person sees nothing and is told why', async () => {
    const tenant = await server.tenant()
    const { user_code } = await askForCode(server)
    const callers = {
      viewer: await server.present(tenant, { kind: 'user', role: 'viewer' }),
      agent: await server.present(tenant, { kind: 'agent', scopes: agentScopeNames }),
    }
    for (const headers of Object.values(callers)) {
      const answer = await server.call('POST', '/device/approve', { headers, body: { user_code } })
      expect(answer.status).toBe(403)
    }
    const waiting = await testApp({ SIGNUPS: 'waitlist' }, { database: server.database, clock: server.clock })
    const who = await waiting.person()
    for (const path of ['/v1/device/request', '/v1/device/challenge']) {
      const { status, body } = await waiting.call('POST', path, { headers: who.headers, body: { user_code } })
      expect([path, status, body.error.code]).toEqual([path, 403, 'not_admitted'])
    }
    await waiting.close()
  })

  it('agents 103: rows of the whole flow name the agent, the address and who decided; the approver gets a mail', async () => {
    const who = await server.person()
    const codes = await askForCode(server, { agent_name: 'Builder' }, { ip: '192.0.2.77' })
    const ip = freshAddress()
    expect((await approvalPage(server, who, ip).approve(codes.user_code)).status).toBe(200)
    expect((await pollWith(server, codes.device_code, { ip: '192.0.2.77' })).status).toBe(200)
    const denied = await askForCode(server)
    expect((await approvalPage(server, who, ip).deny(denied.user_code)).status).toBe(200)
    const rows = await sql().query<{
      event: string
      actor: object
      ip_address: string
      metadata: Record<string, unknown>
    }>(
      `select event, actor, ip_address, metadata from audit_logs
       where (tenant_id = $1 and (event like 'device.%' or event in ('agent.registered', 'secret_key.created')))
          or (event = 'device.requested' and ip_address = '192.0.2.77') order by id`,
      [who.tenantId],
    )
    const agent_id = rows.find(({ event }) => event === 'device.approved')?.metadata.agent_id
    expect(agent_id).toMatch(/^agt_/)
    const by = { kind: 'user', id: who.personId }
    expect(rows).toMatchObject([
      {
        event: 'device.requested',
        ip_address: '192.0.2.77',
        metadata: { client_name: 'Builder', requester_ip: '192.0.2.77' },
      },
      { event: 'device.approved', actor: by, ip_address: ip, metadata: { agent_id, scopes: ['full_access'] } },
      { event: 'agent.registered', metadata: { agent_id, agent_name: 'Builder', method: 'device' } },
      { event: 'secret_key.created', metadata: { source: 'device' } },
      { event: 'device.redeemed', ip_address: '192.0.2.77', metadata: { agent_id } },
      { event: 'device.denied', actor: by, ip_address: ip },
    ])
    const [mail, ...more] = await server.mails(who.address)
    expect(more).toEqual([])
    expect(mail?.text).toContain('Builder')
    expect(mail?.text).toContain('192.0.2.77')
    expect(mail?.text).toContain('everything in your account')
    expect(mail?.text).toContain(`/agents/revoke#${agent_id}`)
  })

  it('a step-up for something else is no approval, and the other way round', async () => {
    const who = await server.person()
    const page = approvalPage(server, who)
    const { user_code } = await askForCode(server)
    const csrf_token = await page.csrf(user_code)
    const started = await page.post('/v1/dashboard/step-up', { purpose: 'keys.create' })
    const { session_id, challenge } = started.body.data
    const credential = who.device.authenticate(challenge, { origin: who.headers.origin })
    const answer = await page.post('/device/approve', { user_code, csrf_token, session_id, credential })
    expect(errorOf(answer)).toEqual([401, 'step_up_required'])
  })
})

describe('the pages', () => {
  it.each(['/device', '/claim', '/agents/revoke'])(
    'agents 100, security 227: %s cannot be framed, cached or given inline code',
    async (path) => {
      const page = await server.call('GET', `${path}?code=WDJB-MJHT`)
      expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
      const policy = page.headers['content-security-policy']
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("script-src 'self'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toMatch(/unsafe|\*/)
      expect(page.headers).toMatchObject({
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'cross-origin-opener-policy': 'same-origin',
      })
      expect(page.text).not.toContain('WDJB')
      expect(page.text).not.toMatch(/<style|style=|\son\w+=|<script(?![^>]*src=)/)
      for (const [, asset] of page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
        const loaded = await server.call('GET', asset ?? '')
        expect([asset, loaded.status]).toEqual([asset, 200])
        const again = await server.call('GET', asset ?? '', { headers: { 'if-none-match': loaded.headers.etag ?? '' } })
        expect(again.status).toBe(304)
      }
      expect((await server.call('HEAD', path)).status).toBe(200)
      const post = await server.call('POST', path, { body: {} })
      expect([post.status, post.headers.allow]).toEqual([405, 'GET, HEAD'])
    },
  )
})

describe('clients that registered themselves', () => {
  const register = async (body: object) => {
    const made = await server.call('POST', '/oauth/register', { body, ip: freshAddress() })
    expect([made.status, made.text]).toEqual([201, made.text])
    return made.body as { client_id: string; client_secret?: string }
  }
  const device = {
    token_endpoint_auth_method: 'none',
    client_name: 'Remote',
    grant_types: [DEVICE_GRANT, 'refresh_token'],
  }

  it('get a token, a refresh token with offline_access, and a key only if they ask', async () => {
    const who = await server.person()
    const { client_id } = await register(device)
    const run = async (body: object) => {
      const { device_code } = await approved(server, who, { client_id, ...body })
      return (await pollWith(server, device_code, { client_id })).body
    }
    const plain = await run({ scope: 'users:read offline_access' })
    expect(Object.keys(plain).sort()).toEqual(['access_token', 'expires_in', 'refresh_token', 'scope', 'token_type'])
    const refreshed = await server.call('POST', '/oauth/token', {
      body: { grant_type: 'refresh_token', client_id, refresh_token: plain.refresh_token },
      ip: freshAddress(),
    })
    expect([refreshed.status, refreshed.text]).toEqual([200, refreshed.text])
    const token: string = refreshed.body.access_token
    const list = await server.call('GET', '/v1/users', { token, headers: { 'x-app-id': who.applicationId } })
    expect(list.status).toBe(200)
    const keyed = await run({ issue_secret_key: 'true' })
    expect(keyed.secret_key).toMatch(/^tm_key_/)
    expect(keyed.refresh_token).toBeUndefined()
  })

  it('agents 117: revoking the refresh token, or showing an old one, ends the token that came with it', async () => {
    const me = await server.person()
    const use = (token: string) => server.call('GET', '/v1/agents', { token, ip: freshAddress() })
    const get = async (client_id: string) => {
      const codes = await approved(server, me, { client_id, scope: 'keys:read offline_access' })
      return (await pollWith(server, codes.device_code, { client_id })).body
    }
    const { client_id: id } = await register(device)
    const one = await get(id)
    expect((await use(one.access_token)).status).toBe(200)
    const body = { client_id: id, token: one.refresh_token }
    expect((await server.call('POST', '/oauth/revoke', { body, ip: freshAddress() })).status).toBe(200)
    expect((await use(one.access_token)).status).toBe(401)
    const other = await get(id)
    const replaced = await refresh(server, { id, secret: null }, other.refresh_token)
    expect((await refresh(server, { id, secret: null }, other.refresh_token)).body.error).toBe('invalid_grant')
    for (const token of [other.access_token, replaced.body.access_token]) expect((await use(token)).status).toBe(401)
  })

  it('that are let in by code are in use, and not deleted after 30 days as if they were not', async () => {
    const { client_id: id } = await register(device)
    const codes = await approved(server, await server.person(), { client_id: id, scope: 'keys:read offline_access' })
    const { refresh_token } = (await pollWith(server, codes.device_code, { client_id: id })).body
    await purgeUnusedClients(sql(), addSeconds(server.clock(), 31 * 86_400), 100)
    expect((await refresh(server, { id, secret: null }, refresh_token)).status).toBe(200)
  })

  it('are shown by their own word, and their codes are theirs alone', async () => {
    const [one, two] = [await register(device), await register({ ...device, client_name: undefined })]
    const page = approvalPage(server, await server.person())
    const codes = await askForCode(server, { client_id: one.client_id })
    expect((await page.look(codes.user_code)).body.data.client_name).toBe('Remote')
    const nameless = await askForCode(server, { client_id: two.client_id })
    expect((await page.look(nameless.user_code)).body.data.client_name).toBe(two.client_id)
    expect(errorOf(await pollWith(server, codes.device_code, { client_id: two.client_id }))).toEqual([
      400,
      'invalid_grant',
    ])
  })

  it('agents 59, 89: without the device grant → unauthorized_client; a confidential one authenticates', async () => {
    const web = await register({ redirect_uris: ['https://client.example/cb'], token_endpoint_auth_method: 'none' })
    expect(errorOf(await postCode({ body: { client_id: web.client_id } }))).toEqual([400, 'unauthorized_client'])
    const { client_id, client_secret = '' } = await register({
      ...device,
      token_endpoint_auth_method: 'client_secret_post',
    })
    expect(errorOf(await postCode({ body: { client_id } }))).toEqual([401, 'invalid_client'])
    const { device_code } = await askForCode(server, { client_id, client_secret })
    expect(errorOf(await pollWith(server, device_code, { client_id }))).toEqual([401, 'invalid_client'])
    expect(errorOf(await pollWith(server, device_code, { client_id, client_secret }))).toEqual([
      400,
      'authorization_pending',
    ])
  })
})

describe('security 148: the budget of the whole server', () => {
  it('after two blind guesses a code counts only where it was asked for, right or wrong, until the window ends', async () => {
    const tight = await testApp({}, { clock: server.clock, database: server.database })
    const [guesser, near, far] = [await tight.person(), await tight.person(), await tight.person()]
    const { user_code } = await askForCode(tight, {}, { ip: '192.0.2.200' })
    const guess = approvalPage(tight, guesser)
    for (const code of ['BBBB-CCCC', 'BBBB-DDDD'])
      expect((await guess.look(code)).body.error.code).toBe('invalid_user_code')
    for (const code of ['BBBB-FFFF', user_code]) {
      const refused = await approvalPage(tight, far).look(code)
      expect([refused.status, refused.body.error.code]).toEqual([429, 'rate_limit_exceeded'])
      expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/)
    }
    expect((await approvalPage(tight, near, '192.0.2.200').look(user_code)).status).toBe(200)
    await tight.close()
  })

  it('of 50 guesses at once from 10 accounts no more are looked at than the budget holds', async () => {
    const tight = await testApp({}, { clock: server.clock, database: server.database })
    const people = await Promise.all(Array.from({ length: 10 }, () => tight.person()))
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        approvalPage(tight, people[i % 10] as PersonAt).look(
          `BCDF-GH${'BCDFG'[i % 5]}${'JKLMNPQRST'[Math.floor(i / 5)]}`,
        ),
      ),
    )
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(2)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(48)
    await tight.close()
  })
})
