import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FaultProxy, startFaultProxy } from '../test/fault-proxy.ts'
import { type TestPace, testPace, timeoutMs } from '../test/pace.ts'
import { ok, serve, type Upstream } from '../test/serve.ts'
import { adminRetries } from './retry.ts'
import { type Call, send } from './send.ts'

let upstream: Upstream
let proxy: FaultProxy
let pace: TestPace

beforeEach(async () => {
  upstream = await serve(() => ok({ fine: true }))
  proxy = await startFaultProxy(upstream.url)
  pace = testPace()
})
afterEach(async () => {
  await proxy.close()
  await upstream.close()
})

const rule = adminRetries({ maxRetries: 3, maxRetryAfterMs: 60_000 })
const call = (more: Partial<Call> = {}): Call => {
  const path = '/v1/users'
  const base = {
    url: proxy.url + path,
    path,
    method: 'POST',
    headers: {},
    body: { a: 1 },
    timeoutMs,
    rule,
    pace,
    fetch,
  }
  return { ...base, ...more }
}
const body = { ok: true, data: { fine: true } }

describe('send', () => {
  it.each(['drop', 'cut', 'truncate'] as const)('tries again after a %s, with the same X-Request-Id', async (kind) => {
    proxy.next({ kind }, { kind })
    const answer = await send(call())
    expect(answer).toMatchObject({ outcome: 200, body })
    const ids = proxy.seen.map(({ headers }) => headers['x-request-id'])
    expect(ids).toHaveLength(3)
    expect(new Set(ids).size).toBe(1)
    expect(ids[0]).toMatch(/^[0-9A-Za-z_-]{8,128}$/)
    expect(pace.waits).toEqual([250, 500])
    expect(upstream.seen).toHaveLength(kind === 'drop' ? 1 : 3)
  })

  it('tries again when the time of a try is up', async () => {
    proxy.next({ kind: 'hang' })
    const answer = send(call())
    await proxy.arrived(1)
    pace.expire()
    expect(await answer).toMatchObject({ outcome: 200, body })
    expect(proxy.seen).toHaveLength(2)
  })

  it('says TIMEOUT or NETWORK_FAILURE after the last try', async () => {
    const none = { ...rule, maxRetries: 0 }
    proxy.next({ kind: 'hang' }, { kind: 'drop' })
    const late = send(call({ rule: none }))
    await proxy.arrived(1)
    pace.expire()
    expect(await late).toMatchObject({ outcome: 'TIMEOUT', requestId: proxy.seen[0]?.headers['x-request-id'] })
    expect(await send(call({ rule: none }))).toMatchObject({ outcome: 'NETWORK_FAILURE' })
  })

  it('waits as long as Retry-After says, in seconds or until a date', async () => {
    const date = 'Sat, 21 Nov 2026 12:00:00 GMT'
    const until = 'Sat, 21 Nov 2026 12:00:09 GMT'
    proxy.next(
      { kind: 'answer', status: 429, headers: { 'retry-after': '7' } },
      { kind: 'answer', status: 503, headers: { 'retry-after': until, date } },
    )
    expect(await send(call())).toMatchObject({ outcome: 200 })
    expect(pace.waits).toEqual([7000, 9000])
  })

  it('returns the refusal at once when Retry-After is too long', async () => {
    proxy.next({ kind: 'answer', status: 429, headers: { 'retry-after': '61' }, body: '{"error":{"code":"x"}}' })
    expect(await send(call())).toMatchObject({ outcome: 429, retryAfterMs: 61_000, body: { error: { code: 'x' } } })
    expect(pace.waits).toEqual([])
    expect(proxy.seen).toHaveLength(1)
  })

  it('returns the last refusal when the tries are used up', async () => {
    proxy.next(...Array.from({ length: 9 }, () => ({ kind: 'answer', status: 503 }) as const))
    expect(await send(call())).toMatchObject({ outcome: 503 })
    expect(proxy.seen).toHaveLength(4)
  })

  it('tells a body that is not JSON from none', async () => {
    proxy.next({ kind: 'answer', status: 500, body: '<html>' }, { kind: 'answer', status: 204 })
    const page = await send(call())
    expect(page.outcome).toBe(500)
    expect(page.body).toBeUndefined()
    expect(page.cause).toBeInstanceOf(SyntaxError)
    const empty = await send(call())
    expect(empty.outcome).toBe(204)
    expect(empty.body ?? empty.cause).toBeUndefined()
  })

  it('leaves no timer behind', async () => {
    proxy.next({ kind: 'drop' })
    await send(call())
    expect(pace.open()).toBe(0)
  })

  it('takes the X-Request-Id of the answer', async () => {
    proxy.next({ kind: 'answer', status: 200, headers: { 'x-request-id': 'req_of_the_server' }, body: '{}' })
    expect(await send(call({ requestId: 'req_of_the_caller' }))).toMatchObject({ requestId: 'req_of_the_server' })
    expect(proxy.seen[0]?.headers['x-request-id']).toBe('req_of_the_caller')
  })
})

describe('a signal', () => {
  it('aborted before, sends nothing', async () => {
    await expect(send(call({ signal: AbortSignal.abort('enough') }))).rejects.toBe('enough')
    expect(proxy.seen).toEqual([])
  })

  it('ends a request under way, without another try', async () => {
    const controller = new AbortController()
    proxy.next({ kind: 'hang' })
    const answer = send(call({ signal: controller.signal, rule: { ...rule, maxRetries: 0 } }))
    await proxy.arrived(1)
    controller.abort('enough')
    await expect(answer).rejects.toBe('enough')
    expect(proxy.seen).toHaveLength(1)
  })

  it('ends the wait between tries', async () => {
    const controller = new AbortController()
    const endless = {
      ...pace,
      after: (ms: number, run: () => void) => (ms === timeoutMs ? pace.after(ms, run) : () => {}),
    }
    proxy.next({ kind: 'drop' })
    const onRetry = (): void => void setImmediate(() => controller.abort('enough'))
    await expect(send(call({ signal: controller.signal, pace: endless, onRetry }))).rejects.toBe('enough')
    expect(proxy.seen).toHaveLength(1)
  })
})
