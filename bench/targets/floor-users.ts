import { randomUUID } from 'node:crypto'
import { type Reply, serve } from './json-server.ts'
import { openStore } from './store.ts'

/*
 * The physical floor of two admin routes: one prepared statement on the raw driver, no authentication, router, schemas,
 * limits or audit beyond the row itself.
 */

const SCHEMA = `
create table tenants (id text primary key, user_count int not null);
create table users (tenant_id text not null, id uuid not null, application_id text not null, external_user_id text not null,
  status text not null default 'active', metadata jsonb not null default '{}', custom_claims jsonb not null default '{}',
  created_at timestamptz not null, updated_at timestamptz not null, primary key (tenant_id, id),
  unique (tenant_id, application_id, external_user_id));
create table audit_logs (tenant_id text not null, id uuid not null, event text not null, user_id uuid not null, metadata jsonb not null,
  created_at timestamptz not null, primary key (tenant_id, id));
insert into tenants values ('org_bench', 0);
`

const READ = `select id, external_user_id, status, created_at, updated_at, metadata, custom_claims
  from users where tenant_id = $1 and application_id = $2 and external_user_id = $3`
const CREATE = `
with counted as (
  update tenants set user_count = user_count + 1 where id = $1 returning id
), created as (
  insert into users (tenant_id, id, application_id, external_user_id, created_at, updated_at)
    select id, $2, $3, $4, $5, $5 from counted on conflict do nothing returning id
), audited as (
  insert into audit_logs (tenant_id, id, event, user_id, metadata, created_at) select $1, $6, 'user.created', id, '{}', $5 from created
)
select id from created`

const TENANT = 'org_bench'
const APPLICATION = 'app_bench'
const PREFIX = '/v1/users/'
const store = await openStore()
await store.migrate(SCHEMA)

async function read(externalUserId: string): Promise<Reply> {
  const [user] = await store.run('read_user', READ, [TENANT, APPLICATION, externalUserId])
  return user ? { status: 200, body: { ok: true, data: user } } : { status: 404, body: { ok: false } }
}

async function create(body: string): Promise<Reply> {
  const { external_user_id } = JSON.parse(body) as { external_user_id: string }
  const [id, now] = [randomUUID(), new Date()]
  const rows = await store.run('create_user', CREATE, [TENANT, id, APPLICATION, external_user_id, now, randomUUID()])
  if (rows.length === 0) return { status: 409, body: { ok: false } }
  return {
    status: 201,
    body: { ok: true, data: { external_user_id, created_at: now, updated_at: now, id, status: 'active' } },
  }
}

serve((method, path, body) => (method === 'GET' ? read(decodeURIComponent(path.slice(PREFIX.length))) : create(body)))
