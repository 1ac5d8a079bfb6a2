import type { ErrorTable } from '../platform/errors.ts'

export const consoleErrors = {
  step_up_required: {
    status: 401,
    message: 'Confirm this with a passkey: the proof is missing, too old, or was made for something else.',
    hint: 'Start with POST /v1/dashboard/step-up and sign its challenge within five minutes.',
  },
  user_verification_required: {
    status: 401,
    message: 'The passkey must verify you, with a fingerprint, a face or a PIN.',
  },
} as const satisfies ErrorTable
