import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anotherApplication, pay, signIn } from '../../test/account.ts'
import { freshAddress, type Tenant, type TestApp, testApp } from '../../test/harness.ts'
import { jobs } from '../jobs.ts'
import { hasValidChecksum } from '../platform/secrets.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const rotate = (tenant: Tenant, body: object = {}, headers: Record<string, string> = {}, id = tenant.applicationId) =>
  server.call('POST', `/v1/applications/${id}/rotate-secret`, {
    body,
    headers,
    ...('cookie' in headers ? {} : { token: tenant.token }),
  })

/** Which of these secrets work, each tried from an address of its own. */
async function working(tenant: Tenant, secrets: string[]): Promise<boolean[]> {
  const tries = secrets.map(async (clientSecret) => {
    const { status } = await signIn(server, { clientId: tenant.clientId, clientSecret }, freshAddress())
    return status === 200
  })
  return Promise.all(tries)
}

const hashes = async (tenant: Tenant): Promise<number> =>
  (await server.database.sql.query('select 1 from client_secrets where tenant_id = $1', [tenant.tenantId])).length

describe('POST /v1/applications/{id}/rotate-secret', () => {
  it('security 142: 200 with a new secret; the old one works for 900 seconds, and the tokens it got live on', async () => {
    const tenant = await server.tenant()
    const answer = await rotate(tenant)
    const { new_client_secret: secret, ...facts } = answer.body.data
    const now = server.clock()
    expect([answer.status, answer.headers['cache-control'], facts]).toEqual([
      200,
      'no-store',
      {
        application_id: tenant.applicationId,
        client_id: tenant.clientId,
        previous_secret_expires_at: new Date(now.getTime() + 900_000).toISOString(),
        rotated_at: now.toISOString(),
      },
    ])
    expect(hasValidChecksum(secret, 'sec')).toBe(true)
    expect(await working(tenant, [tenant.clientSecret, secret])).toEqual([true, true])
    server.clock.advance(899)
    expect(await working(tenant, [tenant.clientSecret, secret])).toEqual([true, true])
    server.clock.advance(1)
    expect(await working(tenant, [tenant.clientSecret, secret])).toEqual([false, true])
    expect((await server.call('GET', '/v1/users', { token: tenant.token })).status).toBe(200)
  })

  it('security 142: application.secret_rotated names the client and the end of the old secret, never a secret', async () => {
    const tenant = await server.tenant()
    const { data } = (await rotate(tenant)).body
    const logs = await server.call('GET', '/v1/audit-logs?event=application.secret_rotated', { token: tenant.token })
    expect(logs.body.data.data.map(({ metadata }: { metadata: object }) => metadata)).toEqual([
      { client_id: tenant.clientId, previous_secret_expires_at: data.previous_secret_expires_at },
    ])
    expect(logs.text).not.toContain(data.new_client_secret)
    expect(server.lines.join()).not.toContain(data.new_client_secret)
  })

  it('grace 0 ends every older secret at once', async () => {
    const tenant = await server.tenant()
    const second = (await rotate(tenant, { grace_period_seconds: 3600 })).body.data.new_client_secret
    expect(await working(tenant, [tenant.clientSecret, second])).toEqual([true, true])
    const { data } = (await rotate(tenant, { grace_period_seconds: 0 })).body
    expect(data.previous_secret_expires_at).toBe(data.rotated_at)
    expect(await working(tenant, [tenant.clientSecret, second, data.new_client_secret])).toEqual([false, false, true])
  })

  it('security 142: at most two live: the oldest ends when a third would', async () => {
    const tenant = await server.tenant()
    const second = (await rotate(tenant, { grace_period_seconds: 3600 })).body.data.new_client_secret
    const third = (await rotate(tenant, { grace_period_seconds: 3600 })).body.data.new_client_secret
    expect(await working(tenant, [tenant.clientSecret, second, third])).toEqual([false, true, true])
  })

  it('security 122: a replay gives the same secret, rotates nothing, and lies encrypted in the database', async () => {
    const tenant = await server.tenant()
    const first = await rotate(tenant, {}, { 'idempotency-key': 'k' })
    const again = await rotate(tenant, {}, { 'idempotency-key': 'k' })
    expect([again.text, again.headers['idempotent-replayed']]).toEqual([first.text, 'true'])
    expect(await hashes(tenant)).toBe(2)
    const secret: string = first.body.data.new_client_secret
    const dump = await server.database.sql.query<{ row: string }>(
      `select r::text as row from idempotency_records r where tenant_id = $1
       union all select s::text from client_secrets s where tenant_id = $1`,
      [tenant.tenantId],
    )
    // Bytes print as hex.
    for (const { row } of dump) {
      expect(row).not.toContain(secret)
      expect(row).not.toContain(Buffer.from(secret).toString('hex'))
    }
    const changed = await rotate(tenant, { grace_period_seconds: 1 }, { 'idempotency-key': 'k' })
    expect([changed.status, changed.body.error.code]).toEqual([422, 'idempotency_key_reused'])
  })

  it.each([-1, 3601, 1.5, '900', null])('400 for a grace period of %j', async (grace_period_seconds) => {
    const tenant = await server.tenant()
    const answer = await rotate(tenant, { grace_period_seconds })
    expect([answer.status, answer.body.error.message]).toEqual([400, expect.stringMatching(/^grace_period_seconds: /)])
    expect(await hashes(tenant)).toBe(1)
  })

  it('403 application_rotation_not_allowed for a viewer and for whoever acts for another', async () => {
    const tenant = await server.tenant()
    const actor = { kind: 'user', id: 'someone' } as const
    for (const headers of [
      await server.present(tenant, { kind: 'user', role: 'viewer' }),
      await server.present(tenant, { kind: 'user', role: 'owner', actor }),
      await server.present(tenant, { kind: 'agent', scopes: ['applications:write'], actor }),
    ]) {
      const answer = await server.call('POST', `/v1/applications/${tenant.applicationId}/rotate-secret`, {
        body: {},
        headers,
      })
      expect([answer.status, answer.body.error.code]).toEqual([403, 'application_rotation_not_allowed'])
    }
    expect(await hashes(tenant)).toBe(1)
  })

  it('200 for an admin, on any application of the account; 404 for a program on the one beside its own', async () => {
    const tenant = await pay(server, await server.tenant())
    const other = await anotherApplication(server, tenant)
    const headers = await server.present(tenant, { kind: 'user', role: 'admin' })
    expect((await rotate(tenant, {}, headers, other.applicationId)).status).toBe(200)
    const stranger = await server.tenant()
    const answers = [
      await rotate(tenant, {}, {}, other.applicationId),
      await rotate(tenant, {}, headers, stranger.applicationId),
      await rotate(tenant, {}, {}, stranger.applicationId),
      await rotate(tenant, {}, {}, 'app_0000000000000000000000'),
    ]
    for (const { status, text } of answers) expect([status, text]).toEqual([404, answers[0]?.text])
  })

  it('429 after 30 rotations an hour', async () => {
    const tenant = await server.tenant()
    for (let i = 0; i < 30; i++) expect((await rotate(tenant)).status).toBe(200)
    const refused = await rotate(tenant)
    expect([refused.status, refused.body.error.code]).toEqual([429, 'rate_limit_exceeded'])
  })

  it('the job deletes secrets past their time, keeps their hashes as tombstones, and leaves the living', async () => {
    const tenant = await server.tenant()
    const second = (await rotate(tenant, { grace_period_seconds: 60 })).body.data.new_client_secret
    await jobs['old-client-secrets'].run(server.app.deps)
    expect(await hashes(tenant)).toBe(2)
    server.clock.advance(60)
    await jobs['old-client-secrets'].run(server.app.deps)
    expect(await hashes(tenant)).toBe(1)
    const kept = await server.database.sql.query<{ reason: string }>('select reason from tombstones where key = $1', [
      server.app.deps.secrets.hash(tenant.clientSecret).toString('hex'),
    ])
    expect(kept).toEqual([{ reason: 'rotated' }])
    server.app.deps.caches.clear()
    expect(await working(tenant, [tenant.clientSecret, second])).toEqual([false, true])
  })
})
