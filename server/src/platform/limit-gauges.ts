import { LRUCache } from 'lru-cache'
import type { LimitCounter, Reading } from './limit-store.ts'
import { systemClock } from './time.ts'

/** State of one bucket: points used (more than the limit means refused) and when the window ends, epoch milliseconds. */
export type Level = { consumed: number; until: number }

/** How one row counts. Methods that return a promise ask the store and reject when it is away. */
export type Gauge = {
  /** Counts a hit without asking the store; null when it must be asked. */
  quick(bucket: string): Level | null
  hit(bucket: string): Promise<Level>
  /** Looks without counting; null when no window is running. */
  peek(bucket: string): Promise<Level | null>
  giveBack(bucket: string): Promise<void>
}

/** The library reads the system clock, so what surrounds it must too; tests fake `Date`. */
export const nowMillis = (): number => systemClock().getTime()

/** Buckets remembered per row and process; one that falls out is asked for again. */
const MAX_BUCKETS = 20_000

/** Milliseconds that an instance may believe what it last read, where others count too: the spec's second. */
const BELIEF = 1000

/** Blocks a hit waits for; beyond (more callers at once than points, or a store slower than the window) it asks for itself. */
const MAX_TAKES = 10

const toLevel = (reading: Reading): Level => ({ consumed: reading.consumed, until: nowMillis() + reading.msLeft })

/**
 * Asks the counter for every hit.
 * @param options.remember how long a reading is believed: not at all (the counter is memory itself), for the spec's
 *   second, or always (this process is the only one that counts). An exhausted bucket is refused from memory until its
 *   window ends; where points may come back, for a second.
 * @param options.refundable refused hits are taken back, so that a refund to somebody else makes room again
 */
export function directGauge(
  counter: LimitCounter,
  points: number,
  options: { remember: 'never' | 'second' | 'always'; refundable: boolean },
): Gauge {
  const { remember, refundable } = options
  const known = new LRUCache<string, Level & { readAt: number }>({ max: MAX_BUCKETS })
  const learn = (bucket: string, level: Level): Level => {
    if (remember !== 'never') known.set(bucket, { ...level, readAt: nowMillis() })
    return level
  }
  const believed = (bucket: string): Level | null => {
    const level = known.get(bucket)
    if (!level) return null
    const now = nowMillis()
    if (remember === 'always' || now - level.readAt < BELIEF) return level
    return level.consumed >= points && now < level.until && !refundable ? level : null
  }

  return {
    quick(bucket) {
      const level = remember === 'never' ? null : believed(bucket)
      return level && level.consumed >= points && nowMillis() < level.until ? { ...level, consumed: points + 1 } : null
    },
    async hit(bucket) {
      const level = toLevel(await counter.add(bucket, 1))
      if (level.consumed <= points || !refundable) return learn(bucket, level)
      const back = await counter.takeBack(bucket)
      if (back) learn(bucket, toLevel(back))
      return level
    },
    async peek(bucket) {
      const level = believed(bucket)
      if (level) return nowMillis() < level.until ? level : null
      const reading = await counter.read(bucket)
      if (reading) return learn(bucket, toLevel(reading))
      learn(bucket, { consumed: 0, until: Number.POSITIVE_INFINITY })
      return null
    },
    async giveBack(bucket) {
      const reading = await counter.takeBack(bucket)
      if (reading) learn(bucket, toLevel(reading))
    },
  }
}

/** Points this process holds of one bucket, and what it knows of the store. */
type Holding = {
  left: number
  storeLeft: number
  size: number
  /** Hits that wait for the block under way. */
  waiting: number
  /** Window's end, told cautiously: points are spent until the first, refusals stand until the second. */
  spendUntil: number
  refuseUntil: number
  pending: Promise<void> | null
}

/**
 * Takes points from the shared counter in blocks and spends them in memory: never more than the limit in total over all
 * instances, at a fraction of the writes (architecture.md §10). Blocks begin at a fortieth of the limit and double up
 * to a tenth, so that an instance that a caller hardly uses holds few; near the end they shrink to what is waited for.
 * Of a block that reaches past the limit the part below it counts, so that one process alone can spend every point.
 */
export function blockGauge(counter: LimitCounter, points: number): Gauge {
  const holdings = new LRUCache<string, Holding>({ max: MAX_BUCKETS })
  const smallest = Math.max(1, Math.floor(points / 40))
  const largest = Math.max(1, Math.ceil(points / 10))

  const holdingOf = (bucket: string): Holding => {
    let holding = holdings.get(bucket)
    if (!holding) {
      holding = { left: 0, storeLeft: points, size: smallest, waiting: 0, spendUntil: 0, refuseUntil: 0, pending: null }
      holdings.set(bucket, holding)
    }
    return holding
  }
  const levelOf = (holding: Holding): Level => ({
    consumed: points - holding.left - holding.storeLeft,
    until: holding.refuseUntil,
  })

  async function take(bucket: string, holding: Holding): Promise<void> {
    // Callers of the same moment first, so that the block fits them.
    await Promise.resolve()
    const before = nowMillis()
    if (before >= holding.spendUntil) Object.assign(holding, { left: 0, storeLeft: points, size: smallest })
    const share = Math.min(holding.size, Math.floor(holding.storeLeft / 4))
    const size = Math.max(1, share, Math.min(holding.waiting, largest))
    const reading = await counter.add(bucket, size)
    // The answer was true somewhere between asking and now.
    holding.spendUntil = before + reading.msLeft
    holding.refuseUntil = nowMillis() + reading.msLeft
    holding.left += Math.min(size, Math.max(0, points - (reading.consumed - size)))
    holding.storeLeft = Math.max(0, points - reading.consumed)
    holding.size = Math.min(largest, holding.size * 2)
  }

  function spend(holding: Holding): Level | null {
    const now = nowMillis()
    if (holding.left > 0 && now < holding.spendUntil) {
      holding.left--
      return levelOf(holding)
    }
    const exhausted = holding.left === 0 && holding.storeLeft === 0 && now < holding.refuseUntil
    return exhausted ? { consumed: points + 1, until: holding.refuseUntil } : null
  }

  return {
    quick: (bucket) => spend(holdingOf(bucket)),
    async hit(bucket) {
      const holding = holdingOf(bucket)
      for (let attempt = 0; attempt < MAX_TAKES; attempt++) {
        const level = spend(holding)
        if (level) return level
        holding.waiting++
        holding.pending ??= take(bucket, holding).finally(() => {
          holding.pending = null
          holding.waiting = 0
        })
        await holding.pending
      }
      return spend(holding) ?? toLevel(await counter.add(bucket, 1))
    },
    async peek(bucket) {
      const holding = holdings.get(bucket)
      const now = nowMillis()
      if (holding && now < (holding.left > 0 ? holding.spendUntil : holding.refuseUntil)) {
        if (holding.left > 0 || holding.storeLeft === 0) return levelOf(holding)
      }
      const reading = await counter.read(bucket)
      return reading && toLevel(reading)
    },
    async giveBack(bucket) {
      const holding = holdings.get(bucket)
      if (holding && nowMillis() < holding.spendUntil) holding.left++
    },
  }
}
