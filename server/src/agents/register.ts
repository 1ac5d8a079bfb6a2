import { record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import { mint } from '../platform/ids.ts'

/** How an agent came to be; `dashboard`: a person made a key by hand. */
export type AgentMethod = 'vending' | 'device' | 'email' | 'oauth' | 'dashboard'

export type NewAgent = {
  /** Given to it beforehand, where what led to it already named it in the trail. */
  id?: string
  accountId: string
  /** The account's home tenant: the trail that says so. */
  tenantId: string
  /** What it calls itself; never verified. */
  name: string
  method: AgentMethod
  /** `full_access` or single scopes. */
  scopes: readonly string[]
  /** Empty: every application of the account. */
  applicationIds: readonly string[]
  /** The OAuth client that asked; null where none did. */
  clientId: string | null
  /** The person who approved it; null where nobody had to. */
  approvedBy: string | null
}

/**
 * Stores an agent, in the caller's transaction: a principal of its own, so that it can be revoked without the others
 * (agents.md §2). It holds nothing yet.
 */
export async function registerAgent(ctx: Ctx, agent: NewAgent): Promise<{ agentId: string }> {
  const agentId = agent.id ?? mint('agt')
  await ctx.sql.query(
    `insert into agents (account_id, id, name, method, scopes, application_ids, client_id, approved_by, created_at)
     values ($1, $2, $3, $4, $5::text[], $6::text[], $7, $8::uuid, $9)`,
    [
      agent.accountId,
      agentId,
      agent.name,
      agent.method,
      [...agent.scopes],
      [...agent.applicationIds],
      agent.clientId,
      agent.approvedBy,
      ctx.now(),
    ],
  )
  record(ctx, 'agent.registered', {
    tenantId: agent.tenantId,
    applicationId: null,
    metadata: { agent_id: agentId, agent_name: agent.name, method: agent.method },
  })
  return { agentId }
}
