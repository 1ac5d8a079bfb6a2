import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestApp, testApp } from '../../test/harness.ts'
import { agentKey } from '../../test/samples.ts'
import { issueAgentToken } from '../agents/token.ts'
import { jobs } from '../jobs.ts'
import { systemContext } from '../platform/context.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'false' })
})
afterAll(() => server.close())

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const keyOf = (headers: Record<string, string>) => headers.authorization?.split(' ')[1] as string

async function setup(scopes?: readonly string[]) {
  const tenant = await server.tenant()
  const key = await agentKey({ server, tenant }, scopes)
  const status = async (headers: Record<string, string>) =>
    (await server.call('GET', '/v1/keys/current', { headers })).status
  const rotate = (headers: Record<string, string>, body: object = {}, id = key.key_id) =>
    server.call('POST', `/v1/keys/${id}/rotate`, { headers, body })
  return { tenant, ...key, status, rotate }
}

/** A token that was handed out with the key. */
async function tokenOf({ tenant, key_id, agent_id }: Awaited<ReturnType<typeof setup>>): Promise<string> {
  const [row] = await server.database.sql.query<{ account_id: string }>(
    'select account_id from tenants where id = $1',
    [tenant.tenantId],
  )
  return issueAgentToken(systemContext(server.app.deps, 'test'), {
    agentId: agent_id,
    keyId: key_id,
    accountId: row?.account_id ?? '',
    personId: '019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57',
    clientId: 'cli_agent',
    scopes: ['full_access'],
  })
}

const revoked = (tenantId: string) =>
  server.database.sql.query<{ metadata: Record<string, unknown> }>(
    `select metadata from audit_logs where tenant_id = $1 and event = 'secret_key.revoked'`,
    [tenantId],
  )

describe('agents 153: revoking', () => {
  it('by another: 401 at once, for tokens handed out with it too; repeating it is 204 and one event', async () => {
    const one = await setup()
    const token = await tokenOf(one)
    const other = await agentKey({ server, tenant: one.tenant })
    expect([await one.status(one.headers), await one.status(bearer(token))]).toEqual([200, 200])
    for (let turn = 0; turn < 3; turn += 1) {
      const answer = await server.call('DELETE', `/v1/keys/${one.key_id}`, { headers: other.headers })
      expect([answer.status, answer.text]).toEqual([204, ''])
    }
    expect([await one.status(one.headers), await one.status(bearer(token))]).toEqual([401, 401])
    expect((await revoked(one.tenant.tenantId)).map(({ metadata }) => metadata.reason)).toEqual(['owner'])
    const read = await server.call('GET', `/v1/keys/${one.key_id}`, { headers: other.headers })
    expect(read.body.data.status).toBe('revoked')
  })

  it('by itself: 204, then 401', async () => {
    const one = await setup([])
    expect((await server.call('DELETE', '/v1/keys/current', { headers: one.headers })).status).toBe(204)
    expect(await one.status(one.headers)).toBe(401)
    expect((await server.call('DELETE', '/v1/keys/current', { headers: one.headers })).status).toBe(401)
    expect((await revoked(one.tenant.tenantId)).map(({ metadata }) => metadata.reason)).toEqual(['self'])
  })

  it('a person in the dashboard has no key of their own: 403', async () => {
    const { headers } = await server.person()
    for (const method of ['GET', 'DELETE']) {
      const answer = await server.call(method, '/v1/keys/current', { headers })
      expect([method, answer.status, answer.body.error.code]).toEqual([method, 403, 'forbidden'])
    }
  })
})

describe('agents 154: rotating', () => {
  it('both versions work during the overlap, the old one fails after it', async () => {
    const one = await setup()
    const { status, body } = await one.rotate(one.headers)
    expect(status).toBe(200)
    const next = bearer(body.data.secret_key)
    expect(body.data.previous_expires_at).toBe(new Date(server.clock().getTime() + 86_400_000).toISOString())
    expect(body.data.setup.env_var).toContain(body.data.secret_key)
    expect([await one.status(one.headers), await one.status(next)]).toEqual([200, 200])
    server.clock.advance(86_400)
    expect([await one.status(one.headers), await one.status(next)]).toEqual([401, 200])
    const shown = await server.call('GET', '/v1/keys/current', { headers: next })
    expect(shown.body.data).toMatchObject({ key_id: one.key_id, key_preview: body.data.key_preview })
  })

  it('grace 0 ends the old one at once', async () => {
    const one = await setup()
    const { body } = await one.rotate(one.headers, { grace_period_seconds: 0 })
    expect([await one.status(one.headers), await one.status(bearer(body.data.secret_key))]).toEqual([401, 200])
  })

  it('a third live version → 409 rotation_in_progress, from either; after the overlap it may be rotated again', async () => {
    const one = await setup()
    const { body } = await one.rotate(one.headers, { grace_period_seconds: 60 })
    for (const headers of [one.headers, bearer(body.data.secret_key)]) {
      const third = await one.rotate(headers)
      expect([third.status, third.body.error.code]).toEqual([409, 'rotation_in_progress'])
    }
    server.clock.advance(60)
    expect((await one.rotate(bearer(body.data.secret_key))).status).toBe(200)
  })

  it.each([-1, 604_801, 1.5, '60'])('grace %j → 400', async (grace_period_seconds) => {
    const one = await setup()
    expect((await one.rotate(one.headers, { grace_period_seconds })).status).toBe(400)
  })

  it('a key rotates itself without any scope; another one needs keys:write and no fewer rights', async () => {
    const weak = await setup([])
    expect((await weak.rotate(weak.headers)).status).toBe(200)
    const strong = await agentKey({ server, tenant: weak.tenant }, ['full_access'])
    const writer = await agentKey({ server, tenant: weak.tenant }, ['keys:write'])
    const other = await agentKey({ server, tenant: weak.tenant }, ['keys:write'])
    const none = await weak.rotate(weak.headers, {}, other.key_id)
    expect([none.status, none.body.error.code]).toEqual([403, 'insufficient_scope'])
    expect((await weak.rotate(writer.headers, {}, other.key_id)).status).toBe(200)
    // Its answer would hold a key that may do more.
    const wider = await weak.rotate(writer.headers, {}, strong.key_id)
    expect([wider.status, wider.body.error.code]).toEqual([403, 'insufficient_scope'])
    expect((await weak.rotate(strong.headers, {}, writer.key_id)).status).toBe(200)
  })

  it('an ended key → 404 key_not_found', async () => {
    const one = await setup()
    const other = await agentKey({ server, tenant: one.tenant })
    await server.call('DELETE', `/v1/keys/${one.key_id}`, { headers: other.headers })
    expect((await one.rotate(other.headers)).status).toBe(404)
  })

  it('revoking during the overlap ends both versions', async () => {
    const one = await setup()
    const { body } = await one.rotate(one.headers)
    const next = bearer(body.data.secret_key)
    expect((await server.call('DELETE', '/v1/keys/current', { headers: one.headers })).status).toBe(204)
    expect([await one.status(one.headers), await one.status(next)]).toEqual([401, 401])
  })

  it('the job deletes replaced versions past their overlap, and no others', async () => {
    const one = await setup()
    await one.rotate(one.headers, { grace_period_seconds: 30 })
    const count = async () =>
      (await server.database.sql.query('select 1 from secret_key_versions where key_id = $1', [one.key_id])).length
    await jobs['old-key-versions'].run(server.app.deps)
    expect(await count()).toBe(2)
    server.clock.advance(30)
    await jobs['old-key-versions'].run(server.app.deps)
    expect(await count()).toBe(1)
    expect(keyOf(one.headers)).toMatch(/^tm_key_/)
  })
})
