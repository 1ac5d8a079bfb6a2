import type { HotApplication } from '../applications/hot.ts'
import { type Scope, scopeNames, scopesAfterClaim } from '../scopes.ts'

type Holder = Pick<HotApplication, 'unclaimed' | 'settings'>

/** Scopes the application's client may hold: its setting `allowed_scopes`, narrower while the tenant is unclaimed. */
export function allowedScopes({ unclaimed, settings }: Holder): Scope[] {
  const allowed = new Set(settings.allowed_scopes)
  return scopeNames.filter((scope) => allowed.has(scope) && !(unclaimed && scopesAfterClaim.has(scope)))
}

/** What a request without `scope` gets: all that is allowed but `auth_link`. */
export const defaultScopes = (application: Holder): Scope[] =>
  allowedScopes(application).filter((scope) => scope !== 'auth_link')

/** RFC 6749 §3.3: scope-token characters, separated by single spaces. */
const syntax = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/

/** @returns the requested scopes in the order asked for, or null if one is malformed, unknown or not allowed */
export function requestedScopes(application: Holder, text: string): Scope[] | null {
  if (!syntax.test(text)) return null
  const allowed = new Set<string>(allowedScopes(application))
  const asked = [...new Set(text.split(' '))]
  return asked.every((scope) => allowed.has(scope)) ? (asked as Scope[]) : null
}
