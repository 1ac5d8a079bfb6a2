import type { Ctx } from '../platform/context.ts'
import { uuid7 } from '../platform/ids.ts'
import { planLimitReached } from '../tenants/limit-reached.ts'
import { limitsOf } from '../tenants/plans.ts'

export type NewUserRow = {
  tenantId: string
  applicationId: string
  plan: string
  /** Made beforehand where the authenticator has already been told it as the user handle. */
  id?: string
  externalUserId: string | null
  metadata?: object
  customClaims?: object
}

/**
 * Makes a user and counts it, in the caller's transaction. The tenant's row is raised and checked in one statement, whose
 * lock makes the plan's limit hold however many arrive at once.
 * @returns the id, or null when the external id is taken
 * @throws 409 plan_limit_reached
 */
export async function insertUser(ctx: Ctx, row: NewUserRow): Promise<{ id: string; createdAt: Date } | null> {
  const now = ctx.now()
  const id = row.id ?? uuid7(now)
  const inserted = await ctx.sql.query(
    `insert into users (tenant_id, id, application_id, external_user_id, status, metadata, custom_claims, created_at, updated_at)
     values ($1, $2::uuid, $3, $4, 'active', $5::jsonb, $6::jsonb, $7, $7)
     on conflict (tenant_id, application_id, external_user_id) do nothing
     returning id`,
    [
      row.tenantId,
      id,
      row.applicationId,
      row.externalUserId,
      JSON.stringify(row.metadata ?? {}),
      JSON.stringify(row.customClaims ?? {}),
      now,
    ],
  )
  if (inserted.length === 0) return null
  const max = limitsOf(row.plan).users
  const counted = await ctx.sql.query(
    'update tenants set user_count = user_count + 1 where id = $1 and ($2::int is null or user_count < $2::int) returning id',
    [row.tenantId, max],
  )
  if (counted.length === 0) throw planLimitReached(row.plan, 'users', max ?? 0)
  ctx.subjectUserId = id
  return { id, createdAt: now }
}
