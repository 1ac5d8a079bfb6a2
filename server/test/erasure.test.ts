import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jobs } from '../src/jobs.ts'
import { type Database, openDatabase } from '../src/platform/db.ts'
import { type JobRunner, startJobs } from '../src/platform/jobs.ts'
import { migrate } from '../src/platform/migrate.ts'
import { ensureAuditPartitions } from '../src/platform/partitions.ts'
import { pay } from './account.ts'
import { createAuthenticator } from './authenticator.ts'
import { browserOf, ORIGIN } from './ceremonies.ts'
import { type EmptyDatabase, emptyPostgres, testServer } from './database.ts'
import { type Call, freshAddress, type Tenant, type TestApp, testApp, testClock } from './harness.ts'

let server: TestApp
let database: Database
let runner: JobRunner
let home: EmptyDatabase | undefined

beforeAll(async () => {
  home = testServer ? await emptyPostgres(testServer) : undefined
  database = await openDatabase(home ? { url: home.url } : { dataDir: 'memory://' })
  await migrate(database)
  const clock = testClock()
  await ensureAuditPartitions(database.sql, clock())
  server = await testApp({}, { database, clock, limitStore: { sql: database.sql } })
  runner = await startJobs(database, home?.url, jobs, server.app.deps, server.app.deps.log)
})
afterAll(async () => {
  await server?.close()
  await runner?.close()
  await database?.close()
  await home?.drop()
})

type Line = { table: string; text: string }

/** Every row of every table of the database as text, bytes in hexadecimal. */
async function dump(): Promise<Line[]> {
  const tables = await database.sql.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')`,
  )
  const lines: Line[] = []
  for (const { name } of tables) {
    const rows = await database.sql.query<{ text: string }>(`select t::text as text from ${name} t`)
    for (const { text } of rows) lines.push({ table: name, text })
  }
  return lines
}

/** Whether text or bytes stand somewhere in a row, in any of the forms that columns have. */
function mentions(line: Line, needle: string | Buffer): boolean {
  const bytes = Buffer.from(needle)
  const forms = [bytes.toString('hex'), bytes.toString('base64url')]
  if (typeof needle === 'string') {
    const json = JSON.stringify(needle).slice(1, -1)
    // A row's text doubles quotes and backslashes.
    const doubled = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '""')
    forms.push(needle, doubled(needle), doubled(json), Buffer.from(json).toString('hex'))
  }
  return forms.some((form) => line.text.includes(form))
}

const tablesWith = (lines: readonly Line[], needle: string | Buffer): string[] =>
  [
    ...new Set(lines.filter((line) => mentions(line, needle)).map(({ table }) => table.replace(/_\d{4}_\d\d$/, ''))),
  ].sort()

const name = 'ada "the first" \\ Lovelace/ü'
const address = '198.51.100.77'
const path = (who: string) => encodeURIComponent(who)

/** A user of every feature there is, with everything that names her. */
async function live(tenant: Tenant, other: Tenant) {
  const [ip, agent] = [address, 'AdasBrowser/1.0']
  const browser = browserOf(server, tenant)
  const from = { ip, headers: { 'user-agent': agent } }
  const call = async (status: number, method: string, url: string, options: Call = {}) => {
    const answer = await server.call(method, url, { token: tenant.token, ...options })
    expect([method, url, answer.status, answer.text]).toEqual([method, url, status, answer.text])
    return answer
  }
  let keys = 0
  const keyed = () => ({ 'idempotency-key': `key-${keys++}` })
  // From an address of its own: the row of this beginning names nobody.
  await browser.startRegistration({ ip: freshAddress(), name })
  const user = {
    external_user_id: name,
    email: 'Ada.Lovelace@analytical.example',
    metadata: { nickname: 'Enchantress of Numbers' },
  }
  const created = await call(201, 'POST', '/v1/users', { headers: keyed(), body: user })
  const id: string = created.body.data.id
  await call(409, 'POST', '/v1/users', { headers: keyed(), body: user })
  await call(201, 'POST', '/v1/users', { body: { external_user_id: 'eve' } })
  const users = [user, { external_user_id: 'bob' }]
  await call(200, 'POST', '/v1/migration/users/import', { headers: keyed(), body: { users } })
  await call(200, 'POST', '/v1/migration/users/import', {
    headers: { ...keyed(), 'content-type': 'application/x-ndjson' },
    body: users.map((one) => JSON.stringify(one)).join('\n'),
  })
  await call(200, 'PATCH', `/v1/users/${path(name)}`, { headers: keyed(), body: { metadata: user.metadata } })

  const [device, second] = [createAuthenticator(), createAuthenticator()]
  const registered = await browser.register(name, device, { ...from, finish: { alias: 'Ada’s telephone' } })
  await browser.register(undefined, second, { ...from, session: registered.token })
  expect((await browser.signIn(second, { ...from, name })).status).toBe(200)
  const broken = { mutate: { signature: (bytes: Buffer) => Buffer.from(bytes).fill(0, 8, 16) } }
  expect((await browser.signIn(device, { ...from, ...broken })).status).toBe(401)
  await browser.startSignIn({ ...from, name })
  await browser.startRegistration({ ...from, session: registered.token })
  const lists = await Promise.all([
    call(200, 'GET', `/v1/users/${path(name)}/credentials`),
    call(200, 'GET', `/v1/users/${path(name)}/sessions`),
  ])
  const credentials: string[] = lists[0].body.data.credentials.map(
    (one: { credential_id: string }) => one.credential_id,
  )
  const sessions: string[] = lists[1].body.data.data.map((one: { id: string }) => one.id)
  await call(200, 'GET', `/v1/privacy/user-data/${path(name)}`)
  await database.sql.query(
    'insert into active_users (tenant_id, user_id, period) values ($1, $2::uuid, $3) on conflict do nothing',
    [tenant.tenantId, id, '2026-11'],
  )
  await probe({ tenant, other, id, token: registered.token, credentials, sessions })
  const webauthnIds = [device, second].map(({ credentials: [held] }) => held?.id as Buffer)
  return {
    id,
    keyed,
    needles: [
      name,
      user.email,
      id,
      ...credentials,
      ...sessions,
      ...webauthnIds,
      ip,
      agent,
      user.metadata.nickname,
      'Ada’s telephone',
    ],
  }
}

type Probe = { tenant: Tenant; other: Tenant; id: string; token: string; credentials: string[]; sessions: string[] }

/** Denials that name her: as who asks for what is not hers, and as whose things are asked for. */
async function probe({ tenant, other, id, token, credentials, sessions }: Probe): Promise<void> {
  const theirs = await browserOf(server, other).register('somebody', undefined, { ip: freshAddress() })
  const eves = await browserOf(server, tenant).register('eve', undefined, { ip: freshAddress() })
  const idOf = (session: string): string =>
    JSON.parse(Buffer.from(session.split('.')[1] ?? '', 'base64url').toString()).jti
  const asHer = { token, origin: ORIGIN, ip: '192.0.2.9', headers: { 'user-agent': 'Prober/1.0' } }
  for (const target of [idOf(theirs.token), idOf(eves.token), '019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57']) {
    expect((await server.call('DELETE', `/v1/sessions/${target}`, asHer)).status).toBe(404)
  }
  const body = {
    session_id: '019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57',
    credential: createAuthenticator().register(
      { challenge: 'AAAA', rp: { id: 'app.example.com' }, user: { id: 'AAAA' }, pubKeyCredParams: [{ alg: -7 }] },
      { origin: ORIGIN },
    ),
  }
  expect((await server.call('POST', '/v1/passkeys/register/finish', { ...asHer, body })).status).toBe(400)
  const aboutHer = [
    ['GET', `/v1/users/id:${id}`, other.token],
    ['DELETE', `/v1/users/eve/credentials/${credentials[0]}`, tenant.token],
    ['DELETE', `/v1/sessions/${sessions[0]}`, eves.token],
  ] as const
  for (const [method, url, bearer] of aboutHer) {
    expect([url, (await server.call(method, url, { token: bearer, origin: ORIGIN })).status]).toEqual([url, 404])
  }
}

describe('DELETE /v1/users/{external_user_id}', () => {
  it('security 235: a search of the whole database for the erased user finds nothing; erasing again is 404', async () => {
    const [one, other] = [await server.tenant({ origins: [ORIGIN] }), await server.tenant({ origins: [ORIGIN] })]
    const tenant = await pay(server, one, 'enterprise')
    const { id, needles, keyed } = await live(tenant, other)
    const before = await dump()
    // What is searched for was there: else nothing could be found missing.
    for (const needle of needles) expect([needle, tablesWith(before, needle)]).not.toEqual([needle, []])
    expect(tablesWith(before, id)).toEqual(
      expect.arrayContaining(
        [
          'active_users',
          'audit_logs',
          'ceremonies',
          'credentials',
          'identifiers',
          'idempotency_records',
          'sessions',
          'users',
        ].map((table) => `public.${table}`),
      ),
    )
    expect([...new Set(before.map(({ table }) => table.split('.')[0]))].sort()).toEqual(['pgboss', 'public'])

    const url = `/v1/users/${path(name)}`
    const headers = keyed()
    expect((await server.call('DELETE', url, { token: tenant.token, headers })).status).toBe(204)
    // Counters of an address are nobody's in particular, and end within the hour.
    const after = (await dump()).filter(({ table, text }) => table !== 'public.rate_limits' || !text.includes(address))
    expect(needles.map((needle) => [needle, tablesWith(after, needle)])).toEqual(needles.map((needle) => [needle, []]))

    const again = await server.call('DELETE', url, { token: tenant.token })
    expect([again.status, again.body.error.code]).toEqual([404, 'user_not_found'])
    const replayed = await server.call('DELETE', url, { token: tenant.token, headers })
    expect([replayed.status, replayed.headers['idempotent-replayed']]).toEqual([204, 'true'])
  })
})
