import { defaults } from '../applications/settings.ts'
import { allowedScopes } from '../oauth/scopes.ts'
import type { Ctx } from '../platform/context.ts'

/** What an unclaimed tenant's client may be granted, and what it gains when a person claims the tenant. */
export const identityScopes = {
  pre_claim: allowedScopes({ unclaimed: true, settings: defaults }),
  post_claim: allowedScopes({ unclaimed: false, settings: defaults }),
}

/** The agent that the vending machine registered for a tenant. */
export async function vendingAgentOf(ctx: Ctx, tenantId: string): Promise<string> {
  const [row] = await ctx.sql.query<{ id: string }>(
    `select g.id from agents g join tenants t on t.account_id = g.account_id
     where t.id = $1 and g.method = 'vending' order by g.created_at limit 1`,
    [tenantId],
  )
  if (!row) throw new Error(`tenant ${tenantId} has no agent`)
  return row.id
}
