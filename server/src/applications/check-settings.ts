import { denyOperation } from '../platform/authorize.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError, invalid } from '../platform/errors.ts'
import type { Manager } from '../platform/principal.ts'
import { writeTrail } from '../platform/trail.ts'
import { planLimitReached } from '../tenants/limit-reached.ts'
import { limitsOf } from '../tenants/plans.ts'
import { hostOf, isRegistrableSuffix } from './origins.ts'
import type { Settings } from './settings.ts'

/**
 * Scopes are widened and narrowed by people: a program must not grant itself what nobody gave it. A guard, so that the
 * refusal is recorded and no idempotency key keeps it.
 * @throws 403 forbidden
 */
export async function guardAllowedScopes(ctx: Ctx<Manager>, input: { allowed_scopes?: unknown }): Promise<void> {
  if (input.allowed_scopes === undefined || ctx.principal.kind === 'user') return
  denyOperation(ctx, 'allowed_scopes')
  await writeTrail(ctx, ctx.sql)
  throw new ApiError('forbidden', { message: 'allowed_scopes: is changed from the dashboard only.' })
}

/** The RP ID must fit every origin, unless related origins say otherwise (WebAuthn L3 §5.11). */
function checkRpId(ctx: Ctx, settings: Settings, allowedOrigins: readonly string[]): void {
  const { rp_id: rpId } = settings
  // Our own host belongs to nobody's application: `/.well-known/webauthn` there would list a stranger's sites.
  const own = hostOf(ctx.deps.config.PUBLIC_URL)
  if (rpId === own && own !== 'localhost') throw invalid('rp_id', 'must not be the host of this server')
  if (rpId === null || settings.related_origins.length > 0) return
  const misfit = allowedOrigins.find((origin) => !isRegistrableSuffix(rpId, hostOf(origin)))
  if (misfit) {
    throw invalid('rp_id', `must be the host of ${misfit} or a registrable suffix of it`, 'Or set related_origins.')
  }
}

/**
 * Looks at settings as a whole: what they say of each other, and what the plan allows.
 * @param used origins before the change
 * @throws 400 validation_error naming the setting; 409 plan_limit_reached; 403 claim_required for a webhook
 */
export function checkSettings(
  ctx: Ctx,
  plan: string,
  settings: Settings,
  allowedOrigins: readonly string[],
  used: number,
): void {
  // The plan of a tenant that nobody has claimed (agents.md §3.1).
  if (plan === 'free_ai' && settings.webhook_url !== null) throw new ApiError('claim_required')
  if (allowedOrigins.length > limitsOf(plan).origins) throw planLimitReached(plan, 'origins', used)
  checkRpId(ctx, settings, allowedOrigins)
  const { qr_base_url: page } = settings
  if (page !== null && !allowedOrigins.includes(new URL(page).origin)) {
    throw invalid('qr_base_url', 'must be on one of the allowed_origins')
  }
}
