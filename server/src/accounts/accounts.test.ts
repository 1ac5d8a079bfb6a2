import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestApp, testApp } from '../../test/harness.ts'
import type { PersonAt } from '../../test/people.ts'
import { CONSOLE_CLIENT_ID, CONSOLE_TENANT_ID } from '../console/console.ts'
import { systemContext } from '../platform/context.ts'
import { writeTrail } from '../platform/trail.ts'
import { setAccountStatus } from './admission.ts'

let server: TestApp
let person: PersonAt
beforeAll(async () => {
  server = await testApp()
  person = await server.person()
})
afterAll(() => server.close())

const origin = 'https://auth.example.com'
const create = (who: PersonAt, name: string) =>
  server.call('POST', '/v1/applications', {
    body: { name, allowed_origins: ['https://app.example.com'] },
    headers: who.headers,
  })

/** A person with three applications. */
async function withThree() {
  const mine = await server.person()
  const made = [await create(mine, 'Second'), await create(mine, 'Third')].map((answer) => answer.body.data)
  return { mine, ids: [mine.applicationId, ...made.map(({ id }) => id as string)], made }
}

const get = (path: string, headers: Record<string, string>) => server.call('GET', path, { headers })

describe('security 229: the cookie', () => {
  it('that another host of the site could have set is not read, before our own or alone', async () => {
    const attacker = await server.person()
    const ours = person.headers.cookie
    const theirs = attacker.headers.cookie.replace('__Host-', '')
    for (const cookie of [`${theirs}; ${ours}`, `${ours}; ${theirs}`]) {
      const answer = await get('/v1/account', { cookie })
      expect([answer.status, answer.body.data.id]).toEqual([200, person.accountId])
    }
    expect((await get('/v1/account', { cookie: theirs })).status).toBe(401)
  })
})

describe('a person with several applications', () => {
  it('makes each in a tenant of its own, and lists them across the account', async () => {
    const { mine, ids, made } = await withThree()
    expect(new Set([mine.tenantId, ...made.map(({ tenant_id }) => tenant_id)]).size).toBe(3)
    const all = await get('/v1/applications?scope=account', mine.headers)
    expect(all.body.data.data.map(({ id }: { id: string }) => id).sort()).toEqual([...ids].sort())
    const one = await get('/v1/applications', { ...mine.headers, 'x-app-id': ids[1] as string })
    expect(one.body.data.data.map(({ id }: { id: string }) => id)).toEqual([ids[1]])
    const account = await get('/v1/account', mine.headers)
    expect(account.body.data.tenants).toHaveLength(3)
  })

  it('the plan of the account limits them: the starter plan has three', async () => {
    const { mine } = await withThree()
    const fourth = await create(mine, 'Fourth')
    expect([fourth.status, fourth.body.error.code]).toEqual([409, 'plan_limit_reached'])
  })

  it('names one in X-App-Id, and is told which there are when it does not', async () => {
    const { mine, ids } = await withThree()
    const unnamed = await get('/v1/users', mine.headers)
    const [detail] = unnamed.body.error.details
    expect([unnamed.status, unnamed.body.error.code, unnamed.body.error.message]).toEqual([
      400,
      'validation_error',
      'X-App-Id: must name one of several applications',
    ])
    expect({ ...detail, application_ids: detail.application_ids.sort() }).toEqual({
      path: 'X-App-Id',
      message: 'is required',
      application_ids: [...ids].sort(),
    })
    const headers = { ...mine.headers, 'x-app-id': ids[2] as string }
    const made = await server.call('POST', '/v1/users', { body: { external_user_id: 'ada' }, headers })
    expect(made.status).toBe(201)
    expect((await get('/v1/users', headers)).body.data.data).toHaveLength(1)
    expect((await get('/v1/users', { ...headers, 'x-app-id': ids[1] as string })).body.data.data).toEqual([])
  })

  it('security 101: a foreign X-App-Id is as missing as one that never was, and its owner can read who asked', async () => {
    const other = await server.person()
    const ask = (id: string) => get('/v1/users', { ...person.headers, 'x-app-id': id })
    const [foreign, missing] = [await ask(other.applicationId), await ask('app_0000000000000000000000')]
    expect([foreign.status, foreign.body]).toEqual([404, missing.body])
    expect(foreign.body.error.code).toBe('application_not_found')
    const { body } = await get('/v1/audit-logs?event=authorization.denied', other.headers)
    expect(body.data.data[0]).toMatchObject({
      metadata: { principal_kind: 'user', principal_id: person.personId, resource_id: other.applicationId },
    })
  })
})

describe('the dashboard session', () => {
  it('security 229: its cookie is Secure, HttpOnly, SameSite and of this host alone', async () => {
    const { device } = await server.person()
    const page = { token: CONSOLE_CLIENT_ID, origin }
    const begun = (await server.call('POST', '/v1/passkeys/auth/start', { ...page, body: {} })).body.data
    const credential = device.authenticate(begun.challenge, { origin })
    const finish = { session_id: begun.session_id, credential }
    const { session_token } = (await server.call('POST', '/v1/passkeys/auth/finish', { ...page, body: finish })).body
      .data
    const body = { session_token }
    const evil = await server.call('POST', '/v1/dashboard/session', { body, origin: 'https://evil.example.net' })
    expect([evil.status, evil.body.error.code]).toEqual([403, 'forbidden'])
    const opened = await server.call('POST', '/v1/dashboard/session', { body, origin })
    const cookie = String(opened.headers['set-cookie'])
    expect(cookie).toMatch(/^__Host-tm_session=[^;]+; Max-Age=86400; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
    // The token that the page's script has seen is used up: the cookie holds another session.
    expect(cookie).not.toContain(session_token)
    const again = await server.call('POST', '/v1/dashboard/session', { body, origin })
    expect([again.status, again.body.error.code]).toEqual([401, 'invalid_session_token'])
  })

  it('security 229: behind https a cookie that a neighbour of the host could set is none, and hides none', async () => {
    const neighbour = await server.person()
    const plain = neighbour.headers.cookie.replace('__Host-', '')
    expect((await get('/v1/account', { cookie: plain })).status).toBe(401)
    const both = await get('/v1/account', { cookie: `${plain}; ${person.headers.cookie}` })
    expect(both.body.data.id).toBe(person.accountId)
  })

  it('security 229: a change from another origin is refused, a read is not told apart', async () => {
    const headers = { cookie: person.headers.cookie }
    const body = { name: 'Second', allowed_origins: ['https://app.example.com'] }
    for (const from of [undefined, 'https://evil.example.net', 'null']) {
      const refused = await server.call('POST', '/v1/applications', {
        body,
        headers,
        ...(from ? { origin: from } : {}),
      })
      expect([from, refused.status, refused.body.error.code]).toEqual([from, 403, 'forbidden'])
    }
    expect((await get('/v1/account', headers)).status).toBe(200)
  })

  it('ends on signing out, everywhere at once, and the browser forgets it', async () => {
    const { headers } = await server.person()
    const closed = await server.call('DELETE', '/v1/dashboard/session', { headers })
    expect([closed.status, String(closed.headers['set-cookie'])]).toEqual([
      204,
      '__Host-tm_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure',
    ])
    expect((await get('/v1/account', headers)).status).toBe(401)
  })

  it('ends with its time', async () => {
    const { headers } = await server.person()
    server.clock.advance(86_401)
    expect((await get('/v1/account', headers)).status).toBe(401)
    person = await server.person()
  })

  it('is refused to a person of a disabled account, in words that are true', async () => {
    const { device, accountId } = await server.person()
    const ctx = systemContext(server.app.deps, 'test')
    await setAccountStatus(ctx, accountId, 'disabled', { method: 'test' })
    const page = { token: CONSOLE_CLIENT_ID, origin }
    const begun = (await server.call('POST', '/v1/passkeys/auth/start', { ...page, body: {} })).body.data
    const finish = { session_id: begun.session_id, credential: device.authenticate(begun.challenge, { origin }) }
    const signed = await server.call('POST', '/v1/passkeys/auth/finish', { ...page, body: finish })
    const body = { session_token: signed.body.data.session_token }
    const refused = await server.call('POST', '/v1/dashboard/session', { body, origin })
    expect([refused.status, refused.body.error]).toEqual([
      403,
      { code: 'forbidden', message: 'The account of this person is disabled.' },
    ])
  })

  it('is not had with the session of an end user of another application', async () => {
    const tenant = await server.tenant({ origins: ['https://app.example.com'] })
    const body = { session_token: tenant.token }
    const refused = await server.call('POST', '/v1/dashboard/session', { body, origin })
    expect([refused.status, refused.body.error.code]).toEqual([401, 'invalid_session_token'])
  })
})

describe('the console', () => {
  it('cannot be administered by anybody through the API: it has no secret, and no account owns it', async () => {
    const [row] = await server.database.sql.query<{ secrets: number; members: number }>(
      `select (select count(*)::int from client_secrets where tenant_id = $1) as secrets,
              (select count(*)::int from members m join tenants t on t.account_id = m.account_id where t.id = $1) as members`,
      [CONSOLE_TENANT_ID],
    )
    expect(row).toEqual({ secrets: 0, members: 0 })
  })

  it('takes no person who did not come through the hosted page', async () => {
    const body = { external_user_id: 'stranger' }
    const refused = await server.call('POST', '/v1/passkeys/register/start', { token: CONSOLE_CLIENT_ID, origin, body })
    expect([refused.status, refused.body.error.code]).toEqual([403, 'registration_not_allowed'])
  })
})

const set = (accountId: string, status: 'active' | 'disabled') => {
  const { deps } = server.app
  return deps.database.transaction(async (db, sql) => {
    const ctx = { ...systemContext(deps, 'test'), db, sql }
    const changed = await setAccountStatus(ctx, accountId, status, { method: 'operator' })
    await writeTrail(ctx, sql)
    for (const { kind, id } of ctx.touched) deps.caches.drop(kind, id)
    return changed
  })
}

describe('agents 185: disabling and admitting an account', () => {
  it('disabling ends its sessions, its programs and its end users at once; admitting brings them back', async () => {
    const { headers, accountId, applicationId } = await server.person()
    const made = await server.call('POST', `/v1/applications/${applicationId}/rotate-secret`, { body: {}, headers })
    const { client_id, new_client_secret: client_secret } = made.body.data
    const body = { grant_type: 'client_credentials', client_id, client_secret }
    const grant = async () => (await server.call('POST', '/oauth/token', { body })).status
    expect([await grant(), await set(accountId, 'disabled')]).toEqual([200, true])
    expect([await grant(), (await get('/v1/account', headers)).status]).toEqual([401, 401])
    expect([await set(accountId, 'active'), await set(accountId, 'active')]).toEqual([true, false])
    expect([await grant(), (await get('/v1/account', headers)).status]).toEqual([200, 200])
    const { body: logs } = await get('/v1/audit-logs', headers)
    const seen = logs.data.data.map(({ event }: { event: string }) => event)
    expect(seen).toEqual(expect.arrayContaining(['account.disabled', 'account.admitted']))
  })
})
