import { expect, it } from 'vitest'
import { pay } from '../account.ts'
import type { Answer, Tenant, TestApp } from '../harness.ts'
import { onTwoInstances, storm, tally } from './two-instances.ts'

const path = '/v1/migration/users/import'
type Row = { external_user_id: string; email?: string }
type Result = { external_user_id: string; status: string; user_id?: string; error?: { code: string } }

const send = (app: TestApp, { token }: Tenant, users: readonly Row[], headers = {}) =>
  app.call('POST', path, { token, body: { users }, headers })
const named = (count: number, prefix: string): Row[] =>
  Array.from({ length: count }, (_, i) => ({ external_user_id: `${prefix}${i}` }))
const resultsOf = (answers: Answer[]): Result[] => answers.flatMap(({ body }) => body.data.results)
const count = (results: Result[], outcome: string) =>
  results.filter(({ status, error }) => (error?.code ?? status) === outcome).length

/** The same rows from another beginning, and every second time from the other end. */
const rotated = <T>(rows: readonly T[], by: number): T[] => {
  const turned = [...rows.slice(by), ...rows.slice(0, by)]
  return by % 2 === 0 ? turned : turned.reverse()
}

onTwoInstances('imports at once', (instances) => {
  const state = async ({ tenantId }: Tenant) => {
    const [row] = await instances.one.database.sql.query<{ users: number; counted: number; events: number }>(
      `select (select count(*)::int from users where tenant_id = $1) as users,
              (select user_count from tenants where id = $1) as counted,
              (select count(*)::int from audit_logs where tenant_id = $1 and event = 'user.created') as events`,
      [tenantId],
    )
    return row
  }
  const tenantOn = async (plan: string) => pay(instances.one, await instances.one.tenant(), plan)

  it('20 of the same 100 users in 20 orders make each once, and all tell its one id', async () => {
    const tenant = await tenantOn('starter')
    const rows = named(100, 'u').map((row, i) => ({ ...row, email: `${i}@example.com` }))
    const answers = await storm(instances, 20, (app, i) => send(app, tenant, rotated(rows, i * 5 + (i % 3))))
    expect(tally(answers)).toEqual({ 200: 20 })
    const results = resultsOf(answers)
    expect([count(results, 'created'), count(results, 'exists')]).toEqual([100, 1900])
    expect(new Set(results.map(({ external_user_id: name, user_id: id }) => `${name} ${id}`)).size).toBe(100)
    expect(await state(tenant)).toEqual({ users: 100, counted: 100, events: 100 })
  })

  it('two that take the same names from opposite ends never wait for each other', async () => {
    const tenant = await tenantOn('starter')
    const { sql } = instances.one.database
    // Each row takes so long that both are at it at once.
    await sql.query(
      `create function dawdle() returns trigger language plpgsql as $$ begin perform pg_sleep(0.02); return new; end $$`,
    )
    await sql.query('create trigger dawdle before insert on users for each row execute function dawdle()')
    try {
      const rows = named(10, 'slow')
      const answers = await storm(instances, 2, (app, i) => send(app, tenant, i === 0 ? rows : rows.toReversed()))
      expect(tally(answers)).toEqual({ 200: 2 })
      const results = resultsOf(answers)
      expect([count(results, 'created'), count(results, 'exists')]).toEqual([10, 10])
    } finally {
      await sql.query('drop function dawdle cascade')
    }
  })

  it('imports and creations fill the plan exactly', async () => {
    const tenant = await tenantOn('starter')
    await instances.one.database.sql.query('update tenants set user_count = 850 where id = $1', [tenant.tenantId])
    const answers = await storm(instances, 40, (app, i) =>
      i % 4 < 2
        ? send(app, tenant, named(15, `batch${i}-`))
        : app.call('POST', '/v1/users', { token: tenant.token, body: { external_user_id: `one${i}` } }),
    )
    const imports = answers.filter((_, i) => i % 4 < 2)
    const creations = tally(answers.filter((_, i) => i % 4 >= 2))
    expect(tally(imports)).toEqual({ 200: 20 })
    const results = resultsOf(imports)
    expect(count(results, 'created') + (creations[201] ?? 0)).toBe(150)
    expect(count(results, 'plan_limit_reached') + (creations[409] ?? 0)).toBe(170)
    expect(await state(tenant)).toEqual({ users: 150, counted: 1000, events: 150 })
  })

  it('20 that want the same 50 addresses for different users give each address to one', async () => {
    const tenant = await tenantOn('growth')
    const answers = await storm(instances, 20, (app, i) =>
      send(
        app,
        tenant,
        rotated(
          named(50, `w${i}-`).map((row, n) => ({ ...row, email: `${n}@example.com` })),
          i,
        ),
      ),
    )
    expect(tally(answers)).toEqual({ 200: 20 })
    const results = resultsOf(answers)
    expect(count(results, 'created')).toBe(50)
    expect(count(results, 'identity_link_email_already_taken_in_tenant')).toBe(950)
    expect(await state(tenant)).toEqual({ users: 50, counted: 50, events: 50 })
  })

  it('twins with one Idempotency-Key import once, and get the same answer', async () => {
    const tenant = await tenantOn('starter')
    const rows = named(100, 'twin')
    const headers = { 'idempotency-key': 'twins' }
    const whole = await storm(instances, 10, (app) => send(app, tenant, rows, headers))
    expect(new Set(whole.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('')
    const streamed = await storm(instances, 10, (app) =>
      app.call('POST', path, {
        token: tenant.token,
        body: lines.replaceAll('twin', 'line').repeat(2),
        headers: { 'idempotency-key': 'lines', 'content-type': 'application/x-ndjson' },
      }),
    )
    expect(new Set(streamed.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    expect(streamed[0]?.body.data).toMatchObject({ created: 100, existing: 100, failed: 0 })
    expect(await state(tenant)).toEqual({ users: 200, counted: 200, events: 200 })
  })

  it('mixed with creations and erasures of the same users, nothing is a fault and the count stays true', async () => {
    const tenant = await tenantOn('growth')
    const rows = named(20, 'mix').map((row, i) => ({ ...row, email: `mix${i}@example.com` }))
    const answers = await storm(instances, 120, (app, i) => {
      const row = rows[i % 20] as Row
      if (i % 3 === 0) return send(app, tenant, rotated(rows, i % 20))
      if (i % 3 === 1) return app.call('POST', '/v1/users', { token: tenant.token, body: row })
      return app.call('DELETE', `/v1/users/${row.external_user_id}`, { token: tenant.token })
    })
    expect(answers.filter(({ status }) => status >= 500).map(({ text }) => text)).toEqual([])
    expect(tally(answers.filter((_, i) => i % 3 === 0))).toEqual({ 200: 40 })
    const after = await state(tenant)
    expect(after?.counted).toBe(after?.users)
    const lost = await instances.one.database.sql.query(
      'select 1 from identifiers i where tenant_id = $1 and not exists (select 1 from users u where u.tenant_id = $1 and u.id = i.user_id)',
      [tenant.tenantId],
    )
    expect(lost).toEqual([])
  })
})
