import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { prompt, stubBrowser } from '../../test/browser.ts'
import { type BrowserTest, startBrowserTest } from '../../test/browser-test.ts'

let test: BrowserTest

beforeEach(async () => {
  test = await startBrowserTest()
})
afterEach(async () => {
  vi.unstubAllGlobals()
  await test.close()
})

describe('the authenticator’s refusals', () => {
  it.each([
    ['NotAllowedError', 'USER_CANCELLED'],
    ['AbortError', 'ABORT_ERROR'],
    ['InvalidStateError', 'PASSKEY_EXISTS'],
    ['NotSupportedError', 'NOT_SUPPORTED'],
    ['SecurityError', 'NOT_SUPPORTED'],
    ['ConstraintError', 'UNKNOWN_ERROR'],
  ])('%s is %s', async (name, code) => {
    const cause = new DOMException('about it', name)
    test.browser.answer(() => Promise.reject(cause))
    expect(await test.mellon.signUp()).toMatchObject({ ok: false, error: { code, message: 'about it', cause } })
    expect(test.asked()).toEqual(['POST /v1/passkeys/register/start'])
  })
})

describe('retries', () => {
  it('repeat a start after any failure of the way, with one request id', async () => {
    test.proxy.next({ kind: 'drop' }, { kind: 'answer', status: 502 }, { kind: 'cut' })
    expect(await test.mellon.signIn()).toMatchObject({ ok: true })
    expect(new Set(test.proxy.seen.slice(0, 4).map(({ headers }) => headers['x-request-id'])).size).toBe(1)
    expect(test.pace.waits).toEqual([250, 500, 1000])
  })

  it('never repeat a finish that the server may have taken', async () => {
    test.proxy.next({ kind: 'pass' }, { kind: 'cut' })
    expect(await test.mellon.signIn()).toMatchObject({ ok: false, error: { code: 'NETWORK_FAILURE' } })
    expect(test.asked()).toEqual(['POST /v1/passkeys/auth/start', 'POST /v1/passkeys/auth/finish'])
  })

  it('repeat a finish that the server refused to begin', async () => {
    test.proxy.next({ kind: 'pass' }, { kind: 'answer', status: 503, headers: { 'retry-after': '2' } })
    expect(await test.mellon.signIn()).toMatchObject({ ok: true })
    expect(test.pace.waits).toEqual([2000])
  })

  it('end when Retry-After is beyond 30 s', async () => {
    test.proxy.next({ kind: 'answer', status: 429, headers: { 'retry-after': '31' } })
    expect(await test.mellon.signIn()).toMatchObject({
      ok: false,
      error: { code: 'RATE_LIMIT_EXCEEDED', retryAfter: 31 },
    })
    expect(test.proxy.seen).toHaveLength(1)
  })

  it('end with TIMEOUT when no try is answered in time', async () => {
    test.proxy.next({ kind: 'pass' }, { kind: 'hang' })
    const result = test.mellon.signIn()
    await test.proxy.arrived(2)
    test.pace.expire()
    expect(await result).toMatchObject({ ok: false, error: { code: 'TIMEOUT' } })
  })
})

describe('the caller’s signal', () => {
  it('aborted before, means no request', async () => {
    const result = await test.mellon.signIn({ signal: AbortSignal.abort() })
    expect(result).toMatchObject({ ok: false, error: { code: 'ABORT_ERROR' } })
    expect(test.proxy.seen).toEqual([])
  })

  it('ends a request', async () => {
    const controller = new AbortController()
    test.proxy.next({ kind: 'hang' })
    const result = test.mellon.signIn({ signal: controller.signal })
    await test.proxy.arrived(1)
    controller.abort('any reason')
    expect(await result).toMatchObject({ ok: false, error: { code: 'ABORT_ERROR', cause: 'any reason' } })
  })

  it('ends a prompt', async () => {
    const controller = new AbortController()
    test.browser.answer((asked) => {
      queueMicrotask(() => controller.abort(new Error('enough')))
      return prompt(asked)
    })
    const result = await test.mellon.signUp({ signal: controller.signal })
    expect(result).toMatchObject({ ok: false, error: { code: 'ABORT_ERROR' } })
    expect(test.asked()).toEqual(['POST /v1/passkeys/register/start'])
  })
})

describe('a second ceremony', () => {
  it('ends the one that waits', async () => {
    const reached = new Promise<void>((resolve) => {
      test.browser.answer((asked) => {
        resolve()
        return prompt(asked)
      })
    })
    const waiting = test.mellon.signIn({ mediation: 'conditional' })
    await reached
    stubBrowser()
    expect(await test.mellon.signIn()).toMatchObject({ ok: true })
    expect(await waiting).toMatchObject({ ok: false, error: { code: 'ABORT_ERROR' } })
  })
})
