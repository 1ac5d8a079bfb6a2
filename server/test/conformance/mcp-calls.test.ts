import { AjvJsonSchemaValidator } from '@modelcontextprotocol/server/validators/ajv'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ListedTool, toolsOf } from '../../src/surfaces/mcp-tools.ts'
import { join, pay } from '../account.ts'
import { type Answer, type Tenant, type TestApp, testApp } from '../harness.ts'
import { callTool, currentRequest, keyOf, post } from '../mcp-requests.ts'
import { operations } from '../operation-calls.ts'

let server: TestApp
let tenant: Tenant
beforeAll(async () => {
  server = await testApp()
  tenant = await pay(server, await server.tenant())
})
afterAll(() => server.close())

const listedAs = (name: string): ListedTool => {
  const tool = toolsOf(operations).get(name)
  if (!tool) throw new Error(`there is no tool ${name}`)
  return tool.listed
}
const dataOf = (answer: Answer) => answer.body.result.structuredContent

describe('agents 175: a tool call and the equal REST call', () => {
  const rest = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
    server.call(method, path, { token: tenant.token, headers, ...(body ? { body } : {}) })

  it('give the same data, which the tool says twice', async () => {
    await rest('POST', '/v1/users', { external_user_id: 'same' })
    for (const [path, name, args] of [
      ['/v1/users?limit=5', 'users_list', { limit: 5 }],
      ['/v1/users/same', 'users_get', { external_user_id: 'same' }],
      ['/v1/users/same/credentials', 'users_credentials_list', { external_user_id: 'same' }],
      [`/v1/applications/${tenant.applicationId}`, 'applications_get', { id: tenant.applicationId }],
      ['/v1/connection', 'connection_status', {}],
    ] as const) {
      const [over, here] = [await rest('GET', path), await callTool(server, tenant, name, args)]
      expect([name, here.status, dataOf(here)]).toEqual([name, 200, over.body.data])
      expect(JSON.parse(here.body.result.content[0].text)).toEqual(over.body.data)
    }
  })

  it('write the same rows', async () => {
    const rowsOf = (id: string) =>
      server.database.sql.query(
        `select event, category, success, tenant_id, application_id, metadata, actor->>'kind' as kind
         from audit_logs where request_id = $1 order by event`,
        [id],
      )
    await rest('POST', '/v1/users', { external_user_id: 'by_rest' }, { 'x-request-id': 'over-rest-1' })
    const sent = currentRequest('tools/call', { name: 'users_create', arguments: { external_user_id: 'by_tool' } })
    sent.headers['x-request-id'] = 'over-tool-1'
    expect((await post(server, sent, tenant)).status).toBe(200)
    const rows = await rowsOf('over-tool-1')
    expect(rows).toHaveLength(1)
    expect(rows).toEqual(await rowsOf('over-rest-1'))
  })

  it('count on the same limits, and as the same usage', async () => {
    const limited = await testApp({ RATE_LIMIT_OVERRIDES: '{"admin_read":{"points":4}}' })
    const { token } = await limited.tenant()
    const calls = async () => {
      await limited.app.deps.meter.flush()
      const month = await limited.call('GET', `/v1/usage?period=${limited.clock().toISOString().slice(0, 7)}`, {
        token,
      })
      return month.body.data.api_calls as number
    }
    const before = await calls()
    const tool = await callTool(limited, { token }, 'users_list')
    expect(tool.headers.ratelimit).toMatch(/^"admin_read";r=2;/)
    const got = await limited.call('GET', '/v1/users', { token })
    expect(got.headers.ratelimit).toMatch(/^"admin_read";r=1;/)
    expect(await calls()).toBe(before + 3)
    const sent = currentRequest('tools/call', { name: 'users_list', arguments: {} })
    const refused = await post(limited, sent, { token })
    expect([refused.status, refused.body.id, refused.body.error.data.code]).toEqual([
      429,
      sent.body.id,
      'rate_limit_exceeded',
    ])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect((await limited.call('GET', '/v1/users', { token })).status).toBe(429)
    await limited.close()
  })
})

describe('agents 176: idempotency', () => {
  it('the same call with the same key → one user, and the same answer, over REST too', async () => {
    const args = { external_user_id: 'once', idempotency_key: 'one-and-the-same' }
    const [first, second] = [
      await callTool(server, tenant, 'users_create', args),
      await callTool(server, tenant, 'users_create', args),
    ]
    expect([first.body.result.isError, dataOf(second)]).toEqual([undefined, dataOf(first)])
    expect(second.headers['idempotent-replayed']).toBe('true')
    const again = await server.call('POST', '/v1/users', {
      token: tenant.token,
      body: { external_user_id: 'once' },
      headers: { 'idempotency-key': 'one-and-the-same' },
    })
    expect([again.status, again.body.data]).toEqual([201, dataOf(first)])
    const [row] = await server.database.sql.query<{ count: number }>(
      `select count(*)::int as count from users where tenant_id = $1 and external_user_id = 'once'`,
      [tenant.tenantId],
    )
    expect(row?.count).toBe(1)
  })

  it('the key with another call → an error that says so', async () => {
    const args = { external_user_id: 'another', idempotency_key: 'one-and-the-same' }
    expect(dataOf(await callTool(server, tenant, 'users_create', args)).code).toBe('idempotency_key_reused')
    const bad = await callTool(server, tenant, 'users_create', { external_user_id: 'x', idempotency_key: '' })
    expect(dataOf(bad)).toMatchObject({
      code: 'validation_error',
      message: expect.stringMatching(/^idempotency_key: /),
    })
  })
})

describe('agents 177: errors', () => {
  it('of the API are results that a model can read', async () => {
    for (const [name, args, code] of [
      ['users_get', { external_user_id: 'nobody' }, 'user_not_found'],
      ['users_create', { external_user_id: 7 }, 'validation_error'],
      ['users_create', {}, 'validation_error'],
      ['usage_get', { period: 'May' }, 'validation_error'],
      ['keys_list', {}, 'forbidden'],
    ] as const) {
      const answer = await callTool(server, tenant, name, args)
      expect([name, answer.status, answer.body.result.isError]).toEqual([name, 200, true])
      expect(dataOf(answer)).toMatchObject({
        code,
        message: expect.any(String),
        request_id: answer.headers['x-request-id'],
      })
      expect(JSON.parse(answer.body.result.content[0].text)).toEqual(dataOf(answer))
    }
  })

  it('of the protocol are errors: unknown tools, and members that a tool does not take', async () => {
    for (const [name, args, message] of [
      ['users_forget', {}, /users_forget/],
      ['users_create', { external_user_id: 'x', admin: true }, /^admin: /],
      ['users_list', { format: 'ndjson' }, /^format: /],
      ['users_list', { idempotency_key: 'x' }, /^idempotency_key: /],
    ] as const) {
      const answer = await callTool(server, tenant, name, args)
      expect([name, answer.status, answer.body.error]).toMatchObject([name, 200, { code: -32602 }])
      expect(answer.body.error.message).toMatch(message)
    }
  })

  it('that are faults → −32603 with the request id and nothing else; the cause is in the log', async () => {
    const { sql } = server.database
    const { token, tenantId } = await server.tenant()
    await sql.query(
      `create function refuse_tool() returns trigger language plpgsql as
       $$ begin if new.tenant_id = '${tenantId}' then raise exception 'broken inside'; end if; return new; end $$`,
    )
    await sql.query(
      'create trigger refuse_tool before insert on audit_logs for each row execute function refuse_tool()',
    )
    try {
      const sent = currentRequest('tools/call', { name: 'users_create', arguments: { external_user_id: 'x' } })
      sent.headers['x-request-id'] = 'fault-12345'
      const answer = await post(server, sent, { token })
      expect(answer.body).toMatchObject({
        id: sent.body.id,
        error: { code: -32603, message: 'Something went wrong on our side.', data: { request_id: 'fault-12345' } },
      })
      expect(Object.keys(answer.body.error.data)).toEqual(['request_id'])
      expect(answer.text).not.toContain('broken inside')
      expect(server.lines.some((line) => line.includes('fault-12345') && line.includes('broken inside'))).toBe(true)
    } finally {
      await sql.query('drop trigger refuse_tool on audit_logs')
      await sql.query('drop function refuse_tool')
    }
  })

  it('fit the schema that the tool shows, as results do', async () => {
    const ajv = new AjvJsonSchemaValidator()
    const key = await keyOf(server, tenant)
    const user = { external_user_id: 'fits' }
    for (const [name, args] of [
      ['users_create', user],
      ['users_create', user],
      ['users_get', user],
      ['users_list', {}],
      ['users_delete', user],
      ['users_get', user],
      ['audit_logs_list', { limit: 3 }],
      ['usage_get', { period: server.clock().toISOString().slice(0, 7) }],
      ['keys_list', {}],
      ['keys_revoke', { key_id: 'key_nothing' }],
      ['applications_list', {}],
      ['applications_rotate_secret', { id: tenant.applicationId }],
      ['connection_status', {}],
    ] as const) {
      const answer = await callTool(server, key, name, args)
      const { outputSchema } = listedAs(name)
      const checked = ajv.getValidator(outputSchema as never)(dataOf(answer))
      expect([name, checked.valid, checked.errorMessage]).toEqual([name, true, undefined])
    }
  })
})

describe('application_id', () => {
  it('chooses where a key reaches several; without it the answer names them', async () => {
    const world = await pay(server, await server.tenant())
    const second = await server.tenant()
    await join(server, second, world)
    const key = await keyOf(server, world)
    const unsure = await callTool(server, key, 'users_list')
    expect(dataOf(unsure)).toMatchObject({
      code: 'validation_error',
      message: expect.stringMatching(/^application_id: /),
    })
    expect(dataOf(unsure).details[0].application_ids.sort()).toEqual([world.applicationId, second.applicationId].sort())
    for (const { applicationId } of [world, second]) {
      const made = await callTool(server, key, 'users_create', {
        external_user_id: 'chosen',
        application_id: applicationId,
      })
      expect(made.body.result.isError).toBeUndefined()
    }
    const foreign = await callTool(server, key, 'users_list', { application_id: tenant.applicationId })
    expect(dataOf(foreign).code).toBe('application_not_found')
    const status = dataOf(await callTool(server, key, 'connection_status'))
    expect(status.applications.map(({ id }: { id: string }) => id).sort()).toEqual(
      [world.applicationId, second.applicationId].sort(),
    )
  })

  it('of another application is not ignored with a credential of one', async () => {
    const other = await server.tenant()
    const args = { external_user_id: 'same', application_id: other.applicationId }
    expect(dataOf(await callTool(server, tenant, 'users_delete', args)).code).toBe('application_not_found')
    const own = await callTool(server, tenant, 'users_list', { application_id: tenant.applicationId })
    expect(own.body.result.isError).toBeUndefined()
  })
})

describe('connection_status', () => {
  it('tells an unclaimed tenant when it would be purged, and what it may do until then', async () => {
    const fresh = await server.tenant()
    const status = dataOf(await callTool(server, fresh, 'connection_status'))
    expect(status).toMatchObject({
      kind: 'service',
      plan: 'free_ai',
      role: null,
      applications: [{ id: fresh.applicationId, tenant_id: fresh.tenantId, status: 'active' }],
      limits: { users: 15, applications: 1, origins: 3, audit_retention_days: 30 },
      purge_at: new Date(server.clock().getTime() + 7 * 86_400_000).toISOString(),
    })
    expect(status.scopes).toContain('users:write')
  })

  it('tells a person, and a key bound to one application, what they reach', async () => {
    const person = await server.person()
    const { body } = await server.call('GET', '/v1/connection', { headers: person.headers })
    expect(body.data).toMatchObject({
      kind: 'user',
      role: 'owner',
      account_id: person.accountId,
      scopes: [],
      purge_at: null,
      applications: [{ id: person.applicationId }],
    })
    const status = dataOf(await callTool(server, await keyOf(server, tenant, ['users:read']), 'connection_status'))
    expect(status).toMatchObject({ kind: 'agent', scopes: ['users:read'], purge_at: null, role: null })
  })
})
