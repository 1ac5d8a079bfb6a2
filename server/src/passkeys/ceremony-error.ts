/** What the caller answers: `challenge_mismatch` is a 400, `verification_failed` a 401. */
export type CeremonyErrorKind = 'challenge_mismatch' | 'verification_failed'

/** Every way a response can fail, and the public code it answers with. The reason goes to the audit row only. */
const reasons = {
  /** clientDataJSON is not UTF-8, not a JSON object, or lacks a member. */
  client_data: 'challenge_mismatch',
  /** `type` of the credential or of the client data. */
  type: 'challenge_mismatch',
  challenge: 'challenge_mismatch',
  origin_not_allowed: 'challenge_mismatch',
  cross_origin: 'challenge_mismatch',
  top_origin: 'challenge_mismatch',
  rp_id: 'challenge_mismatch',
  /** A member is missing or of the wrong type, or its bytes cannot be read. */
  format: 'verification_failed',
  credential_id: 'verification_failed',
  user_handle: 'verification_failed',
  user_presence: 'verification_failed',
  user_verification: 'verification_failed',
  /** BS without BE. */
  backup_flags: 'verification_failed',
  /** BE is not what it was at registration. */
  backup_eligibility: 'verification_failed',
  /** Not offered in this ceremony, or not the one stored. */
  algorithm: 'verification_failed',
  /** The public key itself is unusable: off its curve, too short, inconsistent. */
  key: 'verification_failed',
  signature: 'verification_failed',
  /** Unknown attestation statement format. */
  attestation_format: 'verification_failed',
  attestation_statement: 'verification_failed',
  attestation_signature: 'verification_failed',
  attestation_certificate: 'verification_failed',
  attestation_aaguid: 'verification_failed',
  /** No path from the statement's certificates to one of our anchors. */
  attestation_trust: 'verification_failed',
} as const satisfies Record<string, CeremonyErrorKind>

export type CeremonyErrorReason = keyof typeof reasons

/**
 * A WebAuthn response that does not pass. `reason` is stable and fit for audit metadata; `message` names the exact
 * check and is for the log: it never holds a challenge, key or signature.
 */
export class CeremonyError extends Error {
  override readonly name = 'CeremonyError'
  readonly kind: CeremonyErrorKind
  readonly reason: CeremonyErrorReason

  constructor(reason: CeremonyErrorReason, message: string) {
    super(message)
    this.reason = reason
    this.kind = reasons[reason]
  }
}
