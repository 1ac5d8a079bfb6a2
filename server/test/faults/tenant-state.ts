import type { Sql } from '../../src/platform/db.ts'

/** Tables whose rows change without an event: what was asked, how often, and how far a ceremony is. */
const untold = ['audit_logs', 'ceremonies', 'idempotency_records', 'usage_totals', 'active_users']

/** Fingerprints of all that a tenant owns, and the ids of its events. */
export type TenantState = { rows: string; ceremonies: string; events: string[] }

const account = '(select account_id from tenants where id = $1)'
/** What people of an account do shows in its first tenant's trail, whichever of its tenants it is about. */
const tenants = `(select id from tenants where account_id = ${account})`

const fingerprint = (table: string): string =>
  `coalesce((select md5(string_agg(x::text, '|' order by x::text)) from ${table} x where tenant_id in ${tenants}), '')`

/** Last uses and activity are written from memory, at their own time; who begins on an invitation is told to the console. */
const elsewhere = '{last_used_at,last_used_ip,last_used_user_agent,last_active_at}'
const ofAccount = (table: string): string =>
  `coalesce((select md5(string_agg((to_jsonb(x) - '${elsewhere}'::text[]${table === 'invitations' ? " - 'person_id'" : ''})::text, '|' order by x::text))
    from ${table} x where account_id = ${account}), '')`

/** The passkeys of the account's people, which are the console's. */
const passkeys = `coalesce((select string_agg(id || status, '|' order by id) from credentials
  where user_id in (select person_id from members where account_id = ${account})), '')`

/** Access tokens of the tenant's clients that were revoked. */
const revoked = `coalesce((select string_agg(jti::text, '|' order by jti) from revoked_tokens
  where client_id in (select client_id from applications where tenant_id = $1)), '')`

/** Tables of the base that have a column, and change with an event. */
const tablesWith = async (sql: Sql, column: string): Promise<string[]> => {
  const tables = await sql.query<{ name: string }>(
    `select quote_ident(c.relname) as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = $2
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and c.relname <> all($1::text[]) order by 1`,
    [untold, column],
  )
  return tables.map(({ name }) => name)
}

/** The rows of a tenant and of its account as they are now, in whatever tables there are. */
export async function stateOf(sql: Sql, tenantId: string): Promise<TenantState> {
  const owned = (await tablesWith(sql, 'tenant_id')).map(fingerprint)
  const accounts = (await tablesWith(sql, 'account_id')).map(ofAccount)
  const all = [...owned, ...accounts, passkeys, revoked].join(` || '/' || `)
  const [state] = await sql.query<{
    rows: string
    ceremonies: string
    events: string[] | null
  }>(
    `select ${all} as rows, ${fingerprint('ceremonies')} as ceremonies,
            (select array_agg(id::text) from audit_logs where tenant_id in ${tenants}) as events`,
    [tenantId],
  )
  if (!state) throw new Error('a select without a row')
  return { ...state, events: state.events ?? [] }
}
