import { afterEach, describe, expect, it, vi } from 'vitest'
import { TryMellon } from '../index.ts'
import { settingsOf, type TryMellonConfig } from './config.ts'
import { TryMellonError } from './error.ts'

afterEach(() => vi.unstubAllGlobals())

const good: TryMellonConfig = { publishableKey: 'cli_abc', apiBaseUrl: 'https://api.test' }

describe('TryMellon.create', () => {
  it('takes a key and an address', () => {
    expect(TryMellon.create(good)).toMatchObject({ ok: true })
    expect(settingsOf({ ...good, apiBaseUrl: 'https://api.test/auth//', timeoutMs: undefined })).toEqual({
      publishableKey: 'cli_abc',
      apiBaseUrl: 'https://api.test/auth',
      timeoutMs: 30_000,
      maxRetries: 3,
      retryDelayMs: 500,
      sandboxToken: 'trymellon_sandbox_session_token_v1',
    })
  })

  it('takes the page’s own origin for the API’s', () => {
    vi.stubGlobal('location', { origin: 'https://app.test' })
    expect(settingsOf({ publishableKey: 'cli_abc' }).apiBaseUrl).toBe('https://app.test')
  })

  it.each([
    ['publishableKey', undefined],
    ['publishableKey', ''],
    ['publishableKey', 'app_abc'],
    ['publishableKey', 'cli_'],
    ['publishableKey', 'cli_a b'],
    ['apiBaseUrl', undefined],
    ['apiBaseUrl', 'api.test'],
    ['apiBaseUrl', 'javascript:alert(1)'],
    ['timeoutMs', 999],
    ['timeoutMs', 300_001],
    ['timeoutMs', Number.NaN],
    ['timeoutMs', '30000'],
    ['maxRetries', -1],
    ['maxRetries', 11],
    ['maxRetries', 1.5],
    ['retryDelayMs', 99],
    ['retryDelayMs', 10_001],
  ])('refuses %s = %j and names it', (field, value) => {
    const created = TryMellon.create({ ...good, [field]: value })
    if (created.ok) throw new Error('it was taken')
    expect(created.error).toBeInstanceOf(TryMellonError)
    expect(created.error.code).toBe('INVALID_ARGUMENT')
    expect(created.error.message).toContain(field)
  })

  it.each([
    ['timeoutMs', 1000],
    ['timeoutMs', 300_000],
    ['maxRetries', 0],
    ['maxRetries', 10],
    ['retryDelayMs', 100],
    ['retryDelayMs', 10_000],
  ])('takes %s = %i', (field, value) => {
    expect(TryMellon.create({ ...good, [field]: value }).ok).toBe(true)
  })

  it.each([
    { publishableKey: 'sec_abc' },
    { publishableKey: ' tm_key_abc' },
    { publishableKey: 'cli_abc', appId: 'sec_abc' },
    { publishableKey: 'cli_abc', sandboxToken: 'tm_key_abc' },
  ])('refuses a secret wherever it is: %o', (config) => {
    const created = TryMellon.create({ ...good, ...config })
    expect(created).toMatchObject({
      ok: false,
      error: { code: 'INVALID_ARGUMENT', message: expect.stringMatching(/secret/) },
    })
  })

  it('never throws, whatever it is given', () => {
    for (const config of [undefined, null, 'cli_abc', 42, []]) {
      expect(TryMellon.create(config as never)).toMatchObject({ ok: false, error: expect.any(TryMellonError) })
    }
  })
})
