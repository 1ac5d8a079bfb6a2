import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { browserOf, ORIGIN } from '../../test/ceremonies.ts'
import { type Tenant, type TestApp, testApp } from '../../test/harness.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'off' })
})
afterAll(() => server.close())

const rules = { tier: { type: 'string' }, admin: { type: 'boolean' } }

async function setUp() {
  const tenant = await server.tenant({ origins: [ORIGIN], settings: { custom_claims_schema: rules } })
  const made = await server.call('POST', '/v1/users', {
    token: tenant.token,
    body: { external_user_id: 'ada', metadata: { plan: 'pro', seats: 2 } },
  })
  return { tenant, id: made.body.data.id as string }
}
const patch = (tenant: Tenant, body: object, path = 'ada', headers: Record<string, string> = {}) =>
  server.call('PATCH', `/v1/users/${path}`, { token: tenant.token, body, headers })
type Row = { event: string; user_id: string; metadata: Record<string, unknown> }
const events = async ({ token }: Tenant, event: string): Promise<Row[]> =>
  (await server.call('GET', `/v1/audit-logs?limit=100&event=${event}`, { token })).body.data.data

describe('PATCH /v1/users/{external_user_id}', () => {
  it('200 replaces metadata and custom claims, and records the names of what changed', async () => {
    const { tenant, id } = await setUp()
    server.clock.advance(10)
    const body = { metadata: { seats: 3 }, custom_claims: { tier: 'gold' }, status: 'active' }
    const answer = await patch(tenant, body)
    expect([answer.status, answer.body.data]).toEqual([
      200,
      expect.objectContaining({ id, external_user_id: 'ada', ...body, updated_at: server.clock().toISOString() }),
    ])
    expect((await server.call('GET', '/v1/users/ada', { token: tenant.token })).body).toEqual(answer.body)
    expect(await events(tenant, 'user.updated')).toMatchObject([
      { user_id: id, metadata: { changed: ['metadata', 'custom_claims'] } },
    ])
  })

  it('200 for what is there already, in any order of keys: nothing moves, nothing is recorded', async () => {
    const { tenant } = await setUp()
    const before = await server.call('GET', '/v1/users/ada', { token: tenant.token })
    server.clock.advance(10)
    const same = await patch(tenant, { status: 'active', metadata: { seats: 2, plan: 'pro' }, custom_claims: {} })
    expect([same.status, same.body]).toEqual([200, before.body])
    expect(await events(tenant, 'user.updated')).toEqual([])
  })

  it.each<[object, string]>([
    [{}, 'body: must name at least one of status, metadata, custom_claims'],
    [{ status: 'locked' }, 'status: '],
    [{ status: null }, 'status: '],
    [{ metadata: { a: {} } }, 'metadata.a: must be a string, number or boolean'],
    [{ metadata: { a: null } }, 'metadata.a: must be a string, number or boolean'],
    [{ metadata: { a: 'x'.repeat(2100) } }, 'metadata: must be at most 2048 bytes'],
    [{ external_user_id: 'eve' }, 'external_user_id: '],
    [{ email: 'a@example.com' }, 'email: is not a known field'],
  ])('400 for %j, naming the field', async (body, message) => {
    const { tenant } = await setUp()
    const refused = await patch(tenant, body)
    expect([refused.status, refused.body.error.code]).toEqual([400, 'validation_error'])
    expect(refused.body.error.message).toContain(message)
    expect((await server.call('GET', '/v1/users/ada', { token: tenant.token })).body.data).toMatchObject({
      external_user_id: 'ada',
      status: 'active',
      metadata: { plan: 'pro', seats: 2 },
    })
  })

  it('400 for custom claims that the schema does not know or that are too many', async () => {
    const { tenant } = await setUp()
    const claims = (custom_claims: object) => patch(tenant, { custom_claims })
    expect((await claims({ other: 1 })).body.error.code).toBe('session_custom_claim_not_whitelisted')
    expect((await claims({ tier: 7 })).body.error.code).toBe('session_custom_claim_not_whitelisted')
    expect((await claims({ tier: 'x'.repeat(2100) })).body.error.code).toBe('session_custom_claims_limit_exceeded')
  })

  it('404 user_not_found for nobody and for another tenant’s user, byte for byte', async () => {
    const [mine, other] = [await setUp(), await setUp()]
    const body = { status: 'disabled' }
    const missing = await patch(mine.tenant, body, 'id:019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57')
    const foreign = await patch(mine.tenant, body, `id:${other.id}`)
    expect([missing.status, missing.body.error.code, foreign.text]).toEqual([404, 'user_not_found', missing.text])
    expect((await patch(mine.tenant, body, 'nobody')).status).toBe(404)
    expect((await server.call('GET', '/v1/users/ada', { token: other.tenant.token })).body.data.status).toBe('active')
  })

  it('200 disabled ends every session, each with its event; enabled again brings none back', async () => {
    const tenant = await server.tenant({ origins: [ORIGIN] })
    const browser = browserOf(server, tenant)
    const { device, data, token } = await browser.register('ada')
    const second = (await browser.signIn(device)).body.data.session_token
    const eve = await browser.register('eve')
    const begun = [await browser.startSignIn({ name: 'ada' }), await browser.startRegistration({ session: token })]
    const answer = await patch(tenant, { status: 'disabled' })
    expect([answer.status, answer.body.data.status]).toEqual([200, 'disabled'])
    const valid = async (session: string) =>
      (await server.call('GET', '/v1/sessions/validate', { token: session })).status
    expect([await valid(token), await valid(second), await valid(eve.token)]).toEqual([401, 401, 200])
    const revoked = await events(tenant, 'session.revoked')
    expect(revoked).toHaveLength(2)
    for (const row of revoked)
      expect(row).toMatchObject({
        user_id: data.user.user_id,
        metadata: { by: 'admin', reason: 'user_disabled' },
      })
    const [named] = begun
    if (named) expect((await browser.finishSignIn(named, { device })).status).toBe(404)
    expect((await browser.signIn(device)).body.error.code).toBe('credential_not_found')
    // Again: the sessions are gone already.
    expect((await patch(tenant, { status: 'disabled' })).status).toBe(200)
    expect(await events(tenant, 'session.revoked')).toHaveLength(2)
    expect((await patch(tenant, { status: 'active' })).body.data.status).toBe('active')
    expect([await valid(token), await valid(second)]).toEqual([401, 401])
    expect((await browser.signIn(device)).status).toBe(200)
    expect((await events(tenant, 'user.updated')).map(({ metadata }) => metadata)).toEqual([
      { changed: ['status'] },
      { changed: ['status'] },
    ])
  })

  it('an Idempotency-Key executes once, and its stored answer is erased with the user', async () => {
    const { tenant, id } = await setUp()
    const headers = { 'idempotency-key': 'once' }
    const first = await patch(tenant, { metadata: { secret_name: 'Ada' } }, 'ada', headers)
    await patch(tenant, { metadata: {} })
    const again = await patch(tenant, { metadata: { secret_name: 'Ada' } }, 'ada', headers)
    expect([again.text, again.headers['idempotent-replayed']]).toEqual([first.text, 'true'])
    expect(await events(tenant, 'user.updated')).toHaveLength(2)
    const kept = () =>
      server.database.sql.query('select 1 from idempotency_records where tenant_id = $1 and user_id = $2::uuid', [
        tenant.tenantId,
        id,
      ])
    expect(await kept()).toHaveLength(1)
    await server.call('DELETE', '/v1/users/ada', { token: tenant.token })
    expect(await kept()).toEqual([])
  })
})
