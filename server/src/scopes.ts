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

/** What the client of an unclaimed tenant does not get before a person claims it (agents.md §2). */
export const scopesAfterClaim: ReadonlySet<string> = new Set<Scope>([
  'webhooks:write',
  'recovery:write',
  'enrollment:write',
  'migration:write',
  'acting_as:read',
  'acting_as:write',
  'auth_link',
])

/** What only an agent may hold beside (agents.md §2). */
export const agentScopes = {
  ...scopes,
  'keys:read': 'list secret keys and agents',
  'keys:write': 'make, replace and revoke secret keys and agents',
  full_access: 'do everything in your account, also what is added later',
  offline_access: 'stay signed in without asking again',
} as const

export type AgentScope = keyof typeof agentScopes
export const agentScopeNames = Object.keys(agentScopes) as [AgentScope, ...AgentScope[]]

/** What `full_access` leaves out: money, and acting as somebody else. */
const beyondFullAccess: readonly string[] = ['billing:read', 'acting_as:write', 'offline_access']
const full: ReadonlySet<string> = new Set(agentScopeNames.filter((scope) => !beyondFullAccess.includes(scope)))

/** The scopes that a list stands for: `full_access` is every one of the account but those it leaves out. */
export function expandScopes(list: readonly string[]): ReadonlySet<string> {
  return list.includes('full_access') ? new Set([...full, ...list]) : new Set(list)
}

const isAgentScope = (scope: string): scope is AgentScope => Object.hasOwn(agentScopes, scope)

/**
 * What a person grants of a request: all of it, or fewer scopes that it covers.
 * @returns null when the choice goes beyond the request, or is empty
 */
export function narrowedScopes(requested: readonly string[], chosen: readonly string[] | undefined): string[] | null {
  if (chosen === undefined) return [...requested]
  const covered = expandScopes(requested)
  const kept = [...new Set(chosen)]
  return kept.length > 0 && kept.every((scope) => isAgentScope(scope) && covered.has(scope)) ? kept : null
}

/** A scope in the words of the approval page. */
export const describeScope = (scope: string): { scope: string; about: string } => ({
  scope,
  about: scope === 'full_access' ? 'everything in your account' : isAgentScope(scope) ? agentScopes[scope] : scope,
})
