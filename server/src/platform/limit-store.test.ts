import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { testDatabase } from '../../test/database.ts'
import { testRedis } from '../../test/machine.ts'
import { type LimitStore, openCounter, purgeExpiredLimits } from './limit-store.ts'
import { randomText } from './secrets.ts'
import { systemClock } from './time.ts'

const MINUTE = 60_000
const now = () => systemClock().getTime()

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

function countsAsTheOthers(open: () => Promise<LimitStore>) {
  let store: LimitStore
  beforeAll(async () => {
    store = await open()
  }, 60_000)
  const counter = () => openCounter(store, `row_${randomText(8)}`, 3, 60)

  it('adds up, past the limit too, in a window that begins at the first hit', async () => {
    const { add } = counter()
    const first = await add('203.0.113.9', 1)
    expect(first.consumed).toBe(1)
    expect(first.msLeft).toBeGreaterThan(MINUTE - 5000)
    expect(first.msLeft).toBeLessThanOrEqual(MINUTE)
    expect((await add('203.0.113.9', 2)).consumed).toBe(3)
    expect((await add('203.0.113.9', 5)).consumed).toBe(8)
    expect((await add('203.0.113.10', 1)).consumed).toBe(1)
  })

  it('reads without counting, and null before the first hit', async () => {
    const { add, read } = counter()
    expect(await read('b')).toBeNull()
    await add('b', 2)
    expect((await read('b'))?.consumed).toBe(2)
    expect((await read('b'))?.consumed).toBe(2)
  })

  it('takes back from a running window, never below nothing', async () => {
    const { add, takeBack } = counter()
    expect(await takeBack('b')).toBeNull()
    await add('b', 1)
    expect((await takeBack('b'))?.consumed).toBe(0)
    expect(await takeBack('b')).toBeNull()
    expect((await add('b', 1)).consumed).toBe(1)
  })

  it('a hundred hits at once are a hundred', async () => {
    const { add, read } = counter()
    const readings = await Promise.all(Array.from({ length: 100 }, () => add('b', 1)))
    expect(new Set(readings.map((reading) => reading.consumed)).size).toBe(100)
    expect((await read('b'))?.consumed).toBe(100)
  })
}

function forgetsEndedWindows(open: () => Promise<LimitStore>) {
  it('a window ends on the millisecond, and the next hit begins another', async () => {
    const { add, read, takeBack } = openCounter(await open(), `row_${randomText(8)}`, 3, 60)
    vi.setSystemTime(now())
    await add('b', 2)
    vi.setSystemTime(now() + MINUTE - 1)
    expect(await read('b')).toEqual({ consumed: 2, msLeft: 1 })
    expect(await takeBack('b')).toBeNull()
    vi.setSystemTime(now() + 1)
    expect(await read('b')).toBeNull()
    expect(await takeBack('b')).toBeNull()
    expect(await add('b', 1)).toEqual({ consumed: 1, msLeft: MINUTE })
  })
}

describe('in memory', () => {
  const open = async (): Promise<LimitStore> => 'memory'
  countsAsTheOthers(open)
  forgetsEndedWindows(open)
})

describe('in the database', () => {
  const open = async (): Promise<LimitStore> => ({ sql: (await testDatabase()).sql })
  countsAsTheOthers(open)
  forgetsEndedWindows(open)

  it('a second counter of the same row goes on where the first was, as after a restart', async () => {
    const store = await open()
    const name = `row_${randomText(8)}`
    await openCounter(store, name, 3, 60).add('b', 2)
    expect((await openCounter(store, name, 3, 60).add('b', 1)).consumed).toBe(3)
  })

  it('purging deletes ended windows in batches and leaves running ones', async () => {
    const { sql } = await testDatabase()
    await purgeExpiredLimits(sql, Number.MAX_SAFE_INTEGER, 1_000_000)
    vi.setSystemTime(now())
    const { add } = openCounter({ sql }, `row_${randomText(8)}`, 3, 60)
    for (const bucket of ['a', 'b', 'c']) await add(bucket, 1)
    vi.setSystemTime(now() + 1000)
    await add('running', 1)
    expect(await purgeExpiredLimits(sql, now() + MINUTE - 1001)).toBe(0)
    expect(await purgeExpiredLimits(sql, now() + MINUTE - 1000, 2)).toBe(2)
    expect(await purgeExpiredLimits(sql, now() + MINUTE - 1000, 2)).toBe(1)
    expect(await purgeExpiredLimits(sql, now() + MINUTE - 1000, 2)).toBe(0)
    expect((await add('running', 1)).consumed).toBe(2)
  })
})

describe.skipIf(!testRedis)('in Redis', () => {
  const redis = new Redis(testRedis ?? '', { lazyConnect: true })
  afterAll(() => redis.disconnect())
  countsAsTheOthers(async () => {
    if (redis.status === 'wait') await redis.connect()
    return { redis }
  })

  it('its windows end by themselves', async () => {
    const name = `row_${randomText(8)}`
    await openCounter({ redis }, name, 3, 60).add('b', 1)
    const ttl = await redis.pttl(`trymellon:limit:${name}:b`)
    expect(ttl).toBeGreaterThan(MINUTE - 5000)
    expect(ttl).toBeLessThanOrEqual(MINUTE)
  })

  it('a connection that is not ready rejects at once instead of queueing', async () => {
    const idle = new Redis(testRedis ?? '', { lazyConnect: true })
    await expect(openCounter({ redis: idle }, 'row', 3, 60).add('b', 1)).rejects.toThrow('not ready')
  })
})
