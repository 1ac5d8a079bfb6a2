import { z } from 'zod'
import { randomBytes, randomText } from './secrets.ts'

/** Everything whose id has a prefix. Users, sessions and audit rows have a UUIDv7 instead: their order is time. */
export const prefixes = {
  acc: 'account',
  org: 'tenant',
  app: 'application',
  cli: 'client id, which is the publishable key',
  cred: 'passkey; not the id that the authenticator chose',
  tkt: 'enrollment or recovery ticket',
  chl: 'action challenge',
  idf: 'identifier of a user: e-mail address, wallet',
  aas: 'acting-as session',
  dbs: 'device-bound session',
  onb: 'hosted onboarding',
  evt: 'webhook event',
  dlv: 'delivery of a webhook event',
  req: 'request',
  agt: 'agent',
  inv: 'invitation to an account',
  key: 'secret key; its id, not the key',
} as const

export type IdPrefix = keyof typeof prefixes
/** A template literal, so that a `cli_` cannot stand where an `app_` is wanted. */
export type Id<P extends IdPrefix> = `${P}_${string}`

const bodyLength = 22

/** A new id: prefix, `_`, 22 uniform base62 characters (131 bits). No secret, but not to be guessed either. */
export function mint<P extends IdPrefix>(prefix: P): Id<P> {
  return `${prefix}_${randomText(bodyLength)}`
}

/**
 * The Zod schema of an id: exact pattern, example for OpenAPI. At run time it is a plain ZodString, because
 * trpc-to-openapi takes no other kind in a path; the cast gives it the template-literal output.
 */
export function id<P extends IdPrefix>(prefix: P): z.ZodType<Id<P>, string> {
  const schema = z
    .string()
    .regex(new RegExp(`^${prefix}_[0-9A-Za-z]{${bodyLength}}$`), `must be the id of this kind, ${prefix}_…`)
    .meta({ examples: [`${prefix}_8YpZ3kQ1vT6mWc0RbN4xLd`] })
  return schema as unknown as z.ZodType<Id<P>, string>
}

/** A UUID in the form we print: lower case. Any version: a well-formed id that we never made is missing, not malformed. */
export const uuid = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'must be a UUID in lower case')
  .meta({ format: 'uuid', examples: ['019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57'] })

/** What `X-Request-Id` may hold to be taken over (http-api.md §2.2). */
export const requestId = z
  .string()
  .regex(/^[0-9A-Za-z_-]{8,128}$/, 'must be 8 to 128 of 0-9 A-Z a-z _ -')
  .meta({ examples: ['req_8YpZ3kQ1vT6mWc0RbN4xLd'] })

// The last UUIDv7: milliseconds, then 74 bits in three parts (rand_a 12, and rand_b as 30 + 32).
let millis = 0
let a = 0
let b = 0
let c = 0

/** A clock set back by up to this much is a correction, and order is kept; by more, it was wrong before. */
const correctionMillis = 10_000

/**
 * A UUIDv7 (RFC 9562 §5.7) for the time `now`, greater than every one made before in this process. Within one
 * millisecond the 74 random bits count on by a random step (§6.2 method 2). If the clock is set back by more than ten
 * seconds the new time is followed, because audit rows are found and dropped by the time in their id.
 */
export function uuid7(now: Date): string {
  const time = now.getTime()
  const bytes = randomBytes(10)
  if (time > millis || time < millis - correctionMillis) {
    millis = time
    a = bytes.readUInt16BE(0) & 0xfff
    b = bytes.readUInt32BE(2) >>> 2
    c = bytes.readUInt32BE(6)
  } else {
    c += 1 + bytes.readUInt32BE(6)
    if (c > 0xffffffff) {
      c -= 0x100000000
      b += 1
    }
    if (b > 0x3fffffff) {
      b = 0
      a += 1
    }
    if (a > 0xfff) {
      a = 0
      millis += 1
    }
  }
  return format(millis, a, b, c)
}

/** The least UUIDv7 of a moment: turns a time into a bound for ids, as in `id >= uuid7Floor(from)`. */
export function uuid7Floor(moment: Date): string {
  return format(moment.getTime(), 0, 0, 0)
}

function format(time: number, randA: number, randB: number, randC: number): string {
  const head = hex(time, 12)
  const tail = hex(0x80000000 + randB, 8)
  return `${head.slice(0, 8)}-${head.slice(8)}-7${hex(randA, 3)}-${tail.slice(0, 4)}-${tail.slice(4)}${hex(randC, 8)}`
}

const hex = (value: number, width: number): string => value.toString(16).padStart(width, '0')

/** The 16 bytes of a UUID, as in a WebAuthn user handle. */
export function uuidBytes(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text.replaceAll('-', ''), 'hex'))
}
