import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anotherApplication, pay } from '../../test/account.ts'
import { createAuthenticator } from '../../test/authenticator.ts'
import { browserOf, ORIGIN } from '../../test/ceremonies.ts'
import { testServer } from '../../test/database.ts'
import { freshAddress, type Tenant, type TestApp, testApp } from '../../test/harness.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const read = (tenant: Tenant, name = 'ada') =>
  server.call('GET', `/v1/privacy/user-data/${encodeURIComponent(name)}`, { token: tenant.token })

const sessionOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).jti

const ip = '198.51.100.77'
const from = { ip, headers: { 'user-agent': 'AdasBrowser/1.0' } }

/** A user of everything there is, in a tenant that has another one too. */
async function setUp() {
  const tenant = await server.tenant({ origins: [ORIGIN] })
  const browser = browserOf(server, tenant)
  const body = { external_user_id: 'ada', email: 'Ada@Example.com', metadata: { tier: 'gold' } }
  const headers = { 'idempotency-key': 'create-1' }
  const made = await server.call('POST', '/v1/users', { token: tenant.token, body, headers })
  const device = createAuthenticator()
  const ada = await browser.register('ada', device, { ...from, finish: { alias: 'Telephone' } })
  const eve = await browser.register('eve', undefined, { ip: freshAddress() })
  return { tenant, browser, device, ada, eve, id: made.body.data.id as string }
}

describe('GET /v1/privacy/user-data/{external_user_id}', () => {
  it('200 with everything about the user, published members first, and a row in the audit log', async () => {
    const { tenant, browser, device, ada, id } = await setUp()
    const begun = await browser.startSignIn({ ...from, name: 'ada' })
    const { sql } = server.database
    await sql.query(
      'insert into active_users (tenant_id, user_id, period) values ($1, $2::uuid, $3) on conflict do nothing',
      [tenant.tenantId, id, '2026-04'],
    )
    const answer = await read(tenant)
    expect([answer.status, Object.keys(answer.body.data)]).toEqual([
      200,
      [
        ...['generated_at', 'user', 'credentials', 'identifiers', 'sessions', 'dbsc_sessions', 'acting_as'],
        ...['enrollment_tickets', 'action_challenges', 'webhook_deliveries'],
        ...['onboardings', 'ceremonies', 'active_months', 'idempotency_records', 'audit_logs'],
      ],
    ])
    const { data } = answer.body
    const now = server.clock().toISOString()
    expect(data).toMatchObject({
      generated_at: now,
      user: {
        id,
        external_user_id: 'ada',
        status: 'active',
        metadata: { tier: 'gold' },
        custom_claims: {},
        created_at: now,
        authenticated_at: now,
        lockout: { locked_until: null, soft_failures: 0, soft_since: null, hard_failures: 0, hard_since: null },
      },
      credentials: [
        {
          credential_id: ada.data.credential_id,
          status: 'active',
          alias: 'Telephone',
          webauthn_id: device.credentials[0]?.id.toString('base64url'),
          rp_id: 'app.example.com',
          algorithm: device.credentials[0]?.algorithm,
          created_at: now,
          revoked_at: null,
        },
      ],
      identifiers: [{ type: 'email', value: 'Ada@example.com', verified: false, linked_at: now }],
      sessions: [
        {
          id: sessionOf(ada.token),
          method: 'passkey',
          ip_address: ip,
          user_agent: 'AdasBrowser/1.0',
          revoked_at: null,
        },
      ],
      dbsc_sessions: [],
      acting_as: [],
      enrollment_tickets: [],
      action_challenges: [],
      webhook_deliveries: [],
      ceremonies: [
        {
          id: begun.body.data.session_id,
          kind: 'authentication',
          credential_ids: [device.credentials[0]?.id.toString('base64url')],
        },
      ],
      idempotency_records: [{ operation: 'users.create', key: 'create-1', status: 201, created_at: now }],
    })
    expect(data.active_months).toContainEqual({ period: '2026-04' })
    expect(data.audit_logs.map((row: { event: string }) => row.event)).toEqual(
      expect.arrayContaining(['user.created', 'identifier.linked', 'passkey.registered', 'auth.success']),
    )
    expect(data.audit_logs.find((row: { event: string }) => row.event === 'auth.success')).toMatchObject({
      ip_address: ip,
      user_agent: 'AdasBrowser/1.0',
    })
    const logs = await server.call('GET', '/v1/audit-logs?event=privacy.report.generated', { token: tenant.token })
    expect(logs.body.data.data).toMatchObject([{ user_id: id, success: true, category: 'security', metadata: {} }])
  })

  it('200 by id:<uuid>, also for a user without an external id', async () => {
    const { tenant, browser, id } = await setUp()
    expect((await read(tenant, `id:${id}`)).body.data.user.external_user_id).toBe('ada')
    const anonymous = await browser.register(undefined)
    const session = await server.call('GET', '/v1/sessions/validate', { token: anonymous.token, origin: ORIGIN })
    const { data } = (await read(tenant, `id:${session.body.data.user_id}`)).body
    expect([data.user.external_user_id, data.credentials.length, data.sessions.length]).toEqual([null, 1, 1])
  })

  it('security 234: holds nothing of another user, of another application or of a secret', async () => {
    const { tenant, browser, device, ada, eve, id } = await setUp()
    const paid = await pay(server, tenant, 'enterprise')
    const second = await anotherApplication(server, paid, { allowed_origins: [ORIGIN] })
    const namesake = await browserOf(server, second).register('ada', undefined, { ip: freshAddress() })
    const begun = await browser.startRegistration({ ...from, session: ada.token })
    const { text } = await read(paid)
    const others = [
      ...[eve.data.credential_id, sessionOf(eve.token), '"eve"'],
      ...[namesake.data.credential_id, sessionOf(namesake.token), second.applicationId],
    ]
    const secrets = [
      begun.body.data.challenge.challenge,
      device.credentials[0]?.coseKey.toString('base64url'),
      device.credentials[0]?.coseKey.toString('hex'),
      ada.token,
      'public_key',
      'attestation_object',
      'client_data',
      'challenge":',
    ]
    expect(text).toContain(id)
    for (const needle of [...others, ...secrets])
      expect([needle, text.includes(String(needle))]).toEqual([needle, false])
  })

  it('names a registration under way that knows the user by the external id alone', async () => {
    const tenant = await server.tenant({ origins: [ORIGIN] })
    const begun = await browserOf(server, tenant).startRegistration({ name: 'ada' })
    await server.call('POST', '/v1/users', { token: tenant.token, body: { external_user_id: 'ada' } })
    expect((await read(tenant)).body.data.ceremonies).toMatchObject([
      { id: begun.body.data.session_id, kind: 'registration', external_user_id: 'ada', credential_ids: [] },
    ])
  })

  it('shows a locked user as locked, with the failures', async () => {
    const { tenant, browser, device } = await setUp()
    const mutate = { signature: (bytes: Buffer) => Buffer.from(bytes).fill(0, 8, 16) }
    for (let i = 0; i < 5; i++) await browser.signIn(device, { ...from, mutate })
    const { user, audit_logs } = (await read(tenant)).body.data
    const until = new Date(server.clock().getTime() + 1_800_000).toISOString()
    expect([user.status, user.lockout.locked_until, user.lockout.hard_failures]).toEqual(['locked', until, 5])
    expect(audit_logs.filter((row: { event: string }) => row.event === 'auth.failed')).toHaveLength(5)
    server.clock.advance(1800)
    expect((await read(tenant)).body.data.user.status).toBe('active')
  })

  it('denials: what the user tried is told without whose it was; who tried at the user, without who it was', async () => {
    const { tenant, ada, eve, id } = await setUp()
    const other = await server.tenant({ origins: [ORIGIN] })
    const theirs = await browserOf(server, other).register('somebody', undefined, { ip: freshAddress() })
    const end = (session: string, token: string, address: string) =>
      server.call('DELETE', `/v1/sessions/${session}`, { token, origin: ORIGIN, ip: address })
    await end(sessionOf(theirs.token), ada.token, ip)
    await end('019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57', ada.token, ip)
    await end(sessionOf(ada.token), eve.token, '203.0.113.99')
    const answer = await read(tenant)
    const denials = answer.body.data.audit_logs.filter((row: { event: string }) => row.event === 'authorization.denied')
    expect(denials).toMatchObject([
      { actor: { kind: 'end_user' }, ip_address: null, metadata: { resource_id: sessionOf(ada.token) } },
      {
        actor: { kind: 'end_user', id },
        ip_address: ip,
        metadata: { resource_id: '019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57' },
      },
      { actor: { kind: 'end_user', id }, ip_address: ip, metadata: { resource_id: sessionOf(theirs.token) } },
    ])
    // A foreign id and a missing one look alike here too: the report is no way to ask what others have.
    expect(Object.keys(denials[1].metadata)).toEqual(Object.keys(denials[2].metadata))
    for (const needle of [other.tenantId, other.applicationId, '203.0.113.99', sessionOf(eve.token)])
      expect([needle, answer.text.includes(needle)]).toEqual([needle, false])
  })

  it('404 user_not_found for nobody, and for a foreign id, which its owner can read of', async () => {
    const [{ tenant }, other] = [await setUp(), await setUp()]
    const [missing, foreign] = [await read(tenant, 'nobody'), await read(tenant, `id:${other.id}`)]
    for (const { status, body } of [missing, foreign])
      expect([status, body.error.code]).toEqual([404, 'user_not_found'])
    const denied = await server.call('GET', '/v1/audit-logs?event=authorization.denied', { token: other.tenant.token })
    expect(denied.body.data.data).toMatchObject([{ metadata: { resource_type: 'user', resource_id: other.id } }])
    const reports = await server.call('GET', '/v1/audit-logs?event=privacy.report.generated', { token: tenant.token })
    expect(reports.body.data.data).toEqual([])
  })

  it('429 after 20 reports in an hour', async () => {
    const { tenant } = await setUp()
    for (let i = 0; i < 20; i++) expect((await read(tenant)).status).toBe(200)
    const refused = await read(tenant)
    expect([refused.status, refused.headers.ratelimit]).toEqual([429, expect.stringContaining('"admin_export";r=0')])
  })

  it.skipIf(!testServer)('404 and no row when the user is erased while the report waits', async () => {
    const { tenant, id } = await setUp()
    const { database } = server
    let report: ReturnType<typeof read> | undefined
    await database.rawTransaction(async (sql) => {
      await sql.query('delete from users where tenant_id = $1 and id = $2::uuid', [tenant.tenantId, id])
      report = read(tenant)
      const waiting = async () =>
        (
          await database.sql.query(
            `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%for key share%'`,
          )
        ).length
      await expect.poll(waiting, { timeout: 5000, interval: 20 }).toBe(1)
    })
    expect((await report)?.body.error.code).toBe('user_not_found')
    const rows = await database.sql.query(
      `select 1 from audit_logs where tenant_id = $1 and event = 'privacy.report.generated'`,
      [tenant.tenantId],
    )
    expect(rows).toEqual([])
  })
})
