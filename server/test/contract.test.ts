import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { events } from '../src/audit/events.ts'
import { contract } from '../src/contract.ts'
import { documentTable } from '../src/documents.ts'
import { limitTable } from '../src/limits.ts'
import { scopes } from '../src/oauth/scopes.ts'
import { appRouter } from '../src/router.ts'
import { codesOf } from '../src/surfaces/openapi-errors.ts'
import { listOperations, type Operation } from '../src/surfaces/operations.ts'
import { type Contract, contractOf } from './answers.ts'
import { type Answer, freshAddress, type TestApp, testApp } from './harness.ts'
import { origin, type Sample, samples, type World } from './samples.ts'

const operations = listOperations(appRouter)
const named = operations.map((operation): [string, Operation] => [operation.name, operation])
const withBody = named.filter(([, { method }]) => method !== 'GET')
const guarded = named.filter(([, { auth }]) => !auth.includes('none'))
const publicUrl = 'https://auth.example.com'

let server: TestApp
let documented: Contract

beforeAll(async () => {
  // Thousands of calls: the limits have a suite of their own, and a server of their own below.
  server = await testApp({ RATE_LIMITS: 'false' })
  documented = contractOf(contract(publicUrl, operations))
})
afterAll(() => server.close())

const worldOf = async (app = server): Promise<World> => ({ server: app, tenant: await app.tenant({ origins: [origin] }) })

type Change = {
  headers?: Record<string, string>
  token?: string | null
  body?: unknown
  path?: string
  method?: string
  query?: string
}

const fill = (path: string, params: Record<string, string> = {}): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? 'missing'))

/** The credential that the operation asks for first. */
function credential({ auth }: Operation, { tenant }: World, sample: Sample): { token?: string; origin?: string } {
  if (sample.token) return { token: sample.token, origin }
  if (auth.includes('admin')) return { token: tenant.token }
  return auth.includes('publishable') ? { token: tenant.clientId, origin } : {}
}

async function send(operation: Operation, world: World, sample: Sample, change: Change = {}): Promise<Answer> {
  const { token, ...rest } = credential(operation, world, sample)
  const query = change.query ?? new URLSearchParams(sample.query).toString()
  const path = change.path ?? fill(operation.path, sample.params)
  const body = 'body' in change ? change.body : operation.method === 'GET' ? undefined : sample.body
  const sent = change.token === undefined ? token : (change.token ?? undefined)
  return world.server.call(change.method ?? operation.method, `${path}${query && `?${query}`}`, {
    ...rest,
    ...(sent === undefined ? {} : { token: sent }),
    ...(body === undefined ? {} : { body }),
    headers: { ...change.headers },
    ip: freshAddress(),
  })
}

const codeOf = ({ body }: Answer): string => (typeof body?.error === 'string' ? body.error : body?.error?.code)

/** Sends, and holds the answer against the document. */
async function ask(operation: Operation, world: World, sample: Sample, change: Change = {}): Promise<Answer> {
  const answer = await send(operation, world, sample, change)
  documented.check(operation.name, answer)
  return answer
}

const prepare = async (name: string, app = server): Promise<[World, Sample]> => {
  const world = await worldOf(app)
  const sample = samples[name]
  if (!sample) throw new Error(`${name} has no row in test/samples.ts`)
  return [world, await sample(world)]
}

describe('the committed document', () => {
  const file = new URL('../../openapi.json', import.meta.url)

  it('is what the router gives: run `pnpm contract` when this fails', () => {
    expect(existsSync(file), 'openapi.json is missing').toBe(true)
    expect(readFileSync(file, 'utf8') === `${JSON.stringify(contract(), null, 2)}\n`).toBe(true)
  })

  it('holds every operation and every document under its own name, and nothing else', () => {
    const { paths } = contract()
    const ids = Object.values(paths).flatMap((path) => Object.values(path).map(({ operationId }) => operationId))
    expect(ids.sort()).toEqual([...operations.map(({ name }) => name), ...Object.keys(documentTable)].sort())
  })
})

describe('the table of operations', () => {
  it('security 111: every operation has a sample, and every sample an operation', () => {
    expect(Object.keys(samples).sort()).toEqual(operations.map(({ name }) => name).sort())
  })

  it.each(named)('%s states its authentication, and limits, events and scope that exist', (_name, { endpoint, auth }) => {
    expect(auth.length).toBeGreaterThan(0)
    for (const limit of endpoint.limit) expect(Object.keys(limitTable)).toContain(limit)
    for (const event of endpoint.audits) expect(Object.keys(events)).toContain(event)
    if (auth.includes('admin')) {
      expect(Object.keys(scopes)).toContain(endpoint.scope)
      expect(endpoint.limit).toContain('admin_application')
      expect(endpoint.limit).toContain(endpoint.rest.startsWith('GET ') ? 'admin_read' : 'admin_write')
    }
    if (!endpoint.rest.startsWith('GET ') && auth.includes('admin')) expect(endpoint.idempotent).toBe('application')
  })
})

describe('a valid call', () => {
  let limited: TestApp
  beforeAll(async () => {
    limited = await testApp()
  })
  afterAll(() => limited.close())

  it.each(named)('%s answers as documented, and writes no event that it does not declare', async (name, operation) => {
    const { endpoint, dialect, status } = operation
    const [world, sample] = await prepare(name, limited)
    const requestId = `contract-${name.replaceAll('.', '-')}-${world.tenant.applicationId.slice(4)}`
    const answer = await ask(operation, world, sample, { headers: { 'x-request-id': requestId } })
    expect([answer.status, answer.text]).toEqual([status, answer.text])
    expect(answer.headers['x-request-id']).toBe(requestId)
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
    if (dialect === 'envelope' && status !== 204) expect(answer.body.ok).toBe(true)
    if (!operation.auth.includes('none') || endpoint.secret) expect(answer.headers['cache-control']).toBe('no-store')
    const shown = answer.headers.ratelimit?.match(/^"(\w+)";r=\d+;t=\d+$/)?.[1]
    if (endpoint.limit.length > 0) expect(endpoint.limit).toContain(shown)
    expect(answer.headers['ratelimit-policy'] === undefined).toBe(endpoint.limit.length === 0)

    const rows = await limited.database.sql.query<{ event: string }>('select event from audit_logs where request_id = $1', [requestId])
    const allowed = [...endpoint.audits, 'authorization.denied']
    expect(rows.map(({ event }) => event).filter((event) => !allowed.includes(event))).toEqual([])
  })

  it.each(named.filter(([, { method }]) => method === 'GET'))('%s: security 114: HEAD is GET without its body', async (name, operation) => {
    const [world, sample] = await prepare(name)
    const got = await ask(operation, world, sample)
    const head = await send(operation, world, sample, { method: 'HEAD' })
    expect([head.status, head.text, head.headers['content-type']]).toEqual([got.status, '', got.headers['content-type']])
    expect(head.headers['content-length']).toBe(got.headers['content-length'])
    const stranger = await send(operation, world, sample, { method: 'HEAD', token: null })
    expect(stranger.status).toBe(operation.auth.includes('none') ? 200 : 401)
  })
})

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
/** A real token with another type in its header: the key is known, the signature is not of these bytes. */
const retyped = (token: string, typ: string): string => {
  const [header = '', ...rest] = token.split('.')
  return [encode({ ...JSON.parse(Buffer.from(header, 'base64url').toString()), typ }), ...rest].join('.')
}
const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })

describe('security 96, 111: whoever lacks the credential is refused before anything is read', () => {
  type Bearer = 'none' | 'publishable' | 'access' | 'garbage' | 'session' | 'at' | 'basic'
  const strangers: Bearer[] = ['none', 'publishable', 'access', 'garbage', 'session', 'at', 'basic']

  /** The code for a credential of the wrong kind, or null where the operation accepts that kind (http-api.md §1.2). */
  function expected({ auth }: Operation, bearer: Bearer): string | null {
    const [admin, endUser] = [auth.includes('admin'), auth.includes('end_user')]
    if (bearer === 'publishable' && auth.includes('publishable')) return null
    if (bearer === 'access' && admin) return null
    if (bearer === 'none' || bearer === 'basic' || !endUser) return 'unauthorized'
    if (bearer === 'session') return 'invalid_session_token'
    if (admin) return 'unauthorized'
    if (bearer === 'garbage') return 'invalid_session_token'
    return 'invalid_token_type'
  }

  it.each(guarded)('%s', async (_name, operation) => {
    const world = await worldOf()
    const { tenant } = world
    const sent: Record<Bearer, Change> = {
      none: { token: null },
      publishable: { token: tenant.clientId },
      access: { token: tenant.token },
      garbage: { token: 'garbage' },
      session: { token: retyped(tenant.token, 'JWT') },
      at: { token: `${tenant.token.slice(0, -8)}AAAAAAAA` },
      basic: { token: null, headers: basic(`${tenant.clientId}:wrong`) },
    }
    for (const bearer of strangers) {
      const code = expected(operation, bearer)
      if (code === null) continue
      const change: Change = operation.method === 'GET' ? { query: 'unknown=1' } : { body: '{"x":' }
      const answer = await ask(operation, world, {}, { ...change, ...sent[bearer] })
      expect([bearer, answer.status, codeOf(answer)]).toEqual([bearer, 401, code])
      expect(answer.headers['www-authenticate']).toBe(bearer === 'none' ? 'Bearer' : 'Bearer error="invalid_token"')
      expect(answer.headers['cache-control'] ?? 'no-store').toBe('no-store')
    }
  })

  it.each(guarded)('%s: security 114, 134: no other header and no query parameter is a credential or a method', async (_name, operation) => {
    const world = await worldOf()
    const { token } = world.tenant
    const override = { 'x-http-method-override': 'GET', 'x-http-method': 'GET', 'x-method-override': 'GET', 'x-app-id': world.tenant.applicationId }
    for (const query of [`access_token=${token}`, `token=${token}`, `authorization=Bearer%20${token}`]) {
      const answer = await ask(operation, world, {}, { token: null, query, headers: { ...override, cookie: `access_token=${token}` } })
      expect([query, answer.status]).toEqual([query, 401])
    }
  })
})

describe('whatever is wrong with a request is a 4xx in its dialect', () => {
  it.each(withBody)('%s: security 215–217: bodies that cannot be read', async (name, operation) => {
    const [world, sample] = await prepare(name)
    const deep = `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`
    const text = (body: unknown, type = 'application/json') => ({ body, headers: { 'content-type': type } })
    const cases: [string, Change, number][] = [
      ['malformed', text('{"name":'), 400],
      ['an array', text('[]'), 400],
      ['a string', text('"text"'), 400],
      ['null', text('null'), 400],
      ['not UTF-8', text(Buffer.from('{"a":"\xff"}', 'latin1').toString('latin1').replace('\xff', '\ud800')), 400],
      ['33 levels', text(deep), 400],
      ['NUL', text('{"name":"a\\u0000b"}'), 400],
      ['a lone surrogate', text('{"name":"\\ud800"}'), 400],
      ['__proto__', text('{"__proto__":{"polluted":1}}'), 400],
      ['constructor.prototype', text('{"constructor":{"prototype":{"polluted":1}}}'), 400],
      ['a repeated member', text('{"name":"a","name":"b"}'), 400],
      ['text/plain', text('{"name":"x"}', 'text/plain'), 415],
      ['XML', text('<a/>', 'application/xml'), 415],
      ['65 KiB', text(JSON.stringify({ name: 'x'.repeat(66_000) })), 413],
    ]
    if (operation.dialect !== 'oauth') {
      cases.push(['a form', text('name=x', 'application/x-www-form-urlencoded'), 415])
      cases.push(['an unknown member', { body: { ...sample.body, unknown_member: 1 } }, 400])
      cases.push(['an unknown parameter', { query: 'unknown=1' }, 400])
    }
    for (const [what, change, status] of cases) {
      const answer = await ask(operation, world, sample, change)
      expect([what, answer.status]).toEqual([what, status])
      expect(codesOf(operation).some((code) => code === codeOf(answer)) || operation.dialect === 'oauth').toBe(true)
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it.each(withBody)('%s: security 215: an empty body is never enough where one is needed', async (name, operation) => {
    const [world, sample] = await prepare(name)
    if (!documented.operation(name).requestBody?.required) return
    for (const change of [{ body: undefined }, { body: '' }, { body: {} }]) {
      const answer = await ask(operation, world, sample, change)
      expect([answer.status, ['validation_error', 'invalid_request', 'invalid_client']]).toEqual([answer.status, expect.arrayContaining([codeOf(answer)])])
    }
  })

  it.each(named.filter(([, { method }]) => method === 'GET'))('%s: unknown and repeated parameters', async (name, operation) => {
    const [world, sample] = await prepare(name)
    for (const query of ['unknown=1', '__proto__=1', 'limit=1&limit=2', 'constructor=1', 'tenant_id=x']) {
      const answer = await ask(operation, world, sample, { query })
      expect([query, answer.status, codeOf(answer)]).toEqual([query, 400, 'validation_error'])
    }
  })

  it.each(named)('%s: other methods of its path are a 405 that names the served ones', async (_name, operation) => {
    const world = await worldOf()
    const mine = operations.filter(({ path }) => path.replace(/\{\w+\}/g, '{}') === operation.path.replace(/\{\w+\}/g, '{}'))
    const served = new Set<string>(mine.map(({ method }) => method))
    if (served.has('GET')) served.add('HEAD')
    if (mine.some(({ auth }) => auth.includes('publishable') || auth.includes('end_user'))) served.add('OPTIONS')
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      if (served.has(method)) continue
      const answer = await send(operation, world, {}, { method, body: undefined })
      expect([method, answer.status]).toEqual([method, 405])
      expect(answer.headers.allow?.split(', ').sort()).toEqual([...served].sort())
      expect(codeOf(answer)).toBe(operation.dialect === 'oauth' ? 'invalid_request' : 'method_not_allowed')
    }
  })
})

/** Every text of a value, with the way to another value that has something else there. */
function texts(value: unknown, put: (other: unknown) => unknown): ((text: string) => unknown)[] {
  if (typeof value === 'string') return [put]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) =>
    texts(member, (other) => put(Array.isArray(value) ? Object.assign([...value], { [name]: other }) : { ...value, [name]: other })),
  )
}

const hostile = [
  "' or '1'='1",
  "'; drop table users; --",
  "') union select null, null --",
  "1; select pg_sleep(9)",
  '"',
  '\\',
  '%',
  '$1',
  '%27%20or%201=1',
  '*/ or /*',
  '\r\nX-Injected: 1',
  '../../etc/passwd',
  'id:',
  "id:'; --",
  '\u202e',
  'x'.repeat(10_000),
]

describe('security 221, 222: hostile texts', () => {
  it.each(named)('%s: in every parameter, none is a fault', async (name, operation) => {
    const [world, sample] = await prepare(name)
    const places: ((text: string) => Sample)[] = (['params', 'query', 'body'] as const).flatMap((part) =>
      texts(sample[part] ?? {}, (other) => ({ ...sample, [part]: other })).map((put) => (text: string) => put(text) as Sample),
    )
    for (const place of places) {
      for (const text of hostile) {
        const answer = await send(operation, world, place(text))
        // A path beyond 4096 characters is nobody's.
        if (answer.status === 404 && codeOf(answer) === 'not_found') continue
        documented.check(name, answer)
        expect(answer.status).toBeLessThan(500)
      }
    }
    const [row] = await server.database.sql.query<{ count: number }>('select count(*)::int as count from tenants where id = $1', [
      world.tenant.tenantId,
    ])
    expect(row?.count).toBe(1)
  })
})

describe('security 101: a foreign object and a missing one', () => {
  const withPath = named.filter(([, { auth, pathParameters }]) => auth.includes('admin') && pathParameters.length > 0)

  it.each(withPath)('%s: answers are the same, byte for byte', async (name, operation) => {
    const [, sample] = await prepare(name)
    const other = await worldOf()
    const body = { ...sample.body }
    if (operation.name === 'applications.update') for (const key of ['rp_id', 'related_origins']) delete body[key]
    const last = operation.pathParameters.at(-1) as string
    const missing = { ...sample, body, params: { ...sample.params, [last]: 'app_0000000000000000000000' } }
    const foreign = await ask(operation, other, { ...sample, body })
    const none = await ask(operation, other, missing)
    expect([foreign.status, foreign.text]).toEqual([404, none.text])
    expect(foreign.headers['content-length']).toBe(none.headers['content-length'])
  })
})

describe('security 121: Idempotency-Key', () => {
  const idempotent = named.filter(([, { endpoint }]) => endpoint.idempotent)

  it.each(idempotent)('%s: a key that is none is a 400, a good one replays', async (name, operation) => {
    const [world, sample] = await prepare(name)
    for (const key of ['x'.repeat(256), 'ä', ' ']) {
      const answer = await ask(operation, world, sample, { headers: { 'idempotency-key': key } })
      expect([key, answer.status, answer.body.error.message]).toEqual([key, 400, expect.stringContaining('Idempotency-Key')])
    }
  })
})
