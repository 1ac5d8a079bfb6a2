import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { pay } from '../../test/account.ts'
import { type Answer, type Tenant, type TestApp, testApp } from '../../test/harness.ts'

const path = '/v1/migration/users/import'
const ndjson = 'application/x-ndjson'

let server: TestApp
let tenant: Tenant
beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'false' })
})
afterAll(() => server.close())
beforeEach(async () => {
  tenant = await pay(server, await server.tenant(), 'starter')
})

type Result = { external_user_id: string | null; status: string; user_id?: string; error?: { code: string } }

const send = (body: unknown, headers: Record<string, string> = {}) =>
  server.call('POST', path, { token: tenant.token, body, headers })
const users = (...rows: object[]) => send({ users: rows })
const lines = (text: string, headers: Record<string, string> = {}) => send(text, { 'content-type': ndjson, ...headers })
const toLines = (rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('')
const named = (count: number, prefix = 'u') =>
  Array.from({ length: count }, (_, i) => ({ external_user_id: `${prefix}${i}` }))
const outcomes = ({ body }: Answer) =>
  body.data.results.map(({ external_user_id: name, status, error }: Result) => [name, error?.code ?? status])
const streamed = ({ text }: Answer) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))

/** What the tenant has: counted, and kept as the count. */
async function state() {
  const [row] = await server.database.sql.query<Record<string, number>>(
    `select (select count(*)::int from users where tenant_id = $1) as users,
            (select user_count from tenants where id = $1) as counted,
            (select count(*)::int from identifiers where tenant_id = $1) as identifiers`,
    [tenant.tenantId],
  )
  return row
}

const events = (event: string) =>
  server.database.sql.query<{ user_id: string | null; metadata: object; actor: { kind: string } }>(
    'select user_id, metadata, actor from audit_logs where tenant_id = $1 and event = $2 order by id',
    [tenant.tenantId, event],
  )

describe('POST /v1/migration/users/import', () => {
  it('200 with one result for each user in their order, the users, their addresses and their audit rows', async () => {
    const answer = await users(
      { external_user_id: 'b', email: 'B@EXAMPLE.com', email_verified: true, metadata: { plan: 'pro' } },
      { external_user_id: 'a' },
    )
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual({
      ok: true,
      data: {
        results: [
          { external_user_id: 'b', status: 'created', user_id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
          { external_user_id: 'a', status: 'created', user_id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
        ],
        created: 2,
        existing: 0,
        failed: 0,
      },
    })
    const [b, a] = answer.body.data.results
    const found = await server.call('GET', '/v1/users/b', { token: tenant.token })
    expect(found.body.data).toMatchObject({ id: b.user_id, status: 'active', metadata: { plan: 'pro' } })
    const listed = await server.call('GET', '/v1/users', { token: tenant.token })
    expect(listed.body.data.data.map(({ id }: { id: string }) => id)).toEqual([b.user_id, a.user_id])
    const [identifier] = await server.database.sql.query(
      'select user_id, type, value, verified from identifiers where tenant_id = $1',
      [tenant.tenantId],
    )
    expect(identifier).toEqual({ user_id: b.user_id, type: 'email', value: 'B@example.com', verified: true })
    expect(await events('user.created')).toEqual(
      [b, a].map(({ user_id }) => ({
        user_id,
        metadata: { source: 'import' },
        actor: { kind: 'service', id: tenant.clientId },
      })),
    )
    expect((await events('identifier.linked')).map(({ user_id }) => user_id)).toEqual([b.user_id])
    expect((await events('users.imported')).map(({ metadata }) => metadata)).toEqual([
      { created: 2, existing: 0, failed: 0 },
    ])
    expect(await state()).toEqual({ users: 2, counted: 2, identifiers: 1 })
  })

  it('what is wrong with one user is its result, and leaves nothing of it', async () => {
    await users({ external_user_id: 'old', email: 'taken@example.com' })
    const answer = await users(
      { external_user_id: 'old', email: 'another@example.com', metadata: { new: true } },
      { external_user_id: 'twice' },
      { external_user_id: 'address', email: 'taken@example.com' },
      { external_user_id: 'twice', email: 'unused@example.com' },
      { external_user_id: 'claims', custom_claims: { role: 'admin' } },
      {
        external_user_id: 'many',
        custom_claims: Object.fromEntries(named(11).map((row, i) => [`${i}`, row.external_user_id])),
      },
      { external_user_id: 'first', email: 'same@example.com' },
      { external_user_id: 'second', email: 'same@EXAMPLE.com' },
      // What was refused has taken neither name nor address from those after it.
      { external_user_id: 'address', email: 'unused@example.com' },
    )
    expect(answer.status).toBe(200)
    expect(outcomes(answer)).toEqual([
      ['old', 'exists'],
      ['twice', 'created'],
      ['address', 'identity_link_email_already_taken_in_tenant'],
      ['twice', 'exists'],
      ['claims', 'session_custom_claim_not_whitelisted'],
      ['many', 'session_custom_claims_limit_exceeded'],
      ['first', 'created'],
      ['second', 'identity_link_email_already_taken_in_tenant'],
      ['address', 'created'],
    ])
    const { results, ...counts } = answer.body.data
    expect(counts).toEqual({ created: 3, existing: 2, failed: 4 })
    expect(results[3].user_id).toBe(results[1].user_id)
    expect(results[2]).toEqual({
      external_user_id: 'address',
      status: 'failed',
      error: { code: 'identity_link_email_already_taken_in_tenant', message: expect.any(String) },
    })
    expect(await state()).toEqual({ users: 4, counted: 4, identifiers: 3 })
    const old = await server.call('GET', '/v1/users/old', { token: tenant.token })
    expect(old.body.data.metadata).toEqual({})
    expect(await events('user.created')).toHaveLength(4)
    expect((await events('users.imported')).at(-1)?.metadata).toEqual({ created: 3, existing: 2, failed: 4 })
  })

  it('claims that the application allows are stored', async () => {
    const custom_claims_schema = { role: { type: 'string', client_settable: false } }
    const body = { custom_claims_schema }
    await server.call('PATCH', `/v1/applications/${tenant.applicationId}`, { token: tenant.token, body })
    const answer = await users(
      { external_user_id: 'a', custom_claims: { role: 'x' } },
      { external_user_id: 'b', custom_claims: { role: 1 } },
    )
    expect(outcomes(answer)).toEqual([
      ['a', 'created'],
      ['b', 'session_custom_claim_not_whitelisted'],
    ])
    const found = await server.call('GET', '/v1/users/a', { token: tenant.token })
    expect(found.body.data.custom_claims).toEqual({ role: 'x' })
  })

  it('plan_limit_reached for whoever is beyond the plan, while those who exist are found', async () => {
    await users(...named(100, 'a'))
    await server.database.sql.query('update tenants set user_count = 998 where id = $1', [tenant.tenantId])
    const answer = await users(...named(4, 'b'), { external_user_id: 'a0' }, { external_user_id: 'b1' })
    expect(outcomes(answer)).toEqual([
      ['b0', 'created'],
      ['b1', 'created'],
      ['b2', 'plan_limit_reached'],
      ['b3', 'plan_limit_reached'],
      ['a0', 'exists'],
      ['b1', 'exists'],
    ])
    expect(answer.body.data.results[2].error.message).toBe('The plan starter allows 1000 users.')
    expect(await state()).toEqual({ users: 102, counted: 1000, identifiers: 0 })
    expect(outcomes(await users(...named(1, 'c')))).toEqual([['c0', 'plan_limit_reached']])
  })

  it('another application of the tenant has names and addresses of its own', async () => {
    const body = { name: 'Another', allowed_origins: ['https://app.example.com'] }
    const made = await server.call('POST', '/v1/applications', { token: tenant.token, body })
    expect(made.status).toBe(201)
    await users({ external_user_id: 'a', email: 'a@example.com' })
    const granted = await server.call('POST', '/oauth/token', {
      body: {
        grant_type: 'client_credentials',
        client_id: made.body.data.client_id,
        client_secret: made.body.data.client_secret,
      },
    })
    const answer = await server.call('POST', path, {
      token: granted.body.access_token,
      body: { users: [{ external_user_id: 'a', email: 'a@example.com' }] },
    })
    expect(outcomes(answer)).toEqual([['a', 'created']])
    expect(await state()).toEqual({ users: 2, counted: 2, identifiers: 2 })
  })

  it.each([
    [{}, 'users: is required'],
    [{ users: [] }, 'users: must have at least one user'],
    [{ users: named(101) }, 'users: must have at most 100 users'],
    [{ users: [{ external_user_id: 'a' }, {}] }, 'users.1.external_user_id: is required'],
    [{ users: [{ external_user_id: 'a', role: 'x' }] }, 'users.0.role: is not a known field'],
    [{ users: [{ external_user_id: 'a', email: 'x' }] }, 'users.0.email: must be one e-mail address'],
    [{ users: ['a'] }, 'users.0: must be an object'],
    [{ users: named(1), invite: true }, 'invite: must be false'],
    [{ users: named(1), dry_run: true }, 'dry_run: is not a known field'],
  ])('400 naming the field, and nothing is imported: %#', async (body, message) => {
    const answer = await send(body)
    expect([answer.status, answer.body.error.code]).toEqual([400, 'validation_error'])
    expect(answer.body.error.message).toContain(message)
    expect(await state()).toEqual({ users: 0, counted: 0, identifiers: 0 })
  })

  it('security 215: 1 MiB is read, a byte more is a 413', async () => {
    const pad = (bytes: number) => {
      const body = JSON.stringify({ users: named(1) })
      return `${body}${' '.repeat(bytes - body.length)}`
    }
    expect((await send(pad(1024 * 1024))).status).toBe(200)
    const answer = await send(pad(1024 * 1024 + 1))
    expect([answer.status, answer.body.error.code]).toEqual([413, 'payload_too_large'])
  })

  it('agents 148: 403 claim_required before a person has claimed the tenant', async () => {
    const { token } = await server.tenant()
    const answer = await server.call('POST', path, { token, body: { users: named(1) } })
    expect([answer.status, answer.body.error.code]).toEqual([403, 'claim_required'])
  })

  it('the same Idempotency-Key gives the same answer, and 422 for another body', async () => {
    const key = { 'idempotency-key': 'import-1' }
    const first = await send({ users: named(2) }, key)
    const again = await send({ users: named(2) }, key)
    expect([again.status, again.headers['idempotent-replayed'], again.text]).toEqual([200, 'true', first.text])
    expect((await send({ users: named(3) }, key)).status).toBe(422)
    expect(await state()).toEqual({ users: 2, counted: 2, identifiers: 0 })
    expect(await events('users.imported')).toHaveLength(1)
  })

  it('a user that is erased is in no remembered answer', async () => {
    const key = { 'idempotency-key': 'import-erased' }
    const made = await send({ users: [...named(2), { external_user_id: 'gone "é"' }] }, key)
    const id = made.body.data.results[2].user_id
    await server.call('DELETE', `/v1/users/id:${id}`, { token: tenant.token })
    const [row] = await server.database.sql.query<{ n: number }>(
      `select count(*)::int as n from idempotency_records
       where tenant_id = $1 and (position(convert_to($2, 'UTF8') in body) > 0 or position(convert_to('gone', 'UTF8') in body) > 0)`,
      [tenant.tenantId, id],
    )
    expect(row?.n).toBe(0)
  })
})

describe('POST /v1/migration/users/import, line by line', () => {
  it('200 with one JSON answer for lines in batches', async () => {
    const answer = await lines(toLines([...named(250), ...named(1)]))
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8'])
    const { results, ...counts } = answer.body.data
    expect(counts).toEqual({ created: 250, existing: 1, failed: 0 })
    expect(results.map(({ external_user_id: name }: Result) => name)).toEqual([
      ...named(250).map(({ external_user_id: name }) => name),
      'u0',
    ])
    expect(await state()).toEqual({ users: 250, counted: 250, identifiers: 0 })
    expect((await events('users.imported')).map(({ metadata }) => metadata)).toEqual([
      { created: 100, existing: 0, failed: 0 },
      { created: 100, existing: 0, failed: 0 },
      { created: 50, existing: 1, failed: 0 },
    ])
  })

  it('200 with a result a line for whoever accepts lines', async () => {
    const answer = await lines(toLines(named(201)), { accept: `application/json;q=0.1, ${ndjson}` })
    expect([answer.status, answer.headers['content-type']]).toEqual([200, `${ndjson}; charset=utf-8`])
    expect(answer.headers['content-disposition']).toBeUndefined()
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(streamed(answer)).toEqual(
      named(201).map((row) => ({ ...row, status: 'created', user_id: expect.any(String) })),
    )
  })

  it.each([
    ['no JSON', '{"external_user_id":', null, 'validation_error', 'The line is not valid JSON.'],
    ['no object', '["a"]', null, 'validation_error', 'The line must be a JSON object.'],
    ['NUL', '{"external_user_id":"a\\u0000"}', null, 'validation_error', 'The line contains NUL'],
    ['a raw NUL', '{"external_user_id":"a\u0000"}', null, 'validation_error', 'The line is not valid JSON.'],
    [
      'security 217: __proto__',
      '{"__proto__":{"x":1},"external_user_id":"a"}',
      null,
      'validation_error',
      'not allowed',
    ],
    ['a member twice', '{"external_user_id":"a","external_user_id":"b"}', null, 'validation_error', 'same key twice'],
    ['33 levels', `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`, null, 'validation_error', '32 levels'],
    ['an unknown member', '{"external_user_id":"a","x":1}', 'a', 'validation_error', 'x: is not a known field'],
    ['a bad address', '{"external_user_id":"a","email":"x"}', 'a', 'validation_error', 'email: must be'],
    ['no name', '{"email":"a@example.com"}', null, 'validation_error', 'external_user_id: is required'],
    ['a long name', `{"external_user_id":"${'x'.repeat(256)}"}`, null, 'validation_error', '1 to 255 characters'],
    [
      '64 KiB and a byte',
      `{"external_user_id":"a"${' '.repeat(65_514)}}`,
      null,
      'payload_too_large',
      'longer than 65536',
    ],
  ])('a line with %s fails alone', async (_what, line, name, code, message) => {
    const answer = await lines(`{"external_user_id":"before"}\n${line}\n{"external_user_id":"after"}`)
    expect(answer.status).toBe(200)
    expect(outcomes(answer)).toEqual([
      ['before', 'created'],
      [name, code],
      ['after', 'created'],
    ])
    expect(answer.body.data.results[1].error.message).toContain(message)
    expect(await state()).toEqual({ users: 2, counted: 2, identifiers: 0 })
  })

  it('64 KiB is a line, blank lines are none, and both ends of lines do', async () => {
    const long = `{"external_user_id":"long"${' '.repeat(65_509)}}`
    expect(long).toHaveLength(65_536)
    const answer = await lines(`\n\r\n  \t\n${long}\n\n{"external_user_id":"b"}\r\n{"external_user_id":"c"}`)
    expect(outcomes(answer)).toEqual([
      ['long', 'created'],
      ['b', 'created'],
      ['c', 'created'],
    ])
  })

  it.each(['', '\n', ' \r\n\n'])('400 for a body without a line: %j', async (text) => {
    for (const accept of ['application/json', ndjson]) {
      const answer = await lines(text, { accept })
      expect([answer.status, answer.body.error.code]).toEqual([400, 'validation_error'])
    }
  })

  it('413 for line 10,001, with the first 10,000 worked on', async () => {
    const row = toLines(named(1))
    const refused = await lines(row.repeat(10_001))
    expect([refused.status, refused.body.error.code]).toEqual([413, 'payload_too_large'])
    expect(refused.body.error.message).toContain('first 10000')
    expect(await events('users.imported')).toHaveLength(100)
    const results = streamed(await lines(row.repeat(10_001), { accept: ndjson }))
    expect(results).toHaveLength(10_001)
    expect(results[9_999]).toMatchObject({ status: 'exists' })
    expect(results[10_000]).toEqual({ error: refused.body.error })
    expect((await lines(row.repeat(10_000))).status).toBe(200)
  })

  it('413 for 16 MiB and a byte, with the lines before that worked on', async () => {
    const line = (i: number) => `${JSON.stringify({ external_user_id: `u${i}` }).padEnd(65_535)}\n`
    const full = Array.from({ length: 256 }, (_, i) => line(i)).join('')
    expect((await lines(full)).body.data).toMatchObject({ created: 256 })
    const told = await lines(`${full}\n`, { 'content-length': String(full.length + 1) })
    expect([told.status, told.body.error.message]).toEqual([413, 'The body is too large.'])
    expect(await events('users.imported')).toHaveLength(3)
  })

  it('415 for a Content-Type that is not quite it, and where lines are not taken', async () => {
    for (const type of [`${ndjson}; charset=utf-8; x=1`, `${ndjson}\t; x`, 'application/jsonl']) {
      const answer = await send(toLines(named(1)), { 'content-type': type })
      expect([type, answer.status]).toEqual([type, 415])
    }
    const elsewhere = { token: tenant.token, body: toLines(named(1)), headers: { 'content-type': ndjson } }
    expect((await server.call('POST', '/v1/users', elsewhere)).status).toBe(415)
    const rotate = `/v1/applications/${tenant.applicationId}/rotate-secret`
    for (const type of [ndjson, `${ndjson}; charset=utf-8; x=1`]) {
      const answer = await server.call('POST', rotate, { ...elsewhere, headers: { 'content-type': type } })
      expect([type, answer.status]).toEqual([type, 415])
    }
    expect((await send(toLines(named(1)), { 'content-type': `${ndjson}; charset=UTF-8` })).status).toBe(200)
  })

  it('under an Idempotency-Key a retry repeats no batch, and another body is a 422', async () => {
    const key = { 'idempotency-key': 'lines-1' }
    // The connection was cut in the second batch.
    await lines(toLines(named(100)), key)
    const body = `${toLines(named(150))}nonsense\n`
    const whole = await lines(body, key)
    expect(whole.body.data).toMatchObject({ created: 150, existing: 0, failed: 1 })
    const again = await lines(body, { ...key, accept: ndjson })
    expect(again.headers['idempotent-replayed']).toBe('true')
    expect(streamed(again)).toEqual(whole.body.data.results)
    expect(await state()).toEqual({ users: 150, counted: 150, identifiers: 0 })
    expect(await events('user.created')).toHaveLength(150)
    expect(await events('users.imported')).toHaveLength(2)

    const other = await lines(toLines(named(150, 'other')), key)
    expect([other.status, other.body.error.code]).toEqual([422, 'idempotency_key_reused'])
    const late = streamed(await lines(toLines(named(149)), { ...key, accept: ndjson }))
    expect(late).toHaveLength(101)
    expect(late.at(-1).error.code).toBe('idempotency_key_reused')
    // A body of the other kind is another body.
    expect((await send({ users: named(1) }, key)).status).toBe(422)
    expect(await state()).toEqual({ users: 150, counted: 150, identifiers: 0 })
  })

  it('400 for a key that is none, before anything is imported', async () => {
    const answer = await lines(toLines(named(1)), { 'idempotency-key': 'é', accept: ndjson })
    expect([answer.status, answer.body.error.code]).toEqual([400, 'validation_error'])
    expect(await state()).toEqual({ users: 0, counted: 0, identifiers: 0 })
  })

  it('a body counts once on the limits, however many batches it has', async () => {
    const limited = await testApp({ RATE_LIMIT_OVERRIDES: '{"import":{"points":2}}' })
    const headers = { 'content-type': ndjson }
    const ask = () => limited.call('POST', path, { token: tenant.token, headers, body: toLines(named(250)) })
    expect([(await ask()).status, (await ask()).status, (await ask()).status]).toEqual([200, 200, 429])
    await limited.close()
  })
})
