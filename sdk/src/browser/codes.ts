import type { NoAnswer, Outcome } from '../retry.ts'

/**
 * The server's codes whose SDK code is not what their status says (http-api.md §5.3), by SDK code. A server's code
 * that is the SDK's own in lower case needs no mention: `user_locked` is `USER_LOCKED`.
 */
const exceptions = {
  session_expired: 'qr_session_not_found',
  invalid_argument: 'origin_not_allowed qr_tenant_mismatch qr_polling_token_required',
  challenge_mismatch:
    'context_mismatch challenge_not_found replay_detected qr_replay_detected qr_invalid_response qr_no_challenge',
  verification_failed: 'dbsc_proof_invalid',
  passkey_not_found: 'no_credentials credential_not_found qr_credential_not_found',
  passkey_exists: 'credential_exists',
  last_passkey: 'last_credential',
  registration_not_allowed: '',
  attestation_rejected: 'attestation_policy_violation',
  device_proof_required: 'dbsc_proof_required',
  ticket_not_found: '',
  ticket_expired: '',
  ticket_already_used: 'ticket_already_consumed',
  ticket_limit_exceeded: 'enrollment_ticket_limit_exceeded',
  pin_mismatch: '',
  pin_locked: '',
  bridge_session_expired: 'bridge_session_not_found',
  invalid_state: 'qr_invalid_state',
  plan_limit_reached: '',
  tenant_inactive: '',
  secret_rotation_forbidden: 'application_rotation_not_allowed',
  otp_invalid_or_expired: 'invalid_or_expired_code',
  action_challenge_expired: '',
  action_already_claimed: 'challenge_already_claimed',
  action_payload_mismatch: '',
  link_challenge_not_found: 'identity_link_challenge_not_found',
  link_otp_invalid: 'identity_link_otp_invalid',
  link_otp_expired: 'identity_link_otp_expired',
  identifier_already_linked: 'identity_link_identifier_already_linked',
  email_already_taken: 'identity_link_email_already_taken_in_tenant',
  unlink_last_identifier_denied: 'identity_link_unlink_last_identifier_denied',
  siwe_nonce_expired: '',
  siwe_nonce_replay: 'siwe_nonce_already_used',
  siwe_signature_invalid: '',
  siwe_message_malformed: '',
  siwe_chain_not_allowed: '',
  siwe_domain_mismatch: '',
  siwe_address_mismatch: '',
  recovery_user_not_found: '',
  recovery_ticket_limit_exceeded: '',
  anonymous_recovery_not_available: 'user_anonymous_recovery_not_available',
  custom_claim_not_allowed: 'session_custom_claim_not_whitelisted',
  custom_claims_too_large: 'session_custom_claims_limit_exceeded',
  invalid_signature: '',
} as const

/** What a status says by itself: of all codes not named above, and of codes newer than this SDK. */
const byStatus = {
  400: 'invalid_argument',
  401: 'session_expired',
  403: 'forbidden',
  404: 'not_found',
  405: 'invalid_argument',
  409: 'conflict',
  410: 'session_expired',
  413: 'invalid_argument',
  415: 'invalid_argument',
  422: 'conflict',
  423: 'user_locked',
  429: 'rate_limit_exceeded',
  500: 'server_error',
  503: 'service_unavailable',
} as const

/** Codes that no answer of the server carries. */
type OwnCode = 'NOT_SUPPORTED' | 'USER_CANCELLED' | 'ABORT_ERROR' | 'UNKNOWN_ERROR' | NoAnswer

/** Every code that a `TryMellonError` can have. */
export type SdkCode = Uppercase<keyof typeof exceptions | (typeof byStatus)[keyof typeof byStatus]> | OwnCode

/** The SDK's code for what a call came to: by the server's code in any case, else by status, else `UNKNOWN_ERROR`. */
export function sdkCode(wireCode: string | undefined, outcome: Outcome): SdkCode {
  if (typeof outcome === 'string') return outcome
  const wire = wireCode?.toLowerCase() || '?'
  const row = Object.entries(exceptions).find((words) => words.join(' ').split(' ').includes(wire))
  const code = row?.[0] ?? (byStatus as Record<number, string>)[outcome] ?? 'unknown_error'
  return code.toUpperCase() as SdkCode
}
