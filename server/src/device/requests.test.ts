import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { join } from '../../test/account.ts'
import { approvalPage, approved, askForCode, pollWith } from '../../test/device-flow.ts'
import { freshAddress, type TestApp, testApp } from '../../test/harness.ts'
import type { PersonAt } from '../../test/people.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const list = (headers: Record<string, string>, query = '') =>
  server.call('GET', `/v1/device/requests${query}`, { headers, ip: freshAddress() })

const waiting = async ({ headers }: Pick<PersonAt, 'headers'>) => (await list(headers)).body.data.data

const deny = ({ headers }: { headers: Record<string, string> }, id: string) =>
  server.call('DELETE', `/v1/device/requests/${id}`, { headers, ip: freshAddress() })

/** A tenant whose application is the person's account's. */
async function clientOf(person: PersonAt) {
  const tenant = await server.tenant()
  await join(server, tenant, { ...tenant, tenantId: person.tenantId })
  return { tenant, client: { client_id: tenant.clientId, client_secret: tenant.clientSecret } }
}

const rowsOf = (event: string, tenantId: string) =>
  server.database.sql.query<{ metadata: object; actor: object }>(
    'select metadata, actor from audit_logs where event = $1 and tenant_id = $2 order by id',
    [event, tenantId],
  )

describe('GET /v1/device/requests', () => {
  it('has a request from when its code is entered until it is decided, and never the code', async () => {
    const person = await server.person()
    const codes = await askForCode(server, { agent_name: '<b>Builder</b>' }, { ip: '192.0.2.44' })
    expect(await waiting(person)).toEqual([])
    await approvalPage(server, person).look(codes.user_code)
    const shown = await list(person.headers)
    expect(shown.body.data.data).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        status: 'pending',
        opened: true,
        agent_name: '<b>Builder</b>',
        client_name: null,
        ip_address: '192.0.2.44',
        scopes: [{ scope: 'full_access', about: 'everything in your account' }],
        claim: false,
        requested_at: server.clock().toISOString(),
        expires_at: new Date(server.clock().getTime() + 900_000).toISOString(),
      },
    ])
    const letters = codes.user_code.replace('-', '')
    for (const secret of [codes.user_code, letters, codes.device_code]) expect(shown.text).not.toContain(secret)
    expect(await waiting(await server.person())).toEqual([])
    await approvalPage(server, person).deny(codes.user_code)
    expect(await waiting(person)).toEqual([])
  })

  it('has it for whoever entered the code last', async () => {
    const [one, two] = [await server.person(), await server.person()]
    const { user_code } = await askForCode(server)
    await approvalPage(server, one).look(user_code)
    await approvalPage(server, two).look(user_code)
    expect([await waiting(one), await waiting(two)]).toEqual([[], [expect.objectContaining({ opened: true })]])
  })

  it('has what the person approved, with what was granted, until the program collects it', async () => {
    const person = await server.person()
    const { device_code } = await approved(
      server,
      person,
      { scope: 'users:read users:write' },
      { scopes: ['users:read'] },
    )
    expect(await waiting(person)).toMatchObject([{ status: 'approved', scopes: [{ scope: 'users:read' }] }])
    expect((await pollWith(server, device_code)).status).toBe(200)
    expect(await waiting(person)).toEqual([])
  })

  it('has a request of a client of the account before its code is entered; of nobody else’s', async () => {
    const [person, other] = [await server.person(), await server.person()]
    const { tenant, client } = await clientOf(person)
    await askForCode(server, client)
    expect(await waiting(person)).toMatchObject([{ status: 'pending', opened: false, client_name: expect.any(String) }])
    expect(await waiting(other)).toEqual([])
    const viewer = await server.present({ ...tenant, tenantId: person.tenantId }, { kind: 'user', role: 'viewer' })
    expect((await list(viewer)).body.data.data).toHaveLength(1)
  })

  it('has no takeover that was approved: it is done; and one that waits says what it is', async () => {
    const person = await server.person()
    const { claim } = (
      await server.call('POST', '/v1/onboarding/ai', { body: { name: 'Claimed' }, ip: freshAddress() })
    ).body
    const { user_code } = await askForCode(server, { claim_token: claim.claim_token })
    const page = approvalPage(server, person)
    await page.look(user_code)
    expect(await waiting(person)).toMatchObject([{ status: 'pending', claim: true, scopes: [] }])
    expect((await page.approve(user_code)).status).toBe(200)
    expect(await waiting(person)).toEqual([])
  })

  it('ends with the code', async () => {
    const person = await server.person()
    await approvalPage(server, person).look((await askForCode(server)).user_code)
    await approved(server, person)
    expect(await waiting(person)).toHaveLength(2)
    server.clock.advance(900)
    expect(await waiting(person)).toEqual([])
  })

  it('pages newest first, and refuses the cursor of somebody else', async () => {
    const [person, other] = [await server.person(), await server.person()]
    for (let i = 0; i < 3; i += 1) {
      server.clock.advance(1)
      await approvalPage(server, person).look((await askForCode(server, { agent_name: `n${i}` })).user_code)
    }
    const names = ({ body }: { body: { data: { data: { agent_name: string }[] } } }) =>
      body.data.data.map(({ agent_name }) => agent_name)
    const top = await list(person.headers, '?limit=2')
    expect([names(top), top.body.data.has_more]).toEqual([['n2', 'n1'], true])
    const cursor = top.body.data.next_cursor
    // Decided between two pages, it still says where the first one ended.
    expect((await deny(person, cursor)).status).toBe(204)
    const rest = await list(person.headers, `?limit=2&starting_after=${cursor}`)
    expect([names(rest), rest.body.data.has_more, rest.body.data.next_cursor]).toEqual([['n0'], false, null])
    for (const wrong of [randomUUID(), cursor]) {
      const refused = await list(other.headers, `?starting_after=${wrong}`)
      expect([refused.status, refused.body.error.code]).toEqual([400, 'validation_error'])
    }
  })

  it('agents 185: nothing of it on the wait-list', async () => {
    const closed = await testApp({ SIGNUPS: 'waitlist' }, { database: server.database })
    const { headers } = await closed.person()
    const refused = await closed.call('GET', '/v1/device/requests', { headers })
    expect([refused.status, refused.body.error.code]).toEqual([403, 'not_admitted'])
    await closed.close()
  })
})

describe('DELETE /v1/device/requests/{request_id}', () => {
  it('204 without a code, once and for good: the program hears it, and the trail has it', async () => {
    const person = await server.person()
    const codes = await askForCode(server)
    await approvalPage(server, person).look(codes.user_code)
    const [{ id }] = await waiting(person)
    expect((await deny(person, id)).status).toBe(204)
    expect((await pollWith(server, codes.device_code)).body.error).toBe('access_denied')
    expect((await approvalPage(server, person).look(codes.user_code)).body.error.code).toBe('invalid_user_code')
    expect((await deny(person, id)).status).toBe(404)
    expect(await rowsOf('device.denied', person.tenantId)).toMatchObject([
      { metadata: { agent_id: expect.stringMatching(/^agt_/) }, actor: { kind: 'user', id: person.personId } },
    ])
    // Too late is nobody's attempt at something foreign.
    expect(await rowsOf('authorization.denied', person.tenantId)).toEqual([])
  })

  it('takes an approval back that no program has collected', async () => {
    const person = await server.person()
    const { device_code } = await approved(server, person)
    const [{ id }] = await waiting(person)
    expect((await deny(person, id)).status).toBe(204)
    expect((await pollWith(server, device_code)).body).toMatchObject({
      error: 'access_denied',
      error_description: 'User denied the authorization request',
    })
    expect(
      await server.database.sql.query('select 1 from secret_keys where account_id = $1', [person.accountId]),
    ).toEqual([])
  })

  it('turns a client of the account away by whoever may decide in it, not by a viewer', async () => {
    const person = await server.person()
    const { tenant, client } = await clientOf(person)
    const { device_code } = await askForCode(server, client)
    const [{ id }] = await waiting(person)
    const as = (role: 'viewer' | 'admin') => server.present(tenant, { kind: 'user', role })
    expect((await deny({ headers: await as('viewer') }, id)).status).toBe(403)
    expect((await deny({ headers: await as('admin') }, id)).status).toBe(204)
    expect((await pollWith(server, device_code, client)).body.error).toBe('access_denied')
  })

  it('404, one and the same, for foreign, missing, expired and collected ones, which it leaves as they are', async () => {
    const [person, other] = [await server.person(), await server.person()]
    const codes = await askForCode(server)
    await approvalPage(server, other).look(codes.user_code)
    const [{ id: foreign }] = await waiting(other)
    const { device_code } = await approved(server, person)
    const [{ id: collected }] = await waiting(person)
    await pollWith(server, device_code)
    await approvalPage(server, person).look((await askForCode(server)).user_code)
    const [{ id: expired }] = await waiting(person)
    await server.database.sql.query('update device_requests set expires_at = $2 where id = $1::uuid', [
      expired,
      server.clock(),
    ])
    const missing = await deny(person, randomUUID())
    expect([missing.status, missing.body.error.code]).toEqual([404, 'device_request_not_found'])
    for (const id of [foreign, collected, expired]) expect((await deny(person, id)).text).toBe(missing.text)
    expect((await pollWith(server, codes.device_code)).body.error).toBe('authorization_pending')
    expect(await rowsOf('authorization.denied', other.tenantId)).toMatchObject([{ metadata: { resource_id: foreign } }])
  })

  it('404 for what another person of the account approved: the approval is theirs to take back', async () => {
    const person = await server.person()
    const { tenant } = await clientOf(person)
    await approved(server, person)
    const [{ id }] = await waiting(person)
    const admin = await server.present(tenant, { kind: 'user', role: 'admin' })
    expect((await deny({ headers: admin }, id)).status).toBe(404)
    expect(await waiting(person)).toHaveLength(1)
  })

  it('403 from another origin, and without one', async () => {
    const person = await server.person()
    await approvalPage(server, person).look((await askForCode(server)).user_code)
    const [{ id }] = await waiting(person)
    const { cookie } = person.headers
    for (const headers of [{ cookie }, { cookie, origin: 'https://evil.example' }] as Record<string, string>[])
      expect((await deny({ headers }, id)).status).toBe(403)
    expect(await waiting(person)).toHaveLength(1)
  })
})
