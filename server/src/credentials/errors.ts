import type { ErrorTable } from '../platform/errors.ts'

export const credentialErrors = {
  credential_not_found: { status: 404, message: 'Passkey not found.' },
} as const satisfies ErrorTable
