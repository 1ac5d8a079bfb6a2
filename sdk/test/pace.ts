import type { Pace } from '../src/pace.ts'

export type TestPace = Pace & {
  /** Milliseconds of every wait between tries. */
  waits: number[]
  /** How many tries have time left. */
  open(): number
  /** Ends the time of all open tries. */
  expire(): void
  /** Moves the clock by so many milliseconds. */
  advance(ms: number): void
}

/** A try's own time, so that it can be told from a wait between tries. */
export const timeoutMs = 29_999

/** Waits between tries are noted and take no time; the time of a try ends only on command. `random` is always a half. */
export function testPace(): TestPace {
  const waits: number[] = []
  const open = new Set<() => void>()
  let now = Date.parse('2026-11-21T12:00:00Z')
  return {
    waits,
    open: () => open.size,
    now: () => now,
    random: () => 0.5,
    after: (ms, run) => {
      if (ms === timeoutMs) {
        open.add(run)
        return () => void open.delete(run)
      }
      waits.push(ms)
      now += ms
      const immediate = setImmediate(run)
      return () => clearImmediate(immediate)
    },
    expire: () => {
      for (const run of [...open]) run()
    },
    advance: (ms) => {
      now += ms
    },
  }
}
