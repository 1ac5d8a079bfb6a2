import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Tenant, type TestApp, testApp } from '../../test/harness.ts'
import { systemContext } from '../platform/context.ts'
import { uuid7 } from '../platform/ids.ts'
import type { Backend } from '../platform/principal.ts'
import { addSeconds } from '../platform/time.ts'
import { SYSTEM_TENANT } from '../platform/trail.ts'
import { type AuditEvent, eventNames, events } from './events.ts'
import { exportLogs } from './export.ts'
import { AuditLog } from './router.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'false' })
})
afterAll(() => server.close())

type Seed = { event?: AuditEvent; userId?: string | null; applicationId?: string | null; at?: Date; metadata?: object }
type Written = { id: string; event: AuditEvent; success: boolean; userId: string | null; at: Date }

async function seed(tenantId: string, row: Seed = {}): Promise<Written> {
  const { event = 'auth.success', userId = null, applicationId = null, at = server.clock() } = row
  const { category, success } = events[event]
  const id = uuid7(at)
  await server.database.sql.query(
    `insert into audit_logs (tenant_id, id, application_id, event, category, success, user_id, actor, metadata, created_at)
     values ($1, $2::uuid, $3, $4, $5, $6, $7::uuid, '{}', $8::jsonb, $9)`,
    [tenantId, id, applicationId, event, category, success, userId, JSON.stringify(row.metadata ?? {}), at],
  )
  return { id, event, success, userId, at }
}

const get = (token: string, query: object = {}) =>
  server.call('GET', `/v1/audit-logs?${new URLSearchParams({ ...query })}`, { token })

const idsOf = (page: { body: { data: { data: { id: string }[] } } }) => page.body.data.data.map(({ id }) => id)

/** Every page of a filter. */
async function pages(token: string, query: object, between: (page: number) => Promise<unknown> = async () => {}) {
  const ids: string[] = []
  let cursor: string | null = null
  for (let page = 1; ; page += 1) {
    const answer = await get(token, { ...query, ...(cursor ? { starting_after: cursor } : {}) })
    expect(answer.status).toBe(200)
    ids.push(...idsOf(answer))
    cursor = answer.body.data.next_cursor
    expect(answer.body.data.has_more).toBe(cursor !== null)
    if (cursor === null) return ids
    await between(page)
  }
}

describe('GET /v1/audit-logs', () => {
  it('200 for moments before 1970, which no id can have', async () => {
    const { token } = await server.tenant()
    const count = async (query: string) => {
      const { status, body } = await server.call('GET', `/v1/audit-logs?${query}`, { token })
      return [status, body.data?.data.length]
    }
    const [, all] = await count('limit=100')
    expect(all).toBeGreaterThan(0)
    expect(await count('from=1960-01-01T00:00:00Z')).toEqual([200, all])
    expect(await count('from=0000-01-01T00:00:00Z')).toEqual([200, all])
    expect(await count('to=1970-01-01T00:00:00%2B01:00')).toEqual([200, 0])
  })

  it('security 231: the filter accepts every event there is, and no other', async () => {
    const { token } = await server.tenant()
    for (const event of eventNames) expect([event, (await get(token, { event })).status]).toEqual([event, 200])
    const refused = await get(token, { event: 'user.creatd' })
    expect([refused.status, refused.body.error.details[0].path]).toEqual([400, 'event'])
  })

  it('finds exactly the rows of every combination of filters, page by page', async () => {
    const { tenantId, applicationId, token } = await server.tenant()
    const stranger = await server.tenant()
    const users = ['019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57', '019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a58', null]
    const kinds: AuditEvent[] = ['auth.success', 'auth.failed', 'passkey.registered']
    const begin = server.clock()
    const mine: Written[] = []
    for (let i = 0; i < 54; i += 1) {
      const row: Seed = {
        event: kinds[i % 3] as AuditEvent,
        userId: users[Math.floor(i / 3) % 3] as string | null,
        at: addSeconds(begin, 60 + i),
      }
      mine.push(await seed(tenantId, { ...row, applicationId: i % 5 === 0 ? null : applicationId }))
      // What must never show: another application of the tenant, another tenant.
      await seed(tenantId, { ...row, applicationId: 'app_other' })
      await seed(stranger.tenantId, { ...row, applicationId })
    }
    const [low, high] = [addSeconds(begin, 75), addSeconds(begin, 100)]
    let combinations = 0
    for (const event of [undefined, ...kinds])
      for (const success of [undefined, true, false])
        for (const user_id of [undefined, users[0]])
          for (const from of [undefined, low])
            for (const to of [undefined, high]) {
              const expected = mine.filter(
                (row) =>
                  (!event || row.event === event) &&
                  (success === undefined || row.success === success) &&
                  (!user_id || row.userId === user_id) &&
                  (!from || row.at >= from) &&
                  (!to || row.at < to),
              )
              const query = {
                limit: '7',
                // The tenant's own first rows are older.
                from: (from ?? addSeconds(begin, 60)).toISOString(),
                ...(event && { event }),
                ...(success === undefined ? {} : { success: String(success) }),
                ...(user_id && { user_id }),
                ...(to && { to: to.toISOString() }),
              }
              expect([query, await pages(token, query)]).toEqual([query, expected.map(({ id }) => id).reverse()])
              combinations += 1
            }
    expect(combinations).toBe(96)
  })

  it("shows what concerns everybody, and nothing else that is nobody's", async () => {
    const { token } = await server.tenant()
    const refreshed = await seed(SYSTEM_TENANT, { event: 'attestation.mds.cache.refreshed' })
    const hidden = await seed(SYSTEM_TENANT, { event: 'tenant.purged' })
    const seen = idsOf(await get(token))
    expect([seen.includes(refreshed.id), seen.includes(hidden.id)]).toEqual([true, false])
    expect(idsOf(await get(token, { event: 'attestation.mds.cache.refreshed' }))).toEqual([refreshed.id])
    expect(idsOf(await get(token, { event: 'tenant.purged' }))).toEqual([])
    expect(idsOf(await get(token, { limit: '1', starting_after: refreshed.id })).length).toBe(1)
    await server.database.sql.query('delete from audit_logs where tenant_id = $1 and id in ($2::uuid, $3::uuid)', [
      SYSTEM_TENANT,
      refreshed.id,
      hidden.id,
    ])
  })

  it('pages hold every row once, while rows come and go', async () => {
    const { tenantId, applicationId, token } = await server.tenant()
    const begin = server.clock()
    const rows: Written[] = []
    for (let i = 0; i < 60; i += 1) rows.push(await seed(tenantId, { applicationId, at: addSeconds(begin, i) }))
    const from = begin.toISOString()
    const removed = new Set<string>()
    const seen = await pages(token, { limit: '10', event: 'auth.success', from }, async (page) => {
      await seed(tenantId, { applicationId, at: addSeconds(begin, 100 + page) })
      // The cursor's own row, as retention and erasure would, and one that is still to come.
      for (const row of [rows.at(-10 * page), rows[page]]) {
        removed.add(String(row?.id))
        await server.database.sql.query('delete from audit_logs where tenant_id = $1 and id = $2::uuid', [
          tenantId,
          row?.id,
        ])
      }
    })
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toEqual([...seen].sort().reverse())
    expect(rows.filter(({ id }) => !removed.has(id) && !seen.includes(id))).toEqual([])
  })

  it("400 for a cursor that is a row of the tenant's other application", async () => {
    const { tenantId, token } = await server.tenant()
    const { id } = await seed(tenantId, { applicationId: 'app_other' })
    const { status, body } = await get(token, { starting_after: id })
    expect([status, body.error.details[0].path]).toEqual([400, 'starting_after'])
  })
})

describe('GET /v1/audit-logs?format=', () => {
  let tenant: Tenant
  let rows: Written[]
  beforeAll(async () => {
    tenant = await server.tenant()
    rows = []
    for (let i = 0; i < 1203; i += 1) {
      const metadata = i === 0 ? { note: '=1+1,"two"\nlines' } : {}
      rows.push(await seed(tenant.tenantId, { applicationId: tenant.applicationId, metadata }))
    }
  })
  const newestFirst = () => rows.map(({ id }) => id).reverse()
  const exported = async ({ tenantId }: Tenant) =>
    (
      await server.database.sql.query<{ metadata: object }>(
        `select metadata from audit_logs where tenant_id = $1 and event = 'audit.exported' order by id`,
        [tenantId],
      )
    ).map(({ metadata }) => metadata)

  it('ndjson: the whole range in the order and shape of the list', async () => {
    const { status, headers, text } = await get(tenant.token, { format: 'ndjson', event: 'auth.success' })
    expect([status, headers['content-type']]).toEqual([200, 'application/x-ndjson; charset=utf-8'])
    expect(headers['content-disposition']).toBe('attachment; filename="audit-logs.ndjson"')
    const lines = text.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).id)).toEqual(newestFirst())
    const page = await get(tenant.token, { event: 'auth.success', limit: '2' })
    expect(lines.slice(0, 2).map((line) => JSON.parse(line))).toEqual(page.body.data.data)
  })

  it('csv: a header row, then a line a row, with actor and metadata as JSON', async () => {
    const { status, headers, text } = await get(tenant.token, { format: 'csv', event: 'auth.success' })
    expect([status, headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8'])
    expect(headers['content-disposition']).toBe('attachment; filename="audit-logs.csv"')
    const lines = text.trimEnd().split('\r\n')
    const names = (lines[0] as string).split(',')
    expect([...names].sort()).toEqual(Object.keys(AuditLog.shape).sort())
    expect(lines.slice(1).map((line) => line.split(',')[0])).toEqual(newestFirst())
    expect(lines.at(-1)).toContain('"{""note"":""=1+1,\\""two\\""\\nlines""}"')
  })

  it('security 232: writes audit.exported with format and count, which the export itself does not hold', async () => {
    const before = (await exported(tenant)).length
    const all = await get(tenant.token, { format: 'ndjson' })
    expect(all.text).toContain('"audit.exported"')
    const count = all.text.trimEnd().split('\n').length
    await get(tenant.token, { format: 'csv', event: 'user.deleted' })
    expect((await exported(tenant)).slice(before)).toEqual([
      { format: 'ndjson', rows: count },
      { format: 'csv', rows: 0 },
    ])
    const listed = await get(tenant.token, { event: 'audit.exported', limit: '1' })
    expect(listed.body.data.data[0]).toMatchObject({
      application_id: tenant.applicationId,
      actor: { kind: 'service' },
      metadata: { format: 'csv', rows: 0 },
    })
  })

  it('an empty range is a header row or nothing', async () => {
    const to = '2020-01-01T00:00:00Z'
    expect((await get(tenant.token, { format: 'ndjson', to })).text).toBe('')
    expect((await get(tenant.token, { format: 'csv', to })).text.split('\r\n')).toHaveLength(2)
  })

  it('takes the filters of the list', async () => {
    const other = await server.tenant()
    const at = addSeconds(server.clock(), 10)
    for (const event of ['auth.failed', 'auth.success'] as const) await seed(other.tenantId, { event, at })
    const query = { format: 'ndjson', success: 'false', from: at.toISOString() }
    const events = (await get(other.token, query)).text.trimEnd().split('\n')
    expect(events.map((line) => JSON.parse(line).event)).toEqual(['auth.failed'])
  })

  it.each(['limit', 'starting_after'])('400 naming %s, which belongs to pages', async (field) => {
    const value = field === 'limit' ? '10' : String(rows[0]?.id)
    const { status, body } = await get(tenant.token, { format: 'csv', [field]: value })
    expect([status, body.error.code, body.error.details[0].path]).toEqual([400, 'validation_error', field])
  })

  it('400 naming format for one that there is not', async () => {
    const { status, body } = await get(tenant.token, { format: 'xml' })
    expect([status, body.error.details[0].path]).toEqual([400, 'format'])
  })

  it('400 naming from for more rows than an export may have, and none is written down as exported', async () => {
    const principal = { kind: 'service', ...tenant } as unknown as Backend
    const ctx = { ...systemContext(server.app.deps, 'audit_logs.list'), principal }
    const filter = { format: 'csv', event: 'auth.success' as const }
    const refused = await exportLogs(ctx, filter, 1202).catch((error: unknown) => error)
    expect(refused).toMatchObject({ errorCode: 'validation_error', details: [{ path: 'from' }] })
    expect(ctx.trail).toEqual([])
    await exportLogs(ctx, filter, 1203)
    expect(ctx.trail.map(({ metadata }) => metadata)).toEqual([{ format: 'csv', rows: 1203 }])
  })

  it('security 231: 500 without a row of data when the event cannot be written', async () => {
    const { sql } = server.database
    const other = await server.tenant()
    await sql.query(
      `create function refuse_export() returns trigger language plpgsql as
       $$ begin if new.tenant_id = '${other.tenantId}' then raise exception 'refused'; end if; return new; end $$`,
    )
    await sql.query(
      'create trigger refuse_export before insert on audit_logs for each row execute function refuse_export()',
    )
    try {
      const { status, body } = await get(other.token, { format: 'ndjson' })
      expect([status, body.error.code]).toEqual([500, 'internal_error'])
    } finally {
      await sql.query('drop trigger refuse_export on audit_logs')
      await sql.query('drop function refuse_export')
    }
  })
})
