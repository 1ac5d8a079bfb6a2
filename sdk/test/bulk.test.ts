import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Tenant, type TestApp, testApp } from '../../server/test/harness.ts'
import { type Admin, adminAtPace } from '../src/admin/client.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import { testPace, timeoutMs } from './pace.ts'

/** Whole lists and many users, against the whole server, with a proxy between that fails on command. */
let server: TestApp
let address: string
let proxy: FaultProxy
let tenant: Tenant
let admin: Admin

beforeAll(async () => {
  server = await testApp()
  address = await server.app.http.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(() => server.close())

beforeEach(async () => {
  proxy = await startFaultProxy(address)
  tenant = await server.tenant()
  // Room for more users than the free tier has.
  await server.database.sql.query(
    `update accounts set plan = 'growth' where id = (select account_id from tenants where id = $1)`,
    [tenant.tenantId],
  )
  server.app.deps.caches.drop('client', tenant.clientId)
  const { clientId, clientSecret } = tenant
  admin = adminAtPace({ baseUrl: proxy.url, clientId, clientSecret, timeoutMs }, testPace())
})
afterEach(() => proxy.close())

async function allOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

function* users(count: number): Generator<{ external_user_id: string; email: string }> {
  for (let i = 0; i < count; i++) yield { external_user_id: `u${i}`, email: `u${i}@example.com` }
}
const requests = () => proxy.seen.filter(({ path }) => path.startsWith('/v1/'))

describe('users.import', () => {
  it('takes up to a hundred at once, and answers each', async () => {
    const answer = await admin.users.import({ users: [...users(2), { external_user_id: 'u0' }] })
    expect(answer).toMatchObject({ created: 2, existing: 1, failed: 0 })
    expect(answer.results.map(({ status }) => status)).toEqual(['created', 'created', 'exists'])
  })

  it('takes any number from an iterable, a thousand a request, and gives results in their order', async () => {
    const results = await allOf(admin.users.import(users(1050)))
    expect(results.map(({ external_user_id }) => external_user_id)).toEqual(
      [...users(1050)].map((u) => u.external_user_id),
    )
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['created']))
    expect(requests()).toHaveLength(2)
    expect(new Set(requests().map(({ headers }) => headers['idempotency-key'])).size).toBe(2)
  })

  it('makes each user once, though answers are lost after the commit, and says what failed', async () => {
    async function* rows() {
      yield* users(150)
      yield { external_user_id: '', email: 'nobody@example.com' }
    }
    proxy.next({ kind: 'pass' }, { kind: 'cut' }, { kind: 'truncate' }, { kind: 'answer', status: 503 })
    const results = await allOf(admin.users.import(rows(), { idempotencyKey: 'import-7' }))
    expect(requests().map(({ fault }) => fault)).toEqual(['cut', 'truncate', 'answer', 'pass'])
    expect(new Set(requests().map(({ headers }) => headers['idempotency-key']))).toEqual(new Set(['import-7.1']))
    // Remembered, so they are still `created`, not `exists`.
    expect(results.slice(0, 150).map(({ status }) => status)).toEqual(Array(150).fill('created'))
    expect(results[150]).toMatchObject({ status: 'failed', error: { code: 'validation_error' } })
    expect(await allOf(admin.auditLogs.list({ event: 'user.created' }))).toHaveLength(150)
  })

  it('refuses what is no item before it sends anything', async () => {
    const wrong = admin.users.import([undefined] as unknown as Iterable<{ external_user_id: string }>)
    await expect(allOf(wrong)).rejects.toMatchObject({ name: 'ValidationError', code: 'INVALID_ARGUMENT' })
    expect(requests()).toEqual([])
  })

  it('stops where its reader stops', async () => {
    for await (const _ of admin.users.import(users(5000))) break
    expect(requests()).toHaveLength(1)
  })
})

describe('exports', () => {
  it('give every item of a list that pages would, and the identifiers', async () => {
    await allOf(admin.users.import(users(620)))
    const listed = await allOf(admin.users.list({ limit: 100 }))
    const exported = await allOf(admin.users.export())
    expect(exported.map(({ user_id }) => user_id)).toEqual(listed.map(({ id }) => id))
    expect(exported[7]).toMatchObject({
      external_user_id: 'u7',
      status: 'active',
      identifiers: [{ type: 'email', value: 'u7@example.com', verified: false }],
    })
  })

  it('filter, and come as bytes in a format', async () => {
    await admin.users.import({ users: [...users(3)] })
    const events = await allOf(admin.auditLogs.export({ event: 'user.created' }))
    expect(events.map(({ event }) => event)).toEqual(Array(3).fill('user.created'))
    const csv = await new Response(await admin.auditLogs.export({ event: 'user.created' }).stream('csv')).text()
    expect(csv.split('\r\n')).toHaveLength(5)
    expect(csv).toMatch(/^id,event,/)
    const text = await new Response(await admin.users.export().stream()).text()
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).external_user_id),
    ).toEqual(['u0', 'u1', 'u2'])
  })

  it('are asked for again before the first byte, and throw when they are cut after it', async () => {
    await admin.users.import({ users: [...users(50)] })
    proxy.next({ kind: 'drop' }, { kind: 'answer', status: 429, headers: { 'retry-after': '1' } })
    expect(await allOf(admin.users.export())).toHaveLength(50)
    proxy.next({ kind: 'truncate' })
    await expect(allOf(admin.users.export())).rejects.toMatchObject({
      name: 'ConnectionError',
      code: 'NETWORK_FAILURE',
    })
  })

  it('throw what the server says', async () => {
    const narrow = adminAtPace({ baseUrl: proxy.url, ...tenant, scope: 'users:read', timeoutMs }, testPace())
    await expect(allOf(narrow.auditLogs.export())).rejects.toMatchObject({
      name: 'PermissionError',
      code: 'insufficient_scope',
    })
  })

  it('end with the reason of a signal', async () => {
    await admin.users.import({ users: [...users(50)] })
    const controller = new AbortController()
    let seen = 0
    const reading = (async () => {
      for await (const _ of admin.users.export({ signal: controller.signal })) {
        seen += 1
        controller.abort(new Error('enough'))
      }
    })()
    await expect(reading).rejects.toThrow('enough')
    expect(seen).toBe(1)
    await expect(allOf(admin.users.export({ signal: controller.signal }))).rejects.toThrow('enough')
  })
})

describe('the other admin methods', () => {
  it('cover status, lockout, usage, privacy and rotation', async () => {
    await admin.users.create({ external_user_id: 'ada' })
    expect(await admin.users.update('ada', { status: 'disabled' })).toMatchObject({ status: 'disabled' })
    expect(await admin.users.update('ada', { status: 'active', metadata: { plan: 'gold' } })).toMatchObject({
      status: 'active',
      metadata: { plan: 'gold' },
    })
    expect(await admin.users.unlock('ada')).toMatchObject({ status: 'active' })
    const period = server.clock().toISOString().slice(0, 7)
    expect(await admin.usage.get({ period })).toMatchObject({ tenant_id: tenant.tenantId, users_total: 1 })
    const report = await admin.privacy.report('ada')
    expect(report.user.external_user_id).toBe('ada')
    const rotated = await admin.applications.rotateSecret(tenant.applicationId, { grace_period_seconds: 0 })
    const renewed = {
      baseUrl: proxy.url,
      clientId: tenant.clientId,
      clientSecret: rotated.new_client_secret,
      timeoutMs,
    }
    expect(await adminAtPace(renewed, testPace()).users.get('ada')).toMatchObject({ external_user_id: 'ada' })
    await expect(admin.applications.suspend(tenant.applicationId)).rejects.toMatchObject({ name: 'PermissionError' })
  })
})
