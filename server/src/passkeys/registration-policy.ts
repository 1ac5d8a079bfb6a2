import type { Settings } from '../applications/settings.ts'

export type RegistrationCase = {
  policy: Settings['registration_policy']
  anonymousSignup: boolean
  /** The request carries the session of the user it is about. */
  bySession: boolean
  /** No external id was given, and no session. */
  anonymous: boolean
  /** What is known of the named user; null: there is no such user. */
  user: { disabled: boolean; everHadPasskey: boolean } | null
}

/**
 * Whether a passkey may be registered (http-api.md §3.7), asked when a registration starts and again when it finishes.
 * Whoever has had a passkey or a session adds one with proof; a name alone is enough only for somebody new.
 */
export function mayRegister({ policy, anonymousSignup, bySession, anonymous, user }: RegistrationCase): boolean {
  if (user?.disabled) return false
  if (bySession) return user !== null
  if (policy === 'ticket') return false
  if (anonymous) return policy === 'open' && anonymousSignup
  if (user?.everHadPasskey) return false
  return policy === 'open' || user !== null
}
