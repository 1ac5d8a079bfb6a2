import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import type { Publishable } from '../platform/principal.ts'
import { announcePurge } from '../tenants/inactivity.ts'
import { isActive } from './hot.ts'

const publishableKey = /^cli_[0-9A-Za-z]{1,64}$/

/**
 * A browser's principal: a known publishable key from a listed origin. An unknown key and an unlisted origin answer
 * alike (security 98). GET may come without `Origin`, as same-origin browser GETs do; nothing else may.
 * @throws 404 origin_not_allowed; 403 tenant_inactive
 */
export async function publishableFromKey(ctx: Ctx, key: string): Promise<Publishable> {
  // By its form first: what no key can be costs neither a look into the database nor a place in the cache.
  const application = publishableKey.test(key) ? await ctx.deps.applications.byClientId.get(key) : null
  const { origin, method } = ctx.request
  const allowed = origin === null ? method === 'GET' || method === 'HEAD' : application?.allowedOrigins.includes(origin)
  if (!application || !allowed) throw new ApiError('origin_not_allowed')
  if (!isActive(application)) throw new ApiError('tenant_inactive')
  announcePurge(ctx, application)
  return {
    kind: 'anonymous',
    id: application.clientId,
    clientId: application.clientId,
    tenantId: application.tenantId,
    applicationId: application.id,
    bucket: null,
    origin,
  }
}
