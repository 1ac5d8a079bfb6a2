import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApp } from '../src/app.ts'
import { appRouter } from '../src/router.ts'
import { listOperations, type Operation } from '../src/surfaces/operations.ts'
import { type Tenant, type TestApp, testApp } from './harness.ts'
import { exchange, open, request, type WireAnswer } from './wire.ts'

const operations = listOperations(appRouter)
const named = operations.map((operation): [string, Operation] => [operation.name, operation])
const guarded = named.filter(([, { auth }]) => !auth.includes('none'))

let server: TestApp
let tenant: Tenant
let port: number
beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'false' })
  tenant = await server.tenant()
  await server.app.http.listen({ port: 0, host: '127.0.0.1' })
  port = (server.app.http.server.address() as AddressInfo).port
})
afterAll(() => server.close())

const errorOf = (answer: WireAnswer | null) => {
  const body = JSON.parse(answer?.text ?? 'null')
  return [answer?.status, typeof body?.error === 'string' ? body.error : body?.error?.code]
}
const bearer = () => `Authorization: Bearer ${tenant.token}`
const json = 'Content-Type: application/json'
const ask = (method: string, target: string, headers: readonly string[] = [], body = '') =>
  request(port, method, target, headers, body)

describe('paths', () => {
  it.each([
    ['255 characters of 9 encoded ones', '\u6f22'.repeat(255)],
    ['127 of 12', '\u{1f511}'.repeat(127)],
    ['a slash, a percent sign, a question mark', 'a/b%2F?c#d'],
    ['what encodes a path', '..%2f..%2fetc'],
    ['a plus and a blank', 'a+b c'],
  ])('an id of %s is decoded once', async (_what, name) => {
    const body = JSON.stringify({ external_user_id: name })
    expect((await ask('POST', '/v1/users', [bearer(), json], body))?.status).toBe(201)
    const found = await ask('GET', `/v1/users/${encodeURIComponent(name)}`, [bearer()])
    expect([found?.status, JSON.parse(found?.text ?? '').data.external_user_id]).toEqual([200, name])
  })

  it.each(['%zz', '%', '%e0%a4%a', '%ff', '%c0%af'])('percent-encoding that is none, %s, is a 400', async (id) => {
    const answer = await ask('GET', `/v1/users/${id}`, [bearer(), 'X-Request-Id: edge-test-1'])
    expect(errorOf(answer)).toEqual([400, 'validation_error'])
    expect(answer?.headers).toMatchObject({ 'x-request-id': 'edge-test-1', 'x-content-type-options': 'nosniff' })
    expect(answer?.text).not.toContain('FST_')
  })

  it('security 222: an id of 10 kB is a 404, one too long for its kind a 400', async () => {
    expect(errorOf(await ask('GET', `/v1/users/${'x'.repeat(10_000)}`, [bearer()]))).toEqual([404, 'not_found'])
    expect(errorOf(await ask('GET', `/v1/users/${'%41'.repeat(3_334)}`, [bearer()]))).toEqual([400, 'validation_error'])
  })

  it.each(named)(
    '%s: security 113: another spelling of its path is guarded alike, or unknown',
    async (_name, operation) => {
      const path = operation.path.replace(/\{\w+\}/g, 'missing')
      const open = operation.auth.includes('none')
      const prefix = path.split('/')[1] as string
      const encoded = `%${path.charCodeAt(1).toString(16)}${path.slice(2)}`
      const spellings = [
        `/${path}`,
        `${path}/`,
        path.toUpperCase(),
        `${path};x`,
        path.replace(`/${prefix}/`, `/${prefix}/./`),
        path.replace(`/${prefix}/`, `/${prefix}//`),
        path.replace(`/${prefix}/`, `/x/../${prefix}/`),
        path.replace(`/${prefix}/`, `\\${prefix}\\`),
        `${path}%00`,
        `${path}%2f`,
        `http://elsewhere.example${path}`,
        `/${encoded}`,
      ]
      const body = operation.method === 'GET' ? '' : '{"x":'
      for (const spelling of spellings) {
        const answer = await ask(operation.method, spelling, body === '' ? [] : [json], body)
        const allowed = open ? [200, 400, 404, 405] : [400, 401, 404, 405]
        expect(allowed, `${spelling} answered ${answer?.text}`).toContain(answer?.status)
        // Served at all only where the router sees the very path.
        if (answer?.status === 200) expect([`/${encoded}`, `http://elsewhere.example${path}`]).toContain(spelling)
      }
    },
  )
})

describe('headers', () => {
  it.each(guarded)(
    '%s: security 134: two Authorization headers are a 400',
    async (_name, { method, path, dialect }) => {
      const headers = [bearer(), bearer(), ...(method === 'GET' ? [] : [json])]
      const answer = await ask(method, path.replace(/\{\w+\}/g, 'missing'), headers, method === 'GET' ? '' : '{}')
      expect(errorOf(answer)).toEqual([400, dialect === 'oauth' ? 'invalid_request' : 'validation_error'])
    },
  )

  it('security 134: nor is the token endpoint to choose between two clients', async () => {
    const basic = (id: string) =>
      `Authorization: Basic ${Buffer.from(`${id}:${tenant.clientSecret}`).toString('base64')}`
    const form = 'Content-Type: application/x-www-form-urlencoded'
    const answer = await ask(
      'POST',
      '/oauth/token',
      [basic(tenant.clientId), basic('cli_x'), form],
      'grant_type=client_credentials',
    )
    expect(errorOf(answer)).toEqual([400, 'invalid_request'])
  })

  it('a request id that is none is replaced, never reflected', async () => {
    for (const id of ['short', 'x'.repeat(129), 'with blank 1', '"quoted-id"', 'ünïcödé-id']) {
      const answer = await ask('GET', '/health', [`X-Request-Id: ${id}`])
      expect(answer?.headers['x-request-id']).toMatch(/^req_[0-9A-Za-z]{22}$/)
    }
  })

  it('security 218: headers of more than 16 KiB are refused', async () => {
    const answer = await ask('GET', '/health', [`X-Large: ${'x'.repeat(17_000)}`])
    expect(errorOf(answer)).toEqual([431, 'payload_too_large'])
    expect(answer?.closed).toBe(true)
  })

  it('security 219: a request that two servers could read differently is a 400, and the connection ends', async () => {
    const post = 'POST /v1/onboarding/ai HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
    const smuggled = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n'
    const cases = [
      `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
      `${post}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x${smuggled}`,
      `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`,
      `${post}Transfer-Encoding: identity, chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n${smuggled}`,
      `${post}Content-Length: -1\r\n\r\n${smuggled}`,
      `${post}Content-Length: 2x\r\n\r\n{}${smuggled}`,
      `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`,
      `${post}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n${smuggled}`,
      `GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: 1\r\n folded\rX: 2\r\n\r\n`,
      'FOO /health HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n',
      '\u0016\u0003\u0001\u0000garbage\r\n\r\n',
    ]
    for (const text of cases) {
      const answer = await exchange(port, text)
      expect([text, ...errorOf(answer), answer?.closed]).toEqual([text, 400, 'validation_error', true])
      expect(answer?.text.match(/"status":"ok"/)).toBeNull()
    }
  })

  it.each(['TRACE', 'PROPFIND', 'LOCK', 'QUERY'])('%s is served nowhere', async (method) => {
    for (const path of ['/health', '/v1/users'])
      expect([404, 405]).toContain((await ask(method, path, [bearer()]))?.status)
  })
})

describe('bodies', () => {
  it('security 215: one that grows beyond the limit while it comes is a 413', async () => {
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
    const answer = await exchange(
      port,
      `POST /v1/onboarding/ai HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${json}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`,
    )
    expect(errorOf(answer)).toEqual([413, 'payload_too_large'])
  })

  it('security 215: one without a type, or with several, is a 415', async () => {
    const headers: string[][] = [
      [],
      ['Content-Type:'],
      [json, 'Content-Type: text/plain'],
      ['Content-Type: application/json/x'],
    ]
    for (const types of headers) {
      const answer = await ask('POST', '/v1/users', [bearer(), ...types], '{"external_user_id":7}')
      // Node keeps the first of several types; what counts is that nothing is accepted unread.
      expect([415, 400]).toContain(answer?.status)
    }
    expect(errorOf(await ask('POST', '/v1/users', [bearer()], '{"external_user_id":"x"}'))).toEqual([
      415,
      'unsupported_media_type',
    ])
  })

  it('a body sent with GET changes nothing', async () => {
    const answer = await ask('GET', '/v1/users?limit=1', [bearer(), json], '{"limit":2,"x":')
    expect(answer?.status).toBe(200)
  })

  it('HEAD has the headers of GET and no body', async () => {
    const [got, head] = [await ask('GET', '/v1/users', [bearer()]), await ask('HEAD', '/v1/users', [bearer()])]
    expect([head?.status, head?.text, head?.headers['content-length']]).toEqual([
      200,
      '',
      got?.headers['content-length'],
    ])
  })
})

describe('security 218: slow and idle connections', () => {
  let slow: Awaited<ReturnType<typeof createApp>>
  let slowPort: number
  beforeAll(async () => {
    const { config, database, secrets, log, clock } = server.app.deps
    const patience = { headers: 150, request: 300, idle: 60_000, check: 50 }
    slow = await createApp({ config, database, secrets, log, clock, limitStore: 'memory', patience })
    await slow.http.listen({ port: 0, host: '127.0.0.1' })
    slowPort = (slow.http.server.address() as AddressInfo).port
  })
  afterAll(() => slow.close())

  it('headers that never end are cut, and others are served meanwhile', async () => {
    const crawling = exchange(slowPort, 'GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')
    expect((await request(slowPort, 'GET', '/health'))?.status).toBe(200)
    expect(errorOf(await crawling)).toEqual([408, 'validation_error'])
  })

  it('a body that never ends is cut', async () => {
    const head = `POST /v1/onboarding/ai HTTP/1.1\r\nHost: localhost\r\n${json}\r\nContent-Length: 1000\r\n\r\n{"name":`
    const answer = await exchange(slowPort, head)
    // Cut while it is being read: whichever notices first, the parser or the reader, nobody waits longer.
    expect(answer === null || answer.status >= 400).toBe(true)
  })

  it('200 connections that say nothing starve nobody', async () => {
    const sockets = await Promise.all(Array.from({ length: 200 }, () => open(port)))
    for (let i = 0; i < 5; i++) expect((await ask('GET', '/health'))?.status).toBe(200)
    for (const socket of sockets) socket.destroy()
  })
})
