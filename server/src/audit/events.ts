/**
 * Every event that may be written, by the features that exist. The filter of `GET /v1/audit-logs`, the OpenAPI enum and
 * the SDK's type come from this table (http-api.md §4); a feature adds its rows when it appears.
 */
export type EventRow = { category: 'operation' | 'security' | 'billing'; success: boolean; when: string }

export const events = {
  'user.created': { category: 'operation', success: true, when: 'A user row was made.' },
  'user.deleted': { category: 'operation', success: true, when: 'A user was erased, after the cascade.' },
  'passkey.registered': { category: 'operation', success: true, when: 'A passkey was stored.' },
  'auth.success': { category: 'operation', success: true, when: 'A session token was issued to an end user.' },
  'auth.failed': { category: 'security', success: false, when: 'An authentication failed.' },
  'credential.revoked': { category: 'security', success: true, when: 'A passkey was revoked.' },
  'credential.lockout': { category: 'security', success: false, when: 'A failure reached a lockout threshold.' },
  'credential.replay_detected': {
    category: 'security',
    success: false,
    when: 'A sign count was not above the stored one.',
  },
  'account.recovered': { category: 'security', success: true, when: 'An account was recovered.' },
  'onboarding.completed': { category: 'operation', success: true, when: 'A hosted onboarding session completed.' },
  'registration.started': { category: 'operation', success: true, when: 'Creation options were issued.' },
  'subscription.created': { category: 'billing', success: true, when: 'A subscription was created.' },
  'subscription.updated': { category: 'billing', success: true, when: 'A subscription plan changed.' },
  'subscription.cancelled': { category: 'billing', success: true, when: 'A subscription was cancelled.' },
  'subscription.expired': { category: 'billing', success: true, when: 'A subscription expired.' },
  'account.plan.changed': { category: 'billing', success: true, when: "An account's plan changed." },
  'action.challenge.issued': { category: 'operation', success: true, when: 'An action-signing challenge was issued.' },
  'action.signed': { category: 'security', success: true, when: 'An action was signed and verified.' },
  'action.sign.failed': { category: 'security', success: false, when: 'An action signature was refused.' },
  'attestation.policy.updated': { category: 'operation', success: true, when: 'An attestation policy was replaced.' },
  'attestation.policy.violation': {
    category: 'security',
    success: false,
    when: 'A registration broke the attestation policy.',
  },
  'attestation.credential.blocked': {
    category: 'security',
    success: false,
    when: 'A passkey was blocked by attestation enforcement.',
  },
  'attestation.mds.cache.refreshed': { category: 'operation', success: true, when: 'The FIDO metadata was refreshed.' },
  'attestation.mds.cache.failed': { category: 'operation', success: false, when: 'The FIDO metadata refresh failed.' },
  'dbsc.session.registered': { category: 'operation', success: true, when: 'A device key was bound to a session.' },
  'dbsc.session.verified': { category: 'operation', success: true, when: 'A device-bound refresh proof was accepted.' },
  'dbsc.session.invalidated': { category: 'operation', success: true, when: 'A device-bound session ended.' },
  'dbsc.verification.failed': { category: 'security', success: false, when: 'A device-bound proof was refused.' },
  'identifier.linked': { category: 'operation', success: true, when: 'An identifier was linked to a user.' },
  'identifier.unlinked': { category: 'operation', success: true, when: 'An identifier was removed from a user.' },
  'session.exchanged': { category: 'operation', success: true, when: 'A token exchange succeeded.' },
  'session.exchange.denied': { category: 'security', success: false, when: 'A token exchange was refused.' },
  'acting-as.invoked': { category: 'security', success: true, when: 'A call was made on behalf of a user.' },
  'acting-as.ended': { category: 'security', success: true, when: 'An acting-as session ended.' },
  'application.config_changed': { category: 'operation', success: true, when: 'Application settings were changed.' },
  'application.secret_rotated': { category: 'operation', success: true, when: 'A client secret was rotated.' },
  'authorization.denied': { category: 'security', success: false, when: 'A policy decision was DENY.' },
  'tenant.provisioned': { category: 'operation', success: true, when: 'The vending machine made a tenant.' },
  'tenant.purged': {
    category: 'operation',
    success: true,
    when: 'An idle tenant was removed with everything it owned.',
  },
  'application.created': { category: 'operation', success: true, when: 'An application was made.' },
  'session.revoked': { category: 'security', success: true, when: 'A session was ended for its user.' },
  'session.logout': { category: 'operation', success: true, when: 'A session was ended by its user.' },
} as const satisfies Record<string, EventRow>

export type AuditEvent = keyof typeof events
export const eventNames = Object.keys(events) as [AuditEvent, ...AuditEvent[]]
