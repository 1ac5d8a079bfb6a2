import { type HotApplication, isActive } from '../applications/hot.ts'
import { addressKey } from '../platform/address.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import type { Service } from '../platform/principal.ts'
import { equal, hasValidChecksum, randomBytes } from '../platform/secrets.ts'
import { announcePurge } from '../tenants/inactivity.ts'
import { defaultScopes } from './scopes.ts'

/** Compared with where nothing is stored. */
const nobody = randomBytes(32)

const clientPattern = /^(?:cli|app)_[0-9A-Za-z]{1,64}$/

/** The application behind `cli_…`, or behind the `app_…` id that the published page uses. */
async function findApplication(ctx: Ctx, clientId: string): Promise<HotApplication | null> {
  if (!clientPattern.test(clientId)) return null
  const { applications } = ctx.deps
  const id = clientId.startsWith('app_') ? await applications.byId.get(clientId) : clientId
  return id === null ? null : applications.byClientId.get(id)
}

/**
 * Checks a client's secret. Unknown client, wrong secret, suspended application and disabled account end alike, and cost
 * the same keyed hash; failures count per client and address, so that a correct secret from elsewhere still works.
 * @returns the application, or null
 * @throws 429 rate_limit_exceeded after 10 failures of a client from one address, or 50 of one address, in 15 minutes
 */
export async function authenticateClient(ctx: Ctx, clientId: string, secret: string): Promise<HotApplication | null> {
  const { limits, secrets } = ctx.deps
  const address = addressKey(ctx.request.ip)
  const pair = `${clientId.slice(0, 80)} ${address}`
  const blocked =
    (await limits.blocked('client_auth_failures', pair)) ?? (await limits.blocked('client_auth_failures_ip', address))
  if (blocked)
    throw new ApiError('rate_limit_exceeded', { retryAfter: blocked.retryAfter, headers: limits.headers([blocked]) })

  // A wrong checksum is refused before any database access.
  const application = hasValidChecksum(secret, 'sec') ? await findApplication(ctx, clientId) : null
  const now = ctx.now()
  const live = application?.secrets.filter((row) => row.expiresAt === null || row.expiresAt > now) ?? []
  // One keyed hash whoever asks, then two comparisons: unknown client and wrong secret cost the same (security 139).
  const digest = secrets.hash(secret)
  const known = [0, 1].map((i) => equal(digest, live[i]?.hash ?? nobody)).includes(true)
  if (application && known && isActive(application)) return application
  await limits.count('client_auth_failures', pair)
  await limits.count('client_auth_failures_ip', address)
  return null
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
