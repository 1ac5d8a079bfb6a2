import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anotherApplication, join, pay, signIn } from '../../test/account.ts'
import { createAuthenticator } from '../../test/authenticator.ts'
import { type Answer, type Tenant, type TestApp, testApp } from '../../test/harness.ts'

let server: TestApp
/** Whose people act, and the application that they act on. */
let tenant: Tenant
let other: Tenant
let owner: Record<string, string>
beforeAll(async () => {
  server = await testApp()
  tenant = await pay(server, await server.tenant(), 'scale')
  owner = await server.present(tenant, { kind: 'user', role: 'owner' })
})
afterAll(() => server.close())

const origin = 'https://app.example.com'

const act = (verb: 'suspend' | 'activate' | 'delete', headers = owner, id = other.applicationId, body: object = {}) =>
  verb === 'delete'
    ? server.call('DELETE', `/v1/applications/${id}`, { headers })
    : server.call('POST', `/v1/applications/${id}/${verb}`, { headers, body })

/** A signed-in end user of the application. */
async function signUp({ clientId: token }: Tenant): Promise<string> {
  const begun = await server.call('POST', '/v1/passkeys/register/start', { token, origin, body: {} })
  const { challenge, session_id } = begun.body.data
  const credential = createAuthenticator().register(challenge, { origin })
  const body = { session_id, credential }
  return (await server.call('POST', '/v1/passkeys/register/finish', { token, origin, body })).body.data.session_token
}

/** How every kind of caller of the application fares. */
async function reach(application: Tenant, session: string) {
  const outcome = ({ status, body }: Answer) => [status, body?.error?.code ?? body?.error ?? 'ok']
  const basic = `Basic ${Buffer.from(`${application.clientId}:${application.clientSecret}`).toString('base64')}`
  const granted = await signIn(server, application)
  const start = { token: application.clientId, origin, body: {} }
  const read = `/v1/applications/${application.applicationId}`
  return {
    grant: [granted.status, granted.error ?? 'ok'],
    token: outcome(await server.call('GET', '/v1/users', { token: application.token })),
    basic: outcome(await server.call('GET', '/v1/users', { headers: { authorization: basic } })),
    browser: outcome(await server.call('POST', '/v1/passkeys/auth/start', start)),
    session: outcome(await server.call('GET', '/v1/sessions/validate', { token: session, origin })),
    sibling: outcome(await server.call('GET', read, { token: tenant.token })),
    person: outcome(await server.call('GET', read, { headers: owner })),
  }
}

const served = {
  grant: [200, 'ok'],
  token: [200, 'ok'],
  basic: [200, 'ok'],
  browser: [200, 'ok'],
  session: [200, 'ok'],
  sibling: [200, 'ok'],
  person: [200, 'ok'],
}

describe('suspending and activating', () => {
  it('security 130, 144: stops backends, browsers and end users at once, and activating serves them again', async () => {
    other = await anotherApplication(server, tenant)
    const session = await signUp(other)
    expect(await reach(other, session)).toEqual(served)
    const suspended = await act('suspend', owner, other.applicationId, { reason: 'Abuse report' })
    expect([suspended.status, suspended.body.data.status]).toEqual([200, 'suspended'])
    expect(await reach(other, session)).toEqual({
      grant: [401, 'invalid_client'],
      token: [401, 'unauthorized'],
      basic: [401, 'unauthorized'],
      browser: [403, 'tenant_inactive'],
      session: [403, 'tenant_inactive'],
      sibling: [200, 'ok'],
      person: [200, 'ok'],
    })
    const activated = await act('activate')
    expect([activated.status, activated.body.data.status]).toEqual([200, 'active'])
    expect(await reach(other, session)).toEqual(served)
    const logs = await server.call('GET', '/v1/audit-logs', { token: other.token })
    const rows: { event: string; metadata: object }[] = logs.body.data.data
    const seen = rows.filter(({ event }) => /suspended|activated/.test(event))
    expect(seen.map(({ event, metadata }) => [event, metadata])).toEqual([
      ['application.activated', {}],
      ['application.suspended', { reason: 'Abuse report' }],
    ])
  })

  it('409 invalid_state for the state that it is in', async () => {
    other = await anotherApplication(server, tenant)
    const idle = await act('activate')
    expect([idle.status, idle.body.error.code]).toEqual([409, 'invalid_state'])
    await act('suspend')
    const twice = await act('suspend')
    expect([twice.status, twice.body.error.code]).toEqual([409, 'invalid_state'])
  })

  it('400 for a reason of more than 200 characters and for an unknown member', async () => {
    other = await anotherApplication(server, tenant)
    for (const body of [{ reason: 'x'.repeat(201) }, { reason: '' }, { why: 'x' }]) {
      expect((await act('suspend', owner, other.applicationId, body)).status).toBe(400)
    }
  })

  it('a suspended application keeps its settings open to people', async () => {
    other = await anotherApplication(server, tenant)
    await act('suspend')
    const path = `/v1/applications/${other.applicationId}`
    const changed = await server.call('PATCH', path, { headers: owner, body: { name: 'Quiet' } })
    expect([changed.status, changed.body.data.name, changed.body.data.status]).toEqual([200, 'Quiet', 'suspended'])
  })
})

describe('DELETE /v1/applications/{id}', () => {
  it('security 100, 130: 204; from then on it answers like one that never was', async () => {
    other = await anotherApplication(server, tenant)
    const session = await signUp(other)
    const deleted = await act('delete')
    expect([deleted.status, deleted.text]).toEqual([204, ''])
    expect(await reach(other, session)).toEqual({
      grant: [401, 'invalid_client'],
      token: [401, 'unauthorized'],
      basic: [401, 'unauthorized'],
      browser: [404, 'origin_not_allowed'],
      session: [401, 'invalid_session_token'],
      sibling: [404, 'application_not_found'],
      person: [404, 'application_not_found'],
    })
    for (const verb of ['delete', 'suspend', 'activate'] as const) {
      const missing = await act(verb, owner, 'app_0000000000000000000000')
      const gone = await act(verb)
      expect([gone.status, gone.text]).toEqual([404, missing.text])
    }
    const [row] = await server.database.sql.query<{ status: string; deleted_at: Date }>(
      'select status, deleted_at from applications where tenant_id = $1 and id = $2',
      [tenant.tenantId, other.applicationId],
    )
    expect(row).toEqual({ status: 'deleted', deleted_at: server.clock() })
    const events = await server.database.sql.query<{ tenant_id: string; event: string }>(
      `select tenant_id, event from audit_logs where application_id = $1 and event = 'application.deleted'`,
      [other.applicationId],
    )
    expect(events).toEqual([{ tenant_id: tenant.tenantId, event: 'application.deleted' }])
  })

  it('gives its place on the plan back', async () => {
    const small = await pay(server, await server.tenant())
    const people = await server.present(small, { kind: 'user', role: 'admin' })
    await anotherApplication(server, small)
    const last = await anotherApplication(server, small)
    await expect(anotherApplication(server, small)).rejects.toThrow('plan_limit_reached')
    await act('delete', people, last.applicationId)
    await anotherApplication(server, small)
  })
})

describe.each(['suspend', 'activate', 'delete'] as const)('%s', (verb) => {
  it('403 for programs and viewers, whoever owns the application, and a row for their tenant', async () => {
    const [mine, stranger] = [await server.tenant(), await server.tenant()]
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
    const callers = [
      bearer(mine.token),
      await server.present(mine, { kind: 'agent', scopes: ['applications:write'] }),
      await server.present(mine, { kind: 'user', role: 'viewer' }),
    ]
    for (const headers of callers) {
      for (const id of [mine.applicationId, stranger.applicationId]) {
        const answer = await act(verb, headers, id)
        expect([answer.status, answer.body.error.code]).toEqual([403, 'forbidden'])
      }
    }
    const logs = await server.call('GET', '/v1/audit-logs?event=authorization.denied', { token: mine.token })
    expect(logs.body.data.data).toHaveLength(6)
  })

  it('reaches every tenant of the account and no other', async () => {
    const [mine, sister, stranger] = [await server.tenant(), await server.tenant(), await server.tenant()]
    await join(server, sister, mine)
    const headers = await server.present(mine, { kind: 'user', role: 'admin' })
    if (verb === 'activate') await act('suspend', headers, sister.applicationId)
    expect((await act(verb, headers, sister.applicationId)).status).toBe(verb === 'delete' ? 204 : 200)
    const foreign = await act(verb, headers, stranger.applicationId)
    expect([foreign.status, foreign.body.error.code]).toEqual([404, 'application_not_found'])
    const logs = await server.call('GET', '/v1/audit-logs?event=authorization.denied', { token: stranger.token })
    expect(logs.body.data.data[0].metadata).toMatchObject({ principal_kind: 'user', policy: 'account' })
  })

  it("403 for a cookie that comes from another site's page", async () => {
    const mine = await server.tenant()
    const headers = await server.present(mine, { kind: 'user', role: 'owner' })
    for (const from of ['https://evil.example.com', 'null']) {
      expect((await act(verb, { ...headers, origin: from }, mine.applicationId)).status).toBe(403)
    }
  })
})
