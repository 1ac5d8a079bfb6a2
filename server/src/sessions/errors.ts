import type { ErrorTable } from '../platform/errors.ts'

export const sessionErrors = {
  invalid_session_token: { status: 401, message: 'The session token is invalid, expired or revoked.' },
  invalid_token_type: { status: 401, message: 'This route needs a session token.' },
  session_not_found: { status: 404, message: 'Session not found.' },
} as const satisfies ErrorTable
