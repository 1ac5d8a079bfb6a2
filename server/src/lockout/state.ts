/** Whether a lock is in force. At its very end it no longer is. */
export const isLocked = (lockedUntil: Date | null, now: Date): lockedUntil is Date =>
  lockedUntil !== null && now < lockedUntil

export type UserStatus = 'active' | 'locked' | 'disabled'

/** The status as the API shows it: the row says active or disabled, and a lock ends by itself. */
export function statusOf(user: { status: string; lockedUntil: Date | null }, now: Date): UserStatus {
  if (user.status === 'disabled') return 'disabled'
  return isLocked(user.lockedUntil, now) ? 'locked' : 'active'
}

/** Options of a 423: `Retry-After` in seconds, which if obeyed is no longer answered so. */
export const untilUnlocked = (lockedUntil: Date, now: Date): { retryAfter: number } => ({
  retryAfter: (lockedUntil.getTime() - now.getTime()) / 1000,
})

/** SQL: that a user `u` may sign in. @param now the parameter that holds the time */
export const maySignIn = (now: string): string =>
  `u.status <> 'disabled' and (u.locked_until is null or u.locked_until <= ${now}::timestamptz)`

/** SQL: that no failure is counted for a user `u`. */
export const withoutFailures = 'u.soft_failures = 0 and u.hard_failures = 0'

/** SQL of an update of `users`: a success or an unlock clears both counts and the lock (http-api.md §3.7). */
export const clearFailures =
  'soft_failures = 0, soft_since = null, hard_failures = 0, hard_since = null, locked_until = null'
