import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anotherApplication, join, pay, signIn } from '../../test/account.ts'
import { type Tenant, type TestApp, testApp } from '../../test/harness.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const body = { name: 'Second', allowed_origins: ['https://app.example.com'] }
const create = (token: string, change: object = {}, headers: Record<string, string> = {}) =>
  server.call('POST', '/v1/applications', { token, body: { ...body, ...change }, headers })
const paid = async (plan?: string): Promise<Tenant> => pay(server, await server.tenant(), plan)

describe('POST /v1/applications', () => {
  it('201 with the application, its defaults and a client secret that works, shown here only', async () => {
    const tenant = await paid()
    const answer = await create(tenant.token)
    expect(answer.status).toBe(201)
    const { client_secret, ...application } = answer.body.data
    expect(application).toMatchObject({
      tenant_id: tenant.tenantId,
      publishable_key: application.client_id,
      name: 'Second',
      display_name: 'Second',
      status: 'active',
      plan: 'starter',
      allowed_origins: body.allowed_origins,
      registration_policy: 'open',
      enrollment: { enabled: true, ticket_ttl_seconds: 120, max_active_tickets: 20 },
      webhook_url: null,
    })
    expect('webhook_signing_secret' in application).toBe(false)
    const { status, token } = await signIn(server, { clientId: application.client_id, clientSecret: client_secret })
    expect(status).toBe(200)
    const read = await server.call('GET', `/v1/applications/${application.id}`, { token })
    expect(read.body.data).toEqual(application)
    expect(read.text).not.toContain(client_secret)
    // The publishable key serves at once.
    const begun = await server.call('POST', '/v1/passkeys/auth/start', {
      token: application.publishable_key,
      origin: 'https://app.example.com',
      body: {},
    })
    expect(begun.status).toBe(200)
  })

  it('keeps application.created for the new application, without a secret', async () => {
    const tenant = await paid()
    const made = await anotherApplication(server, tenant)
    const logs = await server.call('GET', '/v1/audit-logs?event=application.created', { token: made.token })
    expect(logs.body.data.data).toHaveLength(1)
    expect(logs.body.data.data[0].metadata).toEqual({ name: 'Another' })
    expect(logs.text).not.toContain(made.clientSecret)
  })

  it('takes every setting, and makes a signing secret for a webhook', async () => {
    const { token } = await paid()
    const settings = {
      rp_id: 'example.com',
      session_ttl_seconds: 600,
      acting_as: { enabled: true },
      webhook_url: 'https://hooks.example.com/x',
      webhook_events: ['user.created'],
    }
    const { status, body: answer } = await create(token, settings)
    expect(status).toBe(201)
    expect(answer.data).toMatchObject({
      ...settings,
      acting_as: { enabled: true, max_ttl_seconds: 900, delegation_enabled: false },
      webhook_signing_secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    })
  })

  it.each([
    [{ allowed_origins: [] }, 'allowed_origins'],
    [{ allowed_origins: undefined }, 'allowed_origins'],
    [{ allowed_origins: Array.from({ length: 21 }, (_, i) => `https://a${i}.example.com`) }, 'allowed_origins'],
    [{ allowed_origins: ['https://app.example.com/path'] }, 'allowed_origins.0'],
    [{ name: '' }, 'name'],
    [{ name: 'x'.repeat(101) }, 'name'],
    [{ rp_id: 'other.com' }, 'rp_id'],
    [{ confirm_rp_id_change: true }, 'confirm_rp_id_change'],
    // security 107
    [{ tenant_id: 'org_0000000000000000000000' }, 'tenant_id'],
    [{ status: 'suspended' }, 'status'],
    [{ plan: 'enterprise' }, 'plan'],
    [{ client_id: 'cli_0000000000000000000000' }, 'client_id'],
  ])('400 for %j, naming %s', async (change, path) => {
    const { token } = await paid()
    const answer = await create(token, change)
    expect([answer.status, answer.body.error.code]).toEqual([400, 'validation_error'])
    expect(answer.body.error.message).toMatch(new RegExp(`^${path}: `))
  })

  it('agents 135: 409 plan_limit_reached for the 2nd application of the free tier and the 4th of the starter plan', async () => {
    const free = await server.tenant()
    const refused = await create(free.token)
    expect([refused.status, refused.body.error.code, refused.body.error.details]).toEqual([
      409,
      'plan_limit_reached',
      { limit: 'applications', used: 1, max: 1, plan: 'free_ai' },
    ])
    const tenant = await paid()
    expect([(await create(tenant.token)).status, (await create(tenant.token)).status]).toEqual([201, 201])
    expect((await create(tenant.token)).body.error.details).toEqual({
      limit: 'applications',
      used: 3,
      max: 3,
      plan: 'starter',
    })
    const origins = Array.from({ length: 6 }, (_, i) => `https://a${i}.example.com`)
    const wide = await create((await paid()).token, { allowed_origins: origins })
    expect([wide.status, wide.body.error.details.limit]).toEqual([409, 'origins'])
  })

  it('counts the applications of all tenants of the account', async () => {
    const [tenant, other] = [await paid(), await server.tenant()]
    await join(server, other, tenant)
    expect([(await create(tenant.token)).status, (await create(tenant.token)).status]).toEqual([201, 409])
  })

  it('security 122: a replay gives the same secret, which lies encrypted in the database', async () => {
    const tenant = await paid()
    const first = await create(tenant.token, {}, { 'idempotency-key': 'make' })
    const again = await create(tenant.token, {}, { 'idempotency-key': 'make' })
    expect([first.status, again.status, again.headers['idempotent-replayed']]).toEqual([201, 201, 'true'])
    expect(again.text).toBe(first.text)
    const [row] = await server.database.sql.query<{ body: Uint8Array }>(
      'select body from idempotency_records where tenant_id = $1',
      [tenant.tenantId],
    )
    expect(Buffer.from(row?.body ?? []).includes(Buffer.from(first.body.data.client_secret))).toBe(false)
    const list = await server.call('GET', '/v1/applications', { token: tenant.token })
    expect(list.body.data.data).toHaveLength(2)
  })

  it('403 without the scope', async () => {
    const tenant = await paid()
    const grant = { grant_type: 'client_credentials', client_id: tenant.clientId, client_secret: tenant.clientSecret }
    const narrow = await server.call('POST', '/oauth/token', { body: { ...grant, scope: 'applications:read' } })
    const answer = await create(narrow.body.access_token)
    expect([answer.status, answer.body.error.code]).toEqual([403, 'insufficient_scope'])
  })
})

describe('the list of applications', () => {
  it('has one page after the other, each application once, and no deleted ones', async () => {
    const tenant = await paid()
    const next = async () => {
      server.clock.advance(1)
      return anotherApplication(server, tenant)
    }
    const [second, third] = [await next(), await next()]
    const page = async (after?: string) => {
      const query = `?limit=1${after ? `&starting_after=${after}` : ''}`
      return (await server.call('GET', `/v1/applications${query}`, { token: tenant.token })).body.data
    }
    const walk = async () => {
      const seen: string[] = []
      for (let after: string | undefined; ; ) {
        const { data, has_more, next_cursor } = await page(after)
        seen.push(...data.map(({ id }: { id: string }) => id))
        expect(has_more).toBe(next_cursor !== null)
        if (!has_more) return seen
        after = next_cursor
      }
    }
    const ids = [tenant, second, third].map(({ applicationId }) => applicationId)
    expect(await walk()).toEqual(ids)
    const headers = await server.present(tenant, { kind: 'user', role: 'admin' })
    await server.call('DELETE', `/v1/applications/${second.applicationId}`, { headers })
    expect(await walk()).toEqual([tenant.applicationId, third.applicationId])
    // A cursor outlives the application that it names.
    expect((await page(second.applicationId)).data[0].id).toBe(third.applicationId)
  })

  it('400 for a cursor of another tenant, and for one that is none', async () => {
    const [{ token }, other] = [await server.tenant(), await server.tenant()]
    for (const cursor of [other.applicationId, 'x']) {
      const { status, body: answer } = await server.call('GET', `/v1/applications?starting_after=${cursor}`, { token })
      expect([status, answer.error.message]).toEqual([400, 'starting_after: is not a cursor of this list'])
    }
  })

  it('scope=account shows a person every application of the account, and leaves a program with a recorded 403', async () => {
    const [tenant, other, stranger] = [await paid(), await server.tenant(), await server.tenant()]
    await join(server, other, tenant)
    const headers = await server.present(tenant, { kind: 'user', role: 'viewer' })
    const seen = await server.call('GET', '/v1/applications?scope=account', { headers })
    const ids = seen.body.data.data.map(({ id }: { id: string }) => id)
    expect(ids.sort()).toEqual([tenant.applicationId, other.applicationId].sort())
    expect((await server.call('GET', '/v1/applications', { headers })).body.data.data).toHaveLength(1)
    const read = (id: string) => server.call('GET', `/v1/applications/${id}`, { headers })
    expect([(await read(other.applicationId)).status, (await read(stranger.applicationId)).status]).toEqual([200, 404])

    const refused = await server.call('GET', '/v1/applications?scope=account', { token: tenant.token })
    expect([refused.status, refused.body.error.message]).toEqual([
      403,
      'Account scope requires a user session; service credentials are tenant-scoped.',
    ])
    const logs = await server.call('GET', '/v1/audit-logs?event=authorization.denied', { token: tenant.token })
    expect(logs.body.data.data.map(({ metadata }: { metadata: object }) => metadata)).toEqual([
      {
        policy: 'account_scope',
        principal_kind: 'service',
        principal_id: tenant.clientId,
        resource_type: 'operation',
        resource_id: 'applications.list',
        resource_tenant_id: tenant.tenantId,
      },
    ])
  })
})
