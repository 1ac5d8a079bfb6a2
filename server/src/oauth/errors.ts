import type { ErrorTable } from '../platform/errors.ts'

/** RFC 6749 §5.2 and RFC 8707 §2. */
export const oauthErrors = {
  invalid_request: {
    status: 400,
    message: 'The request is missing a parameter, repeats one, or is otherwise malformed.',
  },
  invalid_client: { status: 401, message: 'Client authentication failed.' },
  invalid_grant: { status: 400, message: 'The grant is invalid, expired or revoked.' },
  unauthorized_client: { status: 400, message: 'The client may not use this grant.' },
  unsupported_grant_type: { status: 400, message: 'This grant type is not supported.' },
  invalid_scope: { status: 400, message: 'The requested scope is unknown or not allowed for this client.' },
  invalid_target: { status: 400, message: 'The requested resource is unknown.' },
} as const satisfies ErrorTable
