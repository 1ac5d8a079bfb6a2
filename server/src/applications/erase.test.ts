import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anotherApplication, pay } from '../../test/account.ts'
import { createAuthenticator } from '../../test/authenticator.ts'
import { freshAddress, type Tenant, type TestApp, testApp } from '../../test/harness.ts'
import { jobs } from '../jobs.ts'
import { applicationTables, eraseDeletedApplications } from './erase.ts'

const day = 86_400
const origin = 'https://app.example.com'

let server: TestApp
let tenant: Tenant
beforeAll(async () => {
  server = await testApp()
  tenant = await pay(server, await server.tenant(), 'scale')
  await server.call('POST', '/v1/users', { token: tenant.token, body: { external_user_id: 'stays' } })
})
afterAll(() => server.close())

const count = async (statement: string, values: readonly unknown[]): Promise<number> =>
  (await server.database.sql.query(statement, values)).length

const userCount = async (): Promise<number | undefined> => {
  const [row] = await server.database.sql.query<{ n: number }>('select user_count as n from tenants where id = $1', [
    tenant.tenantId,
  ])
  return row?.n
}

/** An application with a row in every table that it can have one in. */
async function full(): Promise<Tenant> {
  // Signs in anew: the clock moves by weeks.
  tenant = await pay(server, tenant, 'scale')
  const other = await anotherApplication(server, tenant, {
    webhook_url: 'https://hooks.example.com/x',
    rp_id: 'example.com',
  })
  await server.call('POST', '/v1/users', {
    token: other.token,
    body: { external_user_id: 'mine', email: 'mine@example.com', email_verified: true },
    headers: { 'idempotency-key': 'mine' },
  })
  const browser = { token: other.clientId, origin }
  const begun = await server.call('POST', '/v1/passkeys/register/start', { ...browser, body: {} })
  const credential = createAuthenticator().register(begun.body.data.challenge, { origin })
  const body = { session_id: begun.body.data.session_id, credential }
  const done = await server.call('POST', '/v1/passkeys/register/finish', { ...browser, body })
  if (done.status !== 200) throw new Error(done.text)
  await server.call('POST', '/v1/passkeys/auth/start', { ...browser, body: {} })
  const ip = freshAddress()
  await server.call('POST', '/v1/onboarding/start', { ...browser, ip, body: { user_role: 'app_user' } })
  await server.database.sql.query(
    `insert into active_users (tenant_id, user_id, period)
     select tenant_id, id, '2026-01' from users where tenant_id = $1 and application_id = $2`,
    [tenant.tenantId, other.applicationId],
  )
  return other
}

const remove = async (application: Tenant) =>
  server.call('DELETE', `/v1/applications/${application.applicationId}`, {
    headers: { ...(await server.present(tenant, { kind: 'user', role: 'owner' })), 'user-agent': 'Someone/1.0' },
  })

describe('the erasure of deleted applications', () => {
  it('keeps one for 30 days, then takes it with everything it owned, and counts the users off', async () => {
    const other = await full()
    const own = [tenant.tenantId, other.applicationId]
    const left = async (table: string) =>
      count(
        `select 1 from ${table} where tenant_id = $1 and application_id = $2
         ${table === 'audit_logs' ? "and event <> 'application.deleted'" : ''}`,
        own,
      )
    for (const table of Object.keys(applicationTables)) expect([table, await left(table)]).not.toEqual([table, 0])
    expect(await userCount()).toBe(3)
    const before = await count('select 1 from directory where tenant_id = $1', [tenant.tenantId])
    await remove(other)
    server.clock.advance(30 * day - 1)
    expect(await eraseDeletedApplications(server.app.deps)).toBe(0)
    expect(await left('users')).toBe(2)
    server.clock.advance(1)
    expect(await jobs['deleted-applications'].run(server.app.deps)).toBe(1)

    for (const table of Object.keys(applicationTables)) expect([table, await left(table)]).toEqual([table, 0])
    expect(await count('select 1 from applications where tenant_id = $1 and id = $2', own)).toBe(0)
    // The passkey, the client and the application.
    expect(await count('select 1 from directory where tenant_id = $1', [tenant.tenantId])).toBe(before - 3)
    expect(await count('select 1 from active_users where tenant_id = $1', [tenant.tenantId])).toBe(0)
    expect(await count('select 1 from idempotency_records where tenant_id = $1 and scope = $2', own)).toBe(0)
    expect(await userCount()).toBe(1)
    expect(await count("select 1 from tombstones where reason = 'deleted'", [])).toBeGreaterThanOrEqual(1)
    const kept = await server.database.sql.query<{ event: string; ip_address: unknown; user_agent: unknown }>(
      'select event, ip_address, user_agent from audit_logs where tenant_id = $1 and application_id = $2',
      own,
    )
    expect(kept).toEqual([{ event: 'application.deleted', ip_address: null, user_agent: null }])
    // What is not its own stays.
    expect((await server.call('GET', '/v1/users/stays', { token: (await pay(server, tenant)).token })).status).toBe(200)
    expect(await eraseDeletedApplications(server.app.deps)).toBe(0)
  })

  it('takes more rows than a batch, and never one that is active or suspended', async () => {
    const [many, alive] = [await full(), await full()]
    await server.database.sql.query(
      `insert into users (tenant_id, id, application_id, external_user_id, created_at, updated_at)
       select $1, gen_random_uuid(), $2, 'n' || n, $3, $3 from generate_series(1, 1001) n`,
      [tenant.tenantId, many.applicationId, server.clock()],
    )
    await server.database.sql.query('update tenants set user_count = user_count + 1001 where id = $1', [
      tenant.tenantId,
    ])
    const own = [tenant.tenantId, many.applicationId]
    await server.database.sql.query(
      `insert into active_users (tenant_id, user_id, period, folded)
       select tenant_id, id, '2026-02', true from users where tenant_id = $1 and application_id = $2`,
      own,
    )
    await remove(many)
    server.clock.advance(31 * day)
    expect(await eraseDeletedApplications(server.app.deps)).toBe(1)
    // The one from the beginning, and two of the application that is alive.
    expect(await userCount()).toBe(3)
    expect(await count("select 1 from active_users where tenant_id = $1 and period = '2026-02'", own.slice(0, 1))).toBe(
      0,
    )
    expect(await count('select 1 from applications where id = $1', [alive.applicationId])).toBe(1)
  })

  it('goes on with the others when one cannot go, and takes it the next time', async () => {
    const [stuck, other] = [await full(), await full()]
    await remove(stuck)
    server.clock.advance(1)
    await remove(other)
    server.clock.advance(31 * day)
    const { sql } = server.database
    await sql.query(
      `create function refuse_erasure() returns trigger language plpgsql as
       $$ begin if old.id = '${stuck.applicationId}' then raise exception 'stuck'; end if; return old; end $$`,
    )
    await sql.query(
      'create trigger refuse_erasure before delete on applications for each row execute function refuse_erasure()',
    )
    try {
      expect(await eraseDeletedApplications(server.app.deps)).toBe(1)
      expect(server.lines.filter((line) => line.includes('application not erased'))).toHaveLength(1)
    } finally {
      await sql.query('drop trigger refuse_erasure on applications')
      await sql.query('drop function refuse_erasure')
    }
    const counted = await userCount()
    expect(await eraseDeletedApplications(server.app.deps)).toBe(1)
    expect(await userCount()).toBe(counted)
  })

  it('knows every table that has an application_id', async () => {
    const rows = await server.database.sql.query<{ t: string }>(
      `select c.table_name::text as t from information_schema.columns c
       join pg_class k on k.relname = c.table_name and not k.relispartition
       where c.column_name = 'application_id' and c.table_schema = 'public' order by 1`,
    )
    expect(rows.map((row) => row.t)).toEqual(Object.keys(applicationTables).sort())
  })
})
