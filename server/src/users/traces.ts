import { limitTable } from '../limits.ts'
import type { Ctx } from '../platform/context.ts'
import type { LimitRow } from '../platform/limits.ts'
import { plannedEachTime } from '../platform/sql.ts'

/** The user that is erased. `name` is the external id. */
export type Whose = { tenantId: string; applicationId: string; userId: string; name: string | null }

/**
 * Takes a user out of the rows of denials, which stay: whoever probes others' ids could otherwise wipe the evidence off
 * their trails, and off the operator's, by having the prober erased. So these rows are looked for in every tenant. The
 * address stays with a foreign owner and the operator, as that of somebody unknown.
 * @param ids of the user, its passkeys and its sessions
 */
export async function blankDenials(ctx: Ctx, { tenantId, userId }: Whose, ids: readonly string[]): Promise<void> {
  await ctx.sql.query(
    `update audit_logs set actor = actor || '{"id": "erased"}'::jsonb, metadata = metadata || '{"principal_id": "erased"}'::jsonb,
       ip_address = case when tenant_id = $1 then null else ip_address end,
       user_agent = case when tenant_id = $1 then null else user_agent end
     where user_id is null and actor ->> 'kind' = 'end_user' and actor ->> 'id' = $2 and event = 'authorization.denied'`,
    [tenantId, userId],
  )
  await ctx.sql.query(
    // How many denials there are decides the index; a plan for all reads those of the whole tenant.
    `${plannedEachTime}update audit_logs set metadata = metadata || '{"resource_id": "erased"}'::jsonb
     where tenant_id = $1 and event = 'authorization.denied' and metadata ->> 'resource_id' = any($2::text[])`,
    [tenantId, ids],
  )
}

/** The buckets of a signed-in user in one row of the limits table: such a principal's credential is its session. */
function bucketsOf(
  { key }: LimitRow,
  { applicationId, userId }: Whose,
  sessions: readonly string[],
): readonly string[] {
  if (key === 'session' || key === 'principal') return sessions
  return key === 'application+user' ? [`${applicationId} ${userId}`] : []
}

/** Deletes the limiter's counters that are named after a user or a session, where they are counted in the database. */
export async function forgetLimits(ctx: Ctx, whose: Whose, sessions: readonly string[]): Promise<void> {
  const keys = Object.entries(limitTable).flatMap(([name, row]) =>
    bucketsOf(row, whose, sessions).map((bucket) => `${name}:${bucket}`),
  )
  await ctx.sql.query('delete from rate_limits where key = any($1::text[])', [keys])
}
