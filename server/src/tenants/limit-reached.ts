import { ApiError } from '../platform/errors.ts'
import { limitsOf } from './plans.ts'

const words = { users: 'users', applications: 'applications', origins: 'allowed origins' } as const

/** 409 plan_limit_reached, with the numbers in `details` and what to do in `hint`. */
export function planLimitReached(plan: string, limit: keyof typeof words, used: number): ApiError {
  const max = limitsOf(plan)[limit]
  return new ApiError('plan_limit_reached', {
    message: `The plan ${plan} allows ${max} ${words[limit]}.`,
    details: { limit, used, max, plan },
    hint:
      plan === 'free_ai'
        ? 'Delete what is no longer needed, or have a person claim the tenant.'
        : 'Choose a larger plan.',
  })
}
