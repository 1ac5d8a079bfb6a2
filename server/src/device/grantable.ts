import { allowedScopes } from '../oauth/scopes.ts'
import { type AgentScope, agentScopeNames, scopeNames } from '../scopes.ts'
import type { DeviceClient } from './client.ts'

/** RFC 6749 §3.3: scope-token characters, separated by single spaces. */
const syntax = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/

const known: ReadonlySet<string> = new Set(agentScopeNames)
const isKnown = (scope: string): scope is AgentScope => known.has(scope)

/** What an application's client may hold unless somebody changed that (http-api.md §1.2). */
const standard = scopeNames.filter((scope) => scope !== 'acting_as:write')

/** What every client may be granted beside its own scopes: it is a person who grants it, knowingly. */
const personal: readonly AgentScope[] = ['keys:read', 'keys:write', 'offline_access']

/**
 * What a client may ask a person for: everything that agents may hold, or, where an application's own client was narrowed,
 * no more than that, and then not the whole account either.
 */
export function grantable({ application }: Pick<DeviceClient, 'application'>): ReadonlySet<AgentScope> {
  if (!application) return new Set(agentScopeNames)
  const own = new Set<AgentScope>(allowedScopes({ ...application, unclaimed: false }))
  const isWide = standard.every((scope) => own.has(scope))
  return new Set([...own, ...personal, ...(isWide ? (['full_access'] as const) : [])])
}

/** Without `scope`: the whole account, as published, or all that a narrowed client may have but `auth_link`. */
function defaults(allowed: ReadonlySet<AgentScope>): AgentScope[] {
  if (allowed.has('full_access')) return ['full_access']
  return [...allowed].filter((scope) => scope !== 'auth_link' && !personal.includes(scope))
}

/** @returns the scopes a request asks for, in its order; null: malformed, unknown, or not for this client */
export function requestedScopes(
  client: Pick<DeviceClient, 'application' | 'registered'>,
  text: string | undefined,
): AgentScope[] | null {
  const allowed = grantable(client)
  if (text === undefined && !client.registered?.scope) return defaults(allowed)
  // A client that registered itself said then what it wants when it says nothing.
  const words = text ?? client.registered?.scope ?? ''
  if (!syntax.test(words)) return null
  const asked = [...new Set(words.split(' '))].filter(isKnown)
  return asked.length === new Set(words.split(' ')).size && asked.every((scope) => allowed.has(scope)) ? asked : null
}
