import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import '../errors.ts'
import { testDatabase } from '../../test/database.ts'
import { ApiError } from './errors.ts'
import { nowMillis } from './limit-gauges.ts'
import { createLimits, type LimitOptions, type LimitRow, type Limits } from './limits.ts'
import { randomText } from './secrets.ts'

const row = (points: number, seconds: number, more: Partial<LimitRow> = {}): LimitRow => ({
  about: 'A row for this test.',
  key: 'address',
  points,
  seconds,
  stage: 'address',
  ...more,
})

const table = {
  read: row(3, 60),
  wide: row(100, 60, { key: 'application', stage: 'principal' }),
  hourly: row(1, 3600, { stage: 'input', refund: ['free_ai_capacity_reached'] }),
  site: row(2, 7200, { key: 'network', stage: 'input', refund: ['free_ai_capacity_reached'] }),
  bound: row(1, 60, { key: 'session', deny: 'service_unavailable' }),
  failures: row(2, 900, { key: 'client+address', failures: true }),
  large: row(200, 60),
}

const facts = (values: Record<string, string>) => (key: string) => values[key] ?? null
const write = { write: true }
const here = facts({ address: '203.0.113.9', application: 'app_1', network: '2001:db8:1::/48', session: 's1' })

const inMemory = (overrides = {}) => createLimits({ table, overrides, store: 'memory', enabled: true })

async function refusal(work: Promise<unknown>): Promise<ApiError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error instanceof ApiError) return error
  throw new Error('should have been refused', { cause: error })
}

async function exhaust(limits: Limits, name: string, bucketOf = here): Promise<ApiError> {
  for (let turn = 0; turn < limits.row(name).points; turn++) await limits.consume([name], bucketOf, write)
  return refusal(limits.consume([name], bucketOf, write))
}

beforeAll(async () => {
  await testDatabase()
}, 60_000)
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('refusals', () => {
  it('security 225: 429 with Retry-After in whole seconds which, if obeyed, succeeds', async () => {
    const limits = inMemory()
    vi.setSystemTime(nowMillis())
    await limits.consume(['read'], here, write)
    vi.setSystemTime(nowMillis() + 20_001)
    await limits.consume(['read'], here, write)
    await limits.consume(['read'], here, write)
    const error = await refusal(limits.consume(['read'], here, write))
    expect(error).toMatchObject({ errorCode: 'rate_limit_exceeded', status: 429, retryAfter: 40 })
    expect(error.headers).toEqual({ 'RateLimit-Policy': '"read";q=3;w=60', RateLimit: '"read";r=0;t=40' })
    vi.setSystemTime(nowMillis() + 39_000)
    expect((await refusal(limits.consume(['read'], here, write))).retryAfter).toBe(1)
    vi.setSystemTime(nowMillis() + 1000)
    expect(await limits.consume(['read'], here, write)).toMatchObject([{ remaining: 2, resetSeconds: 60 }])
  })

  it('names the longest wait of all rows, so that the next try is not refused by another one', async () => {
    const limits = inMemory({ hourly: { seconds: 86_400 } })
    await limits.consume(['hourly'], here, write)
    expect((await exhaust(limits, 'read')).retryAfter).toBe(60)
    expect((await refusal(limits.consume(['read', 'hourly'], here, write))).retryAfter).toBe(86_400)
    const last = createLimits({ table: { one: row(1, 900), two: row(1, 60) }, store: 'memory', enabled: true })
    await last.consume(['two'], here, write)
    expect((await refusal(last.consume(['one', 'two'], here, write))).retryAfter).toBe(900)
  })

  it('another bucket, and a row whose fact is missing, are not touched', async () => {
    const limits = inMemory()
    await exhaust(limits, 'read')
    expect(await limits.consume(['read'], facts({ address: '203.0.113.10' }), write)).toHaveLength(1)
    expect(await limits.consume(['read', 'wide'], facts({}), write)).toEqual([])
  })

  it('a row may answer 503 instead of 429', async () => {
    expect(await exhaust(inMemory(), 'bound')).toMatchObject({
      status: 503,
      errorCode: 'service_unavailable',
      retryAfter: 60,
    })
  })

  it('buckets of any text and length are counted apart, and can be stored', async () => {
    const { sql } = await testDatabase()
    const name = `row_${randomText(8)}`
    const limits = createLimits({ table: { [name]: row(1, 3600) }, store: { sql }, engine: 'pglite', enabled: true })
    const long = 'x'.repeat(10_000)
    for (const bucket of [
      '',
      'a\0b',
      '\ud800',
      `${long}1`,
      `${long}2`,
      "'; drop table rate_limits; --",
      'user@example.com',
    ]) {
      await limits.consume([name], () => bucket, write)
      expect((await refusal(limits.consume([name], () => bucket, write))).status).toBe(429)
    }
    const keys = await sql.query<{ key: string }>('select key from rate_limits where key like $1', [`${name}:%`])
    expect(keys).toHaveLength(7)
    expect(keys.filter(({ key }) => key.includes('@'))).toEqual([])
  })
})

describe('headers', () => {
  it('are those of the tightest row, as structured fields', async () => {
    const limits = createLimits({
      table: { admin_read: row(600, 60), admin_application: row(3000, 60, { key: 'application' }) },
      store: 'memory',
      enabled: true,
    })
    vi.setSystemTime(nowMillis())
    await limits.consume(['admin_read'], here, write)
    vi.setSystemTime(nowMillis() + 19_500)
    const verdicts = await limits.consume(['admin_application', 'admin_read'], here, write)
    expect(limits.headers(verdicts)).toEqual({
      'RateLimit-Policy': '"admin_read";q=600;w=60',
      RateLimit: '"admin_read";r=598;t=41',
    })
    expect(limits.headers([])).toEqual({})
  })
})

describe('refunds', () => {
  it('give the point back, in the same window only', async () => {
    const limits = inMemory()
    expect(await exhaust(limits, 'hourly')).toMatchObject({ retryAfter: 3600 })
    await limits.refund('hourly', '203.0.113.9')
    await exhaust(limits, 'hourly')
    vi.setSystemTime(nowMillis() + 3_600_000)
    await limits.refund('hourly', '203.0.113.9')
    await limits.refund('hourly', '203.0.113.9')
    await exhaust(limits, 'hourly')
  })

  it('a call refused by its second row does not use up the first', async () => {
    const limits = inMemory()
    const from = (address: string) => facts({ address, network: '2001:db8:1::/48' })
    await limits.consume(['hourly', 'site'], from('2001:db8:1:1::/64'), write)
    await limits.consume(['hourly', 'site'], from('2001:db8:1:2::/64'), write)
    const third = from('2001:db8:1:3::/64')
    expect((await refusal(limits.consume(['hourly', 'site'], third, write))).retryAfter).toBe(7200)
    expect(await limits.consume(['hourly'], third, write)).toMatchObject([{ ok: true, remaining: 0 }])
  })
})

describe('failure counters', () => {
  const open = async () =>
    createLimits({ table, store: { sql: (await testDatabase()).sql }, engine: 'pglite', enabled: true })

  it('are looked at before the work and counted after it, and survive a restart', async () => {
    const bucket = `cli_${randomText(8)} 203.0.113.9`
    const before = await open()
    expect(await before.blocked('failures', bucket)).toBeNull()
    expect(await before.count('failures', bucket)).toMatchObject({ ok: true, remaining: 1 })
    expect(await before.blocked('failures', bucket)).toBeNull()
    expect(await before.count('failures', bucket)).toMatchObject({ ok: true, remaining: 0 })
    expect(await before.count('failures', bucket)).toMatchObject({ ok: false })
    const after = await open()
    const verdict = await after.blocked('failures', bucket)
    expect(verdict).toMatchObject({ ok: false, remaining: 0 })
    vi.setSystemTime(nowMillis() + (verdict?.retryAfter ?? 0) * 1000)
    expect(await after.blocked('failures', bucket)).toBeNull()
  })

  it('are never counted as hits', async () => {
    const limits = inMemory()
    expect(limits.at('address', ['read', 'failures', 'wide'])).toEqual(['read'])
    await expect(limits.consume(['failures'], here, write)).rejects.toThrow('use blocked and count')
  })
})

describe('several processes on one database', () => {
  it('security 225: share small and large counts', async () => {
    const { sql } = await testDatabase()
    const small = `row_${randomText(8)}`
    const large = `row_${randomText(8)}`
    const shared = { [small]: row(5, 60), [large]: row(200, 60) }
    const process = () => createLimits({ table: shared, store: { sql }, engine: 'postgres', enabled: true })
    const [one, two] = [process(), process()]
    const passed = async (name: string, turns: number): Promise<number> => {
      const calls = Array.from({ length: turns }, (_, turn) => (turn % 2 ? one : two).consume([name], here, write))
      return (await Promise.allSettled(calls)).filter(({ status }) => status === 'fulfilled').length
    }
    expect(await passed(small, 20)).toBe(5)
    expect(await passed(large, 300)).toBe(200)
  })

  it('one embedded process writes only windows of an hour or more', async () => {
    const { sql } = await testDatabase()
    const [short, long] = [`row_${randomText(8)}`, `row_${randomText(8)}`]
    const limits = createLimits({
      table: { [short]: row(5, 3599), [long]: row(5, 3600) },
      store: { sql },
      engine: 'pglite',
      enabled: true,
    })
    await limits.consume([short, long], here, write)
    const keys = await sql.query<{ key: string }>('select key from rate_limits where key = any($1)', [
      [`${short}:203.0.113.9`, `${long}:203.0.113.9`],
    ])
    expect(keys).toEqual([{ key: `${long}:203.0.113.9` }])
  })
})

describe('security 225: with the store away', () => {
  const sql = { query: () => Promise.reject(new Error('connection refused')) }
  const limits = createLimits({ table, store: { sql }, engine: 'postgres', enabled: true })

  it('reads pass', async () => {
    expect(await limits.consume(['read', 'large', 'wide'], here, { write: false })).toEqual([])
    expect(await limits.blocked('hourly', 'b', { write: false })).toBeNull()
  })

  it('writes and credential checks answer 503 with Retry-After', async () => {
    const calls = [
      limits.consume(['read'], here, write),
      limits.consume(['large'], here, write),
      limits.blocked('failures', 'b'),
      limits.count('failures', 'b'),
    ]
    for (const call of calls) {
      const error = await refusal(call)
      expect(error).toMatchObject({ errorCode: 'service_unavailable', status: 503 })
      expect(error.retryAfter).toBeGreaterThanOrEqual(1)
      expect(error.retryAfter).toBeLessThanOrEqual(5)
      expect(error.message).not.toContain('refused')
    }
  })

  it('a refund does not fail', async () => {
    await expect(limits.refund('hourly', 'b')).resolves.toBeUndefined()
  })
})

describe('configuration', () => {
  it('overrides count and window', async () => {
    expect(await exhaust(inMemory({ read: { points: 1, seconds: 5 } }), 'read')).toMatchObject({ retryAfter: 5 })
  })

  const wrong: LimitOptions['overrides'][] = [
    ...[{ nowhere: {} }, { toString: {} }, { read: { points: 0 } }],
    ...[{ read: { seconds: 0.5 } }, { read: { seconds: 86_401 } }],
  ]
  it.each(wrong)('refuses %j', (overrides) => {
    expect(() => inMemory(overrides)).toThrow(/limit/)
  })

  it('an unknown row is a bug, not a pass', async () => {
    await expect(inMemory().consume(['nowhere'], here, write)).rejects.toThrow('no limit called nowhere')
    expect(() => inMemory().at('address', ['nowhere'])).toThrow('no limit called nowhere')
  })

  it('switched off, nothing is counted or refused', async () => {
    const limits = createLimits({ table, store: 'memory', enabled: false })
    for (let turn = 0; turn < 5; turn++) {
      expect(await limits.consume(['read'], here, write)).toEqual([])
      expect(await limits.count('failures', 'b')).toMatchObject({ ok: true, remaining: 2 })
    }
    expect(await limits.blocked('failures', 'b')).toBeNull()
    expect(limits.at('address', ['read'])).toEqual([])
  })
})
