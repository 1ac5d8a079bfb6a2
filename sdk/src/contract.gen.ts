// Generated from openapi.json by `node sdk/generate.ts`; edits are lost.
import type { CallOptions } from './admin/call.ts'
import type { List } from './admin/list.ts'
import type { OperationTree } from './admin/operation.ts'

export type Application = {
  id: string
  tenant_id: string
  client_id: string
  publishable_key: string
  name: string
  status: 'active' | 'suspended'
  plan: string
  allowed_origins: string[]
  created_at: string
  updated_at: string
}

export type AuditLog = {
  id: string
  event: string
  success: boolean
  user_id: string | null
  ip_address: string | null
  metadata: Record<string, unknown>
  created_at: string
  category: string
  actor: Record<string, unknown>
  application_id: string | null
  request_id: string | null
}

export type EndUser = {
  user_id: string
  external_user_id: string | null
  is_anonymous: boolean
  email?: string
  metadata?: Record<string, string | number | boolean>
}

/** Stable; new codes may appear, none is reused. */
export type ErrorCode = 'user_exists' | 'unauthorized' | 'validation_error'

export type Passkey = {
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

export type Session = {
  id: string
  user_id: string
  external_user_id: string | null
  method: string
  credential_id?: string
  ip_address: string | null
  user_agent: string | null
  dbsc: 'none' | 'bound'
  created_at: string
  last_seen_at: string
  expires_at: string
  revoked_at?: string
  current?: boolean
}

export type User = {
  id: string
  external_user_id: string
  status: 'active' | 'locked' | 'disabled'
  created_at: string
  updated_at: string
  metadata: Record<string, string | number | boolean>
  custom_claims: Record<string, string | number | boolean>
}

/** Methods of the admin client. Inputs and results have the fields of the HTTP API. */
export interface AdminApi {
  applications: {
    /** applications.get `GET /v1/applications/{id}` */
    get(id: string, options?: CallOptions): Promise<Application>
    /** applications.list `GET /v1/applications` */
    list(input?: { scope?: 'tenant' | 'account'; limit?: number; starting_after?: string }, options?: CallOptions): List<Application>
    /** applications.update `PATCH /v1/applications/{id}` */
    update(id: string, input?: { name?: string; allowed_origins?: string[] }, options?: CallOptions): Promise<Application>
  }
  auditLogs: {
    /** audit_logs.list `GET /v1/audit-logs` */
    list(input?: {
      event?: 'user.created' | 'auth.success'
      success?: boolean
      user_id?: string
      from?: string
      to?: string
      limit?: number
      starting_after?: string
    }, options?: CallOptions): List<AuditLog>
  }
  oauth: {
    /** oauth.token `POST /oauth/token` */
    token(input: {
      grant_type: 'client_credentials'
      client_id?: string
      client_secret?: string
      scope?: string
      resource?: string
    }, options?: CallOptions): Promise<{ access_token: string; token_type: 'Bearer'; expires_in: number; scope?: string }>
  }
  onboarding: {
    /** onboarding.availability `GET /v1/onboarding/ai` */
    availability(options?: CallOptions): Promise<{
      available: boolean
      limits: { maxUsers: number; maxApps: number }
      inactivity_purge_after_days: number
      rate_limit: { count: number; window_seconds: number }
      retry_after?: number
    }>
    /** onboarding.provision_agent `POST /v1/onboarding/ai` */
    provisionAgent(input: { name: string }, options?: CallOptions): Promise<{
      tenantId: string
      clientId: string
      clientSecret: string
      publishableKey: string
      applicationId: string
      limits: { maxUsers: number; maxApps: number }
      inactivity_purge_after_days: number
    }>
  }
  sessions: {
    /** sessions.revoke `DELETE /v1/sessions/{id}` */
    revoke(id: string, options?: CallOptions): Promise<void>
  }
  users: {
    /** Create a user before the first passkey. `POST /v1/users` */
    create(input: {
      external_user_id: string
      email?: string
      email_verified?: boolean
      metadata?: Record<string, string | number | boolean>
      custom_claims?: Record<string, string | number | boolean>
    }, options?: CallOptions): Promise<{
      external_user_id: string
      created_at: string
      updated_at: string
      id: string
      status: 'active' | 'locked' | 'disabled'
    }>
    credentials: {
      /** users.credentials.list `GET /v1/users/{external_user_id}/credentials` */
      list(externalUserId: string, input?: { page?: number; limit?: number }, options?: CallOptions): List<Passkey, { credentials: Passkey[]; pagination: { page: number; limit: number; total: number } }>
      /** users.credentials.revoke `DELETE /v1/users/{external_user_id}/credentials/{credential_id}` */
      revoke(externalUserId: string, credentialId: string, options?: CallOptions): Promise<void>
    }
    /** users.delete `DELETE /v1/users/{external_user_id}` */
    delete(externalUserId: string, options?: CallOptions): Promise<void>
    /** users.get `GET /v1/users/{external_user_id}` */
    get(externalUserId: string, options?: CallOptions): Promise<User>
    /** users.list `GET /v1/users` */
    list(input?: { limit?: number; starting_after?: string }, options?: CallOptions): List<{ id: string; external_user_id: string | null; status: string; created_at: string }>
    sessions: {
      /** users.sessions.list `GET /v1/users/{external_user_id}/sessions` */
      list(externalUserId: string, input?: { limit?: number; starting_after?: string }, options?: CallOptions): List<Session>
      /** users.sessions.revoke_all `DELETE /v1/users/{external_user_id}/sessions` */
      revokeAll(externalUserId: string, options?: CallOptions): Promise<void>
    }
  }
}

export const adminOperations = {
  applications: {
    get: { method: 'GET', path: '/v1/applications/{id}', bare: true },
    list: { method: 'GET', path: '/v1/applications', list: 'cursor' },
    update: { method: 'PATCH', path: '/v1/applications/{id}', idempotent: true },
  },
  auditLogs: {
    list: { method: 'GET', path: '/v1/audit-logs', list: 'cursor' },
  },
  oauth: {
    token: { method: 'POST', path: '/oauth/token', dialect: 'oauth', open: true },
  },
  onboarding: {
    availability: { method: 'GET', path: '/v1/onboarding/ai', dialect: 'plain', open: true, bare: true },
    provisionAgent: { method: 'POST', path: '/v1/onboarding/ai', dialect: 'plain', idempotent: true, open: true },
  },
  sessions: {
    revoke: { method: 'DELETE', path: '/v1/sessions/{id}', idempotent: true, bare: true },
  },
  users: {
    create: { method: 'POST', path: '/v1/users', idempotent: true },
    credentials: {
      list: { method: 'GET', path: '/v1/users/{external_user_id}/credentials', list: 'page' },
      revoke: { method: 'DELETE', path: '/v1/users/{external_user_id}/credentials/{credential_id}', idempotent: true, bare: true },
    },
    delete: { method: 'DELETE', path: '/v1/users/{external_user_id}', idempotent: true, bare: true },
    get: { method: 'GET', path: '/v1/users/{external_user_id}', bare: true },
    list: { method: 'GET', path: '/v1/users', list: 'cursor' },
    sessions: {
      list: { method: 'GET', path: '/v1/users/{external_user_id}/sessions', list: 'cursor' },
      revokeAll: { method: 'DELETE', path: '/v1/users/{external_user_id}/sessions', idempotent: true, bare: true },
    },
  },
} as const satisfies OperationTree

/** What the browser client may call, by method and path. */
export interface BrowserRoutes {
  'POST /v1/passkeys/auth/finish': { input: {
    session_id: string
    credential: {
      id: string
      rawId: string
      type: 'public-key'
      response: { authenticatorData: string; clientDataJSON: string; signature: string; userHandle?: string }
      authenticatorAttachment?: string
      clientExtensionResults?: Record<string, unknown>
    }
    success_url?: string
    custom_claims?: Record<string, string | number | boolean>
  }; output: {
    authenticated: boolean
    session_token: string
    user: EndUser
    signals: { userVerification: boolean; backupEligible: boolean; backupStatus: boolean }
    redirect_url?: string
  } }
  'POST /v1/passkeys/auth/start': { input: { external_user_id?: string; mediation?: 'conditional' }; output: { session_id: string; expires_at: string; challenge: Record<string, unknown> } }
  'DELETE /v1/passkeys/{credential_id}': { input: undefined; output: void }
  'GET /v1/passkeys': { input: { limit?: number; starting_after?: string }; output: { data: Passkey[]; has_more: boolean; next_cursor: string | null } }
  'POST /v1/passkeys/register/finish': { input: {
    session_id: string
    credential: {
      id: string
      rawId: string
      type: 'public-key'
      response: { clientDataJSON: string; attestationObject: string; transports?: string[] }
      authenticatorAttachment?: string
      clientExtensionResults?: Record<string, unknown>
    }
    alias?: string
    success_url?: string
    custom_claims?: Record<string, string | number | boolean>
  }; output: {
    credential_id: string
    status: string
    session_token: string
    user: EndUser
    redirect_url?: string
  } }
  'POST /v1/passkeys/register/start': { input: {
    external_user_id?: string
    display_name?: string
    authenticator_type?: 'platform' | 'cross-platform'
    mediation?: 'conditional'
  }; output: { session_id: string; expires_at: string; challenge: Record<string, unknown> } }
  'PATCH /v1/passkeys/{credential_id}': { input: { alias: string }; output: Passkey }
  'GET /v1/sessions': { input: { limit?: number; starting_after?: string }; output: { data: Session[]; has_more: boolean; next_cursor: string | null } }
  'POST /v1/sessions/{id}/logout': { input: undefined; output: void }
  'DELETE /v1/sessions/{id}': { input: undefined; output: void }
  'GET /v1/sessions/validate': { input: undefined; output: {
    valid: boolean
    user_id: string
    external_user_id: string
    tenant_id: string
    app_id: string
    session_id: string
    is_anonymous: boolean
    expires_at: string
    custom_claims: Record<string, string | number | boolean>
    actor?: Record<string, unknown>
  } }
}
