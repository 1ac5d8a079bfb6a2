import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { pay } from '../../test/account.ts'
import { testDatabase } from '../../test/database.ts'
import { type Tenant, type TestApp, testApp } from '../../test/harness.ts'
import type { Database } from '../platform/db.ts'

let server: TestApp
let port: number
let database: Database
/** Called before each statement of an export with the number of pages so far; may put another statement in its place. */
let onPage: (page: number) => Promise<string | undefined> | undefined = () => undefined
let pages = 0

beforeAll(async () => {
  database = await testDatabase()
  const watched: Database = {
    ...database,
    sql: {
      query: async (text, values) => {
        if (!text.includes('left join lateral')) return database.sql.query(text, values)
        pages += 1
        const instead = await onPage(pages)
        return instead === undefined ? database.sql.query(text, values) : database.sql.query(instead)
      },
    },
  }
  server = await testApp({ RATE_LIMITS: 'false', LOG_LEVEL: 'error' }, { database: watched })
  await server.app.http.listen({ port: 0, host: '127.0.0.1' })
  port = (server.app.http.server.address() as AddressInfo).port
})
afterAll(() => server.close())
afterEach(() => {
  onPage = () => undefined
  pages = 0
  server.lines.length = 0
})

const path = '/v1/users?format=ndjson'
const get = ({ token }: Tenant, url = path) => server.call('GET', url, { token })
const rowsOf = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))

/** Users in the order of their ids, made in one statement. */
async function fill({ tenantId, applicationId }: Tenant, count: number, name = 'u'): Promise<void> {
  await database.sql.query(
    `insert into users (tenant_id, id, application_id, external_user_id, status, created_at, updated_at)
     select $1, ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, $2, $3 || n, 'active', $4::timestamptz, $4::timestamptz
     from generate_series(1, $5::int) n`,
    [tenantId, applicationId, name, server.clock(), count],
  )
  await database.sql.query('update tenants set user_count = user_count + $2::int where id = $1', [tenantId, count])
}

const exported = ({ tenantId }: Tenant) =>
  database.sql.query<{ metadata: object }>(
    `select metadata from audit_logs where tenant_id = $1 and event = 'users.exported'`,
    [tenantId],
  )

describe('GET /v1/users?format=ndjson', () => {
  it('every user of the application with its identifiers, oldest first, and one audit row', async () => {
    const tenant = await pay(server, await server.tenant())
    const make = async (body: object) => {
      const { body: made } = await server.call('POST', '/v1/users', { token: tenant.token, body })
      return made.data
    }
    const a = await make({ external_user_id: 'a', email: 'a@example.com', email_verified: true })
    const b = await make({ external_user_id: 'b "é"\\' })
    const c = await make({ external_user_id: 'c' })
    const d = await make({ external_user_id: 'd' })
    const other = await pay(server, await server.tenant())
    await fill(other, 3)
    await server.call('PATCH', '/v1/users/c', { token: tenant.token, body: { status: 'disabled' } })
    const lock = new Date(server.clock().getTime() + 60_000)
    await database.sql.query('update users set locked_until = $3 where tenant_id = $1 and id = $2::uuid', [
      tenant.tenantId,
      b.id,
      lock,
    ])
    await database.sql.query('update users set external_user_id = null where tenant_id = $1 and id = $2::uuid', [
      tenant.tenantId,
      d.id,
    ])
    await database.sql.query(
      `insert into identifiers (tenant_id, id, application_id, user_id, type, value, verified, linked_at)
       values ($1, 'idf_wallet', $2, $3::uuid, 'wallet', '0x1', false, $4)`,
      [tenant.tenantId, tenant.applicationId, a.id, server.clock()],
    )
    const answer = await get(tenant)
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/x-ndjson; charset=utf-8'])
    expect(answer.headers['content-disposition']).toBe('attachment; filename="users.ndjson"')
    expect(answer.headers['cache-control']).toBe('no-store')
    const line = { created_at: a.created_at, identifiers: [] }
    expect(rowsOf(answer.text)).toEqual([
      {
        ...line,
        user_id: a.id,
        external_user_id: 'a',
        status: 'active',
        identifiers: [
          { type: 'email', value: 'a@example.com', verified: true },
          { type: 'wallet', value: '0x1', verified: false },
        ],
      },
      { ...line, user_id: b.id, external_user_id: 'b "é"\\', status: 'locked' },
      { ...line, user_id: c.id, external_user_id: 'c', status: 'disabled' },
      { ...line, user_id: d.id, external_user_id: null, status: 'active' },
    ])
    expect(await exported(tenant)).toEqual([{ metadata: { rows: 4 } }])
    const listed = await get(tenant, '/v1/users')
    expect(listed.body.data.data.map(({ status }: { status: string }) => status)).toEqual(
      rowsOf(answer.text).map(({ status }) => status),
    )
  })

  it('nothing at all where there are no users', async () => {
    const tenant = await server.tenant()
    const answer = await get(tenant)
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect(await exported(tenant)).toEqual([{ metadata: { rows: 0 } }])
  })

  it.each([499, 500, 501, 1000, 1203])('%i users in pages of 500', async (count) => {
    const tenant = await pay(server, await server.tenant())
    await fill(tenant, count)
    const rows = rowsOf((await get(tenant)).text)
    expect(rows.map(({ external_user_id: name }) => name)).toEqual(Array.from({ length: count }, (_, i) => `u${i + 1}`))
    expect(pages).toBe(Math.floor(count / 500) + 1)
    expect(await exported(tenant)).toEqual([{ metadata: { rows: count } }])
  })

  it('whoever is created meanwhile is not part of it, whoever is erased is gone, and none comes twice', async () => {
    const tenant = await pay(server, await server.tenant())
    await fill(tenant, 1100)
    onPage = async (page) => {
      const body = { external_user_id: `late${page}` }
      await server.call('POST', '/v1/users', { token: tenant.token, body })
      // The last of the page before, one of this page, one of the next.
      for (const n of [(page - 1) * 500, (page - 1) * 500 + 7, page * 500 + 7]) {
        await server.call('DELETE', `/v1/users/u${n}`, { token: tenant.token })
      }
      return undefined
    }
    const names = rowsOf((await get(tenant)).text).map(({ external_user_id: name }) => name)
    const gone = ['u7', 'u507', 'u1007']
    const expected = Array.from({ length: 1100 }, (_, i) => `u${i + 1}`).filter((name) => !gone.includes(name))
    expect(names).toEqual(expected)
  })

  it.each([
    [`${path}&limit=10`, 'limit: belongs to pages; format=ndjson sends everything'],
    [`${path}&starting_after=01900000-0000-7000-8000-000000000001`, 'starting_after: belongs to pages'],
    ['/v1/users?format=csv', 'format: must be json or ndjson'],
    ['/v1/users?format=', 'format: must be json or ndjson'],
    [`/trpc/users.list?input=${encodeURIComponent('{"format":"ndjson"}')}`, 'format: is served over REST only'],
  ])('400 naming the field for %s', async (url, message) => {
    const tenant = await server.tenant()
    const { status, body } = await get(tenant, url)
    expect(status).toBe(400)
    expect(body.error.message).toContain(message)
    expect(await exported(tenant)).toEqual([])
  })

  it('HEAD has the headers alone', async () => {
    const tenant = await server.tenant()
    const answer = await server.call('HEAD', path, { token: tenant.token })
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([
      200,
      'application/x-ndjson; charset=utf-8',
      '',
    ])
    expect(answer.headers['content-length']).toBeUndefined()
    expect(pages).toBe(0)
  })

  it('a database that fails in the middle cuts the connection: what came never looks whole', async () => {
    const tenant = await pay(server, await server.tenant())
    await fill(tenant, 1500)
    onPage = async (page) => (page === 3 ? 'select 1 / 0' : undefined)
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: { authorization: `Bearer ${tenant.token}` },
    })
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow()
    expect(server.lines.filter((line) => line.includes('an export was cut'))).toHaveLength(1)
    onPage = () => undefined
    expect(rowsOf((await get(tenant)).text)).toHaveLength(1500)
  })

  it('500 for one that fails at the first page', async () => {
    const tenant = await server.tenant()
    onPage = async () => 'select 1 / 0'
    const answer = await get(tenant)
    expect([answer.status, answer.body.error.code]).toEqual([500, 'internal_error'])
  })
})

describe('a reader of the export over a socket', () => {
  // About 800 bytes a line: more than the sockets of both ends hold.
  const count = 30_000
  const all = Math.floor(count / 500) + 1
  let tenant: Tenant
  beforeAll(async () => {
    tenant = await pay(server, await server.tenant(), 'enterprise')
    await fill(tenant, count, '漢'.repeat(240))
  }, 60_000)

  const open = () => {
    const socket = connect(port, '127.0.0.1')
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer ${tenant.token}\r\n\r\n`,
    )
    return socket
  }
  /** The number of pages once it no longer changes. */
  async function settled(): Promise<number> {
    let before = -1
    await expect
      .poll(
        () => {
          const same = pages > 0 && pages === before
          before = pages
          return same
        },
        { timeout: 30_000, interval: 700 },
      )
      .toBe(true)
    return pages
  }

  it('that stops reading stops the statements; they go on when it does, to the end', async () => {
    const socket = open()
    socket.pause()
    const stopped = await settled()
    expect(stopped).toBeLessThan(all)
    let bytes = 0
    let end = ''
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      end = (end + chunk.toString('latin1')).slice(-5)
    })
    socket.resume()
    await new Promise((resolve) => socket.once('close', resolve))
    expect(end).toBe('0\r\n\r\n')
    expect(bytes).toBeGreaterThan(count * 720)
    expect(pages).toBe(all)
  }, 60_000)

  it('that goes away ends them, and nothing is logged as a fault', async () => {
    const socket = open()
    socket.pause()
    const stopped = await settled()
    socket.destroy()
    await expect
      .poll(() => new Promise((resolve) => server.app.http.server.getConnections((_, n) => resolve(n))))
      .toBe(0)
    expect(await settled()).toBeLessThanOrEqual(stopped + 1)
    expect(pages).toBeLessThan(all)
    expect(server.lines).toEqual([])
  }, 60_000)
})
