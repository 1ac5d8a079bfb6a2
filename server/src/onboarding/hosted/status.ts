import { loadByClientId } from '../../applications/hot.ts'
import type { Ctx } from '../../platform/context.ts'
import { ApiError } from '../../platform/errors.ts'
import type { Anonymous, Publishable } from '../../platform/principal.ts'
import { hostedRpId } from './rp-id.ts'
import { findOnboarding, isItsBrowser, type OnboardingRow, type Role } from './session.ts'

/** The page for the person: the dashboard's own for a maintainer. */
export const pageOf = (ctx: Ctx, { id, user_role }: { id: string; user_role: Role }): string =>
  `${ctx.deps.config.PUBLIC_URL}${user_role === 'maintainer' ? '/dashboard/sign-up' : '/onboarding'}/${id}`

const secondsLeft = (ctx: Ctx, { expires_at }: OnboardingRow): number =>
  Math.floor((expires_at.getTime() - ctx.now().getTime()) / 1000)

const isOver = ({ status }: OnboardingRow): boolean => status === 'completed' || status === 'failed'

/** How far a sign-up is, for whoever began it: its id is the capability, and no token is shown. */
export async function onboardingStatus(ctx: Ctx<Anonymous | Publishable>, input: { id: string }) {
  const row = await findOnboarding(ctx, input.id)
  const { applicationId } = ctx.principal
  // With another application's key it is as good as unknown.
  if (applicationId !== null && row.user_role === 'app_user' && applicationId !== row.application_id) {
    throw new ApiError('onboarding_not_found')
  }
  if (isOver(row)) return { status: row.status }
  const left = secondsLeft(ctx, row)
  if (left <= 0) return { status: 'expired' as const }
  const hosted_url = pageOf(ctx, row)
  return { status: row.status, hosted_url, onboarding_url: hosted_url, expires_in: left }
}

/** The application that an end user signs up for, and the site where the passkey will work. */
async function siteOf(ctx: Ctx, { client_id, origin }: OnboardingRow) {
  const application = origin === null ? null : await loadByClientId(ctx.sql, client_id)
  if (!application || origin === null) return {}
  const name = application.settings.display_name ?? application.name
  return { application: { name, site: hostedRpId(application, origin, ctx.deps.config.PUBLIC_ORIGIN) } }
}

/** What the form begins with: what was prefilled, or what this browser gave before; a stranger is not told. */
function prefillOf(ctx: Ctx, row: OnboardingRow) {
  if (!isItsBrowser(ctx, row)) return {}
  const { company_name, display_name, address: email } = row
  return {
    ...(company_name === null ? {} : { company_name }),
    ...(display_name === null ? {} : { display_name }),
    ...(email === null ? {} : { email }),
  }
}

/** What the hosted page shows of a sign-up, to whoever opened its address; where it leads when it is too late. */
export async function onboardingPage(ctx: Ctx, input: { id: string }) {
  const row = await findOnboarding(ctx, input.id)
  const isLate = !isOver(row) && secondsLeft(ctx, row) <= 0
  ctx.response.headers['cache-control'] = 'no-store'
  return {
    status: isLate ? ('expired' as const) : row.status,
    user_role: row.user_role,
    ...(row.refresh_url === null ? {} : { refresh_url: row.refresh_url }),
    ...(isLate || isOver(row) ? { prefill: {} } : { ...(await siteOf(ctx, row)), prefill: prefillOf(ctx, row) }),
  }
}
