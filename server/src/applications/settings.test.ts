import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pay, signIn } from '../../test/account.ts'
import { type Tenant, type TestApp, testApp } from '../../test/harness.ts'

let server: TestApp
let tenant: Tenant
beforeAll(async () => {
  server = await testApp()
  tenant = await pay(server, await server.tenant({ origins: ['https://app.example.com', 'http://localhost:8080'] }))
})
afterAll(() => server.close())

const patch = (body: object, who: Tenant = tenant, headers: Record<string, string> = {}) =>
  server.call('PATCH', `/v1/applications/${who.applicationId}`, {
    body,
    headers,
    ...('cookie' in headers ? {} : { token: who.token }),
  })

describe('settings', () => {
  it.each([
    { email_fallback_enabled: true },
    { bridge_enabled: true },
    { cross_device_enabled: false },
    { qr_base_url: 'https://app.example.com/qr?from=poster' },
    { qr_base_url: null },
    { allowed_chain_ids: [1, 10, 8453] },
    { allowed_chain_ids: [] },
    { dbsc_mode: 'require' },
    { webhook_events: ['user.created', 'recovery.enrollment.issued'] },
    { webhook_events: null },
    { webhook_legacy_signature: true },
  ])('200 stores %j and shows it again', async (body) => {
    const answer = await patch(body)
    expect([answer.status, answer.body.data]).toEqual([200, expect.objectContaining(body)])
    const read = await server.call('GET', `/v1/applications/${tenant.applicationId}`, { token: tenant.token })
    expect(read.body.data).toMatchObject(body)
  })

  it.each([
    [{ qr_base_url: 'https://evil.example.com/qr' }, 'qr_base_url: must be on one of the allowed_origins'],
    [{ qr_base_url: 'http://localhost:8080/qr' }, 'qr_base_url: must be an https URL'],
    [{ qr_base_url: 'https://app.example.com:444/qr' }, 'qr_base_url: must be on one of the allowed_origins'],
    [{ qr_base_url: 'https://me@app.example.com/' }, 'qr_base_url: must not hold a user name or password'],
    [{ qr_base_url: 'https://app.example.com/#x' }, 'qr_base_url: must not have a fragment'],
    [{ allowed_chain_ids: [0] }, 'allowed_chain_ids.0: must be a positive whole number'],
    [{ allowed_chain_ids: [1.5] }, 'allowed_chain_ids.0: '],
    [{ allowed_chain_ids: [1, 1] }, 'allowed_chain_ids: must not repeat an entry'],
    [{ allowed_chain_ids: Array.from({ length: 21 }, (_, i) => i + 1) }, 'allowed_chain_ids: must have at most 20'],
    [{ dbsc_mode: 'on' }, 'dbsc_mode: '],
    [{ enrollment: { ticket_ttl_seconds: 29 } }, 'enrollment.ticket_ttl_seconds: must be 30 to 300'],
    [{ enrollment: { max_active_tickets: 101 } }, 'enrollment.max_active_tickets: must be 1 to 100'],
    [{ enrollment: { more: 1 } }, 'enrollment.more: is not a known field'],
    [{ enrollment: null }, 'enrollment: '],
    [{ acting_as: { max_ttl_seconds: 59 } }, 'acting_as.max_ttl_seconds: must be 60 to 3600'],
    [{ acting_as: { enabled: 'yes' } }, 'acting_as.enabled: '],
    [{ webhook_events: ['user.exploded'] }, 'webhook_events.0: '],
    [{ webhook_events: ['user.created', 'user.created'] }, 'webhook_events: must not repeat an entry'],
    [{ webhook_url: 'http://hooks.example.com/' }, 'webhook_url: must be an https URL'],
    [{ webhook_url: 'hooks.example.com' }, 'webhook_url: must be an https URL'],
    [{ webhook_url: 'https://u:p@hooks.example.com/' }, 'webhook_url: must not hold a user name or password'],
    [{ webhook_url: `https://hooks.example.com/${'x'.repeat(2000)}` }, 'webhook_url: must be at most 2000'],
  ])('400 for %j', async (body, message) => {
    const answer = await patch(body)
    expect([answer.status, answer.body.error.code]).toEqual([400, 'validation_error'])
    expect(answer.body.error.message).toContain(message)
  })

  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '[::1]',
    '[fd00::1]',
    '[fe80::1]',
    '[::ffff:127.0.0.1]',
    '[64:ff9b::a00:1]',
    '[2002:a00:1::]',
    'localhost',
    'LOCALHOST.',
    'a.localhost',
    '127.0.0.1.',
  ])('security 199: 400 for a webhook to %s', async (host) => {
    const answer = await patch({ webhook_url: `https://${host}/hook` })
    expect(answer.status).toBe(400)
    expect(answer.body.error.message).toMatch(
      /^webhook_url: must (?:not be a private or local address|be an https URL)/,
    )
  })

  it('200 for a webhook to a public address', async () => {
    for (const host of ['hooks.example.com:8443', '93.184.216.34', '[2606:4700:4700::1111]']) {
      expect([host, (await patch({ webhook_url: `https://${host}/hook` })).status]).toEqual([host, 200])
    }
  })

  it('merges what is given of an object into what is stored', async () => {
    const mine = await server.tenant()
    await patch({ enrollment: { ticket_ttl_seconds: 60 } }, mine)
    const answer = await patch({ enrollment: { enabled: false }, acting_as: { delegation_enabled: true } }, mine)
    expect(answer.body.data).toMatchObject({
      enrollment: { enabled: false, ticket_ttl_seconds: 60, max_active_tickets: 20 },
      acting_as: { enabled: false, max_ttl_seconds: 900, delegation_enabled: true },
    })
    const logs = await server.call('GET', '/v1/audit-logs?event=application.config_changed', { token: mine.token })
    expect(logs.body.data.data[0].metadata.changed.sort()).toEqual(['acting_as', 'enrollment'])
  })

  it('keeps the page for QR codes on an allowed origin when the origins change', async () => {
    const mine = await server.tenant({ origins: ['https://app.example.com'] })
    await patch({ qr_base_url: 'https://app.example.com/qr' }, mine)
    const refused = await patch({ allowed_origins: ['https://other.example.com'] }, mine)
    expect([refused.status, refused.body.error.message]).toEqual([
      400,
      'qr_base_url: must be on one of the allowed_origins',
    ])
  })
})

describe('allowed_scopes', () => {
  it('403 naming the field for a program, in PATCH and in POST, and a row for its tenant', async () => {
    const mine = await pay(server, await server.tenant())
    const allowed_scopes = ['users:read']
    const headers = { 'idempotency-key': 'once' }
    const make = { name: 'x', allowed_origins: ['https://app.example.com'], allowed_scopes }
    const answers = [
      await patch({ allowed_scopes }, mine, headers),
      await patch({ allowed_scopes }, mine, headers),
      await server.call('POST', '/v1/applications', { token: mine.token, body: make }),
    ]
    for (const { status, body, headers: sent } of answers) {
      expect([status, body.error.code, body.error.message]).toEqual([
        403,
        'forbidden',
        'allowed_scopes: is changed from the dashboard only.',
      ])
      expect(sent['idempotent-replayed']).toBeUndefined()
    }
    const logs = await server.call('GET', '/v1/audit-logs?event=authorization.denied', { token: mine.token })
    expect(logs.body.data.data.map(({ metadata }: { metadata: { policy: string } }) => metadata.policy)).toEqual(
      answers.map(() => 'allowed_scopes'),
    )
  })

  it('set by a person, are all that tokens and Basic credentials get', async () => {
    const mine = await pay(server, await server.tenant())
    const headers = await server.present(mine, { kind: 'user', role: 'admin' })
    const narrowed = await patch({ allowed_scopes: ['users:read', 'acting_as:write'] }, mine, headers)
    expect([narrowed.status, narrowed.body.data.allowed_scopes]).toEqual([200, ['users:read', 'acting_as:write']])
    const { token } = await signIn(server, mine)
    expect((await server.call('GET', '/v1/users', { token })).status).toBe(200)
    const basic = `Basic ${Buffer.from(`${mine.clientId}:${mine.clientSecret}`).toString('base64')}`
    for (const call of [{ token }, { headers: { authorization: basic } }]) {
      const refused = await server.call('GET', '/v1/applications', call)
      expect([refused.status, refused.body.error.code]).toEqual([403, 'insufficient_scope'])
    }
    const ask = async (scope: string) => {
      const grant = { grant_type: 'client_credentials', client_id: mine.clientId, client_secret: mine.clientSecret }
      const { status, body } = await server.call('POST', '/oauth/token', { body: { ...grant, scope } })
      return [status, body.error]
    }
    expect(await ask('users:write')).toEqual([400, 'invalid_scope'])
    expect(await ask('acting_as:write')).toEqual([200, undefined])
  })
})
