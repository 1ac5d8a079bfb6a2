import { expect, it } from 'vitest'
import { limitTable } from '../limits.ts'
import {
  blindGuesses,
  chanceOfOne,
  codeSeconds,
  codeSpace,
  expectedFinds,
  liveCodes,
  windowsPerLife,
} from './guessing.ts'

it('security 147: there are more than 2³⁴ user codes', () => {
  expect(codeSpace).toBe(25_600_000_000)
  expect(codeSpace).toBeGreaterThan(2 ** 34)
})

it('security 148: guessing finds fewer than 2⁻³² of the live codes within one life, however many people try', () => {
  expect(chanceOfOne).toBeLessThan(2 ** -32)
  for (const live of [1, 100, liveCodes]) expect(expectedFinds(live)).toBeLessThan(2 ** -32 * live)
})

it('security 148: the limits are those of the arithmetic', () => {
  expect(limitTable.user_code_server).toMatchObject({ key: 'server', points: blindGuesses, seconds: codeSeconds })
  // A window of at least the life of a code: the life touches two of them at most.
  expect(limitTable.user_code_server.seconds * (windowsPerLife - 1)).toBeGreaterThanOrEqual(codeSeconds)
  expect(limitTable.user_code).toMatchObject({ points: 5, seconds: 900 })
  expect(limitTable.user_code_ip).toMatchObject({ points: 20, seconds: 900 })
})
