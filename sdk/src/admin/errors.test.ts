import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FaultProxy, startFaultProxy } from '../../test/fault-proxy.ts'
import { type TestPace, testPace, timeoutMs } from '../../test/pace.ts'
import { adminAtPace } from './client.ts'
import * as errors from './errors.ts'

let proxy: FaultProxy
let pace: TestPace

beforeEach(async () => {
  proxy = await startFaultProxy('http://127.0.0.1:9')
  pace = testPace()
})
afterEach(() => proxy.close())

const admin = () => adminAtPace({ baseUrl: proxy.url, accessToken: 't', timeoutMs, maxRetries: 0 }, pace)
const failure = (run: Promise<unknown>) =>
  run.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  )

describe('TryMellonApiError', () => {
  it.each([
    [400, 'validation_error', errors.ValidationError],
    [401, 'unauthorized', errors.AuthenticationError],
    [403, 'insufficient_scope', errors.PermissionError],
    [404, 'user_not_found', errors.NotFoundError],
    [405, 'method_not_allowed', errors.ValidationError],
    [409, 'user_exists', errors.ConflictError],
    [413, 'payload_too_large', errors.ValidationError],
    [415, 'unsupported_media_type', errors.ValidationError],
    [422, 'idempotency_key_reused', errors.ConflictError],
    [423, 'user_locked', errors.TryMellonApiError],
    [429, 'rate_limit_exceeded', errors.RateLimitError],
    [500, 'internal_error', errors.ServerError],
    [503, 'service_unavailable', errors.ServerError],
  ])('of %i %s has its own class', async (status, code, kind) => {
    const body = JSON.stringify({ ok: false, error: { code, message: 'about it' } })
    proxy.next({ kind: 'answer', status, body })
    const error = await failure(admin().users.create({ external_user_id: 'a' }))
    expect(error).toBeInstanceOf(kind)
    expect(error).toBeInstanceOf(errors.TryMellonApiError)
    expect(error).toMatchObject({ name: kind.name, code, status, message: 'about it' })
  })

  it('carries all that the server said', async () => {
    const details = [{ path: 'external_user_id', message: 'must be 1 to 255 characters' }]
    const error = { code: 'validation_error', message: 'm', details, hint: 'h', docs_url: 'https://docs' }
    const headers = { 'retry-after': '5', 'x-request-id': 'req_12345678' }
    proxy.next({ kind: 'answer', status: 400, headers, body: JSON.stringify({ ok: false, error }) })
    expect(await failure(admin().users.get('a'))).toMatchObject({
      details,
      hint: 'h',
      docsUrl: 'https://docs',
      requestId: 'req_12345678',
      retryAfter: 5,
    })
  })

  it('of /oauth/* has the OAuth error as its code', async () => {
    const body = JSON.stringify({ error: 'invalid_scope', error_description: 'unknown scope' })
    proxy.next({ kind: 'answer', status: 400, body })
    const error = await failure(admin().oauth.token({ grant_type: 'client_credentials' }))
    expect(error).toBeInstanceOf(errors.ValidationError)
    expect(error).toMatchObject({ code: 'invalid_scope', message: 'unknown scope', status: 400 })
  })

  it('of a page from between has the status as its code', async () => {
    proxy.next(
      { kind: 'answer', status: 502, body: '<h1>Bad Gateway</h1>' },
      { kind: 'answer', status: 200, body: 'hi' },
    )
    expect(await failure(admin().users.get('a'))).toMatchObject({ code: 'http_502', status: 502, name: 'ServerError' })
    const notJson = await failure(admin().users.get('a'))
    expect(notJson).toMatchObject({ code: 'http_200', status: 200 })
    expect(notJson).toHaveProperty('message', 'The server answered 200, not in JSON.')
  })

  it('without an answer is a ConnectionError or a TimeoutError', async () => {
    proxy.next({ kind: 'drop' }, { kind: 'hang' })
    const dropped = await failure(admin().users.get('a'))
    expect(dropped).toBeInstanceOf(errors.ConnectionError)
    expect(dropped).toMatchObject({ code: 'NETWORK_FAILURE', status: 0, requestId: expect.any(String) })
    expect(dropped).toHaveProperty('cause', expect.any(TypeError))
    const hung = failure(admin().users.get('a'))
    await proxy.arrived(2)
    pace.expire()
    expect(await hung).toBeInstanceOf(errors.TimeoutError)
    expect(await hung).toMatchObject({ code: 'TIMEOUT', status: 0 })
  })

  it('is thrown at once when Retry-After is longer than maxRetryAfterMs', async () => {
    const patient = adminAtPace({ baseUrl: proxy.url, accessToken: 't', timeoutMs, maxRetryAfterMs: 2000 }, pace)
    proxy.next(
      { kind: 'answer', status: 429, headers: { 'retry-after': '2' } },
      { kind: 'answer', status: 429, headers: { 'retry-after': '3600' } },
    )
    expect(await failure(patient.users.get('a'))).toMatchObject({ name: 'RateLimitError', retryAfter: 3600 })
    expect(pace.waits).toEqual([2000])
    expect(proxy.seen).toHaveLength(2)
  })
})
