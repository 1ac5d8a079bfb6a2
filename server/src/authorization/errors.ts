import type { ErrorTable } from '../platform/errors.ts'

export const authorizationErrors = {
  invalid_authorization_request: {
    status: 400,
    message: 'This request of a program is not valid, or no longer; start again from there.',
  },
} as const satisfies ErrorTable
