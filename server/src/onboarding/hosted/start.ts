import type { Ctx } from '../../platform/context.ts'
import { ApiError } from '../../platform/errors.ts'
import { mint } from '../../platform/ids.ts'
import { addSeconds } from '../../platform/time.ts'
import { findOnboarding, onboardingTtlSeconds } from './session.ts'

/** Where the page sends the browser back to: the server's own pages, or what the operator lists. */
function isAllowed(ctx: Ctx, text: string): boolean {
  const { PUBLIC_URL, ONBOARDING_RETURN_URLS } = ctx.deps.config
  if (ONBOARDING_RETURN_URLS.includes(text)) return true
  return URL.canParse(text) && !/[\\\s]/.test(text) && `${new URL(text).href}/`.startsWith(`${PUBLIC_URL}/`)
}

export type StartRequest = {
  user_role: 'maintainer'
  return_url?: string | undefined
  refresh_url?: string | undefined
  prefill?: { company_name?: string | undefined; email?: string | undefined } | undefined
}

/** Refuses before the hour's count: nothing was begun. A guard. */
export async function checkStart(ctx: Ctx, { return_url, refresh_url }: StartRequest): Promise<void> {
  if (ctx.deps.config.SIGNUPS === 'closed') throw new ApiError('signups_closed')
  if (return_url !== undefined && !isAllowed(ctx, return_url)) throw new ApiError('invalid_return_url')
  if (refresh_url !== undefined && !isAllowed(ctx, refresh_url)) throw new ApiError('invalid_refresh_url')
}

const pageOf = (ctx: Ctx, id: string) => `${ctx.deps.config.PUBLIC_URL}/dashboard/sign-up/${id}`

/** Begins a sign-up on the hosted page; it is good for half an hour. What is prefilled is shown there, and never trusted. */
export async function startOnboarding(ctx: Ctx, input: StartRequest) {
  const now = ctx.now()
  const id = mint('onb')
  await ctx.db.hostedOnboarding.create({
    data: {
      id,
      userRole: input.user_role,
      companyName: input.prefill?.company_name ?? null,
      address: input.prefill?.email ?? null,
      returnUrl: input.return_url ?? null,
      refreshUrl: input.refresh_url ?? null,
      status: 'pending_data',
      createdAt: now,
      expiresAt: addSeconds(now, onboardingTtlSeconds),
    },
  })
  const hosted_url = pageOf(ctx, id)
  return { session_id: id, hosted_url, onboarding_url: hosted_url, expires_in: onboardingTtlSeconds }
}

/** How far a sign-up is, for whoever began it: its id is the capability, and no token is shown. */
export async function onboardingStatus(ctx: Ctx, input: { id: string }) {
  const row = await findOnboarding(ctx, input.id)
  const left = Math.floor((row.expires_at.getTime() - ctx.now().getTime()) / 1000)
  if (row.status === 'completed' || row.status === 'failed') return { status: row.status }
  if (left <= 0) return { status: 'expired' as const }
  const hosted_url = pageOf(ctx, row.id)
  return { status: row.status, hosted_url, onboarding_url: hosted_url, expires_in: left }
}
