import type pg from 'pg'
import { ensureAuditPartitions } from '../../server/src/platform/partitions.ts'
import { copy, range } from './copy.ts'
import { withoutIndexes } from './indexes.ts'
import { idOf, started } from './ordinals.ts'
import { auditLap, type Facts, type Table, userTables } from './tables.ts'
import { withClient } from './with-client.ts'

export type Filled = { table: string; rows: number; seconds: number }

/** More months than the rows span, and the months that the product makes ahead. */
const MONTHS = 14 + 4

/** The other tenants, each with an account, one application and its places in the directory, beside the one there is. */
async function makeTenants(client: pg.Client, tenants: Facts['tenants']): Promise<void> {
  const others = tenants.slice(1)
  const lists = [
    others.map((_, index) => idOf('acc', index)),
    others.map(({ tenantId }) => tenantId),
    others.map(({ applicationId }) => applicationId),
    others.map((_, index) => idOf('cli', index)),
  ]
  const each = 'unnest($1::text[], $2::text[], $3::text[], $4::text[]) as t(acc, org, app, cli)'
  const statements = [
    `insert into accounts (id, plan, created_at) select acc, 'enterprise', now() from ${each}`,
    `insert into tenants (id, account_id, name, created_at, claimed_at, last_active_at) select org, acc, 'Bench', now(), now(), now() from ${each}`,
    `insert into applications (tenant_id, id, client_id, name, allowed_origins, created_at, updated_at)
     select org, app, cli, 'Bench', '{}', now(), now() from ${each}`,
    `insert into directory (kind, key, tenant_id, id)
     select 'client', cli, org, app from ${each} union all select 'application', app, org, app from ${each}`,
  ]
  for (const statement of statements) await client.query(statement, lists)
}

async function fillTable(client: pg.Client, parts: Table[], facts: Facts): Promise<Filled> {
  const [{ name } = { name: '' }] = parts
  const start = performance.now()
  let rows = 0
  await withoutIndexes(client, name, async () => {
    for (const part of parts) rows += await copy(client, part, facts, range(0, facts.size.users))
  })
  await client.query(`vacuum (analyze) ${name}`)
  return { table: name, rows, seconds: (performance.now() - start) / 1000 }
}

const totals = `
  insert into usage_totals (tenant_id, period, api_calls, active_users)
  select t.id, a.period, 1000000, count(u.user_id) from tenants t cross join (select distinct period from active_users) a
  left join active_users u on u.tenant_id = t.id and u.period = a.period group by 1, 2
  on conflict (tenant_id, period) do update set api_calls = excluded.api_calls, active_users = excluded.active_users`

const counts = `
  update tenants t set user_count = c.n
  from (select tenant_id, count(*) as n from users group by 1) c where c.tenant_id = t.id`

/** Fills a database in which tenant 0 and its application exist. @returns what was made, and how long it took */
export function fill(url: string, facts: Facts, say: (line: string) => void): Promise<Filled[]> {
  return withClient(url, async (client) => {
    const sql = { query: async <R>(text: string) => (await client.query(text)).rows as R[] }
    await ensureAuditPartitions(sql, new Date(started(facts.size)), MONTHS)
    if (facts.tenants.length > 1) await makeTenants(client, facts.tenants)
    const laps = Array.from({ length: facts.size.auditPerUser }, (_, k) => auditLap(k))
    const filled: Filled[] = []
    for (const parts of [...userTables.map((table) => [table]), laps]) {
      const done = await fillTable(client, parts, facts)
      filled.push(done)
      say(`  ${done.table}: ${done.rows.toLocaleString('en-US')} rows in ${done.seconds.toFixed(1)} s`)
    }
    for (const statement of [totals, counts]) await client.query(statement)
    await client.query('vacuum (analyze) tenants, applications, accounts, usage_totals')
    return filled
  })
}
