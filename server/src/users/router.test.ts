import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testServer } from '../../test/database.ts'
import { type Answer, type TestApp, testApp } from '../../test/harness.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

describe('POST /v1/users', () => {
  it('201 with the published members, and an audit row in the same call', async () => {
    const { token } = await server.tenant()
    const made = await server.call('POST', '/v1/users', { token, body: { external_user_id: 'user_123' } })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ ok: true, data: { external_user_id: 'user_123', status: 'active' } })
    expect(made.body.data.created_at).toMatch(/^\d{4}-.*Z$/)
    const logs = await server.call('GET', '/v1/audit-logs?event=user.created', { token })
    expect(logs.body.data.data).toHaveLength(1)
    expect(logs.body.data.data[0]).toMatchObject({
      success: true,
      user_id: made.body.data.id,
      metadata: { source: 'admin' },
    })
  })

  it('409 user_exists for the same id, and nothing is counted twice', async () => {
    const { token, tenantId } = await server.tenant()
    await server.call('POST', '/v1/users', { token, body: { external_user_id: 'a' } })
    const again = await server.call('POST', '/v1/users', { token, body: { external_user_id: 'a' } })
    expect([again.status, again.body.error.code]).toEqual([409, 'user_exists'])
    const [row] = await server.database.sql.query<{ user_count: number }>(
      'select user_count from tenants where id = $1',
      [tenantId],
    )
    expect(row?.user_count).toBe(1)
  })

  it.each([
    [{}, 'external_user_id: is required'],
    [{ external_user_id: '' }, 'external_user_id: must be 1 to 255 characters'],
    [{ external_user_id: 'x'.repeat(256) }, 'external_user_id: must be 1 to 255 characters'],
    [{ external_user_id: 'a\u0000b' }, 'NUL'],
    [{ external_user_id: 'a', tenant_id: 'org_x' }, 'tenant_id: is not a known field'],
    [{ external_user_id: 'a', status: 'locked' }, 'status: is not a known field'],
    [{ external_user_id: 7 }, 'external_user_id: must be text'],
    [[], 'JSON object'],
  ])('400 naming the field for %j', async (body, message) => {
    const { token } = await server.tenant()
    const answer = await server.call('POST', '/v1/users', { token, body })
    expect([answer.status, answer.body.error.code]).toEqual([400, 'validation_error'])
    expect(answer.body.error.message).toContain(message)
  })

  it('401 before validation without a credential', async () => {
    const answer = await server.call('POST', '/v1/users', { body: '{' })
    expect([answer.status, answer.body.error.code]).toEqual([401, 'unauthorized'])
    expect(answer.headers['www-authenticate']).toBe('Bearer')
  })

  it.skipIf(testServer)(
    '201 on the embedded engine when the cached application goes while the command waits its turn',
    async () => {
      const { token, clientId } = await server.tenant()
      let created: Promise<Answer> | undefined
      await server.database.rawTransaction(async () => {
        created = server.call('POST', '/v1/users', { token, body: { external_user_id: 'patient' } })
        // Its gate has passed once it waits for this transaction; then the entry ends, as it does every 30 seconds.
        for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
        server.app.deps.caches.drop('client', clientId)
      })
      expect((await created)?.status).toBe(201)
    },
  )

  it('400 for an external id in the form of an internal one: a path with it would mean somebody else', async () => {
    const { token, clientId } = await server.tenant({ origins: ['https://app.example.com'] })
    const victim = await server.call('POST', '/v1/users', { token, body: { external_user_id: 'victim' } })
    const body = { external_user_id: `id:${victim.body.data.id}` }
    const byBackend = await server.call('POST', '/v1/users', { token, body })
    const byBrowser = await server.call('POST', '/v1/passkeys/register/start', {
      token: clientId,
      origin: 'https://app.example.com',
      body,
    })
    for (const { status, body: said } of [byBackend, byBrowser]) {
      expect([status, said.error.message]).toEqual([400, 'external_user_id: must not have the form id:<uuid>'])
    }
  })

  it('409 plan_limit_reached for the 16th user', async () => {
    const { token } = await server.tenant()
    for (let i = 0; i < 15; i++) {
      expect((await server.call('POST', '/v1/users', { token, body: { external_user_id: `u${i}` } })).status).toBe(201)
    }
    const refused = await server.call('POST', '/v1/users', { token, body: { external_user_id: 'u16' } })
    expect(refused.status).toBe(409)
    expect(refused.body.error).toMatchObject({
      code: 'plan_limit_reached',
      details: { limit: 'users', used: 15, max: 15, plan: 'free_ai' },
    })
  })
})

describe('GET, DELETE /v1/users/{external_user_id}', () => {
  it('200 for ids that need percent-encoding, and by id:<uuid>', async () => {
    const { token } = await server.tenant()
    const name = 'a/b c%é?#'
    const made = await server.call('POST', '/v1/users', { token, body: { external_user_id: name } })
    const found = await server.call('GET', `/v1/users/${encodeURIComponent(name)}`, { token })
    expect([found.status, found.body.data.external_user_id]).toEqual([200, name])
    const byId = await server.call('GET', `/v1/users/id:${made.body.data.id}`, { token })
    expect(byId.body).toEqual(found.body)
  })

  it('404 for another tenant, byte for byte like a missing one', async () => {
    const [mine, other] = [await server.tenant(), await server.tenant()]
    const made = await server.call('POST', '/v1/users', { token: other.token, body: { external_user_id: 'theirs' } })
    const foreign = await server.call('GET', `/v1/users/id:${made.body.data.id}`, { token: mine.token })
    const missing = await server.call('GET', '/v1/users/id:019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57', { token: mine.token })
    expect([foreign.status, foreign.text]).toEqual([404, missing.text])
  })

  it('204 erases the user and its audit rows, leaving one row without personal data', async () => {
    const { token } = await server.tenant()
    await server.call('POST', '/v1/users', { token, body: { external_user_id: 'gone', email: 'gone@example.com' } })
    const erased = await server.call('DELETE', '/v1/users/gone', { token })
    expect([erased.status, erased.text]).toEqual([204, ''])
    const logs = await server.call('GET', '/v1/audit-logs', { token })
    const events = logs.body.data.data.map((row: { event: string }) => row.event)
    expect(events).toContain('user.deleted')
    expect(events).not.toContain('user.created')
    expect(JSON.stringify(logs.body)).not.toMatch(/gone/)
    expect((await server.call('DELETE', '/v1/users/gone', { token })).status).toBe(404)
    expect((await server.call('POST', '/v1/users', { token, body: { external_user_id: 'gone' } })).status).toBe(201)
  })
})

describe('GET /v1/users', () => {
  it('pages by cursor, oldest first, and refuses foreign cursors and limits out of range', async () => {
    const [{ token }, other] = [await server.tenant(), await server.tenant()]
    for (const name of ['a', 'b', 'c'])
      await server.call('POST', '/v1/users', { token, body: { external_user_id: name } })
    const theirs = await server.call('POST', '/v1/users', { token: other.token, body: { external_user_id: 'x' } })
    const first = await server.call('GET', '/v1/users?limit=2', { token })
    expect(first.body.data).toMatchObject({ has_more: true })
    expect(first.body.data.data.map((row: { external_user_id: string }) => row.external_user_id)).toEqual(['a', 'b'])
    const second = await server.call('GET', `/v1/users?limit=2&starting_after=${first.body.data.next_cursor}`, {
      token,
    })
    expect(second.body.data).toMatchObject({ has_more: false, next_cursor: null, data: [{ external_user_id: 'c' }] })
    for (const query of ['limit=0', 'limit=101', 'limit=1e9', 'limit=NaN', 'starting_after=x']) {
      const answer = await server.call('GET', `/v1/users?${query}`, { token })
      expect([query, answer.status]).toEqual([query, 400])
      expect(answer.body.error.message).toMatch(/^(limit|starting_after): /)
    }
    // Another tenant's cursor is as good as any unknown one: it shows own rows only (security 104).
    const foreign = await server.call('GET', `/v1/users?starting_after=${theirs.body.data.id}`, { token })
    expect(JSON.stringify(foreign.body)).not.toContain('"x"')
  })

  it('pages stay right while users are erased, the one at the cursor included', async () => {
    const { token } = await server.tenant()
    for (const name of ['a', 'b', 'c', 'd'])
      await server.call('POST', '/v1/users', { token, body: { external_user_id: name } })
    const seen: string[] = []
    let cursor = ''
    do {
      const { body } = await server.call('GET', `/v1/users?limit=1${cursor}`, { token })
      for (const { external_user_id: name } of body.data.data) {
        seen.push(name)
        await server.call('DELETE', `/v1/users/${name}`, { token })
      }
      cursor = body.data.has_more ? `&starting_after=${body.data.next_cursor}` : ''
    } while (cursor !== '')
    expect(seen).toEqual(['a', 'b', 'c', 'd'])
  })
})
