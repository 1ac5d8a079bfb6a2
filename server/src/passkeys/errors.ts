import type { ErrorTable } from '../platform/errors.ts'

export const passkeyErrors = {
  session_expired: { status: 400, message: 'The ceremony is unknown, used or too old; start again.' },
  challenge_mismatch: { status: 400, message: 'The response does not belong to this ceremony.' },
  verification_failed: { status: 401, message: 'The passkey could not be verified.' },
  replay_detected: { status: 401, message: "The passkey's counter went back; it may have been copied." },
  registration_not_allowed: {
    status: 403,
    message: 'A passkey cannot be registered for this user here.',
    hint: 'A user who has had a passkey adds another while signed in, or through an enrollment ticket.',
  },
  credential_exists: { status: 409, message: 'This passkey is registered already.' },
  last_credential: { status: 409, message: 'The last passkey cannot be removed.' },
  no_credentials: { status: 404, message: 'This user has no passkey.' },
  user_locked: { status: 423, message: 'This user is locked.' },
} as const satisfies ErrorTable
