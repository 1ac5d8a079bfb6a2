import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codesOf } from '../src/surfaces/openapi-errors.ts'
import { type TestApp, testApp } from './harness.ts'
import {
  ask,
  type Change,
  codeOf,
  documented,
  named,
  operations,
  prepare,
  reads,
  send,
  worldOf,
  writes,
} from './operation-calls.ts'
import type { Sample } from './samples.ts'

let server: TestApp

beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'false' })
})
afterAll(() => server.close())

describe('whatever is wrong with a request is a 4xx in its dialect', () => {
  it.each(writes)('%s: security 215–217: bodies that cannot be read', async (name, operation) => {
    const [world, sample] = await prepare(server, name)
    const deep = `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`
    const text = (body: unknown, type = 'application/json') => ({ body, headers: { 'content-type': type } })
    const cases: [string, Change, number][] = [
      ['malformed', text('{"name":'), 400],
      ['an array', text('[]'), 400],
      ['a string', text('"text"'), 400],
      ['null', text('null'), 400],
      ['33 levels', text(deep), 400],
      ['NUL', text('{"name":"a\\u0000b"}'), 400],
      ['a lone surrogate', text('{"name":"\\ud800"}'), 400],
      ['__proto__', text('{"__proto__":{"polluted":1}}'), 400],
      ['constructor.prototype', text('{"constructor":{"prototype":{"polluted":1}}}'), 400],
      ['a repeated member', text('{"name":"a","name":"b"}'), 400],
      ['text/plain', text('{"name":"x"}', 'text/plain'), 415],
      ['XML', text('<a/>', 'application/xml'), 415],
      ['too large', text(JSON.stringify({ name: 'x'.repeat(operation.endpoint.maxBodyBytes ?? 65_536) })), 413],
    ]
    // Where nothing is required and unknown members are ignored, the replacement character is one of those.
    if (operation.input.required?.length) {
      const bytes = Buffer.from('{"a":"\xff"}', 'latin1').toString('latin1').replace('\xff', '\ud800')
      cases.push(['not UTF-8', text(bytes), 400])
    }
    if (operation.dialect !== 'oauth') {
      const takesForms = operation.endpoint.page !== undefined
      cases.push(['a form', text('name=x', 'application/x-www-form-urlencoded'), takesForms ? 400 : 415])
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

  it.each(writes)('%s: security 215: an empty body is never enough where one is needed', async (name, operation) => {
    const [world, sample] = await prepare(server, name)
    if (!documented.operation(name).requestBody?.required) return
    for (const change of [{ body: undefined }, { body: '' }, { body: {} }]) {
      const answer = await ask(operation, world, sample, change)
      expect([answer.status, ['validation_error', 'invalid_request', 'invalid_client']]).toEqual([
        answer.status,
        expect.arrayContaining([codeOf(answer)]),
      ])
    }
  })

  it.each(reads)('%s: unknown and repeated parameters', async (name, operation) => {
    const [world, sample] = await prepare(server, name)
    for (const query of ['unknown=1', '__proto__=1', 'limit=1&limit=2', 'constructor=1', 'tenant_id=x']) {
      const answer = await ask(operation, world, sample, { query })
      expect([query, answer.status, codeOf(answer)]).toEqual([query, 400, 'validation_error'])
    }
  })

  it.each(named)('%s: other methods of its path are a 405 that names the served ones', async (_name, operation) => {
    const world = await worldOf(server)
    const mine = operations.filter(
      ({ path }) => path.replace(/\{\w+\}/g, '{}') === operation.path.replace(/\{\w+\}/g, '{}'),
    )
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
    texts(member, (other) =>
      put(Array.isArray(value) ? Object.assign([...value], { [name]: other }) : { ...value, [name]: other }),
    ),
  )
}

const hostile = [
  "' or '1'='1",
  "'; drop table users; --",
  "') union select null, null --",
  '1; select pg_sleep(9)',
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
    const [world, sample] = await prepare(server, name)
    const places: ((text: string) => Sample)[] = (['params', 'query', 'body'] as const).flatMap((part) =>
      texts(sample[part] ?? {}, (other) => ({ ...sample, [part]: other })).map(
        (put) => (text: string) => put(text) as Sample,
      ),
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
    const [row] = await server.database.sql.query<{ count: number }>(
      'select count(*)::int as count from tenants where id = $1',
      [world.tenant.tenantId],
    )
    expect(row?.count).toBe(1)
  })
})

describe('security 101: a foreign object and a missing one', () => {
  const withPath = named.filter(([, { auth, pathParameters }]) => auth.includes('admin') && pathParameters.length > 0)

  it.each(withPath)('%s: answers are the same, byte for byte', async (name, operation) => {
    const [, sample] = await prepare(server, name)
    const other = await worldOf(server)
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
    const [world, sample] = await prepare(server, name)
    for (const key of ['x'.repeat(256), 'ä', ' ']) {
      const answer = await ask(operation, world, sample, { headers: { 'idempotency-key': key } })
      expect([key, answer.status, answer.body.error.message]).toEqual([
        key,
        400,
        expect.stringContaining('Idempotency-Key'),
      ])
    }
  })
})
