import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestApp, testApp } from '../../test/harness.ts'
import type { PersonAt } from '../../test/people.ts'
import { stepUp } from '../../test/samples.ts'
import { setAccountStatus } from '../accounts/admission.ts'
import { mintKey } from '../keys/mint.ts'
import { type Ctx, systemContext } from '../platform/context.ts'
import { unitOfWork } from '../platform/unit-of-work.ts'
import { type AgentGrant, issueAgentToken } from './token.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'false' })
})
afterAll(() => server.close())

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const system = () => systemContext(server.app.deps, 'test')
const inTransaction = <T>(work: (ctx: Ctx) => Promise<T>) => unitOfWork(system(), 'prisma', null, work)

async function agentOf(person: PersonAt, body: object = {}) {
  const step_up = await stepUp({ server, tenant: await server.tenant() }, person, 'keys.create')
  const made = await server.call('POST', '/v1/keys', {
    headers: person.headers,
    body: { name: 'Agent', step_up, ...body },
  })
  const { secret_key, key_id, agent_id } = made.body.data
  const grant = (more: Partial<AgentGrant> = {}): string =>
    issueAgentToken(system(), {
      agentId: agent_id,
      keyId: key_id,
      accountId: person.accountId,
      personId: person.personId,
      clientId: 'cli_agent',
      scopes: ['full_access'],
      ...more,
    })
  return { headers: bearer(secret_key), keyId: key_id as string, agentId: agent_id as string, grant }
}

const statusOf = async (headers: Record<string, string>) => (await server.call('GET', '/v1/agents', { headers })).status

describe('agents', () => {
  it('have the documented fields; a name is never verified', async () => {
    const person = await server.person()
    const { agentId, headers } = await agentOf(person, { name: 'Ñandú' })
    const { status, body } = await server.call('GET', `/v1/agents/${agentId}`, { headers })
    expect([status, body.data]).toEqual([
      200,
      {
        id: agentId,
        name: 'Ñandú',
        name_verified: false,
        method: 'dashboard',
        account_id: person.accountId,
        application_ids: 'all',
        scopes: ['full_access'],
        created_by: person.personId,
        created_at: server.clock().toISOString(),
        last_used_at: null,
        status: 'active',
      },
    ])
    await server.app.deps.keyUse.flush()
    const again = await server.call('GET', `/v1/agents/${agentId}`, { headers: person.headers })
    expect(again.body.data.last_used_at).toBe(server.clock().toISOString())
  })

  it('pages list every one once', async () => {
    const person = await server.person()
    const made = []
    for (let n = 0; n < 3; n += 1) made.push((await agentOf(person)).agentId)
    const first = await server.call('GET', '/v1/agents?limit=2', { headers: person.headers })
    const next = first.body.data.next_cursor
    const second = await server.call('GET', `/v1/agents?limit=2&starting_after=${next}`, { headers: person.headers })
    const ids = [...first.body.data.data, ...second.body.data.data].map(({ id }: { id: string }) => id)
    expect(ids.sort()).toEqual(made.sort())
    expect(second.body.data).toMatchObject({ has_more: false, next_cursor: null })
  })

  it('agents 153, 187: revoking one ends all its keys and tokens, and no other’s; repeating it changes nothing', async () => {
    const person = await server.person()
    const one = await agentOf(person)
    const other = await agentOf(person)
    const second = await server.call('POST', '/v1/keys', { headers: one.headers, body: { name: 'Second' } })
    const credentials = [
      one.headers,
      bearer(second.body.data.secret_key),
      bearer(one.grant()),
      bearer(one.grant({ keyId: null })),
    ]
    for (const headers of credentials) expect(await statusOf(headers)).toBe(200)
    for (let turn = 0; turn < 2; turn += 1) {
      const { status } = await server.call('DELETE', `/v1/agents/${one.agentId}`, { headers: person.headers })
      expect(status).toBe(204)
    }
    for (const headers of credentials) expect(await statusOf(headers)).toBe(401)
    expect([await statusOf(other.headers), await statusOf(bearer(other.grant()))]).toEqual([200, 200])
    const rows = await server.database.sql.query<{ event: string; metadata: Record<string, unknown> }>(
      `select event, metadata from audit_logs where tenant_id = $1 and event in ('agent.revoked', 'secret_key.revoked') order by id`,
      [person.tenantId],
    )
    expect(rows.map(({ event, metadata }) => [event, metadata.reason]).sort()).toEqual([
      ['agent.revoked', undefined],
      ['secret_key.revoked', 'agent_revoked'],
      ['secret_key.revoked', 'agent_revoked'],
    ])
  })
})

describe('tokens of agents', () => {
  it('are those of a person who consented, with the agent as actor, for the API and the MCP endpoint', async () => {
    const person = await server.person()
    const { grant, agentId, keyId } = await agentOf(person)
    const [head, claims] = grant()
      .split('.')
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))
    expect(head.typ).toBe('at+jwt')
    expect(claims).toMatchObject({
      iss: 'https://auth.example.com',
      sub: person.personId,
      act: { sub: agentId },
      aud: ['https://auth.example.com', 'https://auth.example.com/mcp'],
      client_id: 'cli_agent',
      key_id: keyId,
      scope: 'full_access',
    })
    expect(claims.exp - claims.iat).toBe(3600)
  })

  it('agents 151: reach what their scopes allow', async () => {
    const { grant } = await agentOf(await server.person())
    const narrow = bearer(grant({ scopes: ['users:read'] }))
    expect((await server.call('GET', '/v1/users', { headers: narrow })).status).toBe(200)
    expect((await server.call('GET', '/v1/keys', { headers: narrow })).status).toBe(403)
  })

  it('are named in the trail with the person behind them', async () => {
    const person = await server.person()
    const { grant, agentId } = await agentOf(person)
    const body = { external_user_id: 'made_by_agent' }
    const made = await server.call('POST', '/v1/users', { headers: bearer(grant()), body })
    expect(made.status).toBe(201)
    const [row] = await server.database.sql.query<{ actor: unknown }>(
      `select actor from audit_logs where tenant_id = $1 and event = 'user.created'`,
      [person.tenantId],
    )
    expect(row?.actor).toEqual({ kind: 'agent', id: agentId, chain: [{ kind: 'user', id: person.personId }] })
  })

  it('agents 178: for another resource, of another account or of nobody → 401', async () => {
    const person = await server.person()
    const { grant } = await agentOf(person)
    const stranger = await agentOf(await server.person())
    for (const token of [
      grant({ resource: 'https://auth.example.com/mcp' }),
      grant({ agentId: stranger.agentId }),
      grant({ agentId: 'agt_8YpZ3kQ1vT6mWc0RbN4xLd' }),
      grant({ keyId: stranger.keyId }),
    ])
      expect(await statusOf(bearer(token))).toBe(401)
    expect(await statusOf(bearer(grant({ resource: 'https://auth.example.com' })))).toBe(200)
  })

  it('end with the key they were handed out with, when it is revoked and when it expires', async () => {
    const person = await server.person()
    const one = await agentOf(person)
    const token = one.grant()
    await server.call('DELETE', '/v1/keys/current', { headers: bearer(token) })
    expect([await statusOf(bearer(token)), await statusOf(one.headers)]).toEqual([401, 401])
    const expires_at = new Date(server.clock().getTime() + 60_000).toISOString()
    const brief = await agentOf(person, { expires_at })
    const short = brief.grant()
    expect(await statusOf(bearer(short))).toBe(200)
    server.clock.advance(60)
    expect([await statusOf(bearer(short)), await statusOf(brief.headers)]).toEqual([401, 401])
  })
})

describe('agents 185: an account that is not active', () => {
  it('loses its keys and tokens when it is disabled, and gets no key by any flow', async () => {
    const person = await server.person()
    const one = await agentOf(person)
    const token = one.grant()
    await inTransaction((ctx) => setAccountStatus(ctx, person.accountId, 'disabled', { method: 'test' }))
    expect([await statusOf(one.headers), await statusOf(bearer(token))]).toEqual([401, 401])
    const { accountId, tenantId } = person
    const about = { accountId, tenantId, agentId: one.agentId, name: 'x', scopes: [], applicationIds: [] }
    await expect(
      inTransaction((ctx) => mintKey(ctx, { ...about, expiresAt: null, source: 'device' })),
    ).rejects.toMatchObject({ errorCode: 'not_admitted' })
    await inTransaction((ctx) => setAccountStatus(ctx, accountId, 'active', { method: 'test' }))
    expect([await statusOf(one.headers), await statusOf(bearer(token))]).toEqual([200, 200])
  })
})
