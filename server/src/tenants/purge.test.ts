import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestApp, testApp } from '../../test/harness.ts'
import { purgeIdleTenants, tenantTables } from './purge.ts'

const day = 86_400

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const tenantCount = async (tenantId: string) =>
  (await server.database.sql.query('select 1 from tenants where id = $1', [tenantId])).length

describe('the idle purge', () => {
  it('agents 136, security 146: keeps a tenant at 7 days, removes it one second later with everything it owned', async () => {
    const tenant = await server.tenant()
    await server.call('POST', '/v1/users', { token: tenant.token, body: { external_user_id: 'u' } })
    await server.app.deps.activity.flush()
    server.clock.advance(7 * day - 1)
    await purgeIdleTenants(server.app.deps)
    expect(await tenantCount(tenant.tenantId)).toBe(1)
    server.clock.advance(2)
    expect(await purgeIdleTenants(server.app.deps)).toBeGreaterThanOrEqual(1)
    for (const table of ['tenants', ...Object.keys(tenantTables)]) {
      const key = table === 'tenants' ? 'id' : 'tenant_id'
      expect([
        table,
        (await server.database.sql.query(`select 1 from ${table} where ${key} = $1`, [tenant.tenantId])).length,
      ]).toEqual([table, 0])
    }
    const logged = await server.database.sql.query<{ metadata: { tenant_id: string } }>(
      `select metadata from audit_logs where tenant_id = 'system' and event = 'tenant.purged'`,
    )
    expect(logged.map((row) => row.metadata.tenant_id)).toContain(tenant.tenantId)
    const client = { grant_type: 'client_credentials', client_id: tenant.clientId, client_secret: tenant.clientSecret }
    const refused = await server.call('POST', '/oauth/token', { body: client })
    expect([refused.status, refused.body.error]).toEqual([401, 'invalid_client'])
    expect((await server.call('GET', '/v1/users', { token: tenant.token })).status).toBe(401)
  })

  it('goes on with the others when one tenant cannot be removed', async () => {
    const [stuck, other] = [await server.tenant(), await server.tenant()]
    const { sql } = server.database
    await server.app.deps.activity.flush()
    // Older, so that it comes first.
    await sql.query(`update tenants set last_active_at = last_active_at - interval '1 minute' where id = $1`, [
      stuck.tenantId,
    ])
    await sql.query(
      `create function refuse_purge() returns trigger language plpgsql as
       $$ begin if old.id = '${stuck.tenantId}' then raise exception 'stuck'; end if; return old; end $$`,
    )
    await sql.query('create trigger refuse_purge before delete on tenants for each row execute function refuse_purge()')
    server.clock.advance(8 * day)
    try {
      await purgeIdleTenants(server.app.deps)
      expect([await tenantCount(stuck.tenantId), await tenantCount(other.tenantId)]).toEqual([1, 0])
      expect(server.lines.filter((line) => line.includes('tenant not purged'))).toHaveLength(1)
    } finally {
      await sql.query('drop trigger refuse_purge on tenants')
      await sql.query('drop function refuse_purge')
    }
  })

  it('is announced on authenticated answers of an unclaimed tenant', async () => {
    const { token } = await server.tenant()
    const { headers } = await server.call('GET', '/v1/users', { token })
    expect(headers['x-inactivity-purge-at']).toBe(new Date(server.clock().getTime() + 7 * day * 1000).toISOString())
  })

  it('agents 136: spares a tenant that made a call within the window', async () => {
    const tenant = await server.tenant()
    server.clock.advance(6 * day)
    const client = { grant_type: 'client_credentials', client_id: tenant.clientId, client_secret: tenant.clientSecret }
    expect((await server.call('POST', '/oauth/token', { body: client })).status).toBe(200)
    server.clock.advance(2 * day)
    await purgeIdleTenants(server.app.deps)
    expect(await tenantCount(tenant.tenantId)).toBe(1)
  })

  it('agents 136: never touches a claimed tenant or a paid plan', async () => {
    const [claimed, paid] = [await server.tenant(), await server.tenant()]
    await server.database.sql.query('update tenants set claimed_at = $2 where id = $1', [
      claimed.tenantId,
      server.clock(),
    ])
    await server.database.sql.query(
      `update accounts set plan = 'starter' where id = (select account_id from tenants where id = $1)`,
      [paid.tenantId],
    )
    await server.app.deps.activity.flush()
    server.clock.advance(30 * day)
    await purgeIdleTenants(server.app.deps)
    expect([await tenantCount(claimed.tenantId), await tenantCount(paid.tenantId)]).toEqual([1, 1])
  })

  it('knows every table that has a tenant_id', async () => {
    const rows = await server.database.sql.query<{ t: string }>(
      `select c.table_name::text as t from information_schema.columns c
       join pg_class k on k.relname = c.table_name and not k.relispartition
       where c.column_name = 'tenant_id' and c.table_schema = 'public' order by 1`,
    )
    expect(rows.map((row) => row.t)).toEqual(Object.keys(tenantTables).sort())
  })
})
