import type { Ctx } from '../platform/context.ts'
import { mintSecret } from '../platform/secrets.ts'
import { addSeconds, fromMillis } from '../platform/time.ts'

export const refreshIdleSeconds = 30 * 86_400
export const refreshAbsoluteSeconds = 90 * 86_400

export type Family = {
  familyId: string
  clientId: string
  accountId: string
  agentId: string
  personId: string
  scopes: readonly string[]
  resource: string | null
  /** The absolute end, which rotation does not move. */
  endsAt: Date
}

/** Adds a refresh token to its family, in the caller's transaction; it is in the answer and nowhere else. */
export async function addRefreshToken(ctx: Ctx, family: Family): Promise<string> {
  const token = mintSecret('rt')
  const now = ctx.now()
  const idle = addSeconds(now, refreshIdleSeconds)
  await ctx.sql.query(
    `insert into refresh_tokens (hash, family_id, client_id, account_id, agent_id, person_id, scopes, resource, created_at, expires_at, ends_at)
     values ($1, $2::uuid, $3, $4, $5, $6::uuid, $7::text[], $8, $9, $10, $11)`,
    [
      ctx.deps.secrets.hash(token),
      family.familyId,
      family.clientId,
      family.accountId,
      family.agentId,
      family.personId,
      [...family.scopes],
      family.resource,
      now,
      fromMillis(Math.min(idle.getTime(), family.endsAt.getTime())),
      family.endsAt,
    ],
  )
  return token
}

export { endFamily, lockFamilyOf } from '../oauth/revoked-tokens.ts'
