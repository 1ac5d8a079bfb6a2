import type { z } from 'zod'
import { record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { mint } from '../platform/ids.ts'
import type { Backend } from '../platform/principal.ts'
import { toIso } from '../platform/time.ts'
import { checkClaims } from './custom-claims.ts'
import { requireUser } from './find.ts'
import { insertUser } from './insert.ts'
import { present } from './present.ts'
import type { NewUser } from './schema.ts'

/** Creates a user before the first passkey. */
export async function create(ctx: Ctx<Backend>, input: z.output<typeof NewUser>) {
  const { tenantId, applicationId, application } = ctx.principal
  checkClaims(input.custom_claims, application.settings.custom_claims_schema, 'server')
  const made = await insertUser(ctx, {
    tenantId,
    applicationId,
    plan: application.plan,
    externalUserId: input.external_user_id,
    metadata: input.metadata,
    customClaims: input.custom_claims,
  })
  if (!made) throw new ApiError('user_exists')
  record(ctx, 'user.created', { userId: made.id, metadata: { source: 'admin' } })
  if (input.email) await linkEmail(ctx, made.id, input.email, input.email_verified)
  const at = toIso(made.createdAt)
  return {
    id: made.id,
    external_user_id: input.external_user_id,
    status: 'active' as const,
    created_at: at,
    updated_at: at,
  }
}

async function linkEmail(ctx: Ctx<Backend>, userId: string, email: string, verified: boolean): Promise<void> {
  const { tenantId, applicationId } = ctx.principal
  const id = mint('idf')
  const linked = await ctx.sql.query(
    `insert into identifiers (tenant_id, id, application_id, user_id, type, value, verified, linked_at)
     values ($1, $2, $3, $4::uuid, 'email', $5, $6, $7)
     on conflict (tenant_id, application_id, type, value) do nothing returning id`,
    [tenantId, id, applicationId, userId, email, verified, ctx.now()],
  )
  if (linked.length === 0) throw new ApiError('identity_link_email_already_taken_in_tenant')
  record(ctx, 'identifier.linked', { userId, metadata: { identifier_id: id, identifier_type: 'email' } })
}

/** One user by external id, or by `id:<uuid>`. */
export async function get(ctx: Ctx<Backend>, input: { external_user_id: string }) {
  return present(await requireUser(ctx, input.external_user_id), ctx.now())
}
