import { type HotApplication, isActive, loadByClientId } from '../../applications/hot.ts'
import type { Ctx } from '../../platform/context.ts'
import { ApiError } from '../../platform/errors.ts'
import type { Publishable } from '../../platform/principal.ts'
import { hostedRpId } from './rp-id.ts'
import type { OnboardingRow } from './session.ts'

/** The application as the ceremonies shall see it: the RP ID is that of its own pages, whatever page of ours asks. */
function withRpId(ctx: Ctx, application: HotApplication, origin: string): HotApplication {
  const rp_id = hostedRpId(application, origin, ctx.deps.config.PUBLIC_ORIGIN)
  return { ...application, settings: { ...application.settings, rp_id } }
}

/**
 * The same call as from a page that holds the publishable key of the application whose user this will be: what the passkey
 * ceremonies ask for. Read through the call's own handle, since a cache must not be waited for inside a transaction.
 * @throws 404 onboarding_not_found once the application or the page that began it is gone; 403 tenant_inactive
 */
export async function atApplication(
  ctx: Ctx,
  row: OnboardingRow,
): Promise<Ctx<Publishable & { application: HotApplication }>> {
  const { origin } = row
  const found = await loadByClientId(ctx.sql, row.client_id)
  if (!found || (origin !== null && !found.allowedOrigins.includes(origin))) throw new ApiError('onboarding_not_found')
  if (!isActive(found)) throw new ApiError('tenant_inactive')
  if (row.user_role === 'app_user') ctx.deps.activity.touch(row.tenant_id)
  return {
    ...ctx,
    principal: {
      kind: 'anonymous',
      id: row.client_id,
      clientId: row.client_id,
      tenantId: row.tenant_id,
      applicationId: row.application_id,
      bucket: null,
      origin: ctx.request.origin,
      application: origin === null ? found : withRpId(ctx, found, origin),
    },
  }
}
