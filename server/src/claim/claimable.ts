import type { Ctx } from '../platform/context.ts'

/** What a person sees of a tenant before taking it over (agents.md §3.2). Names are the agent's own words. */
export type Claimable = {
  tenantId: string
  accountId: string
  name: string
  applicationName: string
  users: number
  createdAt: Date
  /** From which address it was made; null when the trail no longer says. */
  createdFrom: string | null
  /** The agent that made it; null for one made before agents were registered. */
  agentId: string | null
}

type Row = {
  id: string
  account_id: string
  name: string
  application: string | null
  user_count: number
  created_at: Date
  ip_address: string | null
  agent_id: string | null
}

/** An unclaimed tenant; null: unknown, purged or claimed. */
export async function findClaimable(ctx: Ctx, tenantId: string): Promise<Claimable | null> {
  const [row] = await ctx.sql.query<Row>(
    `select t.id, t.account_id, t.name, t.user_count, t.created_at,
            (select a.name from applications a where a.tenant_id = t.id and a.status <> 'deleted'
             order by a.created_at, a.id limit 1) as application,
            (select l.ip_address from audit_logs l where l.tenant_id = t.id and l.event = 'tenant.provisioned'
             order by l.id limit 1) as ip_address,
            (select g.id from agents g where g.account_id = t.account_id and g.method = 'vending'
             order by g.created_at limit 1) as agent_id
     from tenants t join accounts c on c.id = t.account_id
     where t.id = $1 and t.claimed_at is null and c.plan = 'free_ai'`,
    [tenantId],
  )
  if (!row) return null
  return {
    tenantId: row.id,
    accountId: row.account_id,
    name: row.name,
    applicationName: row.application ?? row.name,
    users: row.user_count,
    createdAt: row.created_at,
    createdFrom: row.ip_address,
    agentId: row.agent_id,
  }
}
