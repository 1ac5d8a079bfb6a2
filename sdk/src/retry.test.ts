import { describe, expect, it } from 'vitest'
import { adminRetries, browserRetries, type Outcome, retryAfterMs, retryDelay } from './retry.ts'

const now = Date.parse('2026-11-21T12:00:00Z')
const asked = (headers: Record<string, string>) => retryAfterMs(new Headers(headers), now)

describe('retryAfterMs', () => {
  it.each([
    [{}, undefined],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': ' 120 ' }, 120_000],
    [{ 'retry-after': 'Sat, 21 Nov 2026 12:00:07 GMT' }, 7000],
    [{ 'retry-after': 'Sat, 21 Nov 2026 11:59:00 GMT' }, 0],
    [{ 'retry-after': 'Sat, 21 Nov 2026 13:00:07 GMT', date: 'Sat, 21 Nov 2026 13:00:00 GMT' }, 7000],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-5' }, undefined],
  ])('%o is %s', (headers, wait) => {
    // V8 reads "-5" as a date; it lies in the past all the same.
    expect(asked(headers) || undefined).toBe(wait || undefined)
  })
})

describe('retryDelay', () => {
  const admin = adminRetries({ maxRetries: 9, maxRetryAfterMs: 60_000 })
  const browser = browserRetries({ maxRetries: 9, retryDelayMs: 100 })

  it('without Retry-After is anything below a bound that doubles up to the cap', () => {
    const bounds = [0, 1, 2, 3, 4, 5, 6, 7].map((tried) => retryDelay(admin, tried, undefined, 1))
    expect(bounds).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000])
    expect(retryDelay(admin, 3, undefined, 0)).toBe(0)
    expect(retryDelay(admin, 3, undefined, 0.25)).toBe(1000)
    expect(retryDelay(browser, 2, undefined, 1)).toBe(400)
    expect(retryDelay({ ...browser, baseMs: 10_000 }, 8, undefined, 1)).toBe(30_000)
  })

  it('obeys Retry-After up to its bound and gives up beyond', () => {
    expect(retryDelay(admin, 0, 60_000, 0.5)).toBe(60_000)
    expect(retryDelay(admin, 0, 60_001, 0.5)).toBeUndefined()
    expect(retryDelay(browser, 0, 30_000, 0.5)).toBe(30_000)
    expect(retryDelay(browser, 0, 31_000, 0.5)).toBeUndefined()
  })

  it('gives up after the last try', () => {
    expect(retryDelay({ ...admin, maxRetries: 2 }, 1, undefined, 0.5)).toBeDefined()
    expect(retryDelay({ ...admin, maxRetries: 2 }, 2, undefined, 0.5)).toBeUndefined()
    expect(retryDelay({ ...admin, maxRetries: 0 }, 0, undefined, 0.5)).toBeUndefined()
  })
})

const outcomes: Outcome[] = [200, 400, 401, 409, 423, 429, 500, 502, 503, 504, 'NETWORK_FAILURE', 'TIMEOUT']

describe('adminRetries', () => {
  it('repeats any method after 429, 503 and no answer', () => {
    const { retries } = adminRetries({ maxRetries: 3, maxRetryAfterMs: 1 })
    const repeated = outcomes.filter((outcome) => retries(outcome, 'POST', '/v1/users'))
    expect(repeated).toEqual([429, 503, 'NETWORK_FAILURE', 'TIMEOUT'])
  })
})

describe('browserRetries', () => {
  const { retries } = browserRetries({ maxRetries: 3, retryDelayMs: 500 })
  const repeated = (method: string, path: string) => outcomes.filter((outcome) => retries(outcome, method, path))

  it.each([
    ['GET', '/v1/sessions/validate'],
    ['POST', '/v1/passkeys/register/start'],
    ['POST', '/v1/passkeys/auth/start'],
    ['POST', '/v1/auth/cross-device/init'],
    ['POST', '/v1/auth/cross-device/init-registration'],
    ['POST', '/v1/enrollment/register/options'],
    ['POST', '/v1/siwe/nonce'],
    ['POST', '/v1/actions/challenges'],
  ])('repeats %s %s after any failure of the way', (method, path) => {
    expect(repeated(method, path)).toEqual([429, 502, 503, 504, 'NETWORK_FAILURE', 'TIMEOUT'])
  })

  it.each([
    ['POST', '/v1/passkeys/register/finish'],
    ['POST', '/v1/passkeys/auth/finish'],
    ['POST', '/v1/sessions/current/logout'],
    ['PATCH', '/v1/passkeys/cred_1'],
    ['DELETE', '/v1/passkeys/cred_1'],
  ])('repeats %s %s only when the server did nothing', (method, path) => {
    expect(repeated(method, path)).toEqual([429, 503])
  })
})
