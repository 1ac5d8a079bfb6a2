import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { hasValidChecksum, mintSecret } from '../platform/secrets.ts'

/** How a tenant's claim is offered: a link for a person, and the token in it for the agent. */
export type ClaimOffer = { claim_url: string; claim_token: string }

/**
 * Mints the token by which a person can take over a tenant, in the caller's transaction; only its keyed hash is stored. It
 * stands in the fragment of the link, which no server and no Referer ever gets.
 */
export async function offerClaim(ctx: Ctx, tenantId: string): Promise<ClaimOffer> {
  const claim_token = mintSecret('clm')
  await ctx.sql.query('update tenants set claim_hash = $2 where id = $1', [
    tenantId,
    ctx.deps.secrets.hash(claim_token),
  ])
  return { claim_url: `${ctx.deps.config.PUBLIC_URL}/claim#${claim_token}`, claim_token }
}

type Found = { id: string; claimed_at: Date | null }

const missing = () => new ApiError('invalid_grant', { message: 'The claim token is invalid.' })

/**
 * The tenant that a claim token names.
 * @throws 400 invalid_grant for one that is unknown or of a purged tenant; 400 already_claimed
 */
export async function tenantOfToken(ctx: Ctx, token: string): Promise<string> {
  if (!hasValidChecksum(token, 'clm')) throw missing()
  const [found] = await ctx.sql.query<Found>('select id, claimed_at from tenants where claim_hash = $1', [
    ctx.deps.secrets.hash(token),
  ])
  if (!found) throw missing()
  if (found.claimed_at) throw new ApiError('already_claimed')
  return found.id
}
