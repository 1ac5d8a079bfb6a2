import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { blockGauge, directGauge, type Gauge, nowMillis } from './limit-gauges.ts'
import { type LimitCounter, openCounter } from './limit-store.ts'

const MINUTE = 60_000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A shared store seen from outside: how often it was written, and whether it answers. */
function sharedStore(points: number) {
  const counter = openCounter('memory', 'row', points, 60)
  const calls = { add: 0, read: 0, away: false }
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    if (calls.away) throw new Error('store away')
    return work()
  }
  const watched: LimitCounter = {
    add: (bucket, amount) => {
      calls.add++
      return guarded(() => counter.add(bucket, amount))
    },
    read: (bucket) => {
      calls.read++
      return guarded(() => counter.read(bucket))
    },
    takeBack: (bucket) => guarded(() => counter.takeBack(bucket)),
  }
  return { counter: watched, calls }
}

const hit = async (gauge: Gauge, bucket = 'b') => gauge.quick(bucket) ?? (await gauge.hit(bucket))

async function passes(gauge: Gauge, points: number, hits: number): Promise<number> {
  let passed = 0
  for (let turn = 0; turn < hits; turn++) if ((await hit(gauge)).consumed <= points) passed++
  return passed
}

describe('blocks of points', () => {
  it.each([51, 60, 120, 600, 601, 6000])(
    'one process spends a limit of %i to the last point, with few writes',
    async (points) => {
      const { counter, calls } = sharedStore(points)
      expect(await passes(blockGauge(counter, points), points, points + 50)).toBe(points)
      expect(calls.add).toBeLessThan(Math.max(60, points / 8))
    },
  )

  it('remaining points count down by one', async () => {
    const gauge = blockGauge(sharedStore(120).counter, 120)
    for (let used = 1; used <= 120; used++) expect((await hit(gauge)).consumed).toBe(used)
  })

  it('security 225: two processes together never pass the limit, and waste little of it', async () => {
    const { counter } = sharedStore(600)
    const one = blockGauge(counter, 600)
    const two = blockGauge(counter, 600)
    let passed = 0
    for (let turn = 0; turn < 2000; turn++) {
      if ((await hit(turn % 3 ? one : two)).consumed <= 600) passed++
    }
    expect(passed).toBeLessThanOrEqual(600)
    expect(passed).toBeGreaterThan(540)
  })

  it('a caller spread thinly over many processes is not refused early', async () => {
    const { counter } = sharedStore(600)
    const gauges = Array.from({ length: 30 }, () => blockGauge(counter, 600))
    for (let turn = 0; turn < 150; turn++) {
      const gauge = gauges[turn % gauges.length]
      if (gauge) expect((await hit(gauge)).consumed).toBeLessThanOrEqual(600)
    }
  })

  it('a thousand hits at once: exactly the limit passes, in blocks that fit', async () => {
    const { counter, calls } = sharedStore(600)
    const gauge = blockGauge(counter, 600)
    const levels = await Promise.all(Array.from({ length: 1000 }, () => hit(gauge)))
    expect(levels.filter((level) => level.consumed <= 600)).toHaveLength(600)
    expect(calls.add).toBeLessThan(15)
  })

  it('an exhausted bucket is refused from memory until its window ends, then begins anew', async () => {
    const { counter, calls } = sharedStore(60)
    const gauge = blockGauge(counter, 60)
    vi.setSystemTime(nowMillis())
    await passes(gauge, 60, 60)
    calls.away = true
    const refused = gauge.quick('b')
    expect(refused?.consumed).toBe(61)
    expect(refused?.until).toBe(nowMillis() + MINUTE)
    vi.setSystemTime(nowMillis() + MINUTE - 1)
    expect(gauge.quick('b')?.consumed).toBe(61)
    calls.away = false
    vi.setSystemTime(nowMillis() + 1)
    expect(gauge.quick('b')).toBeNull()
    expect((await hit(gauge)).consumed).toBe(1)
  })

  it('points left over from one window are not spent in the next', async () => {
    const { counter } = sharedStore(120)
    const one = blockGauge(counter, 120)
    await hit(one)
    vi.setSystemTime(nowMillis() + MINUTE)
    expect((await passes(blockGauge(counter, 120), 120, 120)) + (await passes(one, 120, 120))).toBe(120)
  })

  it('a point given back can be spent, also after the last one', async () => {
    const gauge = blockGauge(sharedStore(60).counter, 60)
    await passes(gauge, 60, 61)
    await gauge.giveBack('b')
    expect(await passes(gauge, 60, 5)).toBe(1)
  })

  it('rejects while the store is away, and goes on afterwards', async () => {
    const { counter, calls } = sharedStore(60)
    const gauge = blockGauge(counter, 60)
    calls.away = true
    await expect(hit(gauge)).rejects.toThrow('store away')
    await expect(gauge.peek('b')).rejects.toThrow('store away')
    calls.away = false
    expect(await passes(gauge, 60, 70)).toBe(60)
  })

  it('looking counts nothing', async () => {
    const { counter } = sharedStore(60)
    const gauge = blockGauge(counter, 60)
    expect(await gauge.peek('b')).toBeNull()
    await hit(gauge)
    expect((await gauge.peek('b'))?.consumed).toBe(1)
    await passes(gauge, 60, 59)
    expect((await gauge.peek('b'))?.consumed).toBe(60)
    expect((await gauge.peek('b'))?.consumed).toBe(60)
  })
})

describe('hit by hit', () => {
  it('refuses an exhausted bucket from memory until its window ends', async () => {
    const { counter, calls } = sharedStore(3)
    const gauge = directGauge(counter, 3, { remember: 'second', refundable: false })
    expect(await passes(gauge, 3, 10)).toBe(3)
    expect(calls.add).toBe(3)
    vi.setSystemTime(nowMillis() + MINUTE)
    expect(await passes(gauge, 3, 10)).toBe(3)
  })

  it('a failure counted elsewhere is seen within a second', async () => {
    const { counter, calls } = sharedStore(2)
    const one = directGauge(counter, 2, { remember: 'second', refundable: false })
    const other = directGauge(counter, 2, { remember: 'second', refundable: false })
    await one.peek('b')
    await hit(other)
    await hit(other)
    await one.peek('b')
    expect(calls.read).toBe(1)
    vi.setSystemTime(nowMillis() + 1000)
    expect((await one.peek('b'))?.consumed).toBe(2)
  })

  it('the only process that counts looks once, and counts on from there', async () => {
    const { counter, calls } = sharedStore(2)
    const gauge = directGauge(counter, 2, { remember: 'always', refundable: false })
    for (let turn = 0; turn < 5; turn++) await gauge.peek('b')
    expect(calls.read).toBe(1)
    await hit(gauge)
    vi.setSystemTime(nowMillis() + 30_000)
    expect((await gauge.peek('b'))?.consumed).toBe(1)
    vi.setSystemTime(nowMillis() + 30_000)
    expect(await gauge.peek('b')).toBeNull()
    expect(calls.read).toBe(1)
  })

  it('refused hits do not use up what a refund makes free, on any process', async () => {
    const { counter, calls } = sharedStore(1)
    const one = directGauge(counter, 1, { remember: 'second', refundable: true })
    const other = directGauge(counter, 1, { remember: 'second', refundable: true })
    expect((await hit(one)).consumed).toBe(1)
    for (let turn = 0; turn < 5; turn++) expect((await hit(other)).consumed).toBe(2)
    expect(calls.add).toBe(2)
    await one.giveBack('b')
    vi.setSystemTime(nowMillis() + 1000)
    expect((await hit(other)).consumed).toBe(1)
    expect((await hit(one)).consumed).toBe(2)
  })
})
