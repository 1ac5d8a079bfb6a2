import type { ErrorTable } from '../platform/errors.ts'

export const accountErrors = {
  account_not_found: { status: 404, message: 'Account not found.' },
  not_admitted: {
    status: 403,
    message: 'The account is on the waitlist.',
    hint: 'A mail tells its owner when it is admitted.',
  },
  signups_closed: { status: 403, message: 'This server takes no new accounts.' },
} as const satisfies ErrorTable
