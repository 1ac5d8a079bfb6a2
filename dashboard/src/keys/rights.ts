import type { api } from '../api/client.ts'

export type Right = NonNullable<Parameters<typeof api.keys.create.mutate>[0]['scopes']>[number]

/**
 * What each right opens, in the words of the approval page; a key is no session, so nothing about refresh tokens. The type
 * says when the server learnt of another one.
 */
const about: Readonly<Record<Exclude<Right, 'full_access' | 'offline_access'>, string>> = {
  'users:read': 'read users',
  'users:write': 'create, change and erase users',
  'credentials:read': 'list passkeys',
  'credentials:write': 'revoke passkeys',
  'sessions:read': 'list sessions',
  'sessions:write': 'end sessions',
  'applications:read': 'read applications and their settings',
  'applications:write': 'make applications, change them and rotate their secrets',
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
  'keys:read': 'list secret keys and agents',
  'keys:write': 'make, replace and revoke secret keys and agents',
}

export const rights = Object.entries(about) as [Right, string][]
