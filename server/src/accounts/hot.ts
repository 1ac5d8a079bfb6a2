import type { Cache, Caches } from '../platform/cache.ts'
import type { Sql } from '../platform/db.ts'

/** An account with what is in it, in one cached row; `touch(ctx, 'account', id)` after every change of it. */
export type HotAccount = {
  id: string
  name: string | null
  plan: string
  status: string
  /**
   * The oldest tenant, a deleted one only where there is no other: its trail holds what belongs to the whole account. null
   * once every tenant is gone.
   */
  homeTenantId: string | null
  /** Oldest first, without deleted ones. */
  applications: readonly { id: string; clientId: string; tenantId: string }[]
}

type Row = {
  name: string | null
  plan: string
  status: string
  home: string | null
  applications: HotAccount['applications'] | null
}

// Raw: one statement for what every call with a cookie or a secret key asks.
const byId = `
  select c.name, c.plan, c.status,
         (select t.id from tenants t where t.account_id = c.id order by t.deleted_at is not null, t.created_at, t.id limit 1) as home,
         (select json_agg(json_build_object('id', a.id, 'clientId', a.client_id, 'tenantId', a.tenant_id)
                          order by a.created_at, a.id)
          from tenants t join applications a on a.tenant_id = t.id
          where t.account_id = c.id and a.status <> 'deleted') as applications
  from accounts c where c.id = $1`

export const createHotAccounts = (caches: Caches, sql: Sql): Cache<HotAccount> =>
  caches.create('account', {
    async load(id) {
      const [row] = await sql.query<Row>(byId, [id])
      if (!row) return null
      const { name, plan, status, home } = row
      return { id, name, plan, status, homeTenantId: home, applications: row.applications ?? [] }
    },
  })
