/** Random numbers that come again with the same seed. */
export type Seeded = {
  /** A whole number from 0 to `count - 1`. */
  below(count: number): number
  pick<T>(items: readonly T[]): T
  /** True with this probability. */
  chance(probability: number): boolean
}

/** mulberry32: enough for choices, and short enough to be read. */
export function seeded(seed: number): Seeded {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (count: number): number => Math.floor(next() * count)
  return {
    below,
    pick: (items) => items[below(items.length)] as (typeof items)[number],
    chance: (probability) => next() < probability,
  }
}

/** A seed from an environment variable, or a new one; whoever uses it prints it. */
export const seedFrom = (text: string | undefined): number => (text ? Number(text) : Date.now()) >>> 0
