import type { ErrorTable } from '../platform/errors.ts'

/** RFC 7591 §3.2.2. */
export const clientErrors = {
  invalid_redirect_uri: { status: 400, message: 'A redirect URI is not allowed.' },
  invalid_client_metadata: { status: 400, message: 'The metadata of the client is not allowed.' },
} as const satisfies ErrorTable
