import { record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import type { Backend } from '../platform/principal.ts'
import { requireUser } from './find.ts'

/**
 * Every table with rows of a user, in the order of deletion; erasure and its test go through this list. Credentials come
 * before sessions: a sign-in updates its credential and inserts its session in one statement, so it either waits here
 * and finds no credential, or its session is seen and deleted.
 */
export const userTables = [
  'ceremonies',
  'credentials',
  'sessions',
  'identifiers',
  'idempotency_records',
  'audit_logs',
] as const

/**
 * Erases a user and everything about it (GDPR Article 17), then records `user.deleted` without personal data.
 * The user's row is taken first: a sign-in or registration that races with the erasure finds no user and loses.
 */
export async function remove(ctx: Ctx<Backend>, input: { external_user_id: string }) {
  const { tenantId, applicationId } = ctx.principal
  const user = await requireUser(ctx, input.external_user_id)
  const gone = await ctx.sql.query('delete from users where tenant_id = $1 and id = $2::uuid returning id', [
    tenantId,
    user.id,
  ])
  // Another erasure won the race; it has recorded the event.
  if (gone.length === 0) return undefined
  await ctx.sql.query(
    `delete from directory d using credentials c
     where c.tenant_id = $1 and c.user_id = $2::uuid and d.kind = 'webauthn' and d.tenant_id = c.tenant_id and d.id = c.id`,
    [tenantId, user.id],
  )
  const counts: Record<string, number> = {}
  for (const table of userTables) {
    const [row] = await ctx.sql.query<{ n: number }>(
      `with gone as (delete from ${table} where tenant_id = $1 and user_id = $2::uuid returning 1) select count(*)::int as n from gone`,
      [tenantId, user.id],
    )
    counts[table] = row?.n ?? 0
  }
  // A registration begun before there was this user knows it by the name alone.
  await ctx.sql.query(
    `delete from ceremonies where tenant_id = $1 and application_id = $2 and facts ->> 'externalUserId' = $3`,
    [tenantId, applicationId, user.external_user_id],
  )
  await ctx.sql.query('update tenants set user_count = user_count - 1 where id = $1', [tenantId])
  record(ctx, 'user.deleted', {
    applicationId,
    metadata: { credentials: counts.credentials, sessions: counts.sessions },
  })
  return undefined
}
