import { createHash } from 'node:crypto'

/*
 * Everything about a user follows from its ordinal: the same number gives the same ids again, so a user that was erased
 * can be put back, and nobody has to remember a million ids.
 */

const DAY = 86_400_000

/** How large a database is, and when it ends. Tenant 0 is the measured one, with 6 of 10 users where there are others. */
export type Size = {
  users: number
  tenants: number
  auditPerUser: number
  /** Milliseconds; the newest row is a little older. */
  now: number
}

/** Age in days of the oldest user and the oldest audit row. */
export const SPAN_DAYS = 425

export const started = ({ now }: Size): number => now - SPAN_DAYS * DAY

/** A whole number spread over 32 bits. */
function mix(value: number): number {
  let x = Math.imul(value ^ (value >>> 16), 0x45d9f3b)
  x = Math.imul(x ^ (x >>> 16), 0x45d9f3b)
  return (x ^ (x >>> 16)) >>> 0
}

const hex = (value: number, width: number) => value.toString(16).padStart(width, '0')

/** A UUIDv7 (RFC 9562 §5.7) of a time in milliseconds whose random part follows from a number. */
export function uuidAt(millis: number, seed: number): string {
  const time = hex(millis, 12)
  const [a, b] = [hex(mix(seed), 8), hex(mix(seed ^ 0x5bd1e995), 8)]
  return `${time.slice(0, 8)}-${time.slice(8)}-7${a.slice(0, 3)}-8${a.slice(3, 6)}-${a.slice(6)}00${b}`
}

/** An id of the product's form: prefix and 22 characters, in no order. */
export const idOf = (prefix: string, seed: number): string =>
  `${prefix}_${hex(mix(seed), 8)}${hex(mix(seed ^ 0x5bd1e995), 8)}${hex(mix(seed ^ 0x27d4eb2d), 6).slice(0, 6)}`

/** The tenant of user `n`. */
export function tenantOf({ tenants }: Size, n: number): number {
  if (tenants === 1 || n % 10 < 6) return 0
  return 1 + ((Math.floor(n / 10) * 4 + (n % 10) - 6) % (tenants - 1))
}

/** Users of tenant 0, oldest first. @param count how many there are of them */
export const countOfLarge = ({ users, tenants }: Size): number => (tenants === 1 ? users : Math.floor(users / 10) * 6)

/** Ordinal of the user of tenant 0 that `index` users are older than. */
export const ordinalOf = ({ tenants }: Size, index: number): number =>
  tenants === 1 ? index : Math.floor(index / 6) * 10 + (index % 6)

/** When user `n` was made, in milliseconds. */
export const madeAt = (size: Size, n: number): number =>
  started(size) + Math.floor((n * (SPAN_DAYS * DAY - 60_000)) / size.users)

export const userId = (size: Size, n: number): string => uuidAt(madeAt(size, n), n)
export const userName = (n: number): string => `user-${n}`
export const credentialId = (n: number): string => idOf('cred', n)

/** The id that the authenticator of user `n` chose: 32 bytes. */
export const webauthnId = (n: number): Buffer => createHash('sha256').update(`passkey ${n}`).digest()
