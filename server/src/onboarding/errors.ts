import type { ErrorTable } from '../platform/errors.ts'

export const onboardingErrors = {
  free_ai_capacity_reached: {
    status: 503,
    message: 'All places of the Free AI Tier are taken.',
    hint: 'Try again later, or use an existing tenant. This call did not use up your hour.',
  },
  proof_required: {
    status: 428,
    message: 'This call needs a proof of work: solve `details.challenge` and send it as `proof`.',
    hint: 'Find `solution` so that SHA-256 of `salt:solution` begins with `bits` zero bits. This call did not use up your hour.',
  },
  onboarding_not_found: { status: 404, message: 'This sign-up is unknown or over.' },
  invalid_return_url: {
    status: 400,
    message: 'return_url: is not listed.',
    hint: 'An application lists it in success_urls, the operator in ONBOARDING_RETURN_URLS.',
  },
  invalid_refresh_url: {
    status: 400,
    message: 'refresh_url: is not listed.',
    hint: 'An application lists it in success_urls, the operator in ONBOARDING_RETURN_URLS.',
  },
} as const satisfies ErrorTable
