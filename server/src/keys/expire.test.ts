import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestApp, testApp } from '../../test/harness.ts'
import type { PersonAt } from '../../test/people.ts'
import { stepUp } from '../../test/samples.ts'
import { jobs } from '../jobs.ts'

const day = 86_400
let server: TestApp
beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'false', AGENT_KEY_MAX_AGE_DAYS: '90', AGENT_KEY_IDLE_DAYS: '30' })
})
afterAll(() => server.close())

async function make(person: PersonAt, body: object = {}) {
  const step_up = await stepUp({ server, tenant: await server.tenant() }, person, 'keys.create')
  const made = await server.call('POST', '/v1/keys', {
    headers: person.headers,
    body: { name: 'Nightly', step_up, ...body },
  })
  const { secret_key, key_id, expires_at } = made.body.data
  const headers = { authorization: `Bearer ${secret_key}` }
  const use = () => server.call('GET', '/v1/keys/current', { headers })
  return { headers, id: key_id as string, expiresAt: expires_at as string, use }
}

const expired = async (id: string) =>
  server.database.sql.query(
    `select 1 from audit_logs where event = 'secret_key.expired' and metadata ->> 'secret_key_id' = $1`,
    [id],
  )
const inDays = (days: number) => new Date(server.clock().getTime() + days * day * 1000).toISOString()

describe('the end of a key', () => {
  it('comes at its time: 401, the event once, and the status says so', async () => {
    const person = await server.person()
    const key = await make(person, { expires_at: inDays(1) })
    expect((await key.use()).status).toBe(200)
    server.clock.advance(day)
    expect((await key.use()).status).toBe(401)
    await jobs['expired-keys'].run(server.app.deps)
    await jobs['expired-keys'].run(server.app.deps)
    expect(await expired(key.id)).toHaveLength(1)
    const { headers } = await make(await server.person())
    expect((await server.call('GET', `/v1/keys/${key.id}`, { headers })).status).toBe(404)
    const [row] = await server.database.sql.query<{ revoked_reason: string }>(
      'select revoked_reason from secret_keys where id = $1',
      [key.id],
    )
    expect(row?.revoked_reason).toBe('expired')
  })

  it('comes at the greatest age, told in X-Key-Expires-At from 14 days before; a rotation renews it', async () => {
    const key = await make(await server.person())
    expect(key.expiresAt).toBe(inDays(90))
    const end = key.expiresAt
    for (let days = 0; days < 75; days += 25) {
      expect((await key.use()).headers['x-key-expires-at']).toBeUndefined()
      server.clock.advance(25 * day)
    }
    // 75 days on: one more day, and it is near.
    expect((await key.use()).headers['x-key-expires-at']).toBeUndefined()
    server.clock.advance(day)
    expect((await key.use()).headers['x-key-expires-at']).toBe(end)
    const rotated = await server.call('POST', `/v1/keys/${key.id}/rotate`, { headers: key.headers, body: {} })
    const next = { authorization: `Bearer ${rotated.body.data.secret_key}` }
    const shown = await server.call('GET', '/v1/keys/current', { headers: next })
    expect(shown.headers['x-key-expires-at']).toBeUndefined()
    expect(shown.body.data.expires_at).toBe(inDays(90))
  })

  it('comes when nobody uses it, and every use puts it off', async () => {
    const key = await make(await server.person())
    server.clock.advance(29 * day)
    expect((await key.use()).status).toBe(200)
    await server.app.deps.keyUse.flush()
    await jobs['expired-keys'].run(server.app.deps)
    server.clock.advance(29 * day)
    expect((await key.use()).status).toBe(200)
    await server.app.deps.keyUse.flush()
    server.clock.advance(30 * day)
    expect((await key.use()).status).toBe(401)
    // Another instance may still hold a use that it has not written.
    await jobs['expired-keys'].run(server.app.deps)
    expect(await expired(key.id)).toHaveLength(0)
    server.clock.advance(300)
    await jobs['expired-keys'].run(server.app.deps)
    expect(await expired(key.id)).toHaveLength(1)
  })

  it('is told to the owner by mail 14 days before, once', async () => {
    const person = await server.person()
    const key = await make(person, { expires_at: inDays(20) })
    const mails = async () => (await server.mails(person.address)).filter(({ subject }) => /ends soon/.test(subject))
    await jobs['expiring-keys'].run(server.app.deps)
    expect(await mails()).toHaveLength(0)
    server.clock.advance(6 * day)
    await jobs['expiring-keys'].run(server.app.deps)
    await jobs['expiring-keys'].run(server.app.deps)
    const [mail, ...more] = await mails()
    expect(more).toHaveLength(0)
    expect(mail?.text).toContain('Nightly')
    expect(mail?.text).not.toContain(key.headers.authorization.slice(7))
  })

  it('is not told of a key that is in use, however few idle days this server allows; of one that is not, in the second half', async () => {
    const { database, clock } = server
    const strict = await testApp({ RATE_LIMITS: 'false', AGENT_KEY_IDLE_DAYS: '7' }, { database, clock })
    const person = await server.person()
    const key = await make(person)
    const mails = async () => (await server.mails(person.address)).filter(({ subject }) => /ends soon/.test(subject))
    for (let days = 0; days < 16; days += 1) {
      await jobs['expiring-keys'].run(strict.app.deps)
      await strict.call('GET', '/v1/keys/current', { headers: key.headers })
      await strict.app.deps.keyUse.flush()
      clock.advance(day)
    }
    expect(await mails()).toHaveLength(0)
    clock.advance(3 * day)
    await jobs['expiring-keys'].run(strict.app.deps)
    await jobs['expiring-keys'].run(strict.app.deps)
    expect(await mails()).toHaveLength(1)
    // The database is shared, so the server is not closed with it.
    await strict.app.http.close()
  })
})

describe('agents 155: last use', () => {
  it('moves, with at most one write a minute under 1,000 calls, and none of the request’s doing', async () => {
    const key = await make(await server.person())
    const { sql } = server.app.deps.database
    const { query } = sql
    let writes = 0
    sql.query = ((text: string, values?: unknown[]) => {
      if (text.includes('update secret_keys')) writes += 1
      return query.call(sql, text, values)
    }) as typeof query
    const last = async () =>
      (
        await query.call(
          sql,
          'select last_used_at, last_used_ip, last_used_user_agent from secret_keys where id = $1',
          [key.id],
        )
      )[0] as {
        last_used_at: Date
        last_used_ip: string
        last_used_user_agent: string
      }
    try {
      const call = () =>
        server.call('GET', '/v1/keys/current', {
          headers: { ...key.headers, 'user-agent': 'nightly/2.0' },
          ip: '198.51.100.9',
        })
      for (let turn = 0; turn < 10; turn += 1) {
        await Promise.all(Array.from({ length: 100 }, call))
        await server.app.deps.keyUse.flush()
        server.clock.advance(5)
      }
      expect(writes).toBeLessThanOrEqual(1)
      const first = await last()
      expect(first).toMatchObject({ last_used_ip: '198.51.100.9', last_used_user_agent: 'nightly/2.0' })
      server.clock.advance(60)
      await call()
      await server.app.deps.keyUse.flush()
      expect((await last()).last_used_at.getTime()).toBe(server.clock().getTime())
      expect(first.last_used_at.getTime()).toBeLessThan(server.clock().getTime())
      const { body } = await call()
      expect(body.data).toMatchObject({ last_used_ip: '198.51.100.9', last_used_at: server.clock().toISOString() })
    } finally {
      sql.query = query
    }
  })
})
