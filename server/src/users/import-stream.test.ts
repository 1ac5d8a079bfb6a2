import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { pay } from '../../test/account.ts'
import { type Tenant, type TestApp, testApp } from '../../test/harness.ts'
import { createApp } from '../app.ts'

// What an import is on a real connection, where bodies come in pieces and callers go away.

let server: TestApp
let port: number
let tenant: Tenant
const sockets: Socket[] = []

beforeAll(async () => {
  server = await testApp({ RATE_LIMITS: 'false', LOG_LEVEL: 'warn' })
  await server.app.http.listen({ port: 0, host: '127.0.0.1' })
  port = (server.app.http.server.address() as AddressInfo).port
})
afterAll(() => server.close())
beforeEach(async () => {
  tenant = await pay(server, await server.tenant(), 'growth')
  server.lines.length = 0
})
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
const end = '0\r\n\r\n'
const users = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => `{"external_user_id":"u${from + i}"}\n`).join('')
const chunked = 'Transfer-Encoding: chunked'
const wantsLines = 'Accept: application/x-ndjson'

/** Begins an import; what comes back is gathered in `text`. */
function begin(...headers: string[]) {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  const answer = { text: '', closed: false }
  socket.on('data', (bytes: Buffer) => {
    answer.text += bytes.toString('latin1')
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    answer.closed = true
  })
  const authorization = headers.some((header) => header.startsWith('Authorization'))
    ? []
    : [`Authorization: Bearer ${tenant.token}`]
  const lines = ['POST /v1/migration/users/import HTTP/1.1', 'Host: localhost', 'Content-Type: application/x-ndjson']
  socket.write(`${[...lines, ...authorization, ...headers].join('\r\n')}\r\n\r\n`)
  return { socket, answer }
}

const soon = { timeout: 10_000, interval: 20 }
const statusOf = (text: string) => Number(text.split(' ')[1])
/** Result lines so far. */
const results = (text: string) =>
  [...text.matchAll(/^\{"external_user_id":"[^"]+","status":"(\w+)"/gm)].map(([, s]) => s)

async function state() {
  const [row] = await server.database.sql.query<Record<string, number>>(
    `select (select count(*)::int from users where tenant_id = $1) as users,
            (select user_count from tenants where id = $1) as counted,
            (select count(*)::int from audit_logs where tenant_id = $1 and event = 'user.created') as created,
            (select count(*)::int from audit_logs where tenant_id = $1 and event = 'users.imported') as batches`,
    [tenant.tenantId],
  )
  return row
}
const imported = (count: number, batches: number) => ({ users: count, counted: count, created: count, batches })
const connections = () =>
  new Promise<number>((resolve) => server.app.http.server.getConnections((_, count) => resolve(count)))

describe('an import over a connection', () => {
  it('the results of a batch come as it is committed, before the rest is sent', async () => {
    const { socket, answer } = begin(chunked, wantsLines)
    socket.write(chunk(users(99)))
    // The hundredth line comes byte by byte, and ends the batch.
    for (const byte of users(1, 99)) socket.write(chunk(byte))
    await expect.poll(() => results(answer.text).length, soon).toBe(100)
    expect(statusOf(answer.text)).toBe(200)
    expect(await state()).toEqual(imported(100, 1))
    socket.write(chunk(users(30, 100)))
    socket.write(end)
    await expect.poll(() => answer.text.endsWith(end), soon).toBe(true)
    expect(results(answer.text)).toEqual(Array.from({ length: 130 }, () => 'created'))
    expect(await state()).toEqual(imported(130, 2))
  })

  it('a caller that goes away leaves whole batches, and no fault in the log', async () => {
    for (const headers of [[wantsLines], []]) {
      tenant = await pay(server, await server.tenant(), 'growth')
      const { socket } = begin(chunked, ...headers)
      socket.write(chunk(users(250)))
      await expect.poll(async () => (await state())?.users, soon).toBe(200)
      socket.destroy()
      await expect.poll(connections, soon).toBe(0)
      expect(await state()).toEqual(imported(200, 2))
    }
    expect(server.lines).toEqual([])
  })

  it('a retry under the same key goes on where the connection was cut', async () => {
    const key = 'Idempotency-Key: cut'
    const first = begin(chunked, wantsLines, key)
    first.socket.write(chunk(users(250)))
    await expect.poll(() => results(first.answer.text).length, soon).toBe(200)
    first.socket.destroy()
    const again = begin(chunked, wantsLines, key)
    again.socket.write(chunk(users(300)) + end)
    await expect.poll(() => again.answer.text.endsWith(end), soon).toBe(true)
    expect(results(again.answer.text)).toEqual(Array.from({ length: 300 }, () => 'created'))
    const lines = (text: string) =>
      text.split('\r\n').flatMap((part) => part.split('\n').filter((line) => line.startsWith('{')))
    expect(lines(again.answer.text).slice(0, 200)).toEqual(lines(first.answer.text))
    expect(await state()).toEqual(imported(300, 3))
  })

  it('a fault in the middle is the last line and in the log; what was committed before stays', async () => {
    const { sql } = server.database
    const { socket, answer } = begin(chunked, wantsLines)
    socket.write(chunk(users(100)))
    await expect.poll(() => results(answer.text).length, soon).toBe(100)
    await sql.query('alter table identifiers rename to elsewhere')
    try {
      socket.write(chunk(users(100, 100)) + end)
      await expect.poll(() => answer.text.endsWith(end), soon).toBe(true)
    } finally {
      await sql.query('alter table elsewhere rename to identifiers')
    }
    expect(results(answer.text)).toHaveLength(100)
    expect(answer.text).toContain(
      '{"error":{"code":"internal_error","message":"Something went wrong on our side."}}\n\r\n0\r\n',
    )
    expect(server.lines.filter((line) => line.includes('a streamed body was given up'))).toHaveLength(1)
    expect(await state()).toEqual(imported(100, 1))
  })

  it('401 at once, with the body unread', async () => {
    for (const headers of [[chunked], ['Content-Length: 10000000']]) {
      const { answer } = begin('Authorization: Bearer garbage', ...headers)
      await expect.poll(() => answer.text, soon).toContain('"code":"unauthorized"')
      expect(statusOf(answer.text)).toBe(401)
    }
  })

  it('413 at once for a Content-Length beyond 16 MiB', async () => {
    const { answer } = begin('Content-Length: 16777217')
    await expect.poll(() => answer.text, soon).toContain('"code":"payload_too_large"')
    expect(statusOf(answer.text)).toBe(413)
  })

  it('security 215: 413 reaches the caller when 16 MiB are over, with the lines before that worked on', async () => {
    const line = (i: number) => `${`{"external_user_id":"u${i}"}`.padEnd(65_535)}\n`
    const { socket, answer } = begin(chunked)
    for (let i = 0; i < 256; i++) socket.write(chunk(line(i)))
    socket.write(chunk('\n'))
    await expect.poll(() => answer.text, soon).toContain('"code":"payload_too_large"')
    expect([statusOf(answer.text), answer.text]).toEqual([413, expect.stringContaining('worked on')])
    expect(await state()).toEqual(imported(256, 3))
    // What else comes is dropped, and the connection is good for the next call.
    socket.write(chunk(users(1000, 1000)) + end)
    socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await expect.poll(() => answer.text, soon).toContain('"status":"ok"')
    expect(await state()).toEqual(imported(256, 3))
  })

  it('413 reaches the caller for line 10,001, as the answer or as the last line', async () => {
    const body = users(1).repeat(10_001)
    for (const headers of [[], [wantsLines]]) {
      const { socket, answer } = begin(`Content-Length: ${body.length}`, ...headers)
      socket.write(body)
      await expect.poll(() => answer.text, { ...soon, timeout: 60_000 }).toContain('"code":"payload_too_large"')
      expect(statusOf(answer.text)).toBe(headers.length > 0 ? 200 : 413)
      expect(results(answer.text)).toHaveLength(headers.length > 0 ? 10_000 : 0)
    }
    expect((await state())?.users).toBe(1)
  }, 60_000)

  it('a Content-Length that says too much is a body cut off: no whole batch, nothing done', async () => {
    const { socket, answer } = begin('Content-Length: 5000', wantsLines)
    socket.end(users(50))
    await expect.poll(() => answer.closed, soon).toBe(true)
    expect(answer.text).not.toContain('"status":"created"')
    expect(await state()).toEqual(imported(0, 0))
    expect(server.lines).toEqual([])
  })

  it('one that says too little ends the body there; the rest is no request', async () => {
    const body = users(2)
    const { socket, answer } = begin(`Content-Length: ${body.length}`)
    socket.write(`${body}{"external_user_id":"smuggled"}\n`)
    await expect.poll(() => answer.closed, soon).toBe(true)
    expect(answer.text).toContain('HTTP/1.1 400 Bad Request')
    // The connection is over with what follows the body: the batch before it was read by then, or it was not. Never more.
    expect([imported(0, 0), imported(2, 1)]).toContainEqual(await state())
  })

  it('a caller that sends everything before it reads anything is served', async () => {
    const { socket, answer } = begin(chunked, wantsLines)
    socket.pause()
    for (let i = 0; i < 20; i++) socket.write(chunk(users(100, i * 100)))
    await new Promise<void>((resolve) => socket.write(end, () => resolve()))
    await expect.poll(async () => (await state())?.users, soon).toBe(2000)
    socket.resume()
    await expect.poll(() => results(answer.text).length, soon).toBe(2000)
  }, 30_000)

  it('security 218: a body that is too slow is cut, and what was answered never looks whole', async () => {
    const { config, database, secrets, log, clock } = server.app.deps
    const patience = { headers: 150, request: 500, idle: 60_000, check: 50 }
    const hasty = await createApp({ config, database, secrets, log, clock, limitStore: 'memory', patience })
    await hasty.http.listen({ port: 0, host: '127.0.0.1' })
    const fast = port
    port = (hasty.http.server.address() as AddressInfo).port
    const { socket, answer } = begin(chunked, wantsLines)
    port = fast
    socket.write(chunk(users(150)))
    await expect.poll(() => answer.closed, soon).toBe(true)
    expect(results(answer.text)).toHaveLength(100)
    expect(answer.text.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(answer.text.endsWith(end)).toBe(false)
    await hasty.close()
    expect(await state()).toEqual(imported(100, 1))
    expect(server.lines).toEqual([])
  })
})
