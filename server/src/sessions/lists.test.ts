import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { browserOf, ORIGIN } from '../../test/ceremonies.ts'
import { type TestApp, testApp } from '../../test/harness.ts'
import { purgeEndedSessions } from './purge.ts'

const day = 86_400

let server: TestApp
beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'off' })
})
afterAll(() => server.close())

/** A user with three live sessions, oldest first. */
async function signedIn() {
  const tenant = await server.tenant({ origins: [ORIGIN] })
  const browser = browserOf(server, tenant)
  const { device, token, data } = await browser.register('ada')
  const tokens = [token]
  for (let i = 0; i < 2; i++) {
    server.clock.advance(1)
    tokens.push((await browser.signIn(device)).body.data.session_token)
  }
  const ids = tokens.map((text) => JSON.parse(atob(text.split('.')[1] as string)).jti as string)
  return { tenant, browser, device, tokens, ids, credentialId: data.credential_id, userId: data.user.user_id }
}
type Page = {
  data: { id: string; current?: boolean; revoked_at: string | null }[]
  has_more: boolean
  next_cursor: string | null
}
const listed = (page: Page) => page.data.map(({ id }) => id)

describe('the cursor of a session list', () => {
  it('still marks its place when the session it names has been cleared away', async () => {
    const { tenant, ids } = await signedIn()
    const ask = async (cursor: string): Promise<Page> =>
      (await server.call('GET', `/v1/users/ada/sessions?limit=1${cursor}`, { token: tenant.token })).body.data
    const top = await ask('')
    await server.database.sql.query('delete from sessions where tenant_id = $1 and id = $2::uuid', [
      tenant.tenantId,
      ids[2],
    ])
    expect(listed(await ask(`&starting_after=${top.next_cursor}`))).toEqual([ids[1]])
  })
})

describe('GET /v1/sessions', () => {
  it('200 lists the own live sessions newest first, by cursor, and marks the one that asks', async () => {
    const { tokens, ids, credentialId, userId } = await signedIn()
    const ask = async (query = '') =>
      (await server.call('GET', `/v1/sessions?${query}`, { token: tokens[1] })).body.data
    const all: Page = await ask()
    expect(all.data.map(({ id, current }) => [id, current])).toEqual([
      [ids[2], false],
      [ids[1], true],
      [ids[0], false],
    ])
    expect(all.data[0]).toEqual({
      id: ids[2],
      user_id: userId,
      external_user_id: 'ada',
      method: 'passkey',
      credential_id: credentialId,
      ip_address: '198.51.100.20',
      user_agent: expect.any(String),
      dbsc: 'none',
      created_at: server.clock().toISOString(),
      last_seen_at: server.clock().toISOString(),
      expires_at: new Date(server.clock().getTime() + day * 1000).toISOString(),
      revoked_at: null,
      current: false,
    })
    const top: Page = await ask('limit=2')
    expect([listed(top), top.has_more, top.next_cursor]).toEqual([[ids[2], ids[1]], true, ids[1]])
    expect(listed(await ask(`limit=2&starting_after=${ids[1]}`))).toEqual([ids[0]])
    await server.call('DELETE', `/v1/sessions/${ids[2]}`, { token: tokens[1] })
    expect(listed(await ask())).toEqual([ids[1], ids[0]])
  })

  it('400 for the cursor of another user, and for one that is no id', async () => {
    const { browser, tokens } = await signedIn()
    const eve = await browser.register('eve')
    const [theirs] = (await server.call('GET', '/v1/sessions', { token: eve.token })).body.data.data
    for (const cursor of [theirs.id, 'x', "'--"]) {
      const answer = await server.call('GET', `/v1/sessions?starting_after=${encodeURIComponent(cursor)}`, {
        token: tokens[0],
      })
      expect([answer.status, answer.body.error.message]).toEqual([400, expect.stringMatching(/^starting_after: /)])
    }
  })

  it("security 104: another tenant's cursor is as good as an unknown one, and shows own sessions only", async () => {
    const [mine, other] = [await signedIn(), await signedIn()]
    const answer = await server.call('GET', `/v1/sessions?starting_after=${other.ids[0]}`, { token: mine.tokens[0] })
    expect(answer.status).toBe(200)
    expect(listed(answer.body.data)).toEqual([...mine.ids].reverse())
  })
})

describe('ids of sessions', () => {
  it('logout takes the own ids and `current`; another user’s, a missing one and no id are the same 404', async () => {
    const { tenant, browser, tokens, ids } = await signedIn()
    const eve = await browser.register('eve')
    const logout = (id: string) => server.call('POST', `/v1/sessions/${id}/logout`, { token: eve.token })
    const missing = await logout('019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57')
    for (const id of [ids[0] as string, 'x', '%27--']) {
      const refused = await logout(id)
      expect([refused.status, refused.text]).toEqual([404, missing.text])
    }
    expect((await server.call('POST', `/v1/sessions/${ids[1]}/logout`, { token: tokens[0] })).status).toBe(204)
    expect((await server.call('GET', '/v1/sessions/validate', { token: tokens[1] })).status).toBe(401)
    expect((await server.call('GET', '/v1/sessions/validate', { token: tokens[0] })).status).toBe(200)
    const logs = await server.call('GET', '/v1/audit-logs?event=session.logout', { token: tenant.token })
    expect(logs.body.data.data).toMatchObject([{ metadata: { session_id: ids[1] } }])
  })

  it('DELETE by an end user is recorded as by the user, by a backend as by the admin', async () => {
    const { tenant, tokens, ids } = await signedIn()
    expect((await server.call('DELETE', `/v1/sessions/${ids[1]}`, { token: tokens[0], origin: ORIGIN })).status).toBe(
      204,
    )
    expect((await server.call('DELETE', `/v1/sessions/${ids[2]}`, { token: tenant.token })).status).toBe(204)
    const logs = await server.call('GET', '/v1/audit-logs?event=session.revoked', { token: tenant.token })
    expect(logs.body.data.data).toMatchObject([
      { metadata: { session_id: ids[2], by: 'admin', reason: 'revoked' } },
      { metadata: { session_id: ids[1], by: 'user', reason: 'revoked' } },
    ])
    // `current` is of logout only.
    expect((await server.call('DELETE', '/v1/sessions/current', { token: tokens[0] })).status).toBe(404)
  })
})

describe('GET, DELETE /v1/users/{external_user_id}/sessions', () => {
  it('200 shows ended ones too; 204 ends the rest; 404 for a user of another tenant', async () => {
    const [{ tenant, ids }, other] = [await signedIn(), await signedIn()]
    const path = '/v1/users/ada/sessions'
    await server.call('DELETE', `/v1/sessions/${ids[0]}`, { token: tenant.token })
    const { body } = await server.call('GET', path, { token: tenant.token })
    const page: Page = body.data
    expect(page.data.map(({ id, revoked_at }) => [id, revoked_at])).toEqual([
      [ids[2], null],
      [ids[1], null],
      [ids[0], server.clock().toISOString()],
    ])
    expect(page.data[0]).not.toHaveProperty('current')
    expect((await server.call('DELETE', path, { token: tenant.token })).status).toBe(204)
    for (const method of ['GET', 'DELETE']) {
      const foreign = await server.call(method, `/v1/users/id:${other.userId}/sessions`, { token: tenant.token })
      expect([foreign.status, foreign.body.error.code]).toEqual([404, 'user_not_found'])
    }
    const theirs = await server.call('GET', '/v1/sessions/validate', { token: other.tokens[0] })
    expect(theirs.status).toBe(200)
  })
})

describe('the purge', () => {
  it('keeps ended sessions for 30 days, then deletes them in batches; live ones stay', async () => {
    await server.database.sql.query('delete from sessions')
    const { tenant, browser, device } = await signedIn()
    const count = async () =>
      (await server.database.sql.query('select 1 from sessions where tenant_id = $1', [tenant.tenantId])).length
    server.clock.advance(31 * day - 1)
    await purgeEndedSessions(server.database.sql, server.clock(), 500)
    expect(await count()).toBeGreaterThanOrEqual(1)
    const fresh = (await browser.signIn(device)).body.data.session_token
    server.clock.advance(1)
    expect(await purgeEndedSessions(server.database.sql, server.clock(), 1)).toBe(1)
    await purgeEndedSessions(server.database.sql, server.clock(), 500)
    expect(await count()).toBe(1)
    expect((await server.call('GET', '/v1/sessions/validate', { token: fresh })).status).toBe(200)
  })
})
