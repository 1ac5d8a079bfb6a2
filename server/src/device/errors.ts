import type { ErrorTable } from '../platform/errors.ts'

/** RFC 8628 §3.5, in the words of the published transcript; and what the approval page is told. */
export const deviceErrors = {
  authorization_pending: { status: 400, message: 'User has not yet authorized' },
  slow_down: { status: 400, message: 'Please wait before polling again' },
  access_denied: { status: 400, message: 'User denied the authorization request' },
  expired_token: { status: 400, message: 'The device code has expired; start again with a new one.' },
  invalid_user_code: {
    status: 400,
    message: 'This is not a valid code. Check it, or ask the program for a new one: codes last 15 minutes.',
  },
  device_request_not_found: { status: 404, message: 'There is no such request that waits for you.' },
  invalid_csrf_token: { status: 403, message: 'This page is of another session or another code; open it again.' },
} as const satisfies ErrorTable
