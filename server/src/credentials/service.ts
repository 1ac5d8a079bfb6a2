import { type AuditFacts, record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import type { Backend } from '../platform/principal.ts'
import { denied } from '../resources.ts'
import { requireUser } from '../users/find.ts'
import { present, shownColumns } from './schema.ts'

/** Passkeys of one user, newest first, by offset pages. */
export async function list(ctx: Ctx<Backend>, input: { external_user_id: string; page: number; limit: number }) {
  const { tenantId } = ctx.principal
  const user = await requireUser(ctx, input.external_user_id)
  const where = { tenantId, userId: user.id }
  const rows = await ctx.db.credential.findMany({
    where,
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    skip: (input.page - 1) * input.limit,
    take: input.limit,
    select: shownColumns,
  })
  const total = await ctx.db.credential.count({ where })
  return { credentials: rows.map(present), pagination: { page: input.page, limit: input.limit, total } }
}

/** Why a passkey ended, and by whom. */
export type RevokedBy = { reason: 'admin' | 'user' | 'recovery'; by: string }

/**
 * Revokes a passkey: the user can no longer sign in with it. The conditional update is the decision, so that a repeated
 * or racing call writes no second event.
 * @param whose in whose trail that is, and about whom: the user's, unless said
 * @returns false when there is no such passkey of that user
 */
export async function revokeCredential(
  ctx: Ctx,
  tenantId: string,
  userId: string,
  credentialId: string,
  how: RevokedBy,
  whose: Pick<AuditFacts, 'tenantId' | 'userId'> = { tenantId, userId },
): Promise<boolean> {
  const rows = await ctx.sql.query<{ fresh: boolean }>(
    `with known as (select id, status from credentials where tenant_id = $1 and id = $2 and user_id = $3::uuid for update),
          gone as (update credentials c set status = 'revoked', revoked_at = $4 from known
                   where c.tenant_id = $1 and c.id = known.id and known.status = 'active' returning c.id)
     select exists (select 1 from gone) as fresh from known`,
    [tenantId, credentialId, userId, ctx.now()],
  )
  const [row] = rows
  if (!row) return false
  if (row.fresh) {
    record(ctx, 'credential.revoked', { ...whose, metadata: { credential_id: credentialId, ...how } })
  }
  return true
}

/** Revokes a passkey for the backend; again is fine and records nothing. */
export async function revoke(ctx: Ctx<Backend>, input: { external_user_id: string; credential_id: string }) {
  const user = await requireUser(ctx, input.external_user_id)
  const how: RevokedBy = { reason: 'admin', by: ctx.principal.id }
  if (!(await revokeCredential(ctx, ctx.principal.tenantId, user.id, input.credential_id, how))) {
    throw await denied(ctx, 'credential', input.credential_id, 'own_application')
  }
  return undefined
}
