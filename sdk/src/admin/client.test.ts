import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AdminApi, client, serveAdminApi } from '../../test/admin-api.ts'
import { type FaultProxy, startFaultProxy } from '../../test/fault-proxy.ts'
import { type TestPace, testPace, timeoutMs } from '../../test/pace.ts'
import { no, ok } from '../../test/serve.ts'
import { type Admin, adminAtPace } from './client.ts'

let api: AdminApi
let proxy: FaultProxy
let pace: TestPace
let admin: Admin
let created: unknown[]

beforeEach(async () => {
  created = []
  api = await serveAdminApi((seen) => {
    if (seen.method === 'POST' && seen.path === '/v1/users') {
      created.push(seen.body)
      return ok({ number: created.length }, 201)
    }
    if (seen.method === 'DELETE') return { status: 204 }
    return seen.path.startsWith('/v1/users/') ? ok({ path: seen.path }) : no(404, 'not_found')
  })
  proxy = await startFaultProxy(api.url)
  pace = testPace()
  admin = adminAtPace({ baseUrl: `${proxy.url}/`, ...client, timeoutMs }, pace)
  // Every test starts with a token, so that its faults meet the calls it is about.
  await admin.users.get('warm')
})
afterEach(async () => {
  await proxy.close()
  await api.close()
})

const keys = () => api.calls().map(({ headers }) => headers['idempotency-key'])
const seenByProxy = () => proxy.seen.slice(2)

describe('a mutation', () => {
  it('whose answer was lost after the commit happens once', async () => {
    proxy.next({ kind: 'cut' }, { kind: 'cut' })
    expect(await admin.users.create({ external_user_id: 'a' })).toEqual({ number: 1 })
    expect(created).toEqual([{ external_user_id: 'a' }])
    const [, ...tries] = keys()
    expect(tries).toHaveLength(3)
    expect(new Set(tries).size).toBe(1)
  })

  it('has a key of its own each time, and the same for all kinds of failure', async () => {
    proxy.next(
      { kind: 'drop' },
      { kind: 'answer', status: 429, headers: { 'retry-after': '1' } },
      { kind: 'answer', status: 503 },
    )
    await admin.users.create({ external_user_id: 'a' })
    await admin.users.create({ external_user_id: 'b' })
    const sent = seenByProxy().map(({ headers }) => headers['idempotency-key'])
    expect(sent).toHaveLength(5)
    expect(new Set(sent.slice(0, 4)).size).toBe(1)
    expect(sent[0]).toMatch(/^[0-9a-f-]{36}$/)
    expect(sent[4]).not.toBe(sent[0])
  })

  it('takes the key of the caller', async () => {
    await admin.users.create({ external_user_id: 'a' }, { idempotencyKey: 'order-7' })
    await admin.users.delete('a', { idempotencyKey: 'order-8' })
    expect(keys().slice(1)).toEqual(['order-7', 'order-8'])
  })

  it('gives nothing for a 204', async () => {
    expect(await admin.users.delete('a')).toBeUndefined()
  })
})

describe('a read', () => {
  it('has no key and no body', async () => {
    await admin.users.get('a')
    expect(api.calls().at(-1)).toMatchObject({ method: 'GET', body: undefined })
    expect(keys()).toEqual([undefined, undefined])
  })

  it('survives a try that hangs', async () => {
    proxy.next({ kind: 'hang' })
    const user = admin.users.get('a')
    await proxy.arrived(3)
    pace.expire()
    expect(await user).toEqual({ path: '/v1/users/a' })
  })
})

describe('a path parameter', () => {
  it('is encoded', async () => {
    await admin.users.get('a/b?c#d é%')
    expect(api.calls().at(-1)?.path).toBe('/v1/users/a%2Fb%3Fc%23d%20%C3%A9%25')
  })

  it.each(['', '.', '..'])('%j is refused: a URL would drop it and name something else', async (id) => {
    await expect(admin.users.delete(id)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', status: 0 })
    expect(seenByProxy()).toEqual([])
  })

  it('that is missing is refused', async () => {
    await expect(admin.users.get(undefined as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('headers', () => {
  it('name the application that was chosen', async () => {
    const chosen = adminAtPace({ baseUrl: api.url, accessToken: 'token_1', appId: 'app_1', timeoutMs }, pace)
    await chosen.users.get('a')
    expect(api.calls().at(-1)?.headers['x-app-id']).toBe('app_1')
    expect(api.calls()[0]?.headers['x-app-id']).toBeUndefined()
  })

  it('carry one request id for all tries of a call', async () => {
    proxy.next({ kind: 'drop' }, { kind: 'answer', status: 503 })
    await admin.users.get('a')
    expect(new Set(seenByProxy().map(({ headers }) => headers['x-request-id'])).size).toBe(1)
  })
})

describe('a signal', () => {
  it('ends the call with its reason', async () => {
    const controller = new AbortController()
    proxy.next({ kind: 'hang' })
    const user = admin.users.get('a', { signal: controller.signal })
    await proxy.arrived(3)
    controller.abort(new Error('enough'))
    await expect(user).rejects.toThrow('enough')
  })

  it('of one call leaves the token to the others', async () => {
    const controller = new AbortController()
    const fresh = adminAtPace({ baseUrl: proxy.url, ...client, timeoutMs }, pace)
    let release = (): void => {}
    proxy.next({ kind: 'delay', until: new Promise<void>((resolve) => (release = resolve)) })
    const given = fresh.users.get('a', { signal: controller.signal })
    const other = fresh.users.get('b')
    await proxy.arrived(3)
    controller.abort(new Error('enough'))
    await expect(given).rejects.toThrow('enough')
    release()
    expect(await other).toEqual({ path: '/v1/users/b' })
    expect(api.tokens()).toBe(2)
  })
})
