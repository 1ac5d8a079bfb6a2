import { record } from '../audit/record.ts'
import { endKeys, homeOf } from '../keys/end.ts'
import { touch } from '../platform/cache.ts'
import type { Ctx } from '../platform/context.ts'
import type { AccountPrincipal } from '../platform/principal.ts'
import { requireAgent } from './find.ts'

/** What a person consented to, where that is how the agent came in. */
type Consent = { method: string; client_id: string | null; scopes: string[]; resource: string | null }

/**
 * Ends an agent for good with all its keys, in the caller's transaction; its tokens end with it, on every instance at
 * commit (agents.md §2). Repeating it changes nothing.
 * @returns whether it ended now
 */
export async function endAgent(ctx: Ctx, { accountId, agentId }: { accountId: string; agentId: string }) {
  const [ended] = await ctx.sql.query<Consent>(
    `update agents set revoked_at = $3 where account_id = $1 and id = $2 and revoked_at is null
     returning method, client_id, scopes, resource`,
    [accountId, agentId, ctx.now()],
  )
  if (!ended) return false
  await touch(ctx, 'agent', agentId)
  const tenantId = await homeOf(ctx, accountId)
  const whose = { ...(tenantId === null ? {} : { tenantId }), applicationId: null }
  record(ctx, 'agent.revoked', { ...whose, metadata: { agent_id: agentId } })
  if (ended.method === 'oauth') {
    const { client_id, scopes, resource } = ended
    record(ctx, 'oauth.consent_revoked', { ...whose, metadata: { client_id, scopes, resource, agent_id: agentId } })
  }
  await endKeys(ctx, { accountId, reason: 'agent_revoked' }, { where: 'k.agent_id = $4', values: [agentId] })
  return true
}

/** An agent within the caller's reach. @throws 404 agent_not_found */
export async function revokeAgent(ctx: Ctx<AccountPrincipal>, input: { agent_id: string }): Promise<undefined> {
  const { id: agentId, account_id: accountId } = await requireAgent(ctx, input.agent_id)
  await endAgent(ctx, { accountId, agentId })
  return undefined
}
