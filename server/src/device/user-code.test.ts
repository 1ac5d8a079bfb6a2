import { describe, expect, it } from 'vitest'
import { formatUserCode, newUserCode, normaliseUserCode, userCodeAlphabet } from './user-code.ts'

describe('user codes', () => {
  it('agents 62: 10,000 of them have the published form, no duplicates and a flat distribution', () => {
    const codes = Array.from({ length: 10_000 }, newUserCode)
    const counts = new Map<string, number>()
    for (const code of codes) {
      expect(formatUserCode(code)).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
      for (const letter of code) counts.set(letter, (counts.get(letter) ?? 0) + 1)
    }
    expect(new Set(codes).size).toBe(10_000)
    // 80,000 letters over 20: 4,000 each, give or take six standard deviations.
    expect(counts.size).toBe(userCodeAlphabet.length)
    for (const count of counts.values()) expect(Math.abs(count - 4000)).toBeLessThan(370)
  })

  it.each([
    ['WDJB-MJHT', 'WDJBMJHT'],
    ['wdjb-mjht', 'WDJBMJHT'],
    ['wdjbmjht', 'WDJBMJHT'],
    ['  WDJB MJHT ', 'WDJBMJHT'],
    ['W D J B – M J H T', 'WDJBMJHT'],
    ['WDJB\u2011MJHT', 'WDJBMJHT'],
  ])('agents 95: %j is taken for the code', (typed, code) => {
    expect(normaliseUserCode(typed)).toBe(code)
  })

  it.each([
    '',
    'WDJB',
    'WDJB-MJH0',
    'WDJB-MJHO',
    'WDJB-MJH1',
    'WDJB-MJHI',
    'WDJB-MJHTB',
    'WDJB-MJHÄ',
    '<script>',
    'x'.repeat(1e6),
  ])('agents 95: %.20j is not a valid code', (typed) => {
    expect(normaliseUserCode(typed)).toBeNull()
  })
})
