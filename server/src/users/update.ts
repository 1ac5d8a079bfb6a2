import { isDeepStrictEqual } from 'node:util'
import type { z } from 'zod'
import { record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import { invalid } from '../platform/errors.ts'
import type { Backend } from '../platform/principal.ts'
import { checkClaims } from './custom-claims.ts'
import { requireUser } from './find.ts'
import { present } from './present.ts'
import type { UserPatch } from './schema.ts'

const fields = ['status', 'metadata', 'custom_claims'] as const

/** Ends every live session of a user; the sessions' own verb, handed in by the router. */
type EndSessions = (ctx: Ctx<Backend>, userId: string, facts: { by: string; reason: string }) => Promise<void>

/**
 * Changes a user: `metadata` and `custom_claims` are replaced as a whole. Disabling ends every session for good; what is
 * equal to what is there changes and records nothing. The user's row is locked first, and every sign-in and registration
 * takes that lock too, so none opens a session after the sessions were ended.
 * @throws 400 validation_error when no field is named, session_custom_claim_not_whitelisted,
 *   session_custom_claims_limit_exceeded; 404 user_not_found
 */
export async function update(ctx: Ctx<Backend>, input: z.output<typeof UserPatch>, endSessions: EndSessions) {
  const { tenantId, application } = ctx.principal
  const given = fields.filter((field) => input[field] !== undefined)
  if (given.length === 0) throw invalid('body', `must name at least one of ${fields.join(', ')}`)
  if (input.custom_claims) checkClaims(input.custom_claims, application.settings.custom_claims_schema, 'server')
  const user = await requireUser(ctx, input.external_user_id, { lock: true })
  ctx.subjectUserId = user.id
  const changed = given.filter((field) => !isDeepStrictEqual(input[field], user[field]))
  if (changed.length === 0) return present(user, ctx.now())

  const after = {
    ...user,
    status: input.status ?? user.status,
    metadata: input.metadata ?? user.metadata,
    custom_claims: input.custom_claims ?? user.custom_claims,
    updated_at: ctx.now(),
  }
  await ctx.sql.query(
    `update users set status = $3, metadata = $4::jsonb, custom_claims = $5::jsonb, updated_at = $6
     where tenant_id = $1 and id = $2::uuid`,
    [
      tenantId,
      user.id,
      after.status,
      JSON.stringify(after.metadata),
      JSON.stringify(after.custom_claims),
      after.updated_at,
    ],
  )
  record(ctx, 'user.updated', { userId: user.id, metadata: { changed } })
  if (changed.includes('status') && after.status === 'disabled') {
    await endSessions(ctx, user.id, { by: 'admin', reason: 'user_disabled' })
  }
  return present(after, ctx.now())
}
