import type { ErrorTable } from '../platform/errors.ts'

export const onboardingErrors = {
  free_ai_capacity_reached: {
    status: 503,
    message: 'All places of the Free AI Tier are taken.',
    hint: 'Try again later, or use an existing tenant. This call did not use up your hour.',
  },
} as const satisfies ErrorTable
