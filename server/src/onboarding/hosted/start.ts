import type { HotApplication } from '../../applications/hot.ts'
import { CONSOLE_APPLICATION_ID, CONSOLE_CLIENT_ID, CONSOLE_TENANT_ID } from '../../console/console.ts'
import { requirePlace } from '../../passkeys/registration.ts'
import { mayRegister } from '../../passkeys/registration-policy.ts'
import { unauthorized } from '../../platform/authenticate.ts'
import type { Ctx } from '../../platform/context.ts'
import { ApiError } from '../../platform/errors.ts'
import { mint } from '../../platform/ids.ts'
import type { Anonymous, Publishable } from '../../platform/principal.ts'
import { addSeconds } from '../../platform/time.ts'
import { type Person, refuseForeign } from './person.ts'
import { hostedRpId } from './rp-id.ts'
import { onboardingTtlSeconds, type Role } from './session.ts'
import { pageOf } from './status.ts'

type Caller = Anonymous | Publishable

export type StartRequest = {
  user_role: Role
  return_url?: string | undefined
  refresh_url?: string | undefined
  prefill?: Person | undefined
}

/** Where the page of a maintainer sends the browser back to: the server's own pages, or what the operator lists. */
function isOfOperator(ctx: Ctx, text: string): boolean {
  const { PUBLIC_URL, ONBOARDING_RETURN_URLS } = ctx.deps.config
  if (ONBOARDING_RETURN_URLS.includes(text)) return true
  return URL.canParse(text) && !/[\\\s]/.test(text) && `${new URL(text).href}/`.startsWith(`${PUBLIC_URL}/`)
}

/** No open redirect (security 228): URLs are compared letter for letter with a list. */
function checkUrls(isAllowed: (url: string) => boolean, { return_url, refresh_url }: StartRequest, hint: string): void {
  if (return_url !== undefined && !isAllowed(return_url)) throw new ApiError('invalid_return_url', { hint })
  if (refresh_url !== undefined && !isAllowed(refresh_url)) throw new ApiError('invalid_refresh_url', { hint })
}

/** The application of the publishable key; a guard may wait for the cache. */
async function applicationOf(ctx: Ctx<Caller>): Promise<{ application: HotApplication; origin: string }> {
  const { principal } = ctx
  if (principal.tenantId === null || principal.origin === null) throw unauthorized(false)
  const application = await ctx.deps.applications.byClientId.get(principal.clientId)
  if (!application) throw new ApiError('origin_not_allowed')
  return { application, origin: principal.origin }
}

/**
 * Refuses before the hour's count: nothing was begun. A guard. What would fail in the browser of an end user is told to the
 * application here: an RP ID that our pages cannot use, a policy that lets no stranger in, a full plan.
 */
export async function checkStart(ctx: Ctx<Caller>, input: StartRequest): Promise<void> {
  if (input.user_role === 'maintainer') {
    if (ctx.deps.config.SIGNUPS === 'closed') throw new ApiError('signups_closed')
    checkUrls((url) => isOfOperator(ctx, url), input, 'The operator lists them in ONBOARDING_RETURN_URLS.')
  } else {
    const { application, origin } = await applicationOf(ctx)
    const { registration_policy: policy, anonymous_signup, success_urls } = application.settings
    checkUrls(
      (url) => success_urls.includes(url),
      input,
      "List it in the application's success_urls, letter for letter.",
    )
    const user = { bySession: false, anonymous: false, user: null }
    if (!mayRegister({ policy, anonymousSignup: anonymous_signup, ...user })) {
      throw new ApiError('registration_not_allowed')
    }
    hostedRpId(application, origin, ctx.deps.config.PUBLIC_ORIGIN)
    await requirePlace(ctx, application)
  }
  refuseForeign(input.user_role, input.prefill ?? {}, 'prefill.')
}

const console = { tenantId: CONSOLE_TENANT_ID, applicationId: CONSOLE_APPLICATION_ID, clientId: CONSOLE_CLIENT_ID }

/** Begins a sign-up on the hosted page; it is good for half an hour. What is prefilled is shown there, and never trusted. */
export async function startOnboarding(ctx: Ctx<Caller>, input: StartRequest) {
  const now = ctx.now()
  const id = mint('onb')
  const { principal } = ctx
  const isOfApplication = input.user_role === 'app_user' && principal.tenantId !== null
  const { tenantId, applicationId, clientId } = isOfApplication ? principal : console
  await ctx.db.hostedOnboarding.create({
    data: {
      id,
      tenantId,
      applicationId,
      clientId,
      userRole: input.user_role,
      origin: isOfApplication ? principal.origin : null,
      companyName: input.prefill?.company_name ?? null,
      displayName: input.prefill?.display_name ?? null,
      address: input.prefill?.email ?? null,
      returnUrl: input.return_url ?? null,
      refreshUrl: input.refresh_url ?? null,
      status: 'pending_data',
      createdAt: now,
      expiresAt: addSeconds(now, onboardingTtlSeconds),
    },
  })
  const hosted_url = pageOf(ctx, { id, user_role: input.user_role })
  return { session_id: id, hosted_url, onboarding_url: hosted_url, expires_in: onboardingTtlSeconds }
}
