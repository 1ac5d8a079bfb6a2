import type { ErrorCode } from '../errors.ts'
import { scopesAfterClaim } from '../scopes.ts'
import type { Ctx } from './context.ts'
import { ApiError } from './errors.ts'
import type { Principal, PrincipalKind, Role } from './principal.ts'
import type { Endpoint } from './procedures.ts'
import { type TrailRow, writeTrail } from './trail.ts'

/** How far a kind of principal gets: its own things, one application, the applications of a tenant or of an account. */
export type Reach = 'nothing' | 'self' | 'application' | 'tenant' | 'account'

/** One row of the policy table (`policies.ts`). */
export type PolicyRow = {
  /** One sentence: what it opens, and to whom. */
  about: string
  /** Kinds that may call, and how far each gets; a kind that is left out may not. */
  reach: Partial<Record<PrincipalKind, Reach>>
  /** The least role of a person; services and agents are limited by scope instead. */
  role?: Role
  /** Also for a person whose account is on the wait-list. */
  waitlisted?: true
  /** Only for people who act for whoever runs the server; others get the answer of an address that nothing is at. */
  operator?: true
  /** Whether a credential that carries an actor may call. */
  actor: boolean
  /** The code for a person's role and for an actor, where it is not the generic one. */
  refusal?: ErrorCode
}

/** What a policy says: null is allowed, else which part of it refused and how that is answered. */
export type Refused = {
  policy: 'kind' | 'actor' | 'role' | 'scope' | 'admission' | 'claim' | 'operator'
  code: ErrorCode
}

const ranks: readonly Role[] = ['viewer', 'admin', 'owner']
const isAtLeast = (role: Role, least: Role): boolean => ranks.indexOf(role) >= ranks.indexOf(least)

/**
 * Decides whether a principal may call an operation at all; whose resource it is comes later, and answers 404. Scopes bind
 * programs, roles bind people, and an actor may only where the row says so (http-api.md §1.2, §3.15).
 */
export function decide(row: PolicyRow, principal: Principal, scope: string | undefined): Refused | null {
  const isOperator = principal.kind === 'user' && 'operator' in principal && principal.operator
  if (row.operator && !isOperator) return { policy: 'operator', code: 'not_found' }
  if (row.reach[principal.kind] === undefined) return { policy: 'kind', code: 'forbidden' }
  if (principal.actor && !row.actor) return { policy: 'actor', code: row.refusal ?? 'acting_as_not_allowed' }
  if (principal.kind === 'user' && !principal.admitted && !row.waitlisted) {
    return { policy: 'admission', code: 'not_admitted' }
  }
  if (principal.kind === 'user' && !isAtLeast(principal.role, row.role ?? 'owner')) {
    return { policy: 'role', code: row.refusal ?? 'forbidden' }
  }
  const isProgram = principal.kind === 'service' || principal.kind === 'agent'
  if (!isProgram || !scope || principal.scopes.has(scope)) return null
  const isUnclaimed = principal.kind === 'service' && principal.application.unclaimed
  return isUnclaimed && scopesAfterClaim.has(scope)
    ? { policy: 'claim', code: 'claim_required' }
    : { policy: 'scope', code: 'insufficient_scope' }
}

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
      // Half a surrogate pair, which the cut may leave, is no JSON to PostgreSQL.
      resource_id: facts.resourceId.slice(0, 255).replace(/\p{Surrogate}/gu, ''),
      resource_tenant_id: facts.resourceTenantId,
    },
  }
}

/** Leaves the row of a decision that needed no resource to say no: it belongs to the caller's own tenant. */
export function denyOperation(ctx: Ctx, policy: string): void {
  const { tenantId, applicationId } = ctx.principal
  if (tenantId === null) return
  const facts = { policy, resourceType: 'operation', resourceId: ctx.operation, resourceTenantId: tenantId }
  ctx.trail.push({ ...denial(ctx, facts), tenantId, applicationId })
}

/**
 * Asks the policy table whether the principal may call this operation. A refusal is recorded for the caller's own tenant.
 * @throws 403 insufficient_scope with the missing scope in `WWW-Authenticate` (RFC 6750 §3.1); 403 claim_required
 *   for a scope that comes with a claim; 403 forbidden, acting_as_not_allowed, or the code of the row
 */
export async function authorize(ctx: Ctx, { policy, scope }: Pick<Endpoint, 'policy' | 'scope'>): Promise<void> {
  const refused = decide(ctx.deps.policies[policy], ctx.principal, scope)
  if (!refused) return
  denyOperation(ctx, refused.policy)
  await writeTrail(ctx, ctx.sql)
  if (refused.policy !== 'scope') throw new ApiError(refused.code)
  throw new ApiError(refused.code, {
    message: `The credential lacks the scope ${scope}.`,
    headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
  })
}
