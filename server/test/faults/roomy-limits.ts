import { limitTable } from '../../src/limits.ts'

/** For RATE_LIMIT_OVERRIDES: limits work as ever, and let all of a test's calls pass. */
export const roomyLimits: string = JSON.stringify(
  Object.fromEntries(Object.keys(limitTable).map((name) => [name, { points: 10_000_000 }])),
)
