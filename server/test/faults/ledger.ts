import { readSettings } from '../../src/applications/settings.ts'
import type { Sql } from '../../src/platform/db.ts'
import type { Authenticator } from '../authenticator.ts'
import type { Tenant } from '../harness.ts'

/** What a client may believe: `unknown` from the moment it asks for a change until it has the answer. */
export type Fate = 'there' | 'gone' | 'unknown'

export type TrackedSession = { id: string; token: string; fate: Fate }

export type TrackedUser = {
  tenant: TrackedTenant
  name: string
  fate: Fate
  /** The Idempotency-Key of its creation. */
  key: string | null
  id: string | null
  /** Holds a passkey of the user, once the server has said so. */
  device: Authenticator | null
  passkeys: string[]
  /** Its erasure was asked for. */
  erasing: boolean
  /** A registration was never answered: the device and the server may disagree. */
  murky: boolean
  sessions: TrackedSession[]
}

/** `seconds`: the session life that was set last, and the one asked for last. `erased`: users that are known to be. */
export type TrackedTenant = Tenant & { seconds: { set: number; asked: number }; erased: number }

/** What clients were told, over all lives of the server. */
export type Ledger = { users: TrackedUser[]; tenants: TrackedTenant[] }

const untouched = readSettings({}).session_ttl_seconds

export const tracked = (tenant: Tenant): TrackedTenant => ({
  ...tenant,
  seconds: { set: untouched, asked: untouched },
  erased: 0,
})

const key = (...parts: (string | null)[]) => parts.join(' ')

/** Every write that was acknowledged and is not there, or is there although its end was acknowledged. */
export async function lost(sql: Sql, { users, tenants }: Ledger): Promise<string[]> {
  const [known, sessions, passkeys, records, applications, erasures] = await Promise.all([
    sql.query<{ tenant_id: string; external_user_id: string | null; id: string }>(
      'select tenant_id, external_user_id, id::text as id from users',
    ),
    sql.query<{ id: string; revoked: boolean }>(
      'select id::text as id, revoked_at is not null as revoked from sessions',
    ),
    sql.query<{ id: string }>('select id from credentials'),
    sql.query<{ tenant_id: string; key: string; status: number | null }>(
      `select tenant_id, key, status from idempotency_records where operation = 'users.create'`,
    ),
    sql.query<{ id: string; seconds: string | null }>(
      `select id, settings ->> 'session_ttl_seconds' as seconds from applications`,
    ),
    sql.query<{ tenant_id: string; count: number }>(
      `select tenant_id, count(*)::int as count from audit_logs where event = 'user.deleted' group by tenant_id`,
    ),
  ])
  const userIds = new Map(known.map((row) => [key(row.tenant_id, row.external_user_id), row.id]))
  const revoked = new Map(sessions.map((row) => [row.id, row.revoked]))
  const stored = new Set(passkeys.map(({ id }) => id))
  const decided = new Map(records.map((row) => [key(row.tenant_id, row.key), row.status]))
  const settings = new Map(applications.map((row) => [row.id, row.seconds === null ? untouched : Number(row.seconds)]))
  const erased = new Map(erasures.map((row) => [row.tenant_id, row.count]))

  const found: string[] = []
  const expect = (holds: boolean, sentence: string) => void (holds || found.push(sentence))
  for (const { tenantId, applicationId, seconds, erased: least } of tenants) {
    const open = users.filter((user) => user.tenant.tenantId === tenantId && user.erasing && user.fate === 'unknown')
    const told = erased.get(tenantId) ?? 0
    expect(told >= least && told <= least + open.length, `${tenantId} has ${told} user.deleted for ${least} erasures`)
    expect(settings.has(applicationId), `application ${applicationId} was acknowledged and is lost`)
    const now = settings.get(applicationId)
    expect(now === seconds.set || now === seconds.asked, `${applicationId} has the setting ${now}, not ${seconds.set}`)
  }
  for (const user of users) {
    const { tenantId } = user.tenant
    const id = userIds.get(key(tenantId, user.name))
    if (user.fate === 'gone') expect(id === undefined, `${user.name} was erased and is there`)
    if (user.fate !== 'there') continue
    expect(id !== undefined, `${user.name} was acknowledged and is lost`)
    expect(user.id === null || id === user.id, `${user.name} is another user than was acknowledged`)
    if (user.key) expect(decided.get(key(tenantId, user.key)) === 201, `the answer under ${user.key} is lost`)
    for (const passkey of user.passkeys) expect(stored.has(passkey), `passkey ${passkey} of ${user.name} is lost`)
    for (const session of user.sessions) {
      expect(revoked.has(session.id), `session ${session.id} of ${user.name} is lost`)
      if (session.fate === 'unknown') continue
      expect(revoked.get(session.id) === (session.fate === 'gone'), `session ${session.id} is not ${session.fate}`)
    }
  }
  return found
}
