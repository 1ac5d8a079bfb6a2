/**
 * Every event of the product, those of features to come included (http-api.md §4): the filter of `GET /v1/audit-logs`,
 * its OpenAPI enum, the SDK's type and the table in the reference come from here.
 */
export type EventRow = {
  category: 'operation' | 'security' | 'billing'
  success: boolean
  /** One sentence: when it is written. */
  when: string
  /** What `metadata` may say. Never a secret, token, code or challenge. */
  metadata: readonly string[]
}

const operation = (when: string, ...metadata: string[]) =>
  ({ category: 'operation', success: true, when, metadata }) satisfies EventRow
const security = (when: string, ...metadata: string[]) =>
  ({ category: 'security', success: true, when, metadata }) satisfies EventRow
const billing = (when: string, ...metadata: string[]) =>
  ({ category: 'billing', success: true, when, metadata }) satisfies EventRow
const failed = (row: EventRow): EventRow => ({ ...row, success: false })

const denied = ['policy', 'principal_kind', 'principal_id', 'resource_type', 'resource_id', 'resource_tenant_id']

export const events = {
  'user.created': operation('A user row was made.', 'source'),
  'user.deleted': operation('A user was erased, after the cascade.', 'credentials', 'sessions'),
  'passkey.registered': operation(
    'A passkey was stored.',
    'credential_id',
    'aaguid',
    'attestation_type',
    'method',
    'backup_eligible',
  ),
  'auth.success': operation(
    'A session token was issued to an end user.',
    'method',
    'credential_id',
    'session_id',
    'user_verified',
  ),
  'auth.failed': failed(security('An authentication failed.', 'method', 'reason', 'credential_id')),
  'credential.revoked': security('A passkey was revoked.', 'credential_id', 'reason', 'by'),
  'credential.lockout': failed(
    security('A failure reached a lockout threshold.', 'level', 'locked_until', 'failures', 'credential_id'),
  ),
  'credential.replay_detected': failed(
    security('A sign count was not above the stored one.', 'credential_id', 'stored', 'received', 'action'),
  ),
  'account.recovered': security('An account was recovered.', 'method', 'credential_id', 'revoked_credentials'),
  'onboarding.completed': operation('A hosted onboarding session completed.', 'onboarding_id', 'user_role'),
  'registration.started': operation('Creation options were issued.', 'method', 'anonymous'),
  'subscription.created': billing('A subscription was created.', 'plan', 'provider_id'),
  'subscription.updated': billing('A subscription plan changed.', 'from', 'to', 'provider_id'),
  'subscription.cancelled': billing('A subscription was cancelled.', 'plan', 'effective_at', 'provider_id'),
  'subscription.expired': billing('A subscription expired.', 'plan', 'provider_id'),
  'account.plan.changed': billing("An account's plan changed.", 'from', 'to', 'reason'),
  'action.challenge.issued': operation(
    'An action-signing challenge was issued.',
    'challenge_id',
    'action_type',
    'payload_hash',
  ),
  'action.signed': security(
    'An action was signed and verified.',
    'challenge_id',
    'action_type',
    'payload_hash',
    'credential_id',
  ),
  'action.sign.failed': failed(security('An action signature was refused.', 'challenge_id', 'action_type', 'reason')),
  'attestation.policy.updated': operation('An attestation policy was replaced.', 'version', 'old', 'new'),
  'attestation.policy.violation': failed(
    security('A registration broke the attestation policy.', 'aaguid', 'rule', 'mode', 'version'),
  ),
  'attestation.credential.blocked': failed(
    security('A passkey was blocked by attestation enforcement.', 'credential_id', 'aaguid', 'rule'),
  ),
  'attestation.mds.cache.refreshed': operation('The FIDO metadata was refreshed.', 'number', 'entries', 'next_update'),
  'attestation.mds.cache.failed': failed(operation('The FIDO metadata refresh failed.', 'reason', 'kept_number')),
  'dbsc.session.registered': operation(
    'A device key was bound to a session.',
    'dbsc_id',
    'session_id',
    'algorithm',
    'key_thumbprint',
  ),
  'dbsc.session.verified': operation('A device-bound refresh proof was accepted.', 'dbsc_id', 'session_id'),
  'dbsc.session.invalidated': operation('A device-bound session ended.', 'dbsc_id', 'session_id', 'reason'),
  'dbsc.verification.failed': failed(security('A device-bound proof was refused.', 'dbsc_id', 'session_id', 'reason')),
  'identifier.linked': operation('An identifier was linked to a user.', 'identifier_id', 'identifier_type'),
  'identifier.unlinked': operation('An identifier was removed from a user.', 'identifier_id', 'identifier_type'),
  'session.exchanged': operation('A token exchange succeeded.', 'case', 'audience', 'acting_as_id', 'scope'),
  'session.exchange.denied': failed(security('A token exchange was refused.', 'case', 'reason', 'audience')),
  'acting-as.invoked': security('A call was made on behalf of a user.', 'acting_as_id', 'operation', 'status'),
  'acting-as.ended': security('An acting-as session ended.', 'acting_as_id', 'reason', 'calls'),
  'application.config_changed': operation('Application settings were changed.', 'changed', 'old', 'new'),
  'application.secret_rotated': operation('A client secret was rotated.', 'client_id', 'previous_secret_expires_at'),
  'authorization.denied': failed(security('A policy decision was DENY.', ...denied)),
  'device.requested': operation('A device code was issued.', 'client_name', 'requester_ip'),
  'device.approved': security(
    'A person approved a device with a fresh passkey assertion.',
    'agent_id',
    'scopes',
    'credential_id',
  ),
  'device.denied': security('A person denied a device.', 'agent_id'),
  'device.redeemed': security('An approval was exchanged for credentials.', 'agent_id', 'secret_key_id'),
  'device.code_failed': failed(security('Wrong codes were entered on the approval page.', 'attempts')),
  'secret_key.created': security('A secret key was made.', 'secret_key_id', 'key_preview', 'source'),
  'secret_key.rotated': security('A secret key was replaced.', 'secret_key_id', 'key_preview', 'reason'),
  'secret_key.revoked': security('A secret key was ended.', 'secret_key_id', 'key_preview', 'reason'),
  'secret_key.expired': operation('A secret key came to its end, or was not used for too long.', 'secret_key_id'),
  'secret_key.leak_reported': security(
    'A leaked secret key or client secret was reported, and ended.',
    'secret_key_id',
    'client_id',
    'key_preview',
    'reported_by',
    'url',
  ),
  'agent.revoked': security('An agent was ended, with all its keys and tokens.', 'agent_id'),
  'agent.registration_requested': operation('A mail that registers an agent was queued.', 'agent_name'),
  'agent.registered': operation('An agent was stored, by any method.', 'agent_id', 'agent_name', 'method'),
  'agent.verification_failed': failed(security('A token from such a mail was refused.', 'reason')),
  'agent.locked': failed(security('Failed attempts locked such a token for an hour.', 'reason')),
  'agent.claimed': security("A person took over an agent's tenant.", 'agent_id', 'account_id'),
  'tenant.provisioned': operation('The vending machine made a tenant.', 'plan', 'name'),
  'tenant.updated': operation("A tenant's name was changed.", 'tenant_id', 'from', 'to'),
  'tenant.deleted': operation('A tenant was deleted by its owner.', 'tenant_id', 'applications'),
  'tenant.purged': operation(
    'A tenant that was idle, or deleted 30 days before, was removed with everything it owned.',
    'tenant_id',
    'reason',
    'users',
    'credentials',
  ),
  'oauth.consent_granted': security('A person let an OAuth client in.', 'client_id', 'scopes', 'resource', 'agent_id'),
  'oauth.consent_denied': failed(security('A person turned an OAuth client away.', 'client_id', 'scopes', 'resource')),
  'oauth.consent_revoked': security('A person took a consent back.', 'client_id', 'scopes', 'resource', 'agent_id'),
  'client.registered': operation('An OAuth client registered itself.', 'client_id', 'client_name'),
  'refresh_token.reuse_detected': failed(
    security('A refresh token was used twice: all of its grant ended.', 'client_id', 'agent_id'),
  ),
  'token.revoked': security('An access token was ended before its time by its client.', 'client_id'),
  'account.created': operation('An account was opened.', 'method', 'status'),
  'account.admitted': operation('An account on the wait-list was admitted.', 'account_id', 'method'),
  'account.disabled': security('An account was disabled.', 'account_id', 'method'),
  'application.created': operation('An application was made.', 'name'),
  'application.suspended': operation('An application was suspended.', 'reason'),
  'application.activated': operation('A suspended application was activated.', 'reason'),
  'application.deleted': operation('An application was deleted.', 'reason'),
  'session.revoked': security('A session was ended for its user.', 'session_id', 'by', 'reason'),
  'session.logout': operation('A session was ended by its user.', 'session_id'),
  'dashboard.session.opened': security('A member signed in to the dashboard.', 'session_id', 'credential_id'),
  'user.updated': operation('A user was changed.', 'changed'),
  'user.unlocked': security("A user's lock, or the failures that lead to one, were cleared by the backend."),
  'users.imported': operation('An import batch finished.', 'created', 'existing', 'failed'),
  'users.exported': operation('All users were read in one go.', 'rows'),
  'recovery.started': security('A recovery code was requested.', 'method'),
  'recovery.enrollment.issued': security('A recovery enrollment URL was issued.', 'ticket_id'),
  'recovery.enrollment.completed': security('A recovery enrollment URL was used.', 'ticket_id', 'credential_id'),
  'enrollment.ticket.issued': operation('An enrollment ticket was issued.', 'ticket_id', 'entity_id'),
  'enrollment.ticket.cancelled': operation('An enrollment ticket was cancelled.', 'ticket_id', 'entity_id'),
  'enrollment.completed': operation('An enrollment ticket was used.', 'ticket_id', 'entity_id', 'credential_id'),
  'acting-as.started': security('Acting on behalf of a user was granted.', 'acting_as_id', 'reason', 'expires_at'),
  'webhook.secret_rotated': operation('A webhook signing secret was rotated.', 'previous_secret_expires_at'),
  'webhook.endpoint.disabled': failed(operation('A dead webhook endpoint was switched off.', 'reason')),
  'member.invited': security('Somebody was invited to the account.', 'invitation_id', 'role'),
  'member.joined': security('Somebody joined the account.', 'invitation_id', 'user_id', 'role'),
  'member.removed': security('Somebody was removed from the account.', 'user_id', 'role'),
  'audit.exported': security('The audit log was read in one go.', 'format', 'rows'),
  'privacy.report.generated': security("A user's data report was made."),
} as const satisfies Record<string, EventRow>

export type AuditEvent = keyof typeof events
export const eventNames = Object.keys(events) as [AuditEvent, ...AuditEvent[]]
