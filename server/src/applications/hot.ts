import type { Cache, Caches } from '../platform/cache.ts'
import type { Sql } from '../platform/db.ts'
import { fromMillis } from '../platform/time.ts'
import { readSettings, type Settings } from './settings.ts'

/** Everything a request needs to know of its application, in one cached row. */
export type HotApplication = {
  tenantId: string
  id: string
  clientId: string
  name: string
  status: string
  allowedOrigins: readonly string[]
  settings: Settings
  accountId: string
  plan: string
  /** A vending machine's tenant that nobody has claimed: it is purged when idle. */
  unclaimed: boolean
  tenantStatus: string
  accountStatus: string
  secrets: readonly { hash: Uint8Array; expiresAt: Date | null }[]
}

/** Whether requests of this application are served at all. */
export const isActive = (application: HotApplication): boolean =>
  application.status === 'active' && application.tenantStatus === 'active' && application.accountStatus === 'active'

type Row = {
  tenant_id: string
  id: string
  client_id: string
  name: string
  status: string
  allowed_origins: string[]
  settings: unknown
  claimed_at: Date | null
  tenant_status: string
  account_id: string
  plan: string
  account_status: string
  secrets: { hash: string; expires: number | null }[] | null
}

// One statement for what every request asks: raw, because it is hot and joins by the directory.
const byClientId = `
  select a.tenant_id, a.id, a.client_id, a.name, a.status, a.allowed_origins, a.settings, t.claimed_at,
         t.status as tenant_status, c.id as account_id, c.plan, c.status as account_status,
         (select json_agg(json_build_object('hash', encode(s.hash, 'hex'), 'expires', extract(epoch from s.expires_at) * 1000)
                          order by s.created_at desc, s.hash)
          from client_secrets s where s.tenant_id = a.tenant_id and s.application_id = a.id) as secrets
  from directory d
  join applications a on a.tenant_id = d.tenant_id and a.id = d.id
  join tenants t on t.id = a.tenant_id
  join accounts c on c.id = t.account_id
  where d.kind = 'client' and d.key = $1 and a.status <> 'deleted'`

/** The application of a client id; a deleted one is unknown. */
export async function loadByClientId(sql: Sql, clientId: string): Promise<HotApplication | null> {
  const [row] = await sql.query<Row>(byClientId, [clientId])
  if (!row) return null
  return {
    tenantId: row.tenant_id,
    id: row.id,
    clientId: row.client_id,
    name: row.name,
    status: row.status,
    allowedOrigins: row.allowed_origins,
    settings: readSettings(row.settings),
    accountId: row.account_id,
    plan: row.plan,
    unclaimed: row.plan === 'free_ai' && row.claimed_at === null,
    tenantStatus: row.tenant_status,
    accountStatus: row.account_status,
    secrets: (row.secrets ?? []).map(({ hash, expires }) => ({
      hash: Buffer.from(hash, 'hex'),
      expiresAt: expires === null ? null : fromMillis(expires),
    })),
  }
}

export type HotApplications = { byClientId: Cache<HotApplication>; byId: Cache<string> }

/** `client`: the application of a client id. `application`: the client id of an application id. */
export function createHotApplications(caches: Caches, sql: Sql): HotApplications {
  return {
    byClientId: caches.create('client', { load: (clientId) => loadByClientId(sql, clientId) }),
    byId: caches.create('application', {
      load: async (id) => {
        const [row] = await sql.query<{ client_id: string }>(
          `select a.client_id from directory d join applications a on a.tenant_id = d.tenant_id and a.id = d.id
           where d.kind = 'application' and d.key = $1 and a.status <> 'deleted'`,
          [id],
        )
        return row?.client_id ?? null
      },
    }),
  }
}
