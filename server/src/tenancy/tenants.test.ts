import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthenticator } from '../../test/authenticator.ts'
import { browserOf, ORIGIN } from '../../test/ceremonies.ts'
import { freshAddress, type TestApp, testApp } from '../../test/harness.ts'
import { invited, joins } from '../../test/invitations.ts'
import type { PersonAt } from '../../test/people.ts'
import { stepUp } from '../../test/samples.ts'
import { eraseDeletedApplications } from '../applications/erase.ts'
import { purgeDeletedTenants } from '../tenants/purge-deleted.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

type Headers = Record<string, string>
const ask = (method: string, path: string, headers: Headers, body?: object) =>
  server.call(method, path, { headers, ip: freshAddress(), ...(body ? { body } : {}) })
const remove = (who: { headers: Headers }, id: string, confirm = id) =>
  ask('DELETE', `/v1/tenants/${id}`, who.headers, { confirm })
const codeOf = ({ status, body }: { status: number; body: { error?: { code: string } } }) => [status, body?.error?.code]

/** A further tenant of a person's account, with what its application signs in with. */
async function further(person: PersonAt, name = 'Shop') {
  // Younger than the first, which is the account's home.
  server.clock.advance(1)
  const made = await ask('POST', '/v1/applications', person.headers, { name, allowed_origins: [ORIGIN] })
  const { tenant_id: tenantId, id: applicationId, client_id: clientId, client_secret } = made.body.data
  const body = { grant_type: 'client_credentials', client_id: clientId, client_secret }
  const grant = () => server.call('POST', '/oauth/token', { body, ip: freshAddress() })
  return { tenantId, applicationId, clientId, grant }
}

describe('a tenant of the account', () => {
  it('is read, and named anew', async () => {
    const person = await server.person({ company: 'Acme' })
    const path = `/v1/tenants/${person.tenantId}`
    const { status, body } = await ask('GET', path, person.headers)
    expect([status, body.data]).toEqual([
      200,
      {
        id: person.tenantId,
        account_id: person.accountId,
        name: 'Acme',
        applications: 1,
        created_at: server.clock().toISOString(),
      },
    ])
    const renamed = await ask('PATCH', path, person.headers, { name: ' Acme GmbH ' })
    expect(renamed.body.data).toMatchObject({ id: person.tenantId, name: 'Acme GmbH' })
    await ask('PATCH', path, person.headers, { name: 'Acme GmbH' })
    const logs = await ask('GET', '/v1/audit-logs?event=tenant.updated', person.headers)
    expect(logs.body.data.data).toMatchObject([{ metadata: { from: 'Acme', to: 'Acme GmbH' } }])
    const refused = await ask('PATCH', path, person.headers, { name: 'a\u202eb' })
    expect(codeOf(refused)).toEqual([400, 'validation_error'])
  })

  it('of somebody else is as missing as one that never was', async () => {
    const [person, other] = [await server.person(), await server.person()]
    for (const [method, body] of [
      ['GET', undefined],
      ['PATCH', { name: 'Mine now' }],
      ['DELETE', { confirm: other.tenantId }],
    ] as const) {
      const foreign = await ask(method, `/v1/tenants/${other.tenantId}`, person.headers, body)
      const missing = await ask(method, '/v1/tenants/org_0000000000000000000000', person.headers, body)
      expect([method, codeOf(foreign), foreign.body]).toEqual([method, [404, 'tenant_not_found'], missing.body])
    }
  })

  it('is named by admins and deleted by owners; a viewer reads', async () => {
    const person = await server.person()
    const admin = await joins(server, await invited(server, person.headers, 'admin'))
    const viewer = await joins(server, await invited(server, person.headers, 'viewer'))
    const path = `/v1/tenants/${person.tenantId}`
    expect((await ask('GET', path, viewer.headers)).status).toBe(200)
    expect(codeOf(await ask('PATCH', path, viewer.headers, { name: 'x' }))).toEqual([403, 'forbidden'])
    expect((await ask('PATCH', path, admin.headers, { name: 'By an admin' })).status).toBe(200)
    expect(codeOf(await remove(admin, person.tenantId))).toEqual([403, 'forbidden'])
  })
})

describe('deleting a tenant', () => {
  it('asks for its id again, in the body or in the query', async () => {
    const person = await server.person()
    const { tenantId } = await further(person)
    expect((await remove(person, tenantId, 'Shop')).body.error.message).toBe('confirm: must be the id of the tenant')
    expect((await ask('DELETE', `/v1/tenants/${tenantId}`, person.headers)).body.error.message).toMatch(/^confirm: /)
    const answer = await ask('DELETE', `/v1/tenants/${tenantId}?confirm=${tenantId}`, person.headers)
    expect(answer.status).toBe(204)
    expect(codeOf(await remove(person, tenantId))).toEqual([404, 'tenant_not_found'])
  })

  it('at once nothing in it answers: application, token, end users, keys that reach only it', async () => {
    const person = await server.person()
    const shop = await further(person)
    const keyFor = async (application_ids?: string[]) => {
      const step_up = await stepUp({ server, tenant: await server.tenant() }, person, 'keys.create')
      const body = { name: 'CI', step_up, ...(application_ids ? { application_ids } : {}) }
      return (await ask('POST', '/v1/keys', person.headers, body)).body.data.secret_key as string
    }
    const keys = [
      await keyFor([shop.applicationId]),
      await keyFor([shop.applicationId, person.applicationId]),
      await keyFor(),
    ]
    const browser = browserOf(server, { clientId: shop.clientId })
    const { token: session } = await browser.register('ada', createAuthenticator())
    const { access_token } = (await shop.grant()).body
    const withKeys = () =>
      Promise.all(keys.map(async (token) => (await server.call('GET', '/v1/keys/current', { token })).status))
    const validate = () => server.call('GET', '/v1/sessions/validate', { token: session, origin: ORIGIN })
    const users = () => server.call('GET', '/v1/users', { token: access_token })
    expect([(await validate()).status, (await users()).status, await withKeys()]).toEqual([200, 200, [200, 200, 200]])

    expect((await remove(person, shop.tenantId)).status).toBe(204)
    expect([(await validate()).status, (await users()).status, await withKeys()]).toEqual([401, 401, [401, 200, 200]])
    expect((await shop.grant()).body.error).toBe('invalid_client')
    const start = await server.call('POST', '/v1/passkeys/auth/start', {
      token: shop.clientId,
      origin: ORIGIN,
      body: {},
    })
    expect(codeOf(start)).toEqual([404, 'origin_not_allowed'])
    const path = `/v1/applications/${shop.applicationId}`
    expect(codeOf(await ask('GET', path, person.headers))).toEqual([404, 'application_not_found'])
    const account = (await ask('GET', '/v1/account', person.headers)).body.data
    expect(account.tenants.map(({ id }: { id: string }) => id)).toEqual([person.tenantId])
    const logs = await ask('GET', '/v1/audit-logs?event=tenant.deleted', person.headers)
    expect(logs.body.data.data).toMatchObject([{ metadata: { tenant_id: shop.tenantId, applications: 1 } }])
  })

  it('gives its places in the plan back', async () => {
    const person = await server.person()
    const [shop] = [await further(person), await further(person, 'Third')]
    const fourth = () => ask('POST', '/v1/applications', person.headers, { name: 'Fourth', allowed_origins: [ORIGIN] })
    expect((await fourth()).status).toBe(409)
    await remove(person, shop.tenantId)
    expect((await fourth()).status).toBe(201)
  })

  it('the home of the account moves on: its people stay signed in, and read its trail there', async () => {
    const person = await server.person()
    const shop = await further(person)
    expect((await remove(person, person.tenantId)).status).toBe(204)
    expect((await ask('GET', '/v1/account', person.headers)).body.data.tenants).toMatchObject([{ id: shop.tenantId }])
    const logs = await ask('GET', '/v1/audit-logs?event=tenant.deleted', person.headers)
    expect(logs.body.data.data).toMatchObject([{ metadata: { tenant_id: person.tenantId } }])
  })

  it('the last one too: whoever owns the account begins another', async () => {
    const person = await server.person()
    expect((await remove(person, person.tenantId)).status).toBe(204)
    const { body } = await ask('GET', '/v1/account', person.headers)
    expect(body.data.tenants).toEqual([])
    const fresh = await further(person, 'Again')
    expect((await fresh.grant()).status).toBe(200)
  })
})

describe('the purge of deleted tenants', () => {
  const rows = async (tenantId: string) =>
    (await server.database.sql.query('select 1 from tenants where id = $1', [tenantId])).length
  const leftOf = async (tenantId: string) =>
    (await server.database.sql.query('select 1 from users where tenant_id = $1', [tenantId])).length

  it('after 30 days, with its applications and users, and not before; another tenant is untouched', async () => {
    const person = await server.person()
    const shop = await further(person)
    await browserOf(server, { clientId: shop.clientId }).register('ada', createAuthenticator())
    await remove(person, shop.tenantId)
    const run = async () => {
      await eraseDeletedApplications(server.app.deps)
      await purgeDeletedTenants(server.app.deps)
    }
    server.clock.advance(30 * 86_400 - 1)
    await run()
    expect([await rows(shop.tenantId), await leftOf(shop.tenantId)]).toEqual([1, 1])
    server.clock.advance(1)
    // The applications go first: without that the tenant waits.
    await purgeDeletedTenants(server.app.deps)
    expect(await rows(shop.tenantId)).toBe(1)
    await run()
    expect([await rows(shop.tenantId), await leftOf(shop.tenantId), await rows(person.tenantId)]).toEqual([0, 0, 1])
    const purged = await server.database.sql.query(
      `select 1 from audit_logs where event = 'tenant.purged' and metadata ->> 'tenant_id' = $1`,
      [shop.tenantId],
    )
    expect(purged).toHaveLength(1)
  })

  it('of an account whose tenants are all deleted one stays, empty, so that its people can go on', async () => {
    const person = await server.person()
    const shop = await further(person)
    for (const id of [shop.tenantId, person.tenantId]) await remove(person, id)
    server.clock.advance(31 * 86_400)
    await eraseDeletedApplications(server.app.deps)
    await purgeDeletedTenants(server.app.deps)
    expect((await rows(shop.tenantId)) + (await rows(person.tenantId))).toBe(1)
    expect((await leftOf(shop.tenantId)) + (await leftOf(person.tenantId))).toBe(0)
  })
})
