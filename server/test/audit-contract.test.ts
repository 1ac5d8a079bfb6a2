import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AuditEvent, type EventRow, events } from '../src/audit/events.ts'
import type { Operation } from '../src/surfaces/operations.ts'
import { tenantTables } from '../src/tenants/purge.ts'
import { denials, type Way, ways } from './audit-ways.ts'
import { type TestApp, testApp } from './harness.ts'
import { type Change, named, prepare, send } from './operation-calls.ts'
import type { Sample, World } from './samples.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'false' })
})
afterAll(() => server.close())

type Row = {
  event: AuditEvent
  category: string
  success: boolean
  tenant_id: string
  actor: { kind: string; id: string }
  ip_address: string
  user_agent: string
  created_at: Date
  metadata: Record<string, unknown>
}

const declared = ({ endpoint }: Operation): string[] =>
  [...new Set([...endpoint.audits, ...(endpoint.exports?.audits ?? [])])].sort()
const namesOf = (rows: Row[]): string[] => [...new Set(rows.map(({ event }) => event))].sort()

const ip = '198.51.100.77'
const userAgent = 'contract-test/1.0'
let count = 0

/** Calls an operation in a way and reads what those calls, and no others, have written. */
async function written(operation: Operation, world: World, way: Way, abouts: Sample['about'][] = []): Promise<Row[]> {
  count += 1
  const requestId = `audit-contract-${count}`
  const call = (sample: Sample, change: Change = {}) => {
    abouts.push(sample.about)
    return send(operation, world, sample, {
      ...change,
      ip,
      headers: { ...change.headers, 'x-request-id': requestId, 'user-agent': userAgent },
    })
  }
  await way(world, call)
  return server.database.sql.query<Row>(
    `select event, category, success, tenant_id, actor, ip_address, user_agent, created_at, metadata
     from audit_logs where request_id = $1 order by id`,
    [requestId],
  )
}

const actorKinds: Record<string, string[]> = {
  none: ['anonymous'],
  publishable: ['anonymous'],
  admin: ['service', 'agent', 'user'],
  account: ['user', 'agent', 'service'],
  dashboard: ['user', 'agent', 'service'],
  manager: ['service', 'agent', 'user'],
  end_user: ['end_user'],
}

/** Open operations whose caller proves to be somebody. */
const provesToBe: Record<string, string[]> = {
  'invitations.accept': ['user'],
  'dashboard.session.open': ['user'],
  'oauth.revoke': ['service', 'agent'],
}

/** What a row holds whatever its event: the table's outcome, who, from where, when, and no more facts than are documented. */
function checkRow(row: Row, operation: Operation, { tenant }: World, abouts: Sample['about'][]): void {
  const { category, success, metadata }: EventRow = events[row.event]
  const { kind, id } = row.actor
  expect(row).toMatchObject({ category, success, ip_address: ip, user_agent: userAgent, created_at: server.clock() })
  const kinds = operation.auth.flatMap((auth) => actorKinds[auth] ?? [])
  expect([...kinds, ...(provesToBe[operation.name] ?? [])]).toContain(kind)
  expect(id).toMatch(/./)
  expect([row.event, Object.keys(row.metadata).filter((key) => !metadata.includes(key))]).toEqual([row.event, []])
  if (row.event === 'authorization.denied' || operation.auth.includes('none')) return
  expect([tenant.tenantId, ...abouts.map((about) => about?.tenantId)]).toContain(row.tenant_id)
}

describe('security 230: what an operation writes', () => {
  it.each(named)('%s: exactly the events that it declares', async (name, operation) => {
    const [world, sample] = await prepare(server, name)
    const valid = await written(operation, world, async (_world, call) => {
      const { status, text } = await call(sample)
      expect([status, text]).toEqual([operation.status, text])
    })
    expect(namesOf(valid).filter((event) => !declared(operation).includes(event))).toEqual([])
    expect(namesOf(valid)).not.toContain('authorization.denied')
    for (const row of valid) checkRow(row, operation, world, [sample.about])

    const seen = new Set(namesOf(valid))
    for (const event of declared(operation).filter((event) => !seen.has(event)) as AuditEvent[]) {
      const way = event === 'authorization.denied' ? denials(operation) : ways[name]?.[event]
      if (!way)
        throw new Error(`${name} declares ${event}, which no call of it writes: add a way to test/audit-ways.ts`)
      const abouts: Sample['about'][] = []
      const rows = await written(operation, world, way, abouts)
      expect([event, namesOf(rows)]).toEqual([event, expect.arrayContaining([event])])
      for (const row of rows) checkRow(row, operation, world, abouts)
      for (const found of namesOf(rows)) seen.add(found)
    }
    expect([...seen].sort()).toEqual(declared(operation))
  })

  it('no way leads to an event that is not declared', () => {
    const stale = Object.entries(ways).flatMap(([name, events]) => {
      const operation = named.find(([other]) => other === name)?.[1]
      return Object.keys(events)
        .filter((event) => !operation || !declared(operation).includes(event))
        .map((event) => `${name}: ${event}`)
    })
    expect(stale).toEqual([])
  })
})

describe('security 231: an operation whose audit row cannot be written does nothing', () => {
  const writing = named.filter(([, operation]) => declared(operation).some((event) => event !== 'authorization.denied'))
  // A challenge is taken before anything is known about who answers it; totals are counted apart from any operation.
  const apart = ['ceremonies', 'usage_totals', 'active_users']
  const tables = Object.keys(tenantTables).filter((table) => !apart.includes(table))

  beforeAll(async () => {
    await server.database.sql.query(
      `create function refuse_audit() returns trigger language plpgsql as
       $$ begin if new.request_id = 'refuse-audit' then raise exception 'refused'; end if; return new; end $$`,
    )
    await server.database.sql.query(
      'create trigger refuse_audit before insert on audit_logs for each row execute function refuse_audit()',
    )
    return async () => {
      await server.database.sql.query('drop trigger refuse_audit on audit_logs')
      await server.database.sql.query('drop function refuse_audit')
    }
  })

  /** Everything the tenant has, and how many tenants there are. */
  async function state(tenantId: string): Promise<string[]> {
    const parts = [...tables, 'tenants'].map(
      (table) => `(select '${table} ' || count(*) || ' ' || coalesce(md5(string_agg(t::text, ' ' order by t::text)), '')
        from (select ${table === 'tenants' ? 'id' : '*'} from ${table}${table === 'tenants' ? '' : ' where tenant_id = $1'}) as t)`,
    )
    const [row] = await server.database.sql.query<{ parts: string[] }>(`select array[${parts.join(', ')}] as parts`, [
      tenantId,
    ])
    return row?.parts ?? []
  }

  it.each(writing)('%s', async (name, operation) => {
    const [world, sample] = await prepare(server, name)
    const recorded = declared(operation).filter((event) => event !== 'authorization.denied') as AuditEvent[]
    const bySample = recorded.some((event) => ways[name]?.[event] === undefined)
    const way: Way = (!bySample && recorded[0] && ways[name]?.[recorded[0]]) || ((_world, call) => call(sample))
    let calls = 0
    await way(world, async (given, change = {}) => {
      calls += 1
      const before = await state(world.tenant.tenantId)
      const headers = { ...change.headers, 'x-request-id': 'refuse-audit' }
      const answer = await send(operation, world, given, { ...change, headers })
      expect([answer.status, answer.text]).toEqual([500, expect.stringMatching(/internal_error|server_error/)])
      expect(await state(world.tenant.tenantId)).toEqual(before)
      return answer
    })
    expect(calls).toBe(1)
  })
})
