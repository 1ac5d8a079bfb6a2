import { type HotApplication, isActive } from '../applications/hot.ts'
import type { Ctx } from '../platform/context.ts'
import type { Service } from '../platform/principal.ts'
import { equal, hasValidChecksum, randomBytes } from '../platform/secrets.ts'
import { announcePurge } from '../tenants/inactivity.ts'
import { underFailureLimit } from './failure-limit.ts'
import { defaultScopes } from './scopes.ts'

/** Compared with where nothing is stored. */
const nobody = randomBytes(32)

const clientPattern = /^(?:cli|app)_[0-9A-Za-z]{1,64}$/

/** The application behind `cli_…`, or behind the `app_…` id that the published page uses. */
export async function findApplication(ctx: Ctx, clientId: string): Promise<HotApplication | null> {
  if (!clientPattern.test(clientId)) return null
  const { applications } = ctx.deps
  const id = clientId.startsWith('app_') ? await applications.byId.get(clientId) : clientId
  return id === null ? null : applications.byClientId.get(id)
}

/**
 * Checks a client's secret. Unknown client, wrong secret, suspended application and disabled account end alike, and cost
 * the same: one keyed hash whoever asks, then two comparisons (security 139).
 * @returns the application, or null
 * @throws 429 rate_limit_exceeded after too many failures
 */
export function authenticateClient(ctx: Ctx, clientId: string, secret: string): Promise<HotApplication | null> {
  const digest = ctx.deps.secrets.hash(secret)
  return underFailureLimit(ctx, clientId, digest, async () => {
    // A wrong checksum is refused before any database access.
    const application = hasValidChecksum(secret, 'sec') ? await findApplication(ctx, clientId) : null
    const now = ctx.now()
    const live = application?.secrets.filter((row) => row.expiresAt === null || row.expiresAt > now) ?? []
    const known = [0, 1].map((i) => equal(digest, live[i]?.hash ?? nobody)).includes(true)
    return application && known && isActive(application) ? application : null
  })
}

/** `Authorization: Basic` on an admin route: the same principal as a token's, with the default scopes. */
export async function serviceFromSecret(ctx: Ctx, clientId: string, secret: string): Promise<Service | null> {
  const application = await authenticateClient(ctx, clientId, secret)
  if (application) announcePurge(ctx, application)
  return application && toService(application, new Set(defaultScopes(application)), application.clientId)
}

/** @param bucket what the per-credential limits count on */
export function toService(application: HotApplication, scopes: ReadonlySet<string>, bucket: string): Service {
  return {
    kind: 'service',
    id: application.clientId,
    tenantId: application.tenantId,
    applicationId: application.id,
    scopes,
    bucket,
    application,
  }
}
