// Generated from openapi.json by `node sdk/generate.ts`; edits are lost.
import type { CallOptions } from './admin/call.ts'
import type { Export } from './admin/export.ts'
import type { List } from './admin/list.ts'
import type { OperationTree } from './admin/operation.ts'

export type Agent = {
  id: string
  /** What it calls itself. */
  name: string
  name_verified: false
  /** How it came to be; `dashboard`: a person made a key by hand. */
  method: 'vending' | 'device' | 'email' | 'oauth' | 'dashboard'
  account_id: string
  /** `all`, or the applications that it reaches. */
  application_ids: 'all' | string[]
  /** `full_access`, or single scopes. */
  scopes: string[]
  /** The person who approved it. */
  created_by: string | null
  created_at: string
  /** To the minute. */
  last_used_at: string | null
  status: 'active' | 'revoked'
}

export type AgentCredentials = {
  tenantId: string
  clientId: string
  /** Shown once. */
  clientSecret: string
  /** The same value as `clientId`; for `TryMellon.create()`. */
  publishableKey: string
  applicationId: string
  limits: { maxUsers: number; maxApps: number }
  inactivity_purge_after_days: number
  /** How a person takes the tenant over; its credentials go on working. */
  claim: {
    /** For a person, who takes the tenant over there with a passkey. */
    claim_url: string
    /** For `POST /device/code`. Shown once. */
    claim_token: string
  }
}

export type Application = {
  id: string
  tenant_id: string
  client_id: string
  publishable_key: string
  name: string
  status: 'active' | 'suspended'
  plan: string
  created_at: string
  updated_at: string
  allowed_origins: string[]
  display_name: string
  /** Sites that may embed the ceremonies in a frame. */
  allowed_top_origins: string[]
  /** Served at `/.well-known/webauthn` of the `rp_id`. */
  related_origins: string[]
  /** Null: the host of the request's origin. */
  rp_id: string | null
  /** Exact URLs that a ceremony may hand back as `redirect_url`, and the hosted page may lead to. */
  success_urls: string[]
  registration_policy: 'open' | 'preregistered' | 'ticket'
  anonymous_signup: boolean
  user_verification: 'required' | 'preferred'
  /** Start routes may say that a user has no passkey. */
  reveal_user_existence: boolean
  session_ttl_seconds: number
  custom_claims_schema: Record<string, { type: 'string' | 'number' | 'boolean'; client_settable?: boolean }>
  /** Failed sign-ins that lock a user, and for how long: `soft` within 15 minutes, `hard` within 24 hours of the first. */
  lockout: { soft_failures: number; soft_seconds: number; hard_failures: number; hard_seconds: number }
  /** What a sign count that goes back leads to. */
  replay_policy: 'reject' | 'flag'
  /** Stored; takes effect with e-mail codes. */
  email_fallback_enabled: boolean
  /** Stored; takes effect with enrollment tickets. */
  enrollment: { enabled: boolean; ticket_ttl_seconds: number; max_active_tickets: number }
  /** Stored; takes effect with bridges. */
  bridge_enabled: boolean
  /** Stored; takes effect with sign-in on another device. */
  cross_device_enabled: boolean
  /** On an allowed origin; null: the hosted page. Stored; takes effect with sign-in on another device. */
  qr_base_url: string | null
  /** Stored; takes effect with sign-in with Ethereum. */
  allowed_chain_ids: number[]
  /** Stored; takes effect with device-bound sessions. */
  dbsc_mode: 'off' | 'optional' | 'require'
  /** Stored; takes effect with acting-as. */
  acting_as: { enabled: boolean; max_ttl_seconds: number; delegation_enabled: boolean }
  /** The first one makes the signing secret, which that answer shows once. Stored; takes effect with webhooks. */
  webhook_url: string | null
  /** Null: all of them. Stored; takes effect with webhooks. */
  webhook_events:
    | (
    | 'auth.success'
    | 'user.created'
    | 'user.deleted'
    | 'user.locked'
    | 'passkey.registered'
    | 'credential.revoked'
    | 'account.recovered'
    | 'session.revoked'
    | 'session.logout'
    | 'identifier.linked'
    | 'identifier.unlinked'
    | 'recovery.enrollment.issued'
    | 'recovery.enrollment.completed'
    | 'enrollment.completed'
    | 'application.secret_rotated'
    | 'webhook.test')[]
    | null
  /** Stored; takes effect with webhooks. */
  webhook_legacy_signature: boolean
  /** Whether its client may ask people for access by device codes. */
  device_flow: boolean
  /** Public keys (RFC 7517; ES256, RS256, EdDSA) of a backend that authenticates with `private_key_jwt` instead of a client secret. */
  client_jwks: (
    | { kty: 'EC'; crv: 'P-256'; x: string; y: string; kid?: string; use?: 'sig'; alg?: 'ES256' }
    | { kty: 'RSA'; n: string; e: 'AQAB'; kid?: string; use?: 'sig'; alg?: 'RS256' }
    | { kty: 'OKP'; crv: 'Ed25519'; x: string; kid?: string; use?: 'sig'; alg?: 'EdDSA' | 'Ed25519' })[]
  /** What tokens of the application may be granted; changed from the dashboard only. Tokens issued before keep their scopes until they expire. */
  allowed_scopes: (
    | 'users:read'
    | 'users:write'
    | 'credentials:read'
    | 'credentials:write'
    | 'sessions:read'
    | 'sessions:write'
    | 'applications:read'
    | 'applications:write'
    | 'webhooks:read'
    | 'webhooks:write'
    | 'attestation:read'
    | 'attestation:write'
    | 'dbsc:read'
    | 'dbsc:write'
    | 'acting_as:read'
    | 'acting_as:write'
    | 'audit:read'
    | 'usage:read'
    | 'privacy:read'
    | 'billing:read'
    | 'enrollment:write'
    | 'recovery:write'
    | 'migration:write'
    | 'auth_link')[]
}

export type ApplicationWithWebhookSecret = {
  id: string
  tenant_id: string
  client_id: string
  publishable_key: string
  name: string
  status: 'active' | 'suspended'
  plan: string
  created_at: string
  updated_at: string
  allowed_origins: string[]
  display_name: string
  /** Sites that may embed the ceremonies in a frame. */
  allowed_top_origins: string[]
  /** Served at `/.well-known/webauthn` of the `rp_id`. */
  related_origins: string[]
  /** Null: the host of the request's origin. */
  rp_id: string | null
  /** Exact URLs that a ceremony may hand back as `redirect_url`, and the hosted page may lead to. */
  success_urls: string[]
  registration_policy: 'open' | 'preregistered' | 'ticket'
  anonymous_signup: boolean
  user_verification: 'required' | 'preferred'
  /** Start routes may say that a user has no passkey. */
  reveal_user_existence: boolean
  session_ttl_seconds: number
  custom_claims_schema: Record<string, { type: 'string' | 'number' | 'boolean'; client_settable?: boolean }>
  /** Failed sign-ins that lock a user, and for how long: `soft` within 15 minutes, `hard` within 24 hours of the first. */
  lockout: { soft_failures: number; soft_seconds: number; hard_failures: number; hard_seconds: number }
  /** What a sign count that goes back leads to. */
  replay_policy: 'reject' | 'flag'
  /** Stored; takes effect with e-mail codes. */
  email_fallback_enabled: boolean
  /** Stored; takes effect with enrollment tickets. */
  enrollment: { enabled: boolean; ticket_ttl_seconds: number; max_active_tickets: number }
  /** Stored; takes effect with bridges. */
  bridge_enabled: boolean
  /** Stored; takes effect with sign-in on another device. */
  cross_device_enabled: boolean
  /** On an allowed origin; null: the hosted page. Stored; takes effect with sign-in on another device. */
  qr_base_url: string | null
  /** Stored; takes effect with sign-in with Ethereum. */
  allowed_chain_ids: number[]
  /** Stored; takes effect with device-bound sessions. */
  dbsc_mode: 'off' | 'optional' | 'require'
  /** Stored; takes effect with acting-as. */
  acting_as: { enabled: boolean; max_ttl_seconds: number; delegation_enabled: boolean }
  /** The first one makes the signing secret, which that answer shows once. Stored; takes effect with webhooks. */
  webhook_url: string | null
  /** Null: all of them. Stored; takes effect with webhooks. */
  webhook_events:
    | (
    | 'auth.success'
    | 'user.created'
    | 'user.deleted'
    | 'user.locked'
    | 'passkey.registered'
    | 'credential.revoked'
    | 'account.recovered'
    | 'session.revoked'
    | 'session.logout'
    | 'identifier.linked'
    | 'identifier.unlinked'
    | 'recovery.enrollment.issued'
    | 'recovery.enrollment.completed'
    | 'enrollment.completed'
    | 'application.secret_rotated'
    | 'webhook.test')[]
    | null
  /** Stored; takes effect with webhooks. */
  webhook_legacy_signature: boolean
  /** Whether its client may ask people for access by device codes. */
  device_flow: boolean
  /** Public keys (RFC 7517; ES256, RS256, EdDSA) of a backend that authenticates with `private_key_jwt` instead of a client secret. */
  client_jwks: (
    | { kty: 'EC'; crv: 'P-256'; x: string; y: string; kid?: string; use?: 'sig'; alg?: 'ES256' }
    | { kty: 'RSA'; n: string; e: 'AQAB'; kid?: string; use?: 'sig'; alg?: 'RS256' }
    | { kty: 'OKP'; crv: 'Ed25519'; x: string; kid?: string; use?: 'sig'; alg?: 'EdDSA' | 'Ed25519' })[]
  /** What tokens of the application may be granted; changed from the dashboard only. Tokens issued before keep their scopes until they expire. */
  allowed_scopes: (
    | 'users:read'
    | 'users:write'
    | 'credentials:read'
    | 'credentials:write'
    | 'sessions:read'
    | 'sessions:write'
    | 'applications:read'
    | 'applications:write'
    | 'webhooks:read'
    | 'webhooks:write'
    | 'attestation:read'
    | 'attestation:write'
    | 'dbsc:read'
    | 'dbsc:write'
    | 'acting_as:read'
    | 'acting_as:write'
    | 'audit:read'
    | 'usage:read'
    | 'privacy:read'
    | 'billing:read'
    | 'enrollment:write'
    | 'recovery:write'
    | 'migration:write'
    | 'auth_link')[]
  /** Shown once, when `webhook_url` is first set. */
  webhook_signing_secret?: string
}

export type AuditLog = {
  id: string
  event: string
  category: string
  success: boolean
  user_id: string | null
  application_id: string | null
  ip_address: string | null
  request_id: string | null
  actor: Record<string, unknown>
  metadata: Record<string, unknown>
  created_at: string
}

export type Authenticated = {
  authenticated: true
  session_token: string
  user: SignedInUser
  signals: { userVerification: boolean; backupEligible: boolean; backupStatus: boolean }
  redirect_url?: string
}

export type Authentication = { session_id: string; expires_at: string; challenge: RequestOptions }

export type AuthenticationResponse = {
  /** Unpadded base64url. */
  id: string
  /** Unpadded base64url. */
  rawId: string
  type: string
  response: {
    /** Unpadded base64url. */
    clientDataJSON: string
    /** Unpadded base64url. */
    authenticatorData: string
    /** Unpadded base64url. */
    signature: string
    userHandle?: string | null
  } & Record<string, unknown>
  authenticatorAttachment?: string | null
  clientExtensionResults?: Record<string, unknown>
} & Record<string, unknown>

export type Connection = {
  /** `service`: an application with client credentials; `agent`: a secret key or its token. */
  kind: 'service' | 'agent' | 'user'
  id: string
  account_id: string
  /** Empty for a person, whom a role limits. */
  scopes: string[]
  role: 'owner' | 'admin' | 'viewer' | null
  /** Oldest first; the first hundred. */
  applications: { id: string; tenant_id: string; name: string; status: 'active' | 'suspended' }[]
  plan: string
  limits: {
    /** Users of each tenant; null: no limit. */
    users: number | null
    /** Applications of the account; null: no limit. */
    applications: number | null
    /** Origins of each application. */
    origins: number
    audit_retention_days: number
  }
  /** When an unclaimed tenant is purged if this call was its last; null: never. */
  purge_at: string | null
}

export type CreatedApplication = {
  id: string
  tenant_id: string
  client_id: string
  publishable_key: string
  name: string
  status: 'active' | 'suspended'
  plan: string
  created_at: string
  updated_at: string
  allowed_origins: string[]
  display_name: string
  /** Sites that may embed the ceremonies in a frame. */
  allowed_top_origins: string[]
  /** Served at `/.well-known/webauthn` of the `rp_id`. */
  related_origins: string[]
  /** Null: the host of the request's origin. */
  rp_id: string | null
  /** Exact URLs that a ceremony may hand back as `redirect_url`, and the hosted page may lead to. */
  success_urls: string[]
  registration_policy: 'open' | 'preregistered' | 'ticket'
  anonymous_signup: boolean
  user_verification: 'required' | 'preferred'
  /** Start routes may say that a user has no passkey. */
  reveal_user_existence: boolean
  session_ttl_seconds: number
  custom_claims_schema: Record<string, { type: 'string' | 'number' | 'boolean'; client_settable?: boolean }>
  /** Failed sign-ins that lock a user, and for how long: `soft` within 15 minutes, `hard` within 24 hours of the first. */
  lockout: { soft_failures: number; soft_seconds: number; hard_failures: number; hard_seconds: number }
  /** What a sign count that goes back leads to. */
  replay_policy: 'reject' | 'flag'
  /** Stored; takes effect with e-mail codes. */
  email_fallback_enabled: boolean
  /** Stored; takes effect with enrollment tickets. */
  enrollment: { enabled: boolean; ticket_ttl_seconds: number; max_active_tickets: number }
  /** Stored; takes effect with bridges. */
  bridge_enabled: boolean
  /** Stored; takes effect with sign-in on another device. */
  cross_device_enabled: boolean
  /** On an allowed origin; null: the hosted page. Stored; takes effect with sign-in on another device. */
  qr_base_url: string | null
  /** Stored; takes effect with sign-in with Ethereum. */
  allowed_chain_ids: number[]
  /** Stored; takes effect with device-bound sessions. */
  dbsc_mode: 'off' | 'optional' | 'require'
  /** Stored; takes effect with acting-as. */
  acting_as: { enabled: boolean; max_ttl_seconds: number; delegation_enabled: boolean }
  /** The first one makes the signing secret, which that answer shows once. Stored; takes effect with webhooks. */
  webhook_url: string | null
  /** Null: all of them. Stored; takes effect with webhooks. */
  webhook_events:
    | (
    | 'auth.success'
    | 'user.created'
    | 'user.deleted'
    | 'user.locked'
    | 'passkey.registered'
    | 'credential.revoked'
    | 'account.recovered'
    | 'session.revoked'
    | 'session.logout'
    | 'identifier.linked'
    | 'identifier.unlinked'
    | 'recovery.enrollment.issued'
    | 'recovery.enrollment.completed'
    | 'enrollment.completed'
    | 'application.secret_rotated'
    | 'webhook.test')[]
    | null
  /** Stored; takes effect with webhooks. */
  webhook_legacy_signature: boolean
  /** Whether its client may ask people for access by device codes. */
  device_flow: boolean
  /** Public keys (RFC 7517; ES256, RS256, EdDSA) of a backend that authenticates with `private_key_jwt` instead of a client secret. */
  client_jwks: (
    | { kty: 'EC'; crv: 'P-256'; x: string; y: string; kid?: string; use?: 'sig'; alg?: 'ES256' }
    | { kty: 'RSA'; n: string; e: 'AQAB'; kid?: string; use?: 'sig'; alg?: 'RS256' }
    | { kty: 'OKP'; crv: 'Ed25519'; x: string; kid?: string; use?: 'sig'; alg?: 'EdDSA' | 'Ed25519' })[]
  /** What tokens of the application may be granted; changed from the dashboard only. Tokens issued before keep their scopes until they expire. */
  allowed_scopes: (
    | 'users:read'
    | 'users:write'
    | 'credentials:read'
    | 'credentials:write'
    | 'sessions:read'
    | 'sessions:write'
    | 'applications:read'
    | 'applications:write'
    | 'webhooks:read'
    | 'webhooks:write'
    | 'attestation:read'
    | 'attestation:write'
    | 'dbsc:read'
    | 'dbsc:write'
    | 'acting_as:read'
    | 'acting_as:write'
    | 'audit:read'
    | 'usage:read'
    | 'privacy:read'
    | 'billing:read'
    | 'enrollment:write'
    | 'recovery:write'
    | 'migration:write'
    | 'auth_link')[]
  /** Shown once, when `webhook_url` is first set. */
  webhook_signing_secret?: string
  /** Shown once. */
  client_secret: string
}

export type CreatedSecretKey = {
  key_id: string
  agent_id: string
  name: string
  /** Of the newest version: its first and last 4 characters. */
  key_preview: string
  /** `full_access`, or single scopes. */
  scopes: string[]
  /** null: every application of the account. */
  application_ids: string[] | null
  /** Addresses and CIDR ranges that it may be used from; null: any. */
  allowed_ips: string[] | null
  created_at: string
  /** To the minute. */
  last_used_at: string | null
  last_used_ip: string | null
  /** null: never, unless it is revoked. */
  expires_at: string | null
  status: 'active' | 'revoked' | 'expired'
  /** Shown once. */
  secret_key: string
  setup: KeySetup
}

export type CreatedUser = {
  id: string
  external_user_id: string
  status: 'active' | 'locked' | 'disabled'
  created_at: string
  updated_at: string
}

export type CreationOptions = {
  rp: { id: string; name: string }
  user: { id: string; name: string; displayName: string }
  challenge: string
  pubKeyCredParams: { type: 'public-key'; alg: number }[]
  timeout: number
  excludeCredentials: { type: 'public-key'; id: string; transports?: string[] }[]
  authenticatorSelection: {
    authenticatorAttachment?: 'platform' | 'cross-platform'
    residentKey: 'required' | 'preferred' | 'discouraged'
    requireResidentKey: boolean
    userVerification: 'required' | 'preferred'
  }
  attestation: 'none' | 'indirect' | 'direct' | 'enterprise'
  hints?: string[]
  extensions?: Record<string, unknown>
}

export type Credential = {
  credential_id: string
  status: 'active' | 'revoked'
  alias: string | null
  transports: string[]
  attestation_type: string
  aaguid: string
  backup_eligible: boolean
  backup_state: boolean
  created_at: string
  last_used_at: string | null
}

/** Stable; new codes may appear, none is reused. */
export type ErrorCode =
  | 'account_not_found'
  | 'acting_as_not_allowed'
  | 'agent_not_found'
  | 'already_claimed'
  | 'application_not_found'
  | 'application_rotation_not_allowed'
  | 'challenge_mismatch'
  | 'claim_required'
  | 'credential_exists'
  | 'credential_not_found'
  | 'device_request_not_found'
  | 'email_unavailable'
  | 'forbidden'
  | 'free_ai_capacity_reached'
  | 'idempotency_key_reused'
  | 'identity_link_email_already_taken_in_tenant'
  | 'insufficient_scope'
  | 'internal_error'
  | 'invalid_authorization_request'
  | 'invalid_client'
  | 'invalid_csrf_token'
  | 'invalid_grant'
  | 'invalid_refresh_url'
  | 'invalid_request'
  | 'invalid_return_url'
  | 'invalid_session_token'
  | 'invalid_signature'
  | 'invalid_state'
  | 'invalid_token'
  | 'invalid_token_type'
  | 'invalid_user_code'
  | 'invitation_not_found'
  | 'key_not_found'
  | 'last_credential'
  | 'member_not_found'
  | 'method_not_allowed'
  | 'no_credentials'
  | 'not_admitted'
  | 'not_found'
  | 'onboarding_not_found'
  | 'origin_not_allowed'
  | 'payload_too_large'
  | 'plan_limit_reached'
  | 'proof_required'
  | 'rate_limit_exceeded'
  | 'registration_not_allowed'
  | 'registration_secret_required'
  | 'replay_detected'
  | 'rotation_in_progress'
  | 'rp_id_in_use'
  | 'service_unavailable'
  | 'session_custom_claim_not_whitelisted'
  | 'session_custom_claims_limit_exceeded'
  | 'session_expired'
  | 'session_not_found'
  | 'signups_closed'
  | 'step_up_required'
  | 'tenant_inactive'
  | 'tenant_not_found'
  | 'token_expired'
  | 'token_used'
  | 'too_many_attempts'
  | 'unauthorized'
  | 'unauthorized_client'
  | 'unsupported_identity_type'
  | 'unsupported_media_type'
  | 'user_exists'
  | 'user_locked'
  | 'user_not_found'
  | 'user_verification_required'
  | 'validation_error'
  | 'verification_failed'
  | 'webhook_not_configured'

export type ImportResult = {
  /** Null for a line that has none that can be read. */
  external_user_id: string | null
  status: 'created' | 'exists' | 'failed'
  user_id?: string
  error?: { code: string; message: string }
}

export type Invitation = {
  id: string
  email: string
  role: 'owner' | 'admin' | 'viewer'
  created_at: string
  expires_at: string
}

export type KeySetup = {
  /** Shell command for Claude Code. */
  claude_code: string
  /** For `~/.codex/config.toml`. */
  codex_cli: string
  /** For `~/.codex/config.toml`, with the key in the environment. */
  codex_cli_env: string
  /** For `~/.gemini/settings.json`. */
  gemini_cli: string
  /** For `~/.gemini/settings.json`, with the key in the environment. */
  gemini_cli_env: string
  /** Shell command that puts the key in the environment. */
  env_var: string
  /** Shell command for Claude Code, with the key in the environment. */
  claude_code_env: string
  /** Shell command for Claude Code, as JSON. */
  claude_code_json: string
  /** Shell command for Codex, with the key in the environment. */
  codex_cli_command: string
  /** Shell command for Gemini CLI. */
  gemini_cli_command: string
  /** For clients that read `mcp.json`. */
  mcp_json: string
  /** For clients that only start local processes. */
  mcp_remote: string
  /** Lists the tools with the MCP inspector. */
  inspector: string
}

export type Member = {
  user_id: string
  /** Proven, or as the person gave it. */
  email: string | null
  email_verified: boolean
  role: 'owner' | 'admin' | 'viewer'
  joined_at: string
}

export type OperatedAccount = {
  id: string
  name: string
  status: 'waitlisted' | 'active' | 'disabled'
  plan: string
  created_at: string
  /** At most ten. An address that is not verified is what somebody wrote. */
  owners: { email: string | null; email_verified: boolean }[]
}

export type OwnSession = {
  id: string
  user_id: string
  external_user_id: string | null
  method: string
  credential_id: string | null
  ip_address: string | null
  user_agent: string | null
  dbsc: 'none' | 'bound'
  created_at: string
  last_seen_at: string
  expires_at: string
  revoked_at: string | null
  current: boolean
}

export type Registered = {
  credential_id: string
  status: 'active'
  session_token: string
  user: SignedInUser
  redirect_url?: string
}

export type Registration = { session_id: string; expires_at: string; challenge: CreationOptions }

export type RegistrationResponse = {
  /** Unpadded base64url. */
  id: string
  /** Unpadded base64url. */
  rawId: string
  type: string
  response: {
    /** Unpadded base64url. */
    clientDataJSON: string
    /** Unpadded base64url. */
    attestationObject: string
    transports?: string[]
  } & Record<string, unknown>
  authenticatorAttachment?: string | null
  clientExtensionResults?: Record<string, unknown>
} & Record<string, unknown>

export type RequestOptions = {
  challenge: string
  rpId: string
  allowCredentials?: { type: 'public-key'; id: string; transports?: string[] }[]
  timeout: number
  userVerification: 'required' | 'preferred'
}

export type RotatedSecretKey = {
  /** Shown once. */
  secret_key: string
  key_preview: string
  setup: KeySetup
  previous_expires_at: string
}

export type SecretKey = {
  key_id: string
  agent_id: string
  name: string
  /** Of the newest version: its first and last 4 characters. */
  key_preview: string
  /** `full_access`, or single scopes. */
  scopes: string[]
  /** null: every application of the account. */
  application_ids: string[] | null
  /** Addresses and CIDR ranges that it may be used from; null: any. */
  allowed_ips: string[] | null
  created_at: string
  /** To the minute. */
  last_used_at: string | null
  last_used_ip: string | null
  /** null: never, unless it is revoked. */
  expires_at: string | null
  status: 'active' | 'revoked' | 'expired'
}

export type Session = {
  id: string
  user_id: string
  external_user_id: string | null
  method: string
  credential_id: string | null
  ip_address: string | null
  user_agent: string | null
  dbsc: 'none' | 'bound'
  created_at: string
  last_seen_at: string
  expires_at: string
  revoked_at: string | null
}

export type SessionValidation = {
  valid: true
  user_id: string
  /** Empty when the user is anonymous. */
  external_user_id: string
  tenant_id: string
  app_id: string
  session_id: string
  is_anonymous: boolean
  expires_at: string
  custom_claims: Record<string, string | number | boolean>
}

export type SignedInUser = {
  user_id: string
  external_user_id: string | null
  is_anonymous: boolean
  email?: string
  metadata?: Record<string, string | number | boolean>
}

export type Tenant = {
  id: string
  account_id: string
  name: string
  /** How many it has, without deleted ones. */
  applications: number
  created_at: string
}

export type TokenAnswer = {
  access_token: string
  token_type: 'Bearer'
  expires_in: number
  /** With `offline_access`; replaced at every use. */
  refresh_token?: string
  /** When it differs from what was asked. */
  scope?: string
  /** Shown once. */
  secret_key?: string
  key_preview?: string
  setup?: KeySetup
  /** Of a claim: the tenant has an owner now; the credentials that there are go on working. */
  claimed?: true
  tenantId?: string
  clientId?: string
  applicationId?: string
  limits?: { maxUsers: number | null; maxApps: number | null }
}

export type Usage = {
  tenant_id: string
  period: string
  /** Answered calls of `/v1` and `/oauth`, without 429 and 5xx. */
  api_calls: number
  /** Distinct users who signed in during the month. */
  active_users: number
  /** Sign-ins begun for another device. */
  qr_sessions: number
  /** E-mails sent to users. */
  emails_sent: number
  /** Users there are now. */
  users_total: number
}

export type User = {
  id: string
  external_user_id: string | null
  status: 'active' | 'locked' | 'disabled'
  created_at: string
  updated_at: string
  metadata: Record<string, string | number | boolean>
  custom_claims: Record<string, string | number | boolean>
}

export type UserDataReport = {
  generated_at: string
  user: {
    id: string
    external_user_id: string | null
    status: 'active' | 'locked' | 'disabled'
    created_at: string
    updated_at: string
    metadata: Record<string, string | number | boolean>
    custom_claims: Record<string, string | number | boolean>
    /** When the first session or passkey was made. */
    authenticated_at: string | null
    /** Failed sign-ins of the two windows, and the lock they led to. */
    lockout: {
      locked_until: string | null
      soft_failures: number
      soft_since: string | null
      hard_failures: number
      hard_since: string | null
    }
  }
  /** Revoked ones too. */
  credentials: {
    credential_id: string
    status: string
    alias: string | null
    transports: string[]
    attestation_type: string
    aaguid: string
    backup_eligible: boolean
    backup_state: boolean
    created_at: string
    last_used_at: string | null
    revoked_at: string | null
    /** The authenticator's own id of the passkey, base64url. */
    webauthn_id: string
    rp_id: string
    algorithm: number
    sign_count: number
    attachment: string | null
    discoverable: boolean | null
    uv_initialized: boolean
    extensions: Record<string, unknown>
  }[]
  identifiers: { id: string; type: string; value: string; verified: boolean; linked_at: string }[]
  /** Ended ones too, until they are cleared away. */
  sessions: {
    id: string
    method: string
    credential_id: string | null
    ip_address: string | null
    user_agent: string | null
    created_at: string
    last_seen_at: string
    expires_at: string
    revoked_at: string | null
  }[]
  /** Empty in this version. */
  dbsc_sessions: Record<string, unknown>[]
  /** Empty in this version. */
  acting_as: Record<string, unknown>[]
  /** Empty in this version. */
  enrollment_tickets: Record<string, unknown>[]
  /** Empty in this version. */
  action_challenges: Record<string, unknown>[]
  /** Empty in this version. */
  webhook_deliveries: Record<string, unknown>[]
  /** The sign-up on the hosted page, for as long as it is kept: half an hour. */
  onboardings: {
    id: string
    status: string
    display_name: string | null
    email: string | null
    origin: string | null
    created_at: string
    expires_at: string
  }[]
  /** Registrations and sign-ins under way. */
  ceremonies: {
    id: string
    kind: string
    external_user_id: string | null
    rp_id: string | null
    /** Passkeys that were offered, by `webauthn_id`. */
    credential_ids: string[]
    created_at: string
    expires_at: string
  }[]
  /** Months in which the user signed in, as usage counts them. */
  active_months: { period: string }[]
  /** Answers about the user that are kept for 24 hours for repeated requests. */
  idempotency_records: { operation: string; key: string; status: number | null; created_at: string; expires_at: string }[]
  /** Who another person was that did something to the user is left out. */
  audit_logs: {
    id: string
    event: string
    category: string
    success: boolean
    ip_address: string | null
    user_agent: string | null
    request_id: string | null
    actor: Record<string, unknown>
    metadata: Record<string, unknown>
    created_at: string
  }[]
}

export type UserListItem = {
  id: string
  external_user_id: string | null
  status: 'active' | 'locked' | 'disabled'
  created_at: string
}

export type WaitingDeviceRequest = {
  id: string
  /** `approved`: by the person who asks, and not collected by the program yet. */
  status: 'pending' | 'approved'
  /** Whether the person has entered its code, and looked at it. */
  opened: boolean
  /** What it calls itself; verified by nobody. */
  agent_name: string | null
  /** Of its client, in the client’s own words. */
  client_name: string | null
  ip_address: string
  /** Asked for; once approved, granted. */
  scopes: { scope: string; about: string }[]
  /** It asks to hand its tenant over. */
  claim: boolean
  requested_at: string
  expires_at: string
}

/** Methods of the admin client. Inputs and results have the fields of the HTTP API. */
export interface AdminApi {
  account: {
    address: {
      /** Prove the own address with the token of the mail's link. `POST /v1/account/address/prove` */
      prove(input: {
        /** From the mail's link, behind `#token=`. */
        token: string
        /** The proof of `POST /v1/dashboard/step-up` for `account.address.prove`. */
        step_up?: { session_id: string; credential: AuthenticationResponse }
      }, options?: CallOptions): Promise<{
        email: string | null
        email_verified: boolean
        /** What agents opened with the address before: now also accounts of the person. */
        accounts: { id: string; name: string }[]
      }>
      /** Mail a link that proves the address of the signed-in person; good for a day, once. `POST /v1/account/address/request-proof` */
      requestProof(input: { email: string }, options?: CallOptions): Promise<void>
    }
    /** Go on in another account that the person belongs to, in all sessions. `POST /v1/account/choose` */
    choose(input: { account_id: string }, options?: CallOptions): Promise<void>
    invitations: {
      /** List the invitations that can still be used, oldest first. `GET /v1/account/invitations` */
      list(input?: {
        /** Results per page, 1 to 100. */
        limit?: number
        starting_after?: string
      }, options?: CallOptions): List<Invitation>
      /** Take an invitation back: its link works no longer. `DELETE /v1/account/invitations/{invitation_id}` */
      withdraw(invitationId: string, options?: CallOptions): Promise<void>
    }
    members: {
      /** Invite somebody to the account by mail; the link is good for a week, once. `POST /v1/account/members` */
      invite(input: { email: string; role: 'owner' | 'admin' | 'viewer' }, options?: CallOptions): Promise<Invitation>
      /** List the people of the account, who is in it longest first. `GET /v1/account/members` */
      list(input?: {
        /** Results per page, 1 to 100. */
        limit?: number
        /** Cursor: the previous page's `next_cursor`. */
        starting_after?: string
      }, options?: CallOptions): List<Member>
      /** Remove somebody from the account, perhaps oneself; never the last owner. `DELETE /v1/account/members/{user_id}` */
      remove(userId: string, options?: CallOptions): Promise<void>
    }
    passkeys: {
      /** List the signed-in person's own passkeys, ended ones too, newest first. `GET /v1/account/passkeys` */
      list(input?: {
        /** Results per page, 1 to 100. */
        limit?: number
        starting_after?: string
      }, options?: CallOptions): List<Credential>
      register: {
        /** Verify and store the new passkey; the session stays what it is. `POST /v1/account/passkeys/register/finish` */
        finish(input: {
          /** From the start of the ceremony. */
          session_id: string
          credential: RegistrationResponse
          alias?: string
        }, options?: CallOptions): Promise<{ credential_id: string; status: 'active' }>
        /** Start another passkey of the signed-in person, with a proof of one that they have. `POST /v1/account/passkeys/register/start` */
        start(input?: {
          /** The proof of `POST /v1/dashboard/step-up` for `account.passkeys.register`. */
          step_up?: { session_id: string; credential: AuthenticationResponse }
        }, options?: CallOptions): Promise<Registration>
      }
      /** Remove one of the own passkeys, with a proof of any of them; the last one stays. `POST /v1/account/passkeys/{credential_id}/remove` */
      remove(credentialId: string, input?: {
        /** The proof of `POST /v1/dashboard/step-up` for `account.passkeys.remove:<credential_id>`. */
        step_up?: { session_id: string; credential: AuthenticationResponse }
      }, options?: CallOptions): Promise<void>
      /** Rename one of the signed-in person's own passkeys. `PATCH /v1/account/passkeys/{credential_id}` */
      update(credentialId: string, input: { alias: string }, options?: CallOptions): Promise<Credential>
    }
  }
  agents: {
    /** Read what is known of one program. `GET /v1/agents/{agent_id}` */
    get(agentId: string, options?: CallOptions): Promise<Agent>
    /** List the programs with access to the account, revoked ones too, oldest first. `GET /v1/agents` */
    list(input?: {
      /** Results per page, 1 to 100. */
      limit?: number
      /** Cursor: the previous page's `next_cursor`. */
      starting_after?: string
    }, options?: CallOptions): List<Agent>
    /** End the access of a program: all its keys and tokens, everywhere within a second. `DELETE /v1/agents/{agent_id}` */
    revoke(agentId: string, options?: CallOptions): Promise<void>
  }
  applications: {
    /** Serve a suspended application again. `POST /v1/applications/{id}/activate` */
    activate(id: string, input?: { reason?: string }, options?: CallOptions): Promise<Application>
    /** Make an application, with a client secret that is shown once. `POST /v1/applications` */
    create(input: {
      name: string
      allowed_origins: string[]
      /** Shown by authenticators; the name if null. */
      display_name?: string | null
      /** Sites that may embed the ceremonies in a frame. */
      allowed_top_origins?: string[]
      /** Served at `/.well-known/webauthn` of the `rp_id`. */
      related_origins?: string[]
      /** Null: the host of the request's origin. */
      rp_id?: string | null
      /** Exact URLs that a ceremony may hand back as `redirect_url`, and the hosted page may lead to. */
      success_urls?: string[]
      registration_policy?: 'open' | 'preregistered' | 'ticket'
      anonymous_signup?: boolean
      user_verification?: 'required' | 'preferred'
      /** Start routes may say that a user has no passkey. */
      reveal_user_existence?: boolean
      session_ttl_seconds?: number
      custom_claims_schema?: Record<string, { type: 'string' | 'number' | 'boolean'; client_settable?: boolean }>
      /** Failed sign-ins that lock a user, and for how long: `soft` within 15 minutes, `hard` within 24 hours of the first. Members left out stay. */
      lockout?: { soft_failures?: number; soft_seconds?: number; hard_failures?: number; hard_seconds?: number }
      /** What a sign count that goes back leads to. */
      replay_policy?: 'reject' | 'flag'
      /** Stored; takes effect with e-mail codes. */
      email_fallback_enabled?: boolean
      /** Members left out stay. Stored; takes effect with enrollment tickets. */
      enrollment?: { enabled?: boolean; ticket_ttl_seconds?: number; max_active_tickets?: number }
      /** Stored; takes effect with bridges. */
      bridge_enabled?: boolean
      /** Stored; takes effect with sign-in on another device. */
      cross_device_enabled?: boolean
      /** On an allowed origin; null: the hosted page. Stored; takes effect with sign-in on another device. */
      qr_base_url?: string | null
      /** Stored; takes effect with sign-in with Ethereum. */
      allowed_chain_ids?: number[]
      /** Stored; takes effect with device-bound sessions. */
      dbsc_mode?: 'off' | 'optional' | 'require'
      /** Members left out stay. Stored; takes effect with acting-as. */
      acting_as?: { enabled?: boolean; max_ttl_seconds?: number; delegation_enabled?: boolean }
      /** The first one makes the signing secret, which that answer shows once. Stored; takes effect with webhooks. */
      webhook_url?: string | null
      /** Null: all of them. Stored; takes effect with webhooks. */
      webhook_events?:
        | (
        | 'auth.success'
        | 'user.created'
        | 'user.deleted'
        | 'user.locked'
        | 'passkey.registered'
        | 'credential.revoked'
        | 'account.recovered'
        | 'session.revoked'
        | 'session.logout'
        | 'identifier.linked'
        | 'identifier.unlinked'
        | 'recovery.enrollment.issued'
        | 'recovery.enrollment.completed'
        | 'enrollment.completed'
        | 'application.secret_rotated'
        | 'webhook.test')[]
        | null
      /** Stored; takes effect with webhooks. */
      webhook_legacy_signature?: boolean
      /** Whether its client may ask people for access by device codes. */
      device_flow?: boolean
      /** Public keys (RFC 7517; ES256, RS256, EdDSA) of a backend that authenticates with `private_key_jwt` instead of a client secret. */
      client_jwks?: (
        | { kty: 'EC'; crv: 'P-256'; x: string; y: string; kid?: string; use?: 'sig'; alg?: 'ES256' }
        | { kty: 'RSA'; n: string; e: 'AQAB'; kid?: string; use?: 'sig'; alg?: 'RS256' }
        | { kty: 'OKP'; crv: 'Ed25519'; x: string; kid?: string; use?: 'sig'; alg?: 'EdDSA' | 'Ed25519' })[]
      /** What tokens of the application may be granted; changed from the dashboard only. Tokens issued before keep their scopes until they expire. */
      allowed_scopes?: (
        | 'users:read'
        | 'users:write'
        | 'credentials:read'
        | 'credentials:write'
        | 'sessions:read'
        | 'sessions:write'
        | 'applications:read'
        | 'applications:write'
        | 'webhooks:read'
        | 'webhooks:write'
        | 'attestation:read'
        | 'attestation:write'
        | 'dbsc:read'
        | 'dbsc:write'
        | 'acting_as:read'
        | 'acting_as:write'
        | 'audit:read'
        | 'usage:read'
        | 'privacy:read'
        | 'billing:read'
        | 'enrollment:write'
        | 'recovery:write'
        | 'migration:write'
        | 'auth_link')[]
    }, options?: CallOptions): Promise<CreatedApplication>
    /** Delete an application: unreachable at once, erased with its users after 30 days. `DELETE /v1/applications/{id}` */
    delete(id: string, options?: CallOptions): Promise<void>
    /** Read one application and its settings. `GET /v1/applications/{id}` */
    get(id: string, options?: CallOptions): Promise<Application>
    /** List applications, oldest first. `GET /v1/applications` */
    list(input?: {
      /** `account` is for people: programs see their tenant. */
      scope?: 'tenant' | 'account'
      /** Results per page, 1 to 100. */
      limit?: number
      /** Cursor: the previous page's `next_cursor`. */
      starting_after?: string
    }, options?: CallOptions): List<Application>
    /** Replace the client secret; the new one is shown once. `POST /v1/applications/{id}/rotate-secret` */
    rotateSecret(id: string, input?: {
      /** Seconds that the previous secret goes on working; 0 ends it at once. */
      grace_period_seconds?: number
    }, options?: CallOptions): Promise<{
      application_id: string
      client_id: string
      /** Shown once. */
      new_client_secret: string
      previous_secret_expires_at: string
      rotated_at: string
    }>
    /** Replace the signing secret of webhooks; the new one is shown once. `POST /v1/applications/{id}/webhook-secret/rotate` */
    rotateWebhookSecret(id: string, input?: {
      /** Seconds that the previous secret goes on working; 0 ends it at once. */
      grace_period_seconds?: number
    }, options?: CallOptions): Promise<{
      application_id: string
      /** Shown once. */
      webhook_signing_secret: string
      previous_secret_expires_at: string
    }>
    /** Stop an application: its clients, browsers and end users are refused until it is activated. `POST /v1/applications/{id}/suspend` */
    suspend(id: string, input?: { reason?: string }, options?: CallOptions): Promise<Application>
    /** Change settings of an application, such as its allowed origins. `PATCH /v1/applications/{id}` */
    update(id: string, input?: {
      name?: string
      allowed_origins?: string[]
      /** Shown by authenticators; the name if null. */
      display_name?: string | null
      /** Sites that may embed the ceremonies in a frame. */
      allowed_top_origins?: string[]
      /** Served at `/.well-known/webauthn` of the `rp_id`. */
      related_origins?: string[]
      /** Null: the host of the request's origin. */
      rp_id?: string | null
      /** Exact URLs that a ceremony may hand back as `redirect_url`, and the hosted page may lead to. */
      success_urls?: string[]
      registration_policy?: 'open' | 'preregistered' | 'ticket'
      anonymous_signup?: boolean
      user_verification?: 'required' | 'preferred'
      /** Start routes may say that a user has no passkey. */
      reveal_user_existence?: boolean
      session_ttl_seconds?: number
      custom_claims_schema?: Record<string, { type: 'string' | 'number' | 'boolean'; client_settable?: boolean }>
      /** Failed sign-ins that lock a user, and for how long: `soft` within 15 minutes, `hard` within 24 hours of the first. Members left out stay. */
      lockout?: { soft_failures?: number; soft_seconds?: number; hard_failures?: number; hard_seconds?: number }
      /** What a sign count that goes back leads to. */
      replay_policy?: 'reject' | 'flag'
      /** Stored; takes effect with e-mail codes. */
      email_fallback_enabled?: boolean
      /** Members left out stay. Stored; takes effect with enrollment tickets. */
      enrollment?: { enabled?: boolean; ticket_ttl_seconds?: number; max_active_tickets?: number }
      /** Stored; takes effect with bridges. */
      bridge_enabled?: boolean
      /** Stored; takes effect with sign-in on another device. */
      cross_device_enabled?: boolean
      /** On an allowed origin; null: the hosted page. Stored; takes effect with sign-in on another device. */
      qr_base_url?: string | null
      /** Stored; takes effect with sign-in with Ethereum. */
      allowed_chain_ids?: number[]
      /** Stored; takes effect with device-bound sessions. */
      dbsc_mode?: 'off' | 'optional' | 'require'
      /** Members left out stay. Stored; takes effect with acting-as. */
      acting_as?: { enabled?: boolean; max_ttl_seconds?: number; delegation_enabled?: boolean }
      /** The first one makes the signing secret, which that answer shows once. Stored; takes effect with webhooks. */
      webhook_url?: string | null
      /** Null: all of them. Stored; takes effect with webhooks. */
      webhook_events?:
        | (
        | 'auth.success'
        | 'user.created'
        | 'user.deleted'
        | 'user.locked'
        | 'passkey.registered'
        | 'credential.revoked'
        | 'account.recovered'
        | 'session.revoked'
        | 'session.logout'
        | 'identifier.linked'
        | 'identifier.unlinked'
        | 'recovery.enrollment.issued'
        | 'recovery.enrollment.completed'
        | 'enrollment.completed'
        | 'application.secret_rotated'
        | 'webhook.test')[]
        | null
      /** Stored; takes effect with webhooks. */
      webhook_legacy_signature?: boolean
      /** Whether its client may ask people for access by device codes. */
      device_flow?: boolean
      /** Public keys (RFC 7517; ES256, RS256, EdDSA) of a backend that authenticates with `private_key_jwt` instead of a client secret. */
      client_jwks?: (
        | { kty: 'EC'; crv: 'P-256'; x: string; y: string; kid?: string; use?: 'sig'; alg?: 'ES256' }
        | { kty: 'RSA'; n: string; e: 'AQAB'; kid?: string; use?: 'sig'; alg?: 'RS256' }
        | { kty: 'OKP'; crv: 'Ed25519'; x: string; kid?: string; use?: 'sig'; alg?: 'EdDSA' | 'Ed25519' })[]
      /** What tokens of the application may be granted; changed from the dashboard only. Tokens issued before keep their scopes until they expire. */
      allowed_scopes?: (
        | 'users:read'
        | 'users:write'
        | 'credentials:read'
        | 'credentials:write'
        | 'sessions:read'
        | 'sessions:write'
        | 'applications:read'
        | 'applications:write'
        | 'webhooks:read'
        | 'webhooks:write'
        | 'attestation:read'
        | 'attestation:write'
        | 'dbsc:read'
        | 'dbsc:write'
        | 'acting_as:read'
        | 'acting_as:write'
        | 'audit:read'
        | 'usage:read'
        | 'privacy:read'
        | 'billing:read'
        | 'enrollment:write'
        | 'recovery:write'
        | 'migration:write'
        | 'auth_link')[]
      confirm_rp_id_change?: true
    }, options?: CallOptions): Promise<ApplicationWithWebhookSecret>
  }
  auditLogs: {
    /** List the security events of the application, newest first. `GET /v1/audit-logs` */
    export(input?: {
      event?:
        | 'user.created'
        | 'user.deleted'
        | 'passkey.registered'
        | 'auth.success'
        | 'auth.failed'
        | 'credential.revoked'
        | 'credential.lockout'
        | 'credential.replay_detected'
        | 'account.recovered'
        | 'onboarding.completed'
        | 'registration.started'
        | 'subscription.created'
        | 'subscription.updated'
        | 'subscription.cancelled'
        | 'subscription.expired'
        | 'account.plan.changed'
        | 'action.challenge.issued'
        | 'action.signed'
        | 'action.sign.failed'
        | 'attestation.policy.updated'
        | 'attestation.policy.violation'
        | 'attestation.credential.blocked'
        | 'attestation.mds.cache.refreshed'
        | 'attestation.mds.cache.failed'
        | 'dbsc.session.registered'
        | 'dbsc.session.verified'
        | 'dbsc.session.invalidated'
        | 'dbsc.verification.failed'
        | 'identifier.linked'
        | 'identifier.unlinked'
        | 'session.exchanged'
        | 'session.exchange.denied'
        | 'acting-as.invoked'
        | 'acting-as.ended'
        | 'application.config_changed'
        | 'application.secret_rotated'
        | 'authorization.denied'
        | 'device.requested'
        | 'device.approved'
        | 'device.denied'
        | 'device.redeemed'
        | 'device.code_failed'
        | 'secret_key.created'
        | 'secret_key.rotated'
        | 'secret_key.revoked'
        | 'secret_key.expired'
        | 'secret_key.leak_reported'
        | 'agent.revoked'
        | 'agent.registration_requested'
        | 'agent.registered'
        | 'agent.verification_failed'
        | 'agent.locked'
        | 'agent.claimed'
        | 'tenant.provisioned'
        | 'tenant.updated'
        | 'tenant.deleted'
        | 'tenant.purged'
        | 'oauth.consent_granted'
        | 'oauth.consent_denied'
        | 'oauth.consent_revoked'
        | 'client.registered'
        | 'refresh_token.reuse_detected'
        | 'token.revoked'
        | 'account.created'
        | 'account.admitted'
        | 'account.disabled'
        | 'application.created'
        | 'application.suspended'
        | 'application.activated'
        | 'application.deleted'
        | 'session.revoked'
        | 'session.logout'
        | 'dashboard.session.opened'
        | 'user.updated'
        | 'user.unlocked'
        | 'users.imported'
        | 'users.exported'
        | 'recovery.started'
        | 'recovery.enrollment.issued'
        | 'recovery.enrollment.completed'
        | 'enrollment.ticket.issued'
        | 'enrollment.ticket.cancelled'
        | 'enrollment.completed'
        | 'acting-as.started'
        | 'webhook.secret_rotated'
        | 'webhook.endpoint.disabled'
        | 'member.invited'
        | 'member.joined'
        | 'member.removed'
        | 'audit.exported'
        | 'privacy.report.generated'
      success?: boolean
      user_id?: string
      /** Earliest time, inclusive. */
      from?: string
      /** Latest time, exclusive. */
      to?: string
    }, options?: CallOptions): Export<AuditLog, 'ndjson' | 'csv'>
    /** List the security events of the application, newest first. `GET /v1/audit-logs` */
    list(input?: {
      /** Results per page, 1 to 100. */
      limit?: number
      /** Cursor: the previous page's `next_cursor`. */
      starting_after?: string
      event?:
        | 'user.created'
        | 'user.deleted'
        | 'passkey.registered'
        | 'auth.success'
        | 'auth.failed'
        | 'credential.revoked'
        | 'credential.lockout'
        | 'credential.replay_detected'
        | 'account.recovered'
        | 'onboarding.completed'
        | 'registration.started'
        | 'subscription.created'
        | 'subscription.updated'
        | 'subscription.cancelled'
        | 'subscription.expired'
        | 'account.plan.changed'
        | 'action.challenge.issued'
        | 'action.signed'
        | 'action.sign.failed'
        | 'attestation.policy.updated'
        | 'attestation.policy.violation'
        | 'attestation.credential.blocked'
        | 'attestation.mds.cache.refreshed'
        | 'attestation.mds.cache.failed'
        | 'dbsc.session.registered'
        | 'dbsc.session.verified'
        | 'dbsc.session.invalidated'
        | 'dbsc.verification.failed'
        | 'identifier.linked'
        | 'identifier.unlinked'
        | 'session.exchanged'
        | 'session.exchange.denied'
        | 'acting-as.invoked'
        | 'acting-as.ended'
        | 'application.config_changed'
        | 'application.secret_rotated'
        | 'authorization.denied'
        | 'device.requested'
        | 'device.approved'
        | 'device.denied'
        | 'device.redeemed'
        | 'device.code_failed'
        | 'secret_key.created'
        | 'secret_key.rotated'
        | 'secret_key.revoked'
        | 'secret_key.expired'
        | 'secret_key.leak_reported'
        | 'agent.revoked'
        | 'agent.registration_requested'
        | 'agent.registered'
        | 'agent.verification_failed'
        | 'agent.locked'
        | 'agent.claimed'
        | 'tenant.provisioned'
        | 'tenant.updated'
        | 'tenant.deleted'
        | 'tenant.purged'
        | 'oauth.consent_granted'
        | 'oauth.consent_denied'
        | 'oauth.consent_revoked'
        | 'client.registered'
        | 'refresh_token.reuse_detected'
        | 'token.revoked'
        | 'account.created'
        | 'account.admitted'
        | 'account.disabled'
        | 'application.created'
        | 'application.suspended'
        | 'application.activated'
        | 'application.deleted'
        | 'session.revoked'
        | 'session.logout'
        | 'dashboard.session.opened'
        | 'user.updated'
        | 'user.unlocked'
        | 'users.imported'
        | 'users.exported'
        | 'recovery.started'
        | 'recovery.enrollment.issued'
        | 'recovery.enrollment.completed'
        | 'enrollment.ticket.issued'
        | 'enrollment.ticket.cancelled'
        | 'enrollment.completed'
        | 'acting-as.started'
        | 'webhook.secret_rotated'
        | 'webhook.endpoint.disabled'
        | 'member.invited'
        | 'member.joined'
        | 'member.removed'
        | 'audit.exported'
        | 'privacy.report.generated'
      success?: boolean
      user_id?: string
      /** Earliest time, inclusive. */
      from?: string
      /** Latest time, exclusive. */
      to?: string
    }, options?: CallOptions): List<AuditLog>
  }
  connection: {
    /** Tell who is connected: scopes, applications in reach, limits of the plan, and when all would be purged. `GET /v1/connection` */
    status(options?: CallOptions): Promise<Connection>
  }
  device: {
    requests: {
      /** Turn a program of that list away, for good; also after approving it, until it has collected. `DELETE /v1/device/requests/{request_id}` */
      deny(requestId: string, options?: CallOptions): Promise<void>
      /** List the programs that wait for this person, newest first. `GET /v1/device/requests` */
      list(input?: {
        /** Results per page, 1 to 100. */
        limit?: number
        /** Cursor: the previous page's `next_cursor`. */
        starting_after?: string
      }, options?: CallOptions): List<WaitingDeviceRequest>
    }
  }
  invitations: {
    /** Join the account of an invitation, and open the dashboard in it. `POST /v1/invitations/accept` */
    accept(input: {
      /** From the mail's link, behind `#`. */
      token: string
      /** Of the console: who joins. Used up. */
      session_token: string
    }, options?: CallOptions): Promise<void>
    /** Page of an invitation: what it says. `POST /v1/invitations/show` */
    show(input: {
      /** From the mail's link, behind `#`. */
      token: string
    }, options?: CallOptions): Promise<{ account_name: string; email: string; role: 'owner' | 'admin' | 'viewer'; expires_at: string }>
    /** Page of an invitation: options for the first passkey of somebody who has none. `POST /v1/invitations/sign-up` */
    signUp(input: {
      /** From the mail's link, behind `#`. */
      token: string
    }, options?: CallOptions): Promise<{ session_id: string; challenge: CreationOptions }>
  }
  keys: {
    /** Make a secret key; it is shown once, with the commands that connect clients. `POST /v1/keys` */
    create(input: {
      name: string
      /** `full_access` for a person unless said, the own ones for a program. */
      scopes?: (
        | 'users:read'
        | 'users:write'
        | 'credentials:read'
        | 'credentials:write'
        | 'sessions:read'
        | 'sessions:write'
        | 'applications:read'
        | 'applications:write'
        | 'webhooks:read'
        | 'webhooks:write'
        | 'attestation:read'
        | 'attestation:write'
        | 'dbsc:read'
        | 'dbsc:write'
        | 'acting_as:read'
        | 'acting_as:write'
        | 'audit:read'
        | 'usage:read'
        | 'privacy:read'
        | 'billing:read'
        | 'enrollment:write'
        | 'recovery:write'
        | 'migration:write'
        | 'auth_link'
        | 'keys:read'
        | 'keys:write'
        | 'full_access')[]
      /** Every application unless said. */
      application_ids?: string[]
      /** Addresses and CIDR ranges that it may be used from, such as `192.0.2.0/24` or `2001:db8::/32`: any unless said, those of the own key for a program. */
      allowed_ips?: string[]
      /** Never unless said. */
      expires_at?: string
      /** For a person: the proof of `POST /v1/dashboard/step-up` for `keys.create`. */
      step_up?: { session_id: string; credential: { id: string } & Record<string, unknown> }
    }, options?: CallOptions): Promise<CreatedSecretKey>
    /** Read what is known of the secret key that calls. `GET /v1/keys/current` */
    current(options?: CallOptions): Promise<SecretKey>
    /** Read what is known of one secret key. `GET /v1/keys/{key_id}` */
    get(keyId: string, options?: CallOptions): Promise<SecretKey>
    /** List secret keys, ended ones too, oldest first; never the keys themselves. `GET /v1/keys` */
    list(input?: {
      /** Results per page, 1 to 100. */
      limit?: number
      /** Cursor: the previous page's `next_cursor`. */
      starting_after?: string
    }, options?: CallOptions): List<SecretKey>
    /** End a secret key for good, with the tokens handed out with it, everywhere within a second. `DELETE /v1/keys/{key_id}` */
    revoke(keyId: string, options?: CallOptions): Promise<void>
    /** End the secret key that calls, everywhere within a second. `DELETE /v1/keys/current` */
    revokeCurrent(options?: CallOptions): Promise<void>
    /** Replace a secret key; the new one is shown once, the one before works until the grace period ends. `POST /v1/keys/{key_id}/rotate` */
    rotate(keyId: string, input?: {
      /** Seconds that the previous secret goes on working; 0 ends it at once. */
      grace_period_seconds?: number
    }, options?: CallOptions): Promise<RotatedSecretKey>
  }
  oauth: {
    /** Ask whether a token is good, and what it is for (RFC 7662). `POST /oauth/introspect` */
    introspect(input: {
      token: string
      /** Ignored: every kind is looked for. */
      token_type_hint?: string
      /** `cli_…`, or the `app_…` id of the same application. */
      client_id?: string
      client_secret?: string
      client_assertion_type?: string
      /** `private_key_jwt`: signed with a key of `client_jwks` or of the metadata document, for this issuer alone, used once. */
      client_assertion?: string
    }, options?: CallOptions): Promise<{
      active: boolean
      scope?: string
      client_id?: string
      sub?: string
      /** Absent for a secret key without an end. */
      exp?: number
      iat?: number
      iss?: string
      aud?: string | string[]
      token_type?: 'Bearer' | 'refresh_token'
      /** Of a secret key: its id. */
      jti?: string
      /** The agent that acts for `sub`. */
      act?: { sub: string } & Record<string, unknown>
      /** Of a key with such a list, and of its tokens: accept it from these addresses alone. */
      allowed_ips?: string[]
      tenant_id?: string
      app_id?: string
      account_id?: string
      /** Of a session token. */
      user_id?: string
      external_user_id?: string
    }>
    /** End a token of the own client before its time (RFC 7009). `POST /oauth/revoke` */
    revoke(input: {
      token: string
      /** Ignored: every kind is looked for. */
      token_type_hint?: string
      /** `cli_…`, or the `app_…` id of the same application. */
      client_id?: string
      client_secret?: string
      client_assertion_type?: string
      /** `private_key_jwt`: signed with a key of `client_jwks` or of the metadata document, for this issuer alone, used once. */
      client_assertion?: string
    }, options?: CallOptions): Promise<void>
    /** Exchange a grant for an access token (RFC 6749 §3.2). `POST /oauth/token` */
    token(input: {
      grant_type: string
      /** `cli_…`, or the `app_…` id of the same application. */
      client_id?: string
      client_secret?: string
      client_assertion_type?: string
      /** `private_key_jwt`: signed with a key of `client_jwks` or of the metadata document, for this issuer alone, used once. */
      client_assertion?: string
      /** Space-separated; all allowed scopes if left out. */
      scope?: string
      /** RFC 8707: the resource that the token is for. */
      resource?: string
      /** For the device grant. */
      device_code?: string
      /** For the authorization code grant. */
      code?: string
      redirect_uri?: string
      /** RFC 7636. */
      code_verifier?: string
      refresh_token?: string
    }, options?: CallOptions): Promise<TokenAnswer>
  }
  onboarding: {
    /** Look whether the vending machine would answer, without using up the hour. `GET /v1/onboarding/ai` */
    availability(options?: CallOptions): Promise<{
      available: boolean
      limits: { maxUsers: number; maxApps: number }
      inactivity_purge_after_days: number
      rate_limit: { count: number; window_seconds: number }
      retry_after?: number
      /** Find `solution` so that SHA-256 of `salt:solution` begins with `bits` zero bits. */
      challenge?: {
        alg: 'sha256-leading-zero-bits'
        bits: number
        salt: string
        /** Until when, in seconds since 1970. */
        exp: number
      }
    }>
    /** Get a tenant, an application and client credentials with one call (the vending machine). `POST /v1/onboarding/ai` */
    provisionAgent(input: {
      name: string
      /** Where `GET` announces a `challenge`; usable once. */
      proof?: {
        bits: number
        salt: string
        /** Until when, in seconds since 1970. */
        exp: number
        solution: string
      }
    }, options?: CallOptions): Promise<AgentCredentials>
    /** Begin a sign-up on the hosted page, for a person who will own an account or for an end user. `POST /v1/onboarding/start` */
    start(input: {
      /** Who signs up: the owner of a new account, or an end user of the application. */
      user_role: 'maintainer' | 'app_user'
      /** Where the person goes in the end: one of `success_urls`; of a maintainer on this server, or in the operator's list. */
      return_url?: string
      /** Where a page that has expired leads; listed like `return_url`. */
      refresh_url?: string
      /** Shown on the page; never trusted. */
      prefill?: {
        /** Of a maintainer. */
        company_name?: string
        /** Of an end user. */
        display_name?: string
        email?: string
      }
    }, options?: CallOptions): Promise<{
      session_id: string
      /** The page for the person. */
      hosted_url: string
      /** The page for the person. */
      onboarding_url: string
      expires_in: number
    }>
    /** Tell how far a sign-up is; whoever has its id may ask. `GET /v1/onboarding/{id}/status` */
    status(id: string, options?: CallOptions): Promise<{
      status: 'pending_data' | 'pending_passkey' | 'completed' | 'expired' | 'failed'
      /** The page for the person. */
      hosted_url?: string
      /** The page for the person. */
      onboarding_url?: string
      expires_in?: number
    }>
  }
  operator: {
    accounts: {
      /** Operator: admit an account from the wait-list, or enable a disabled one; its owners get a mail. `POST /v1/operator/accounts/{account_id}/admit` */
      admit(accountId: string, options?: CallOptions): Promise<OperatedAccount>
      /** Operator: stop an account with its people, programs and applications, within a second. `POST /v1/operator/accounts/{account_id}/disable` */
      disable(accountId: string, options?: CallOptions): Promise<OperatedAccount>
      /** Operator: list the accounts of the server that people own, oldest first. `GET /v1/operator/accounts` */
      list(input?: {
        /** Results per page, 1 to 100. */
        limit?: number
        starting_after?: string
        status?: 'waitlisted' | 'active' | 'disabled'
      }, options?: CallOptions): List<OperatedAccount>
    }
  }
  privacy: {
    /** Read everything stored about one user, as of one moment. `GET /v1/privacy/user-data/{external_user_id}` */
    report(externalUserId: string, options?: CallOptions): Promise<UserDataReport>
  }
  sessions: {
    /** End a session: any of the application for a backend, the own ones for an end user. `DELETE /v1/sessions/{id}` */
    revoke(id: string, options?: CallOptions): Promise<void>
  }
  tenants: {
    /** Delete a tenant with everything in it: unreachable at once, purged after 30 days. `DELETE /v1/tenants/{id}` */
    delete(id: string, input: {
      /** The id of the tenant again. */
      confirm: string
    }, options?: CallOptions): Promise<void>
    /** Read a tenant of the account. `GET /v1/tenants/{id}` */
    get(id: string, options?: CallOptions): Promise<Tenant>
    /** Give a tenant another name. `PATCH /v1/tenants/{id}` */
    update(id: string, input: { name: string }, options?: CallOptions): Promise<Tenant>
  }
  usage: {
    /** Count the calls and active users of a month. `GET /v1/usage` */
    get(input: {
      /** Month in UTC, `YYYY-MM`. */
      period: string
    }, options?: CallOptions): Promise<Usage>
  }
  users: {
    /** Create a user before the first passkey. `POST /v1/users` */
    create(input: {
      external_user_id: string
      email?: string
      email_verified?: boolean
      metadata?: Record<string, string | number | boolean>
      custom_claims?: Record<string, string | number | boolean>
    }, options?: CallOptions): Promise<CreatedUser>
    credentials: {
      /** List a user's passkeys with their status. `GET /v1/users/{external_user_id}/credentials` */
      list(externalUserId: string, input?: {
        /** Page number, from 1. */
        page?: number
        /** Results per page, 1 to 100. */
        limit?: number
      }, options?: CallOptions): List<Credential, { credentials: Credential[]; pagination: { page: number; limit: number; total: number } }>
      /** Revoke one passkey; the others of the user stay active. `DELETE /v1/users/{external_user_id}/credentials/{credential_id}` */
      revoke(externalUserId: string, credentialId: string, options?: CallOptions): Promise<void>
    }
    /** Erase a user with all passkeys, sessions and audit rows; this cannot be undone. `DELETE /v1/users/{external_user_id}` */
    delete(externalUserId: string, options?: CallOptions): Promise<void>
    /** List the users of the application, oldest first. `GET /v1/users` */
    export(options?: CallOptions): Export<{
      user_id: string
      external_user_id: string | null
      status: 'active' | 'locked' | 'disabled'
      created_at: string
      identifiers: { type: string; value: string; verified: boolean }[]
    }, 'ndjson'>
    /** Read one user. `GET /v1/users/{external_user_id}` */
    get(externalUserId: string, options?: CallOptions): Promise<User>
    /** Import users from another system, up to 100 in one body or 10,000 line by line. `POST /v1/migration/users/import` */
    import(input: {
      users: {
        external_user_id: string
        email?: string
        email_verified?: boolean
        metadata?: Record<string, string | number | boolean>
        custom_claims?: Record<string, string | number | boolean>
      }[]
      /** Only `false`: no invitations are sent. */
      invite?: false
    }, options?: CallOptions): Promise<{
      /** One for each user, in their order. */
      results: ImportResult[]
      created: number
      existing: number
      failed: number
    }>
    /** The same for as many as there are, in constant memory; results come in their order. */
    import(users: Iterable<{
      external_user_id: string
      email?: string
      email_verified?: boolean
      metadata?: Record<string, string | number | boolean>
      custom_claims?: Record<string, string | number | boolean>
    }> | AsyncIterable<{
      external_user_id: string
      email?: string
      email_verified?: boolean
      metadata?: Record<string, string | number | boolean>
      custom_claims?: Record<string, string | number | boolean>
    }>, options?: CallOptions): AsyncIterable<ImportResult>
    /** List the users of the application, oldest first. `GET /v1/users` */
    list(input?: {
      /** Results per page, 1 to 100. */
      limit?: number
      /** Cursor: the previous page's `next_cursor`. */
      starting_after?: string
    }, options?: CallOptions): List<UserListItem>
    sessions: {
      /** List a user's sessions, newest first. `GET /v1/users/{external_user_id}/sessions` */
      list(externalUserId: string, input?: {
        /** Results per page, 1 to 100. */
        limit?: number
        /** Cursor: the previous page's `next_cursor`. */
        starting_after?: string
      }, options?: CallOptions): List<Session>
      /** End every live session of a user. `DELETE /v1/users/{external_user_id}/sessions` */
      revokeAll(externalUserId: string, options?: CallOptions): Promise<void>
    }
    /** End a user's lockout, and forget the failed sign-ins that lead to one. `POST /v1/users/{external_user_id}/unlock` */
    unlock(externalUserId: string, options?: CallOptions): Promise<User>
    /** Disable or enable a user, or replace the user's metadata or custom claims. `PATCH /v1/users/{external_user_id}` */
    update(externalUserId: string, input?: {
      /** `disabled` ends every session, and the user cannot sign in. */
      status?: 'active' | 'disabled'
      /** Replaces what is there. */
      metadata?: Record<string, string | number | boolean>
      /** Replaces what is there. */
      custom_claims?: Record<string, string | number | boolean>
    }, options?: CallOptions): Promise<User>
  }
}

export const adminOperations = {
  account: {
    address: {
      prove: { method: 'POST', path: '/v1/account/address/prove' },
      requestProof: { method: 'POST', path: '/v1/account/address/request-proof' },
    },
    choose: { method: 'POST', path: '/v1/account/choose' },
    invitations: {
      list: { method: 'GET', path: '/v1/account/invitations', list: 'cursor' },
      withdraw: { method: 'DELETE', path: '/v1/account/invitations/{invitation_id}', bare: true },
    },
    members: {
      invite: { method: 'POST', path: '/v1/account/members' },
      list: { method: 'GET', path: '/v1/account/members', list: 'cursor' },
      remove: { method: 'DELETE', path: '/v1/account/members/{user_id}', bare: true },
    },
    passkeys: {
      list: { method: 'GET', path: '/v1/account/passkeys', list: 'cursor' },
      register: {
        finish: { method: 'POST', path: '/v1/account/passkeys/register/finish' },
        start: { method: 'POST', path: '/v1/account/passkeys/register/start' },
      },
      remove: { method: 'POST', path: '/v1/account/passkeys/{credential_id}/remove' },
      update: { method: 'PATCH', path: '/v1/account/passkeys/{credential_id}' },
    },
  },
  agents: {
    get: { method: 'GET', path: '/v1/agents/{agent_id}', bare: true },
    list: { method: 'GET', path: '/v1/agents', list: 'cursor' },
    revoke: { method: 'DELETE', path: '/v1/agents/{agent_id}', bare: true },
  },
  applications: {
    activate: { method: 'POST', path: '/v1/applications/{id}/activate', idempotent: true },
    create: { method: 'POST', path: '/v1/applications', idempotent: true },
    delete: { method: 'DELETE', path: '/v1/applications/{id}', idempotent: true, bare: true },
    get: { method: 'GET', path: '/v1/applications/{id}', bare: true },
    list: { method: 'GET', path: '/v1/applications', list: 'cursor' },
    rotateSecret: { method: 'POST', path: '/v1/applications/{id}/rotate-secret', idempotent: true },
    rotateWebhookSecret: { method: 'POST', path: '/v1/applications/{id}/webhook-secret/rotate', idempotent: true },
    suspend: { method: 'POST', path: '/v1/applications/{id}/suspend', idempotent: true },
    update: { method: 'PATCH', path: '/v1/applications/{id}', idempotent: true },
  },
  auditLogs: {
    export: { method: 'GET', path: '/v1/audit-logs', exports: true },
    list: { method: 'GET', path: '/v1/audit-logs', list: 'cursor' },
  },
  connection: {
    status: { method: 'GET', path: '/v1/connection', bare: true },
  },
  device: {
    requests: {
      deny: { method: 'DELETE', path: '/v1/device/requests/{request_id}', bare: true },
      list: { method: 'GET', path: '/v1/device/requests', list: 'cursor' },
    },
  },
  invitations: {
    accept: { method: 'POST', path: '/v1/invitations/accept', open: true },
    show: { method: 'POST', path: '/v1/invitations/show', open: true },
    signUp: { method: 'POST', path: '/v1/invitations/sign-up', open: true },
  },
  keys: {
    create: { method: 'POST', path: '/v1/keys', idempotent: true },
    current: { method: 'GET', path: '/v1/keys/current', bare: true },
    get: { method: 'GET', path: '/v1/keys/{key_id}', bare: true },
    list: { method: 'GET', path: '/v1/keys', list: 'cursor' },
    revoke: { method: 'DELETE', path: '/v1/keys/{key_id}', bare: true },
    revokeCurrent: { method: 'DELETE', path: '/v1/keys/current', bare: true },
    rotate: { method: 'POST', path: '/v1/keys/{key_id}/rotate' },
  },
  oauth: {
    introspect: { method: 'POST', path: '/oauth/introspect', dialect: 'oauth', open: true },
    revoke: { method: 'POST', path: '/oauth/revoke', dialect: 'oauth', open: true },
    token: { method: 'POST', path: '/oauth/token', dialect: 'oauth', open: true },
  },
  onboarding: {
    availability: { method: 'GET', path: '/v1/onboarding/ai', dialect: 'plain', open: true, bare: true },
    provisionAgent: { method: 'POST', path: '/v1/onboarding/ai', dialect: 'plain', idempotent: true, open: true },
    start: { method: 'POST', path: '/v1/onboarding/start', open: true },
    status: { method: 'GET', path: '/v1/onboarding/{id}/status', open: true, bare: true },
  },
  operator: {
    accounts: {
      admit: { method: 'POST', path: '/v1/operator/accounts/{account_id}/admit', bare: true },
      disable: { method: 'POST', path: '/v1/operator/accounts/{account_id}/disable', bare: true },
      list: { method: 'GET', path: '/v1/operator/accounts', list: 'cursor' },
    },
  },
  privacy: {
    report: { method: 'GET', path: '/v1/privacy/user-data/{external_user_id}', bare: true },
  },
  sessions: {
    revoke: { method: 'DELETE', path: '/v1/sessions/{id}', idempotent: true, bare: true },
  },
  tenants: {
    delete: { method: 'DELETE', path: '/v1/tenants/{id}', idempotent: true },
    get: { method: 'GET', path: '/v1/tenants/{id}', bare: true },
    update: { method: 'PATCH', path: '/v1/tenants/{id}', idempotent: true },
  },
  usage: {
    get: { method: 'GET', path: '/v1/usage' },
  },
  users: {
    create: { method: 'POST', path: '/v1/users', idempotent: true },
    credentials: {
      list: { method: 'GET', path: '/v1/users/{external_user_id}/credentials', list: 'page' },
      revoke: { method: 'DELETE', path: '/v1/users/{external_user_id}/credentials/{credential_id}', idempotent: true, bare: true },
    },
    delete: { method: 'DELETE', path: '/v1/users/{external_user_id}', idempotent: true, bare: true },
    export: { method: 'GET', path: '/v1/users', exports: true, bare: true },
    get: { method: 'GET', path: '/v1/users/{external_user_id}', bare: true },
    import: { method: 'POST', path: '/v1/migration/users/import', idempotent: true, batches: ['users', 'results'] },
    list: { method: 'GET', path: '/v1/users', list: 'cursor' },
    sessions: {
      list: { method: 'GET', path: '/v1/users/{external_user_id}/sessions', list: 'cursor' },
      revokeAll: { method: 'DELETE', path: '/v1/users/{external_user_id}/sessions', idempotent: true, bare: true },
    },
    unlock: { method: 'POST', path: '/v1/users/{external_user_id}/unlock', idempotent: true, bare: true },
    update: { method: 'PATCH', path: '/v1/users/{external_user_id}', idempotent: true },
  },
} as const satisfies OperationTree

/** What the browser client may call, by method and path. */
export interface BrowserRoutes {
  'POST /v1/onboarding/start': { input: {
    /** Who signs up: the owner of a new account, or an end user of the application. */
    user_role: 'maintainer' | 'app_user'
    /** Where the person goes in the end: one of `success_urls`; of a maintainer on this server, or in the operator's list. */
    return_url?: string
    /** Where a page that has expired leads; listed like `return_url`. */
    refresh_url?: string
    /** Shown on the page; never trusted. */
    prefill?: {
      /** Of a maintainer. */
      company_name?: string
      /** Of an end user. */
      display_name?: string
      email?: string
    }
  }; output: {
    session_id: string
    /** The page for the person. */
    hosted_url: string
    /** The page for the person. */
    onboarding_url: string
    expires_in: number
  } }
  'GET /v1/onboarding/{id}/status': { input: undefined; output: {
    status: 'pending_data' | 'pending_passkey' | 'completed' | 'expired' | 'failed'
    /** The page for the person. */
    hosted_url?: string
    /** The page for the person. */
    onboarding_url?: string
    expires_in?: number
  } }
  'POST /v1/passkeys/auth/finish': { input: {
    /** From the start of the ceremony. */
    session_id: string
    credential: AuthenticationResponse
    /** Comes back as `redirect_url` if the application lists it. */
    success_url?: string
    custom_claims?: Record<string, string | number | boolean>
  }; output: Authenticated }
  'POST /v1/passkeys/auth/start': { input: { external_user_id?: string; mediation?: 'conditional' }; output: Authentication }
  'DELETE /v1/passkeys/{credential_id}': { input: undefined; output: void }
  'GET /v1/passkeys': { input: {
    /** Results per page, 1 to 100. */
    limit?: number
    starting_after?: string
  }; output: { data: Credential[]; has_more: boolean; next_cursor: string | null } }
  'POST /v1/passkeys/register/finish': { input: {
    /** From the start of the ceremony. */
    session_id: string
    credential: RegistrationResponse
    alias?: string
    /** Comes back as `redirect_url` if the application lists it. */
    success_url?: string
    custom_claims?: Record<string, string | number | boolean>
  }; output: Registered }
  'POST /v1/passkeys/register/start': { input: {
    external_user_id?: string
    display_name?: string
    authenticator_type?: 'platform' | 'cross-platform'
    mediation?: 'conditional'
  }; output: Registration }
  'PATCH /v1/passkeys/{credential_id}': { input: { alias: string }; output: Credential }
  'GET /v1/sessions': { input: {
    /** Results per page, 1 to 100. */
    limit?: number
    /** Cursor: the previous page's `next_cursor`. */
    starting_after?: string
  }; output: { data: OwnSession[]; has_more: boolean; next_cursor: string | null } }
  'POST /v1/sessions/{id}/logout': { input: undefined; output: void }
  'DELETE /v1/sessions/{id}': { input: undefined; output: void }
  'GET /v1/sessions/validate': { input: undefined; output: SessionValidation }
}
