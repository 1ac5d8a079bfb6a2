import type { Ctx } from './context.ts'
import { ApiError } from './errors.ts'
import { type TrailRow, writeTrail } from './trail.ts'

/** The audit row of a denied decision (http-api.md §1.4); the answer never mentions it. */
export function denial(
  ctx: Ctx,
  facts: { policy: string; resourceType: string; resourceId: string; resourceTenantId: string | null },
): Omit<TrailRow, 'tenantId'> {
  return {
    applicationId: null,
    event: 'authorization.denied',
    category: 'security',
    success: false,
    userId: null,
    metadata: {
      policy: facts.policy,
      principal_kind: ctx.principal.kind,
      principal_id: ctx.principal.id,
      resource_type: facts.resourceType,
      resource_id: facts.resourceId.slice(0, 255),
      resource_tenant_id: facts.resourceTenantId,
    },
  }
}

/**
 * Asks whether the principal holds the scope of the operation. A refusal is recorded for the caller's own tenant.
 * @throws 403 insufficient_scope, with the missing scope in `WWW-Authenticate` (RFC 6750 §3.1)
 */
export async function authorize(ctx: Ctx, scope: string | undefined): Promise<void> {
  const { principal } = ctx
  if (!scope || principal.kind !== 'service' || principal.scopes.has(scope)) return
  const row = denial(ctx, {
    policy: 'scope',
    resourceType: 'operation',
    resourceId: ctx.operation,
    resourceTenantId: principal.tenantId,
  })
  ctx.trail.push({ ...row, tenantId: principal.tenantId, applicationId: principal.applicationId })
  await writeTrail(ctx, ctx.sql)
  throw new ApiError('insufficient_scope', {
    message: `The credential lacks the scope ${scope}.`,
    headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
  })
}
