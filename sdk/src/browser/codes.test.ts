import { describe, expect, it } from 'vitest'
import { sdkCode } from './codes.ts'

/** http-api.md §5.3, row by row: SDK code, then the server's codes by status. */
const table: [sdk: string, ...wire: [status: number, codes: string][]][] = [
  [
    'SESSION_EXPIRED',
    [401, 'unauthorized invalid_session_token invalid_token_type'],
    [400, 'session_expired'],
    [410, 'qr_expired'],
    [404, 'qr_session_not_found'],
  ],
  [
    'INVALID_ARGUMENT',
    [
      400,
      'validation_error email_required_for_fallback email_required_for_recovery invalid_ticket_id ' +
        'invalid_context_hash invalid_return_url invalid_refresh_url',
    ],
    [404, 'origin_not_allowed qr_tenant_mismatch'],
    [401, 'qr_polling_token_required'],
    [413, 'payload_too_large'],
    [415, 'unsupported_media_type'],
    [405, 'method_not_allowed'],
  ],
  [
    'CHALLENGE_MISMATCH',
    [400, 'challenge_mismatch context_mismatch qr_invalid_response qr_no_challenge'],
    [404, 'challenge_not_found'],
    [401, 'replay_detected qr_replay_detected'],
  ],
  ['VERIFICATION_FAILED', [401, 'verification_failed'], [400, 'dbsc_proof_invalid']],
  ['PASSKEY_NOT_FOUND', [404, 'no_credentials credential_not_found qr_credential_not_found']],
  ['PASSKEY_EXISTS', [409, 'credential_exists']],
  ['LAST_PASSKEY', [409, 'last_credential']],
  ['REGISTRATION_NOT_ALLOWED', [403, 'registration_not_allowed']],
  ['ATTESTATION_REJECTED', [400, 'attestation_policy_violation']],
  ['SERVICE_UNAVAILABLE', [503, 'attestation_metadata_unavailable']],
  ['USER_LOCKED', [423, 'user_locked']],
  ['DEVICE_PROOF_REQUIRED', [401, 'dbsc_proof_required']],
  ['TICKET_NOT_FOUND', [404, 'ticket_not_found']],
  ['TICKET_EXPIRED', [400, 'ticket_expired']],
  ['TICKET_ALREADY_USED', [409, 'ticket_already_consumed']],
  ['TICKET_LIMIT_EXCEEDED', [409, 'enrollment_ticket_limit_exceeded']],
  ['PIN_MISMATCH', [400, 'pin_mismatch']],
  ['PIN_LOCKED', [423, 'pin_locked']],
  ['BRIDGE_SESSION_EXPIRED', [410, 'bridge_session_expired'], [404, 'bridge_session_not_found']],
  [
    'FORBIDDEN',
    [
      403,
      'forbidden insufficient_scope acting_as_not_allowed enrollment_not_enabled bridge_not_enabled ' +
        'cross_device_not_enabled email_fallback_not_enabled signups_closed',
    ],
  ],
  ['RATE_LIMIT_EXCEEDED', [429, 'rate_limit_exceeded too_many_attempts qr_rate_limited']],
  [
    'NOT_FOUND',
    [
      404,
      'not_found application_not_found user_not_found tenant_not_found session_not_found onboarding_not_found ' +
        'acting_as_not_found dbsc_session_not_found delivery_not_found subscription_not_found ' +
        'identity_link_identifier_not_found',
    ],
  ],
  [
    'CONFLICT',
    [409, 'user_exists rp_id_in_use attestation_policy_conflict mds_refresh_running webhook_not_configured'],
    [422, 'idempotency_key_reused'],
  ],
  ['INVALID_STATE', [409, 'invalid_state qr_invalid_state']],
  ['PLAN_LIMIT_REACHED', [409, 'plan_limit_reached']],
  ['TENANT_INACTIVE', [403, 'tenant_inactive']],
  ['SECRET_ROTATION_FORBIDDEN', [403, 'application_rotation_not_allowed']],
  ['OTP_INVALID_OR_EXPIRED', [400, 'invalid_or_expired_code']],
  ['ACTION_CHALLENGE_EXPIRED', [400, 'action_challenge_expired']],
  ['ACTION_ALREADY_CLAIMED', [409, 'challenge_already_claimed']],
  ['ACTION_PAYLOAD_MISMATCH', [400, 'action_payload_mismatch']],
  ['LINK_CHALLENGE_NOT_FOUND', [404, 'identity_link_challenge_not_found']],
  ['LINK_OTP_INVALID', [400, 'identity_link_otp_invalid']],
  ['LINK_OTP_EXPIRED', [400, 'identity_link_otp_expired']],
  ['IDENTIFIER_ALREADY_LINKED', [409, 'identity_link_identifier_already_linked']],
  ['EMAIL_ALREADY_TAKEN', [409, 'identity_link_email_already_taken_in_tenant']],
  ['UNLINK_LAST_IDENTIFIER_DENIED', [409, 'identity_link_unlink_last_identifier_denied']],
  ['SIWE_NONCE_EXPIRED', [400, 'siwe_nonce_expired']],
  ['SIWE_NONCE_REPLAY', [409, 'siwe_nonce_already_used']],
  ['SIWE_SIGNATURE_INVALID', [401, 'siwe_signature_invalid']],
  ['SIWE_MESSAGE_MALFORMED', [400, 'siwe_message_malformed']],
  ['SIWE_CHAIN_NOT_ALLOWED', [400, 'siwe_chain_not_allowed']],
  ['SIWE_DOMAIN_MISMATCH', [400, 'siwe_domain_mismatch']],
  ['SIWE_ADDRESS_MISMATCH', [401, 'siwe_address_mismatch']],
  ['RECOVERY_USER_NOT_FOUND', [404, 'recovery_user_not_found']],
  ['RECOVERY_TICKET_LIMIT_EXCEEDED', [409, 'recovery_ticket_limit_exceeded']],
  ['ANONYMOUS_RECOVERY_NOT_AVAILABLE', [409, 'user_anonymous_recovery_not_available']],
  ['CUSTOM_CLAIM_NOT_ALLOWED', [400, 'session_custom_claim_not_whitelisted']],
  ['CUSTOM_CLAIMS_TOO_LARGE', [400, 'session_custom_claims_limit_exceeded']],
  ['SERVER_ERROR', [500, 'internal_error']],
  ['SERVICE_UNAVAILABLE', [503, 'service_unavailable billing_not_configured free_ai_capacity_reached']],
  ['INVALID_SIGNATURE', [400, 'invalid_signature']],
]

const rows = table.flatMap(([sdk, ...wire]) =>
  wire.flatMap(([status, codes]) => codes.split(' ').map((code): [string, number, string] => [code, status, sdk])),
)

describe('sdkCode', () => {
  it('is tested with every row of the specification', () => {
    expect(rows).toHaveLength(106)
  })

  it.each(rows)('of %s (%i) is %s', (code, status, sdk) => {
    expect(sdkCode(code, status)).toBe(sdk)
    expect(sdkCode(code.toUpperCase(), status)).toBe(sdk)
  })

  it.each([
    [400, 'INVALID_ARGUMENT'],
    [401, 'SESSION_EXPIRED'],
    [403, 'FORBIDDEN'],
    [404, 'NOT_FOUND'],
    [409, 'CONFLICT'],
    [423, 'USER_LOCKED'],
    [429, 'RATE_LIMIT_EXCEEDED'],
    [500, 'SERVER_ERROR'],
    [503, 'SERVICE_UNAVAILABLE'],
    [418, 'UNKNOWN_ERROR'],
    [200, 'UNKNOWN_ERROR'],
  ])('of an unknown code or none is what status %i says: %s', (status, sdk) => {
    expect(sdkCode('brand_new_code', status)).toBe(sdk)
    expect(sdkCode('', status)).toBe(sdk)
    expect(sdkCode(undefined, status)).toBe(sdk)
  })

  it('without an answer says why', () => {
    expect(sdkCode(undefined, 'TIMEOUT')).toBe('TIMEOUT')
    expect(sdkCode(undefined, 'NETWORK_FAILURE')).toBe('NETWORK_FAILURE')
  })
})
