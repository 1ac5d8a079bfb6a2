import type { Ctx } from '../../platform/context.ts'
import { ApiError } from '../../platform/errors.ts'
import { equal } from '../../platform/secrets.ts'

/** How long a hosted sign-up may take. */
export const onboardingTtlSeconds = 1800

/** A person who gets an account of this server, or an end user of an application. */
export type Role = 'maintainer' | 'app_user'

export type OnboardingRow = {
  id: string
  tenant_id: string
  application_id: string
  client_id: string
  user_role: Role
  origin: string | null
  page_hash: Uint8Array | null
  company_name: string | null
  display_name: string | null
  address: string | null
  return_url: string | null
  refresh_url: string | null
  status: 'pending_data' | 'pending_passkey' | 'completed' | 'failed'
  person_id: string | null
  expires_at: Date
}

const columns = `id, tenant_id, application_id, client_id, user_role, origin, page_hash, company_name, display_name, address,
  return_url, refresh_url, status, person_id, expires_at`

/** @throws 404 onboarding_not_found */
export async function findOnboarding(ctx: Ctx, id: string, { lock } = { lock: false }): Promise<OnboardingRow> {
  const [row] = await ctx.sql.query<OnboardingRow>(
    `select ${columns} from hosted_onboardings where id = $1${lock ? ' for update' : ''}`,
    [id],
  )
  if (!row) throw new ApiError('onboarding_not_found')
  return row
}

/** Whether the browser that asks is the one that the sign-up is bound to; before the first step any is. */
export function isItsBrowser(ctx: Ctx, { page_hash }: OnboardingRow): boolean {
  const { pageCookie } = ctx.request
  return page_hash === null || (pageCookie !== null && equal(ctx.deps.secrets.hash(pageCookie), page_hash))
}

/**
 * A sign-up that this page may go on with: from the server's own origin, in time, in one of the expected states, and by the
 * browser that began it, which has its cookie. Another browser is told what a stranger is told.
 * @throws 403 forbidden; 404 onboarding_not_found; 409 invalid_state
 */
export async function requireStep(
  ctx: Ctx,
  id: string,
  states: readonly OnboardingRow['status'][],
): Promise<OnboardingRow> {
  if (ctx.request.origin !== ctx.deps.config.PUBLIC_ORIGIN) throw new ApiError('forbidden')
  const row = await findOnboarding(ctx, id, { lock: true })
  if (!isItsBrowser(ctx, row) || row.expires_at <= ctx.now()) throw new ApiError('onboarding_not_found')
  if (!states.includes(row.status)) throw new ApiError('invalid_state', { message: `The sign-up is ${row.status}.` })
  return row
}
