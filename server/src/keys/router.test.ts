import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestApp, testApp } from '../../test/harness.ts'
import type { PersonAt } from '../../test/people.ts'
import { agentKey, stepUp } from '../../test/samples.ts'
import { hasValidChecksum } from '../platform/secrets.ts'

let server: TestApp
let person: PersonAt
beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'false' })
  person = await server.person()
})
afterAll(() => server.close())

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const world = async () => ({ server, tenant: await server.tenant() })

/** A key made by a person in the dashboard. */
async function makeKey(body: object = {}, maker: PersonAt = person) {
  const proof = await stepUp({ server, tenant: await server.tenant() }, maker, 'keys.create')
  const made = await server.call('POST', '/v1/keys', {
    headers: maker.headers,
    body: { name: 'CI', step_up: proof, ...body },
  })
  expect([made.status, made.text]).toEqual([201, made.text])
  const { secret_key, ...shown } = made.body.data
  return { secret: secret_key as string, id: shown.key_id as string, shown, headers: bearer(secret_key) }
}

const events = (tenantId: string, event: string) =>
  server.database.sql.query<{ metadata: Record<string, unknown>; actor: { kind: string; id: string } }>(
    'select metadata, actor from audit_logs where tenant_id = $1 and event = $2 order by id',
    [tenantId, event],
  )

describe('making a key', () => {
  it('agents 149, 157: it has the published shape and checksum, and the preview shows 4 and 4 of it', async () => {
    const { secret, shown } = await makeKey({ name: 'Deploy' })
    const { body } = await server.call('GET', '/.well-known/secret-scanning.json')
    expect(secret).toMatch(new RegExp(`^${body.pattern}$`))
    expect(hasValidChecksum(secret, 'tm_key')).toBe(true)
    expect(shown.key_preview).toBe(`${secret.slice(0, 11)}...${secret.slice(-4)}`)
    expect(shown).toMatchObject({ name: 'Deploy', scopes: ['full_access'], application_ids: null, status: 'active' })
    expect([shown.expires_at, shown.last_used_at, shown.last_used_ip]).toEqual([null, null, null])
    expect(shown.setup.env_var).toBe(`export TRYMELLON_SECRET_KEY="${secret}"`)
  })

  it('agents 149: the two test values have valid checksums, and one changed character has not', () => {
    const key = 'tm_key_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg4EQaWx'
    expect(hasValidChecksum(key, 'tm_key')).toBe(true)
    expect(hasValidChecksum('sec_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3rlfyt', 'sec')).toBe(true)
    expect(hasValidChecksum(key.replace('A', 'B'), 'tm_key')).toBe(false)
  })

  it('agents 149: a key with one changed character → 401 without a database query', async () => {
    const { secret } = await makeKey()
    const wrong = `${secret.slice(0, 20)}${secret[20] === 'x' ? 'y' : 'x'}${secret.slice(21)}`
    const { sql } = server.app.deps.database
    const asked: string[] = []
    const { query } = sql
    sql.query = ((text: string, values?: unknown[]) => {
      asked.push(text)
      return query.call(sql, text, values)
    }) as typeof query
    try {
      const answer = await server.call('GET', '/v1/keys', { headers: bearer(wrong) })
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer error="invalid_token"'])
    } finally {
      sql.query = query
    }
    expect(asked).toEqual([])
  })

  it('agents 149: too many wrong keys from one address → 429 for wrong ones, while right ones are served', async () => {
    const limited = await testApp({}, { database: server.database, clock: server.clock })
    try {
      const key = await makeKey()
      const ip = '198.51.100.4'
      const wrong = () => limited.call('GET', '/v1/keys', { headers: bearer('tm_key_wrong'), ip })
      for (let attempt = 0; attempt < 100; attempt += 1) expect((await wrong()).status).toBe(401)
      const refused = await wrong()
      expect([refused.status, refused.body.error.code]).toEqual([429, 'rate_limit_exceeded'])
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
      expect((await limited.call('GET', '/v1/keys', { headers: key.headers, ip })).status).toBe(200)
    } finally {
      // The database is shared, so the server is not closed with it.
      await limited.app.http.close()
    }
  })

  it('agents 140, 150: it is shown once; list, read, log and trail know its preview only, the database its keyed hash', async () => {
    const { secret, id, headers } = await makeKey()
    const answers = [
      await server.call('GET', '/v1/keys', { headers }),
      await server.call('GET', `/v1/keys/${id}`, { headers }),
      await server.call('GET', '/v1/keys/current', { headers }),
      await server.call('GET', '/v1/audit-logs', { headers }),
    ]
    for (const answer of answers) {
      expect(answer.status).toBe(200)
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.text).not.toContain(secret)
    }
    const anonymous = await server.call('GET', '/v1/keys')
    for (const { headers: sent } of [...answers.slice(0, 3), anonymous]) {
      expect([sent['cache-control'], sent.pragma]).toEqual(['no-store', 'no-cache'])
    }
    expect(server.lines.join('\n')).not.toContain(secret)
    const tables = await server.database.sql.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
    )
    for (const { name } of tables) {
      const found = await server.database.sql.query(`select 1 from "${name}" t where t::text like $1`, [`%${secret}%`])
      expect([name, found]).toEqual([name, []])
    }
    const versions = await server.database.sql.query<{ hash: Uint8Array; pepper_id: string }>(
      'select hash, pepper_id from secret_key_versions where key_id = $1',
      [id],
    )
    expect(versions.map((row) => [Buffer.from(row.hash).toString('hex'), row.pepper_id])).toEqual([
      [server.app.deps.secrets.hash(secret).toString('hex'), server.app.deps.secrets.pepperId],
    ])
  })

  it('a person without a fresh proof → 401 step_up_required, and a proof is good once', async () => {
    const proof = await stepUp(await world(), person, 'keys.create')
    const make = (step_up?: object) =>
      server.call('POST', '/v1/keys', {
        headers: person.headers,
        body: { name: 'CI', ...(step_up ? { step_up } : {}) },
      })
    expect((await make()).body.error.code).toBe('step_up_required')
    const other = await stepUp(await world(), person, 'keys.other')
    expect((await make(other)).body.error.code).toBe('step_up_required')
    expect((await make(proof)).status).toBe(201)
    expect((await make(proof)).body.error.code).toBe('step_up_required')
  })

  it('the same Idempotency-Key again → the same key, and no second one exists', async () => {
    const body = { name: 'Twice', step_up: await stepUp(await world(), person, 'keys.create') }
    const headers = { ...person.headers, 'idempotency-key': 'make-one' }
    const first = await server.call('POST', '/v1/keys', { headers, body })
    const again = await server.call('POST', '/v1/keys', { headers, body })
    expect([first.status, again.status, again.headers['idempotent-replayed']]).toEqual([201, 201, 'true'])
    expect(again.body).toEqual(first.body)
    const keys = await server.database.sql.query(`select 1 from secret_keys where name = 'Twice'`)
    expect(keys).toHaveLength(1)
  })

  it('the Idempotency-Key of another caller of the account shows nobody a key that they may not make', async () => {
    const owner = await server.person()
    const full = await makeKey({}, owner)
    const narrow = await makeKey({ scopes: ['keys:write'] }, owner)
    const make = (headers: Record<string, string>) =>
      server.call('POST', '/v1/keys', {
        headers: { ...headers, 'idempotency-key': 'first-key-0001' },
        body: { name: 'CI' },
      })
    const first = await make(full.headers)
    expect([first.status, first.body.data.scopes]).toEqual([201, ['full_access']])
    const other = await make(narrow.headers)
    expect([other.status, other.body.error?.code]).toEqual([422, 'idempotency_key_reused'])
    expect(other.text).not.toContain(first.body.data.secret_key)
    expect((await make(full.headers)).body).toEqual(first.body)
  })

  it('a refused proof gives its Idempotency-Key back', async () => {
    const headers = { ...person.headers, 'idempotency-key': 'second-try' }
    const refused = await server.call('POST', '/v1/keys', { headers, body: { name: 'CI' } })
    expect(refused.status).toBe(401)
    const body = { name: 'CI', step_up: await stepUp(await world(), person, 'keys.create') }
    expect((await server.call('POST', '/v1/keys', { headers, body })).status).toBe(201)
  })

  it.each([
    [{ name: '' }, 'name'],
    [{ name: 'a\u202eb' }, 'name'],
    [{ scopes: ['everything'] }, 'scopes'],
    [{ scopes: ['offline_access'] }, 'scopes'],
    [{ scopes: [] }, 'scopes'],
    [{ application_ids: [] }, 'application_ids'],
    [{ expires_at: 'tomorrow' }, 'expires_at'],
    [{ expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
  ])('%j → 400 that names %s', async (body, field) => {
    const key = await makeKey()
    const answer = await server.call('POST', '/v1/keys', { headers: key.headers, body: { name: 'CI', ...body } })
    expect([answer.status, answer.body.error.code]).toEqual([400, 'validation_error'])
    expect(answer.body.error.message).toContain(field)
  })

  it('another account’s application → 404 application_not_found', async () => {
    const key = await makeKey()
    const { applicationId } = await server.tenant()
    const body = { name: 'CI', application_ids: [applicationId] }
    const answer = await server.call('POST', '/v1/keys', { headers: key.headers, body })
    expect([answer.status, answer.body.error.code]).toEqual([404, 'application_not_found'])
  })

  it('a program makes keys for itself, of at most its own rights', async () => {
    const narrow = await makeKey({ scopes: ['keys:write', 'users:read'], application_ids: [person.applicationId] })
    const make = (body: object) =>
      server.call('POST', '/v1/keys', { headers: narrow.headers, body: { name: 'Child', ...body } })
    const child = await make({})
    expect(child.body.data).toMatchObject({
      agent_id: narrow.shown.agent_id,
      scopes: ['keys:write', 'users:read'],
      application_ids: [person.applicationId],
    })
    const wider = await make({ scopes: ['users:write'] })
    expect([wider.status, wider.body.error.code]).toEqual([403, 'insufficient_scope'])
    expect((await make({ scopes: ['full_access'] })).status).toBe(403)
    expect((await make({ scopes: ['acting_as:write'] })).status).toBe(403)
  })

  it('full_access does not make a key for billing or for acting as somebody else', async () => {
    const full = await makeKey()
    for (const scopes of [['billing:read'], ['acting_as:write']]) {
      const answer = await server.call('POST', '/v1/keys', { headers: full.headers, body: { name: 'X', scopes } })
      expect([scopes, answer.status, answer.body.error.code]).toEqual([scopes, 403, 'insufficient_scope'])
    }
    expect((await server.call('POST', '/v1/keys', { headers: full.headers, body: { name: 'X' } })).status).toBe(201)
  })

  it('a key with an end makes none that outlives it', async () => {
    const expires_at = new Date(server.clock().getTime() + 3_600_000).toISOString()
    const brief = await makeKey({ expires_at })
    const later = new Date(server.clock().getTime() + 7_200_000).toISOString()
    for (const body of [{ name: 'A' }, { name: 'B', expires_at: later }]) {
      const made = await server.call('POST', '/v1/keys', { headers: brief.headers, body })
      expect(made.body.data.expires_at).toBe(expires_at)
    }
  })

  it('nor gets one by replacing another', async () => {
    const owner = await server.person()
    const endless = await makeKey({ scopes: ['users:read'] }, owner)
    const expires_at = new Date(server.clock().getTime() + 3_600_000).toISOString()
    const brief = await makeKey({ expires_at }, owner)
    const rotate = (id: string) => server.call('POST', `/v1/keys/${id}/rotate`, { headers: brief.headers, body: {} })
    const refused = await rotate(endless.id)
    expect([refused.status, refused.body.error?.code]).toEqual([403, 'insufficient_scope'])
    expect((await rotate(brief.id)).status).toBe(200)
  })
})

describe('what a key reaches', () => {
  it('agents 151: it works on the admin API within its scopes; outside them 403 insufficient_scope that names what is needed', async () => {
    const key = await makeKey({ scopes: ['users:read'] })
    expect((await server.call('GET', '/v1/users', { headers: key.headers })).status).toBe(200)
    const body = { external_user_id: 'a' }
    const refused = await server.call('POST', '/v1/users', { headers: key.headers, body })
    expect([refused.status, refused.body.error.code]).toEqual([403, 'insufficient_scope'])
    expect(refused.headers['www-authenticate']).toBe('Bearer error="insufficient_scope", scope="users:write"')
    expect((await server.call('GET', '/v1/keys', { headers: key.headers })).status).toBe(403)
  })

  it('agents 152: two applications without X-App-Id → 400 that names it and them; a foreign one → 404', async () => {
    const owner = await server.person()
    const key = await makeKey({}, owner)
    const body = { name: 'Second', allowed_origins: ['https://app.example.com'] }
    const made = await server.call('POST', '/v1/applications', { headers: key.headers, body })
    expect(made.status).toBe(201)
    const vague = await server.call('GET', '/v1/users', { headers: key.headers })
    expect([vague.status, vague.body.error.code]).toEqual([400, 'validation_error'])
    expect(vague.body.error.message).toContain('X-App-Id')
    expect(vague.body.error.details[0].application_ids.sort()).toEqual([owner.applicationId, made.body.data.id].sort())
    const at = (id: string) => server.call('GET', '/v1/users', { headers: { ...key.headers, 'x-app-id': id } })
    expect((await at(made.body.data.id)).status).toBe(200)
    const foreign = await at(person.applicationId)
    expect([foreign.status, foreign.body.error.code]).toEqual([404, 'application_not_found'])
  })

  it('agents 152: one limited to an application needs no X-App-Id, sees no wider key, and makes none', async () => {
    const owner = await server.person()
    const full = await makeKey({}, owner)
    const second = { name: 'Second', allowed_origins: ['https://app.example.com'] }
    const made = await server.call('POST', '/v1/applications', { headers: full.headers, body: second })
    const limited = await makeKey({ application_ids: [made.body.data.id] }, owner)
    expect((await server.call('GET', '/v1/users', { headers: limited.headers })).status).toBe(200)
    const listed = await server.call('GET', '/v1/keys', { headers: limited.headers })
    expect(listed.body.data.data.map(({ key_id }: { key_id: string }) => key_id)).toEqual([limited.id])
    for (const [method, path] of [
      ['GET', `/v1/keys/${full.id}`],
      ['POST', `/v1/keys/${full.id}/rotate`],
      ['DELETE', `/v1/keys/${full.id}`],
      ['DELETE', `/v1/agents/${full.shown.agent_id}`],
    ] as const) {
      const answer = await server.call(method, path, {
        headers: limited.headers,
        ...(method === 'POST' ? { body: {} } : {}),
      })
      expect([path, answer.status]).toEqual([path, 404])
    }
    const wider = { name: 'X', application_ids: [owner.applicationId] }
    expect((await server.call('POST', '/v1/keys', { headers: limited.headers, body: wider })).status).toBe(404)
  })

  it('agents 160: a key in the query → 401 and a row in the security log, however it is written', async () => {
    const { secret, id, headers } = await makeKey()
    for (const value of [secret, secret.replaceAll('_', '%5F')]) {
      for (const sent of [{}, { headers }]) {
        const answer = await server.call('GET', `/v1/users?access_token=${value}`, sent)
        expect([answer.status, answer.body.error.code]).toEqual([401, 'unauthorized'])
      }
    }
    const rows = (await events(person.tenantId, 'authorization.denied')).filter(
      ({ metadata }) => metadata.policy === 'key_in_url',
    )
    expect(rows.map(({ metadata }) => [metadata.resource_type, metadata.resource_id])).toEqual(
      Array(4).fill(['secret_key', id]),
    )
    expect(JSON.stringify(rows)).not.toContain(secret)
  })

  it('a key of another account is unknown', async () => {
    const mine = await agentKey(await world())
    const theirs = await agentKey(await world())
    expect((await server.call('GET', `/v1/keys/${mine.key_id}`, { headers: mine.headers })).status).toBe(200)
    expect((await server.call('GET', `/v1/keys/${theirs.key_id}`, { headers: mine.headers })).status).toBe(404)
  })
})

describe('listing keys', () => {
  it('pages are stable, oldest first, and the cursor of another list is refused', async () => {
    const owner = await server.person()
    const ids = []
    for (let n = 0; n < 5; n += 1) ids.push((await makeKey({ name: `K${n}` }, owner)).id)
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const query: string = cursor === null ? '' : `&starting_after=${cursor}`
      const { body } = await server.call('GET', `/v1/keys?limit=2${query}`, { headers: owner.headers })
      seen.push(...body.data.data.map(({ key_id }: { key_id: string }) => key_id))
      cursor = body.data.next_cursor
    } while (cursor !== null)
    expect([...seen].sort()).toEqual([...ids].sort())
    expect(seen).toHaveLength(5)
    const foreign = await server.call('GET', `/v1/keys?starting_after=${(await makeKey()).id}`, {
      headers: owner.headers,
    })
    expect(foreign.status).toBe(400)
  })
})
