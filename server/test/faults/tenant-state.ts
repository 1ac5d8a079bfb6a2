import type { Sql } from '../../src/platform/db.ts'

/** Tables whose rows change without an event: what was asked, how often, and how far a ceremony is. */
const untold = ['audit_logs', 'ceremonies', 'idempotency_records', 'usage_totals', 'active_users']

/** Fingerprints of all that a tenant owns, and the ids of its events. */
export type TenantState = { rows: string; ceremonies: string; events: string[] }

const fingerprint = (table: string): string =>
  `coalesce((select md5(string_agg(x::text, '|' order by x::text)) from ${table} x where tenant_id = $1), '')`

/** A tenant's rows as they are now, in whatever tables there are. */
export async function stateOf(sql: Sql, tenantId: string): Promise<TenantState> {
  const tables = await sql.query<{ name: string }>(
    `select quote_ident(c.relname) as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and c.relname <> all($1::text[]) order by 1`,
    [untold],
  )
  // When it was last active is written from memory, at its own time.
  const tenant = `coalesce((select (to_jsonb(t) - 'last_active_at')::text from tenants t where id = $1), '')`
  const all = [tenant, ...tables.map(({ name }) => fingerprint(name))].join(` || '/' || `)
  const [state] = await sql.query<{ rows: string; ceremonies: string; events: string[] | null }>(
    `select ${all} as rows, ${fingerprint('ceremonies')} as ceremonies,
            (select array_agg(id::text) from audit_logs where tenant_id = $1) as events`,
    [tenantId],
  )
  if (!state) throw new Error('a select without a row')
  return { ...state, events: state.events ?? [] }
}
