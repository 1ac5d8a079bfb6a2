/** Every scope a program may hold, with what it opens (http-api.md §1.2). */
export const scopes = {
  'users:read': 'read users',
  'users:write': 'create, change and erase users',
  'credentials:read': 'list passkeys',
  'credentials:write': 'revoke passkeys',
  'sessions:read': 'list sessions',
  'sessions:write': 'end sessions',
  'applications:read': 'read applications and their settings',
  'applications:write': 'make applications, change the own one and rotate its secret',
  'webhooks:read': 'read webhook deliveries',
  'webhooks:write': 'change webhooks',
  'attestation:read': 'read the attestation policy',
  'attestation:write': 'change the attestation policy',
  'dbsc:read': 'list device-bound sessions',
  'dbsc:write': 'end device-bound sessions',
  'acting_as:read': 'list acting-as sessions',
  'acting_as:write': 'act on behalf of users',
  'audit:read': 'read the audit log',
  'usage:read': 'read usage',
  'privacy:read': 'read all data of a user',
  'billing:read': 'read plan and subscription',
  'enrollment:write': 'issue enrollment tickets',
  'recovery:write': 'start recoveries',
  'migration:write': 'import users',
  auth_link: 'start sign-ins for other devices',
} as const

export type Scope = keyof typeof scopes
export const scopeNames = Object.keys(scopes) as [Scope, ...Scope[]]
