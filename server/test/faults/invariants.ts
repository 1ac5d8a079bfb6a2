import { readSettings } from '../../src/applications/settings.ts'
import { CONSOLE_TENANT_ID } from '../../src/console/console.ts'
import type { Sql } from '../../src/platform/db.ts'

/** What is stored where nothing was set. */
const untouched = readSettings({}).session_ttl_seconds

/**
 * What is true of every database after every crash: a command is there as a whole or not at all. Each row is a query for
 * what breaks the rule, whose column `what` names it; a feature adds its rows when it appears.
 */
const rules: Record<string, string> = {
  'a user has exactly one user.created': `
    select u.id::text as what from users u where 1 <> (select count(*) from audit_logs a
      where a.tenant_id = u.tenant_id and a.user_id = u.id and a.event = 'user.created')`,
  'a user.created has its user': `
    select a.user_id::text as what from audit_logs a where a.event = 'user.created'
      and not exists (select 1 from users u where u.tenant_id = a.tenant_id and u.id = a.user_id)`,
  'the count of users is right': `
    select t.id || ': ' || t.user_count as what from tenants t
    where t.user_count <> (select count(*) from users u where u.tenant_id = t.id)`,
  'a session has exactly one auth.success': `
    select s.id::text as what from sessions s where 1 <> (select count(*) from audit_logs a
      where a.tenant_id = s.tenant_id and a.event = 'auth.success' and a.metadata ->> 'session_id' = s.id::text)`,
  'an auth.success has its session': `
    select a.metadata ->> 'session_id' as what from audit_logs a
    where a.event = 'auth.success' and a.metadata ->> 'session_id' is not null
      and not exists (select 1 from sessions s where s.tenant_id = a.tenant_id and s.id::text = a.metadata ->> 'session_id')`,
  'a session that ended early has its event': `
    select s.id::text as what from sessions s where s.revoked_at is not null and not exists (select 1 from audit_logs a
      where a.tenant_id = s.tenant_id and a.event in ('session.revoked', 'session.logout')
        and a.metadata ->> 'session_id' = s.id::text)`,
  'a session by passkey has its passkey': `
    select s.id::text as what from sessions s where s.credential_id is not null
      and not exists (select 1 from credentials c where c.tenant_id = s.tenant_id and c.id = s.credential_id)`,
  'a passkey has exactly one passkey.registered': `
    select c.id as what from credentials c where 1 <> (select count(*) from audit_logs a
      where a.tenant_id = c.tenant_id and a.event = 'passkey.registered' and a.metadata ->> 'credential_id' = c.id)`,
  'a passkey.registered has its passkey': `
    select a.metadata ->> 'credential_id' as what from audit_logs a where a.event = 'passkey.registered'
      and not exists (select 1 from public.credentials c where c.tenant_id in (a.tenant_id, '${CONSOLE_TENANT_ID}')
        and c.id = a.metadata ->> 'credential_id')`,
  'a revoked passkey has its event, and only a revoked one': `
    select c.id as what from credentials c where (c.status = 'revoked') <> exists (select 1 from audit_logs a
      where a.tenant_id = c.tenant_id and a.event = 'credential.revoked' and a.metadata ->> 'credential_id' = c.id)`,
  'a passkey can be found, and nothing else': `
    select coalesce(c.id, d.id) as what
    from credentials c full join (select * from directory where kind = 'webauthn') d on d.tenant_id = c.tenant_id and d.id = c.id
    where c.id is null or d.id is null`,
  'who has a passkey has authenticated': `
    select u.id::text as what from users u where u.authenticated_at is null
      and exists (select 1 from credentials c where c.tenant_id = u.tenant_id and c.user_id = u.id)`,
  'an identifier has its identifier.linked': `
    select i.id as what from identifiers i where not exists (select 1 from audit_logs a
      where a.tenant_id = i.tenant_id and a.event = 'identifier.linked' and a.metadata ->> 'identifier_id' = i.id)`,
  'nothing is left of who was erased': ['credentials', 'sessions', 'identifiers', 'idempotency_records', 'audit_logs']
    .map(
      (table) => `
    select '${table} of ' || r.user_id as what from ${table} r where r.user_id is not null
      and not exists (select 1 from users u where u.tenant_id = r.tenant_id and u.id = r.user_id)`,
    )
    .join(' union all '),
  'an idempotency record has its outcome': `
    select operation || ' ' || key as what from idempotency_records where status is null or body is null`,
  'an idempotency record of a creation has its user': `
    select key as what from idempotency_records where operation = 'users.create' and status = 201 and user_id is null`,
  'a tenant has account, application, secret, directory rows and events': `
    select t.id as what from tenants t
    where not exists (select 1 from accounts a where a.id = t.account_id)
      or not exists (select 1 from audit_logs a where a.tenant_id = t.id and a.event = 'tenant.provisioned')
      or not exists (select 1 from applications p where p.tenant_id = t.id)`,
  'an application has secret, directory rows and event': `
    select p.id as what from applications p where p.deleted_at is null and (
      not exists (select 1 from client_secrets s where s.tenant_id = p.tenant_id and s.application_id = p.id)
      or not exists (select 1 from directory d where d.kind = 'client' and d.key = p.client_id and d.id = p.id)
      or not exists (select 1 from directory d where d.kind = 'application' and d.key = p.id and d.tenant_id = p.tenant_id)
      or not exists (select 1 from audit_logs a
        where a.tenant_id = p.tenant_id and a.application_id = p.id and a.event = 'application.created'))`,
  'settings are those of the last application.config_changed': `
    with told as (
      select distinct on (tenant_id, application_id) tenant_id, application_id,
             metadata -> 'new' ->> 'session_ttl_seconds' as seconds
      from audit_logs
      where event = 'application.config_changed' and metadata -> 'new' ->> 'session_ttl_seconds' is not null
      order by tenant_id, application_id, id desc)
    select p.id as what from applications p join told t on t.tenant_id = p.tenant_id and t.application_id = p.id
    where coalesce(p.settings ->> 'session_ttl_seconds', '${untouched}') <> t.seconds`,
}

/**
 * The rules are about customers. The console is made at the start, without a secret or events; its people come and go by
 * the hosted page, and their sessions are exchanged. What people do with their passkeys stands in their account's trail.
 */
const customers = [
  ['tenants', 'id'],
  ...[
    'applications',
    'users',
    'sessions',
    'credentials',
    'identifiers',
    'directory',
    'client_secrets',
    'idempotency_records',
    'audit_logs',
  ].map((table) => [table, 'tenant_id']),
]
  .map(([table, key]) => `${table} as (select * from public.${table} where ${key} <> '${CONSOLE_TENANT_ID}')`)
  .join(', ')

const ofCustomers = (rule: string): string => {
  const text = rule.trim()
  return text.startsWith('with ') ? `with ${customers}, ${text.slice(5)}` : `with ${customers} ${text}`
}

/** Everything that breaks a rule, as sentences; empty when all is well. */
export async function broken(sql: Sql): Promise<string[]> {
  const found: string[] = []
  for (const [rule, text] of Object.entries(rules)) {
    for (const { what } of await sql.query<{ what: string }>(ofCustomers(text)))
      found.push(`${rule}: not so for ${what}`)
  }
  return found
}
