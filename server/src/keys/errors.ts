import type { ErrorTable } from '../platform/errors.ts'

export const keyErrors = {
  key_not_found: { status: 404, message: 'Secret key not found.' },
  rotation_in_progress: {
    status: 409,
    message: 'The key was replaced a moment ago: both versions still work.',
    hint: 'Wait for the end of the overlap, or revoke the key.',
  },
  invalid_signature: { status: 400, message: 'The signature of the report is missing or does not fit its body.' },
} as const satisfies ErrorTable
