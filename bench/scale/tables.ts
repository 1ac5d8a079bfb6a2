import { events } from '../../server/src/audit/events.ts'
import { SITE } from '../works.ts'
import type { Size } from './ordinals.ts'
import * as of from './ordinals.ts'

export type Value = string | number | boolean | null

/** What the rows need besides ordinals. */
export type Facts = {
  size: Size
  /** Ids of tenants and of their one application, by number. */
  tenants: { tenantId: string; applicationId: string }[]
  /** COSE_Key that passkeys have in common; whoever signs in gets one of its own. */
  publicKey: Buffer
}

/** One table: its columns, and the rows of user `n`. */
export type Table = { name: string; columns: string; rows: (facts: Facts, n: number) => Value[][] }

const DAY = 86_400_000
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) Bench/1.0'

const time = (millis: number) => new Date(millis).toISOString()
/** As COPY takes it, whose escape is a backslash too. */
const bytea = (bytes: Buffer) => `\\\\x${bytes.toString('hex')}`
const ownerOf = ({ size, tenants }: Facts, n: number) => tenants[of.tenantOf(size, n)] as Facts['tenants'][number]
/** Sign-ins are spread over the last 20 hours. */
const signedInAt = ({ now }: Size, n: number) => now - ((n * 7919) % 72_000_000)

const attestation = bytea(Buffer.alloc(194, 0x5a))
const clientData = bytea(Buffer.alloc(128, 0x7b))

const users: Table = {
  name: 'users',
  columns: 'tenant_id, id, application_id, external_user_id, metadata, created_at, updated_at, authenticated_at',
  rows(facts, n) {
    const { tenantId, applicationId } = ownerOf(facts, n)
    const at = time(of.madeAt(facts.size, n))
    const metadata = `{"tier":${n % 3},"since":2025}`
    return [[tenantId, of.userId(facts.size, n), applicationId, of.userName(n), metadata, at, at, at]]
  },
}

const credentials: Table = {
  name: 'credentials',
  columns: `tenant_id, id, application_id, user_id, webauthn_id, rp_id, public_key, algorithm, sign_count, transports, aaguid,
    attestation_type, attachment, backup_eligible, backup_state, uv_initialized, discoverable, attestation_object, client_data_json, created_at`,
  rows(facts, n) {
    const { tenantId, applicationId } = ownerOf(facts, n)
    const owner = [tenantId, of.credentialId(n), applicationId, of.userId(facts.size, n)]
    const key = [bytea(of.webauthnId(n)), SITE.rpId, bytea(facts.publicKey), -7, 0, '{internal,hybrid}']
    const facet = ['00000000-0000-0000-0000-000000000000', 'none', 'platform', false, false, true, true]
    return [[...owner, ...key, ...facet, attestation, clientData, time(of.madeAt(facts.size, n))]]
  },
}

const directory: Table = {
  name: 'directory',
  columns: 'kind, key, tenant_id, id',
  rows(facts, n) {
    const key = `${SITE.rpId}:${of.webauthnId(n).toString('base64url')}`
    return [['webauthn', key, ownerOf(facts, n).tenantId, of.credentialId(n)]]
  },
}

const sessions: Table = {
  name: 'sessions',
  columns:
    'tenant_id, id, application_id, user_id, method, credential_id, ip_address, user_agent, created_at, last_seen_at, expires_at',
  rows(facts, n) {
    const { tenantId, applicationId } = ownerOf(facts, n)
    const millis = signedInAt(facts.size, n)
    const at = time(millis)
    const who = [tenantId, of.uuidAt(millis, n), applicationId, of.userId(facts.size, n), 'passkey', of.credentialId(n)]
    return [[...who, '198.51.100.7', BROWSER, at, at, time(millis + DAY)]]
  },
}

const identifiers: Table = {
  name: 'identifiers',
  columns: 'tenant_id, id, application_id, user_id, type, value, verified, linked_at',
  rows(facts, n) {
    const { tenantId, applicationId } = ownerOf(facts, n)
    const who = [tenantId, of.idOf('idf', n), applicationId, of.userId(facts.size, n)]
    return [[...who, 'email', `${of.userName(n)}@example.com`, true, time(of.madeAt(facts.size, n))]]
  },
}

/** The stored answer to the call that made the user, for one in eleven. */
const idempotency: Table = {
  name: 'idempotency_records',
  columns: 'tenant_id, scope, operation, key, request_hash, status, body, user_id, created_at, expires_at',
  rows(facts, n) {
    if (n % 11 !== 0) return []
    const { tenantId, applicationId } = ownerOf(facts, n)
    const request = [tenantId, applicationId, 'users.create', `make-${n}`, bytea(of.webauthnId(n)), 201, clientData]
    return [[...request, of.userId(facts.size, n), time(facts.size.now), time(facts.size.now + DAY)]]
  },
}

/** A challenge under way, for one in a hundred or so. */
const ceremonies: Table = {
  name: 'ceremonies',
  columns: 'tenant_id, id, application_id, kind, user_id, challenge, facts, created_at, expires_at',
  rows(facts, n) {
    if (n % 101 !== 0) return []
    const { tenantId, applicationId } = ownerOf(facts, n)
    const { now } = facts.size
    const who = [tenantId, of.uuidAt(now, n), applicationId, 'authentication', of.userId(facts.size, n)]
    return [[...who, bytea(of.webauthnId(n)), '{"kind":"authentication"}', time(now), time(now + DAY)]]
  },
}

export const periodOf = (millis: number): string => time(millis).slice(0, 7)

/** Half of the users were active this month and the month before, and are counted in the totals. */
const activeUsers: Table = {
  name: 'active_users',
  columns: 'tenant_id, user_id, period, folded',
  rows(facts, n) {
    if (n % 2 !== 0) return []
    const [{ tenantId }, id] = [ownerOf(facts, n), of.userId(facts.size, n)]
    const { now } = facts.size
    const before = new Date(now)
    before.setUTCDate(0)
    return [now, before.getTime()].map((millis) => [tenantId, id, periodOf(millis), true])
  },
}

/** How many of a thousand audit rows are of an event. */
const MIX = {
  'auth.success': 780,
  'registration.started': 60,
  'auth.failed': 50,
  'passkey.registered': 40,
  'user.created': 39,
  'authorization.denied': 20,
  'user.updated': 9,
  'credential.revoked': 2,
} satisfies Partial<Record<keyof typeof events, number>>

const mixed = Object.entries(MIX).flatMap(([event, share]) =>
  new Array<keyof typeof events>(share).fill(event as keyof typeof MIX),
)

const eventOf = (n: number, k: number) => mixed[((n + k * 131) * 7919) % 1000] as keyof typeof events

/** Rows of the trail that name user `n` as the one they are about: a denial is told to the owner of what was asked for. */
export const rowsAbout = (size: Size, n: number): number =>
  Array.from({ length: size.auditPerUser }, (_, k) => eventOf(n, k)).filter((event) => event !== 'authorization.denied')
    .length

/** A denial of somebody else's call for a thing of the user, or of the user's own call. */
function denial(userId: string, n: number) {
  const actor = n % 2 === 0 ? `{"id":"${of.idOf('cli', n)}","kind":"service"}` : `{"id":"${userId}","kind":"end_user"}`
  return { actor, metadata: `{"policy":"own_application","resource_type":"user","resource_id":"${userId}"}` }
}

/** One audit row of user `n` at a time; `k` tells apart those of one user. */
function auditRow(facts: Facts, n: number, k: number, millis: number): Value[] {
  const { tenantId, applicationId } = ownerOf(facts, n)
  const event = eventOf(n, k)
  const { category, success } = events[event]
  const seed = n * 16 + k
  const userId = of.userId(facts.size, n)
  const isDenial = event === 'authorization.denied'
  const { actor, metadata } = isDenial
    ? denial(userId, n)
    : {
        actor: `{"id":"${applicationId}","kind":"publishable"}`,
        metadata: `{"method":"passkey","credential_id":"${of.credentialId(n)}","user_verified":true}`,
      }
  const what = [tenantId, of.uuidAt(millis, seed), applicationId, event, category, success, isDenial ? null : userId]
  return [...what, actor, `198.51.100.${n % 256}`, BROWSER, of.idOf('req', seed), metadata, time(millis)]
}

const auditLogs = {
  name: 'audit_logs',
  columns:
    'tenant_id, id, application_id, event, category, success, user_id, actor, ip_address, user_agent, request_id, metadata, created_at',
}

/** Row `k` of every user is older than row `k + 1` of any: each user's rows are spread over all months. */
function lapAt(size: Size, n: number, k: number): number {
  const all = size.users * size.auditPerUser
  return of.started(size) + Math.floor(((n + k * size.users) * (of.SPAN_DAYS * DAY - 60_000)) / all)
}

/** The audit log one lap at a time, so that it is written in the order of time. */
export const auditLap = (k: number): Table => ({
  ...auditLogs,
  rows: (facts, n) => [auditRow(facts, n, k, lapAt(facts.size, n, k))],
})

/** Audit rows spread evenly between two times, one for each of `count` ordinals. */
export const auditBetween = (from: number, to: number, count: number): Table => ({
  ...auditLogs,
  rows: (facts, n) => [auditRow(facts, n, 15, from + Math.floor((n * (to - from - 1)) / count))],
})

/** Every table that has rows of users, but for the audit log. */
export const userTables: Table[] = [
  users,
  credentials,
  directory,
  sessions,
  identifiers,
  idempotency,
  ceremonies,
  activeUsers,
]
