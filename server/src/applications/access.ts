import { denial } from '../platform/authorize.ts'
import type { Ctx } from '../platform/context.ts'
import { Refusal } from '../platform/errors.ts'
import type { Service } from '../platform/principal.ts'
import { SYSTEM_TENANT } from '../platform/trail.ts'

/**
 * The refusal for an application that is missing, foreign, or not the caller's to change: one path of work and one
 * answer (http-api.md §1.4). The row belongs to the tenant of a foreign resource, and to nobody when it is missing.
 */
export async function applicationDenied(ctx: Ctx<Service>, id: string, policy: string): Promise<Refusal> {
  const [owner] = await ctx.sql.query<{ tenant_id: string }>(
    `select tenant_id from directory where kind = 'application' and key = $1`,
    [id],
  )
  const row = denial(ctx, {
    policy,
    resourceType: 'application',
    resourceId: id,
    resourceTenantId: owner?.tenant_id ?? null,
  })
  ctx.trail.push({ ...row, tenantId: owner?.tenant_id ?? SYSTEM_TENANT, applicationId: owner ? id : null })
  return new Refusal('application_not_found')
}
