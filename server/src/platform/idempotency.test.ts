import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestApp, testApp } from '../../test/harness.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const create = (token: string, key: string, body: object) =>
  server.call('POST', '/v1/users', { token, body, headers: { 'idempotency-key': key } })

const count = async (tenantId: string, event: string) =>
  (await server.database.sql.query('select 1 from audit_logs where tenant_id = $1 and event = $2', [tenantId, event]))
    .length

describe('Idempotency-Key', () => {
  it('security 115: replays status and body, marked, with one effect', async () => {
    const { token, tenantId } = await server.tenant()
    const first = await create(token, 'k1', { external_user_id: 'a' })
    const second = await create(token, 'k1', { external_user_id: 'a' })
    expect([second.status, second.text]).toEqual([201, first.text])
    expect([first.headers['idempotent-replayed'], second.headers['idempotent-replayed']]).toEqual([undefined, 'true'])
    expect(await count(tenantId, 'user.created')).toBe(1)
  })

  it('security 116: 422 for another body; the original stands', async () => {
    const { token } = await server.tenant()
    const first = await create(token, 'k', { external_user_id: 'a' })
    const other = await create(token, 'k', { external_user_id: 'b' })
    expect([other.status, other.body.error.code]).toEqual([422, 'idempotency_key_reused'])
    expect((await create(token, 'k', { external_user_id: 'a' })).text).toBe(first.text)
  })

  it('security 118: another tenant with the same key gets its own execution', async () => {
    const [one, two] = [await server.tenant(), await server.tenant()]
    const first = await create(one.token, 'shared', { external_user_id: 'a' })
    const second = await create(two.token, 'shared', { external_user_id: 'a' })
    expect([second.status, second.headers['idempotent-replayed']]).toEqual([201, undefined])
    expect(second.body.data.id).not.toBe(first.body.data.id)
  })

  it('security 120: keeps a decided 409, not a 400', async () => {
    const { token } = await server.tenant()
    await server.call('POST', '/v1/users', { token, body: { external_user_id: 'taken' } })
    const first = await create(token, 'k409', { external_user_id: 'taken' })
    expect(first.status).toBe(409)
    await server.call('DELETE', '/v1/users/taken', { token })
    const again = await create(token, 'k409', { external_user_id: 'taken' })
    expect([again.status, again.headers['idempotent-replayed'], again.text]).toEqual([409, 'true', first.text])
    expect((await create(token, 'k400', { external_user_id: '' })).status).toBe(400)
    expect((await create(token, 'k400', { external_user_id: 'fine' })).status).toBe(201)
  })

  it('security 121: 255 printable characters, and an expired key executes anew', async () => {
    const { token } = await server.tenant()
    expect((await create(token, 'x'.repeat(256), { external_user_id: 'a' })).status).toBe(400)
    expect((await create(token, 'x'.repeat(255), { external_user_id: 'a' })).status).toBe(201)
    const first = await create(token, 'day', { external_user_id: 'b' })
    server.clock.advance(3000)
    expect((await create(token, 'day', { external_user_id: 'b' })).text).toBe(first.text)
    await server.database.sql.query(`update idempotency_records set expires_at = $1 where key = 'day'`, [
      server.clock(),
    ])
    const anew = await create(token, 'day', { external_user_id: 'b' })
    expect([anew.status, anew.headers['idempotent-replayed']]).toEqual([409, undefined])
  })

  it('replays a 204 without a body', async () => {
    const { token } = await server.tenant()
    await server.call('POST', '/v1/users', { token, body: { external_user_id: 'a' } })
    const erase = () => server.call('DELETE', '/v1/users/a', { token, headers: { 'idempotency-key': 'erase' } })
    expect((await erase()).status).toBe(204)
    const again = await erase()
    expect([again.status, again.headers['idempotent-replayed']]).toEqual([204, 'true'])
  })
})
