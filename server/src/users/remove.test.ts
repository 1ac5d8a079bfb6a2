import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pay } from '../../test/account.ts'
import { browserOf, ORIGIN } from '../../test/ceremonies.ts'
import { freshAddress, type Tenant, type TestApp, testApp } from '../../test/harness.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const erase = (tenant: Tenant, name = 'ada') => server.call('DELETE', `/v1/users/${name}`, { token: tenant.token })

const sessionOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti

async function setUp() {
  const tenant = await server.tenant({ origins: [ORIGIN] })
  const browser = browserOf(server, tenant)
  const ada = await browser.register('ada', undefined, { ip: freshAddress() })
  const eve = await browser.register('eve', undefined, { ip: freshAddress() })
  const { body } = await server.call('GET', '/v1/users/ada', { token: tenant.token })
  return { tenant, browser, ada, eve, id: body.data.id as string }
}

type Denial = {
  tenant_id: string
  actor: { kind: string; id: string }
  metadata: Record<string, string | null>
  ip_address: string | null
  user_agent: string | null
}
const denials = (requestId: string): Promise<Denial[]> =>
  server.database.sql.query<Denial>(
    'select tenant_id, actor, metadata, ip_address, user_agent from audit_logs where request_id = $1',
    [requestId],
  )

describe('DELETE /v1/users/{external_user_id}', () => {
  it('keeps what a user was denied elsewhere, for its owner and the operator, without saying who it was', async () => {
    const [{ tenant, ada, eve, id }, other] = [await setUp(), await setUp()]
    const missing = '019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57'
    const targets = { foreign: sessionOf(other.ada.token), missing, own: sessionOf(eve.token) }
    const requestId = (what: string) => `erased-${what}-${tenant.applicationId.slice(4)}`
    for (const [what, session] of Object.entries(targets)) {
      const headers = { 'x-request-id': requestId(what), 'user-agent': 'Prober/1.0' }
      const call = { token: ada.token, origin: ORIGIN, ip: '192.0.2.9', headers }
      expect((await server.call('DELETE', `/v1/sessions/${session}`, call)).status).toBe(404)
    }
    const before = await denials(requestId('foreign'))
    expect(before).toMatchObject([{ tenant_id: other.tenant.tenantId, actor: { id }, metadata: { principal_id: id } }])
    expect((await erase(tenant)).status).toBe(204)
    const blank = {
      actor: { kind: 'end_user', id: 'erased' },
      metadata: { principal_id: 'erased', policy: 'own_user' },
    }
    const address = { ip_address: '192.0.2.9', user_agent: 'Prober/1.0' }
    expect(await denials(requestId('foreign'))).toMatchObject([
      {
        ...blank,
        ...address,
        tenant_id: other.tenant.tenantId,
        metadata: { ...blank.metadata, resource_id: targets.foreign },
      },
    ])
    expect(await denials(requestId('missing'))).toMatchObject([{ ...blank, ...address, tenant_id: 'system' }])
    expect(await denials(requestId('own'))).toMatchObject([
      { ...blank, tenant_id: tenant.tenantId, ip_address: null, user_agent: null },
    ])
  })

  it('keeps that somebody tried at the user, without saying at whom', async () => {
    const [{ tenant, ada, eve, id }, other] = [await setUp(), await setUp()]
    const tries = {
      user: () => ['GET', `/v1/users/id:${id}`, other.tenant.token] as const,
      credential: () => ['DELETE', `/v1/users/eve/credentials/${ada.data.credential_id}`, tenant.token] as const,
      session: () => ['DELETE', `/v1/sessions/${sessionOf(ada.token)}`, eve.token] as const,
    }
    const requestId = (what: string) => `tried-${what}-${tenant.applicationId.slice(4)}`
    for (const [what, attempt] of Object.entries(tries)) {
      const [method, path, token] = attempt()
      const headers = { 'x-request-id': requestId(what) }
      expect((await server.call(method, path, { token, origin: ORIGIN, headers })).status).toBe(404)
    }
    await erase(tenant)
    for (const what of Object.keys(tries)) {
      const [row] = await denials(requestId(what))
      expect(row).toMatchObject({
        tenant_id: tenant.tenantId,
        metadata: { resource_type: what, resource_id: 'erased' },
      })
      expect(row?.actor.id).not.toBe('erased')
    }
  })

  it('takes nothing from another user', async () => {
    const { tenant, browser, eve } = await setUp()
    await server.call('POST', '/v1/users', {
      token: tenant.token,
      body: { external_user_id: 'bob', email: 'b@x.example' },
    })
    await browser.startSignIn({ name: 'eve' })
    const bystanders = async () => {
      const [row] = await server.database.sql.query<{ text: string }>(
        `select string_agg(t, '|' order by t) as text from (
           select u::text as t from users u where tenant_id = $1 and external_user_id <> 'ada'
           union all select c::text from credentials c where tenant_id = $1 and id = $2
           union all select s::text from sessions s where tenant_id = $1 and id = $3::uuid
           union all select i::text from identifiers i where tenant_id = $1
           union all select c::text from ceremonies c where tenant_id = $1
           union all select d::text from directory d where tenant_id = $1 and id = $2
           union all select a::text from audit_logs a where tenant_id = $1 and metadata ->> 'credential_id' = $2) rows`,
        [tenant.tenantId, eve.data.credential_id, sessionOf(eve.token)],
      )
      return row?.text
    }
    const kept = await bystanders()
    await erase(tenant)
    expect(await bystanders()).toBe(kept)
    const valid = await server.call('GET', '/v1/sessions/validate', { token: eve.token, origin: ORIGIN })
    expect(valid.status).toBe(200)
    const again = await server.call('GET', '/v1/users', { token: tenant.token })
    expect(again.body.data.data.map((row: { external_user_id: string }) => row.external_user_id)).toEqual([
      'eve',
      'bob',
    ])
  })

  it('ends the session at once, and lets the same passkey and the same names be used anew', async () => {
    const { tenant, browser } = await setUp()
    const body = { external_user_id: 'bob', email: 'bob@example.com' }
    const create = () => server.call('POST', '/v1/users', { token: tenant.token, body })
    expect((await create()).status).toBe(201)
    const { device, token } = await browser.register('bob', undefined, { ip: freshAddress() })
    expect((await erase(tenant, 'bob')).status).toBe(204)
    const refused = await server.call('GET', '/v1/sessions/validate', { token, origin: ORIGIN })
    expect(refused.status).toBe(401)
    expect((await browser.signIn(device)).body.error.code).toBe('credential_not_found')
    expect((await create()).status).toBe(201)
    const [tenantRow] = await server.database.sql.query<{ user_count: number }>(
      'select user_count from tenants where id = $1',
      [tenant.tenantId],
    )
    expect(tenantRow?.user_count).toBe(3)
  })

  it('erases an anonymous user, and leaves the stored answer of an import with a line that has no name', async () => {
    const { tenant, browser } = await setUp()
    const paid = await pay(server, tenant, 'enterprise')
    const headers = { 'idempotency-key': 'lines-1', 'content-type': 'application/x-ndjson' }
    const send = () =>
      server.call('POST', '/v1/migration/users/import', {
        token: paid.token,
        headers,
        body: '{"external_user_id":"x"}\n{}',
      })
    expect((await send()).status).toBe(200)
    const anonymous = await browser.register(undefined, undefined, { ip: freshAddress() })
    const session = await server.call('GET', '/v1/sessions/validate', { token: anonymous.token, origin: ORIGIN })
    expect((await erase(paid, `id:${session.body.data.user_id}`)).status).toBe(204)
    expect((await send()).headers['idempotent-replayed']).toBe('true')
  })
})
