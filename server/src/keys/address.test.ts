import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agentToken } from '../../test/agent-token.ts'
import { type Answer, type Tenant, type TestApp, testApp } from '../../test/harness.ts'
import { currentRequest } from '../../test/mcp-requests.ts'
import { oauthPost } from '../../test/oauth-requests.ts'
import type { PersonAt } from '../../test/people.ts'
import { stepUp } from '../../test/samples.ts'
import { limitTable } from '../limits.ts'
import { systemContext } from '../platform/context.ts'

const inside = '192.0.2.9'
const outside = '198.51.100.9'
const allowed_ips = ['192.0.2.0/24', '2001:db8::/32']

let server: TestApp
let tenant: Tenant
let person: PersonAt
beforeAll(async () => {
  server = await testApp()
  tenant = await server.tenant()
  person = await server.person()
})
afterAll(() => server.close())

type Made = { secret: string; id: string; shown: { allowed_ips: string[] | null } }

const post = (body: object, options: { headers?: Record<string, string>; token?: string; ip?: string }) =>
  server.call('POST', '/v1/keys', { body: { name: 'Key', ...body }, ...options })

const made = (answer: Answer): Made => {
  expect([answer.status, answer.text]).toEqual([201, answer.text])
  const { secret_key, key_id, ...shown } = answer.body.data
  return { secret: secret_key, id: key_id, shown }
}

/** A key that a person makes. */
async function makeKey(body: object = { allowed_ips }, maker = person): Promise<Made> {
  const step_up = await stepUp({ server, tenant }, maker, 'keys.create')
  return made(await post({ ...body, step_up }, { headers: maker.headers }))
}

const read = (token: string, ip: string) => server.call('GET', '/v1/keys/current', { token, ip })

const refusals = async (keyId: string) =>
  server.database.sql.query<{ tenant_id: string; ip_address: string; metadata: Record<string, unknown> }>(
    `select tenant_id, ip_address, metadata from audit_logs
     where event = 'authorization.denied' and metadata ->> 'policy' = 'key_address' and metadata ->> 'resource_id' = $1
     order by id`,
    [keyId],
  )

/** What a caller can see of an answer, but for what names the request. */
const visible = ({ status, headers, body }: Answer) => {
  const { 'x-request-id': _, date: __, ...rest } = headers
  return { status, headers: rest, body }
}

describe('a key with addresses', () => {
  it('shows them in one form, to its maker and in every list', async () => {
    const { secret, id, shown } = await makeKey({ allowed_ips: ['192.0.2.0/24', '2001:DB8:0::/32', '192.0.2.0/24'] })
    expect(shown.allowed_ips).toEqual(allowed_ips)
    expect((await read(secret, inside)).body.data.allowed_ips).toEqual(allowed_ips)
    const { data } = (await server.call('GET', '/v1/keys', { headers: person.headers })).body.data
    expect(data.find(({ key_id }: { key_id: string }) => key_id === id).allowed_ips).toEqual(allowed_ips)
    expect((await makeKey({})).shown.allowed_ips).toBeNull()
  })

  it('with one that is none is refused, by the name of the field', async () => {
    const answer = await post({ allowed_ips: ['192.0.2.0/24', '10.0.0.5/24'] }, { headers: person.headers })
    expect([answer.status, answer.body.error.code]).toEqual([400, 'validation_error'])
    expect(answer.body.error.details).toEqual([
      { path: 'allowed_ips.1', message: expect.stringContaining('write 10.0.0.0/24') },
    ])
  })

  it('works from them alone, however it is rotated', async () => {
    const { secret, id } = await makeKey()
    for (const [ip, status] of [
      [inside, 200],
      ['2001:db8:1::1', 200],
      ['::ffff:192.0.2.9', 200],
      [outside, 401],
      ['2001:db9::1', 401],
    ] as const)
      expect([ip, (await read(secret, ip)).status]).toEqual([ip, status])
    const rotated = await server.call('POST', `/v1/keys/${id}/rotate`, { token: secret, ip: inside, body: {} })
    const next = rotated.body.data.secret_key
    expect([(await read(next, inside)).status, (await read(next, outside)).status]).toEqual([200, 401])
    const refused = await server.call('POST', `/v1/keys/${id}/rotate`, { token: next, ip: outside, body: {} })
    expect(refused.status).toBe(401)
  })

  it('is refused from elsewhere as a bad key is, without a word of its end; its owner finds one row a minute', async () => {
    const expires_at = new Date(server.clock().getTime() + 86_400_000).toISOString()
    const { secret, id } = await makeKey({ allowed_ips, expires_at })
    expect((await read(secret, inside)).headers['x-key-expires-at']).toBe(expires_at)
    const bad = 'tm_key_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg4EQaWx'
    const ip = '198.51.100.77'
    expect(visible(await read(secret, ip))).toEqual(visible(await read(bad, ip)))
    for (let i = 0; i < 5; i += 1) expect((await read(secret, ip)).status).toBe(401)
    expect(await refusals(id)).toEqual([
      {
        tenant_id: person.tenantId,
        ip_address: ip,
        metadata: expect.objectContaining({ resource_type: 'secret_key', resource_id: id }),
      },
    ])
    expect((await read(secret, '198.51.100.78')).status).toBe(401)
    expect(await refusals(id)).toHaveLength(2)
    expect(limitTable.key_address_trail).toMatchObject({ points: 1, seconds: 60 })
    const shown = await server.call('GET', '/v1/audit-logs?event=authorization.denied', { headers: person.headers })
    expect(shown.text).toContain(id)
    expect(shown.text).not.toContain(secret)
    const { body } = await server.call('GET', `/v1/keys/${id}`, { headers: person.headers })
    expect(body.data.last_used_ip).not.toBe(ip)
  })

  it('counts from elsewhere as a wrong key: too many → 429', async () => {
    const { secret } = await makeKey()
    const ip = '198.51.100.90'
    for (let i = 0; i < 100; i += 1) expect((await read(secret, ip)).status).toBe(401)
    expect((await read(secret, ip)).status).toBe(429)
    expect((await read(secret, inside)).status).toBe(200)
  })

  it('is checked without a statement', async () => {
    const { secret } = await makeKey()
    expect((await read(secret, inside)).status).toBe(200)
    const { sql } = server.app.deps.database
    const { query } = sql
    let asked = 0
    sql.query = ((text: string, values?: unknown[]) => {
      asked += 1
      return query.call(sql, text, values)
    }) as typeof query
    try {
      const { checks } = server.app.deps
      const ctx = systemContext(server.app.deps, 'test')
      const found = await checks.secretKey({ ...ctx, request: { ...ctx.request, ip: inside } }, secret)
      expect(found?.allowedIps).toEqual(allowed_ips)
    } finally {
      sql.query = query
    }
    expect(asked).toBe(0)
  })
})

describe('the addresses of a key hold', () => {
  it('at the admin API, on MCP, and where it asks about tokens or ends them', async () => {
    const { secret, id } = await makeKey()
    const statuses = async (ip: string) => [
      (await server.call('GET', '/v1/users', { token: secret, ip })).status,
      await mcp(secret, ip),
      (await oauthPost(server, '/oauth/introspect', { form: { token: 'x' }, bearer: secret, ip })).status,
      (await oauthPost(server, '/oauth/revoke', { form: { token: 'x' }, bearer: secret, ip })).status,
    ]
    expect(await statuses(inside)).toEqual([200, 200, 200, 200])
    expect(await statuses(outside)).toEqual([401, 401, 401, 401])
    expect(await refusals(id)).toHaveLength(1)
  })

  const mcp = async (token: string, ip: string) => {
    const { headers, body } = currentRequest('tools/list')
    return (await server.call('POST', '/mcp', { body, token, ip, headers: { host: 'auth.example.com', ...headers } }))
      .status
  }

  it('for the tokens that were handed out with it, and not for others of the same agent', async () => {
    const { token, familyToken, keyId } = await agentToken(server, person, { allowedIps: allowed_ips })
    const status = async (sent: string, ip: string) =>
      (await server.call('GET', '/v1/users', { token: sent, ip })).status
    expect([await status(token, inside), await mcp(token, inside)]).toEqual([200, 200])
    expect([await status(token, outside), await mcp(token, outside)]).toEqual([401, 401])
    expect(await status(familyToken, outside)).toBe(200)
    expect(await refusals(keyId)).toHaveLength(1)
  })

  it('wherever somebody asks about it: introspection tells who accepts it from where', async () => {
    const { secret: asker } = await makeKey({})
    const { token, secretKey, familyToken } = await agentToken(server, person, { allowedIps: allowed_ips })
    const look = async (shown: string) =>
      (await oauthPost(server, '/oauth/introspect', { form: { token: shown }, bearer: asker, ip: outside })).body
    for (const shown of [token, secretKey]) expect(await look(shown)).toMatchObject({ active: true, allowed_ips })
    expect(await look(familyToken)).not.toHaveProperty('allowed_ips')
  })

  it('against reports of a leak as little as ever: whoever has it ends it', async () => {
    const { secret } = await makeKey()
    const reported = await server.call('POST', '/v1/keys/report-leak', { body: { token: secret }, ip: outside })
    expect(reported.status).toBe(202)
    expect((await read(secret, inside)).status).toBe(401)
  })
})

describe('a key with addresses makes keys', () => {
  const by = (secret: string, body: object) => post(body, { token: secret, ip: inside })

  it('with its own unless said, and within them', async () => {
    const { secret } = await makeKey()
    expect(made(await by(secret, {})).shown.allowed_ips).toEqual(allowed_ips)
    expect(made(await by(secret, { allowed_ips: ['192.0.2.128/25'] })).shown.allowed_ips).toEqual(['192.0.2.128/25'])
    const { secret: open } = await makeKey({})
    expect(made(await by(open, { allowed_ips })).shown.allowed_ips).toEqual(allowed_ips)
  })

  it('nor does it reach further by a token, or by replacing another key', async () => {
    const { secret, id } = await makeKey()
    const { token } = await agentToken(server, person, { allowedIps: allowed_ips })
    for (const credential of [secret, token]) {
      const answer = await by(credential, { allowed_ips: ['192.0.2.0/24', '203.0.113.1'] })
      expect([answer.status, answer.body.error.code]).toEqual([403, 'forbidden'])
      expect(answer.body.error.message).toContain('allowed_ips')
    }
    const { id: open } = await makeKey({})
    const { id: narrower } = await makeKey({ allowed_ips: ['192.0.2.1'] })
    const rotate = (key: string) =>
      server.call('POST', `/v1/keys/${key}/rotate`, { token: secret, ip: inside, body: { grace_period_seconds: 60 } })
    expect([(await rotate(open)).status, (await rotate(narrower)).status, (await rotate(id)).status]).toEqual([
      403, 200, 200,
    ])
    const denials = await server.database.sql.query(
      `select 1 from audit_logs where tenant_id = $1 and metadata ->> 'policy' = 'rights'`,
      [person.tenantId],
    )
    expect(denials).toHaveLength(3)
  })
})
