import type { HotApplication } from '../applications/hot.ts'

/** Every scope a client may hold, with what it opens (http-api.md §1.2). */
export const scopes = {
  'users:read': 'read users',
  'users:write': 'create, change and erase users',
  'credentials:read': 'list passkeys',
  'credentials:write': 'revoke passkeys',
  'sessions:read': 'list sessions',
  'sessions:write': 'end sessions',
  'applications:read': 'read applications and their settings',
  'applications:write': 'change the application',
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
export const scopeNames = Object.keys(scopes) as Scope[]

/** What an unclaimed vending-machine tenant does not get before a person claims it (agents.md §2). */
const afterClaim = new Set<Scope>([
  'webhooks:write',
  'recovery:write',
  'enrollment:write',
  'migration:write',
  'acting_as:read',
  'acting_as:write',
  'auth_link',
])

/** Scopes the application's client may hold. */
export function allowedScopes(application: Pick<HotApplication, 'unclaimed'>): Scope[] {
  return scopeNames.filter((scope) => scope !== 'acting_as:write' && !(application.unclaimed && afterClaim.has(scope)))
}

/** What a request without `scope` gets: all that is allowed but `auth_link`. */
export const defaultScopes = (application: Pick<HotApplication, 'unclaimed'>): Scope[] =>
  allowedScopes(application).filter((scope) => scope !== 'auth_link')

/** RFC 6749 §3.3: scope-token characters, separated by single spaces. */
const syntax = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/

/** @returns the requested scopes in the order asked for, or null if one is malformed, unknown or not allowed */
export function requestedScopes(application: Pick<HotApplication, 'unclaimed'>, text: string): Scope[] | null {
  if (!syntax.test(text)) return null
  const allowed = new Set<string>(allowedScopes(application))
  const asked = [...new Set(text.split(' '))]
  return asked.every((scope) => allowed.has(scope)) ? (asked as Scope[]) : null
}
