import type { Seeded } from './seeded.ts'

/** Texts that were trouble somewhere. None holds a word that `leaks.ts` looks for: a field's name may be in an answer. */
export const hostileTexts: readonly string[] = [
  '',
  ' ',
  '\t\r\n',
  'null',
  'undefined',
  'NaN',
  '-1',
  '1e400',
  '0x10',
  "' or '1'='1",
  "'; drop table users; --",
  "') union select null, null --",
  '1; select pg_sleep(9)',
  '$1',
  '{{7*7}}<%= 7*7 %>#{7*7}',
  '%',
  '_',
  '\\',
  '"',
  "\\'; --",
  '*/ or /*',
  '<script>alert(1)</script>',
  '\r\nX-Injected: 1\r\n\r\n',
  '../../../../etc/passwd',
  '%2e%2e%2f',
  '%00',
  'a\u0000b',
  '\ud800',
  '\udfff\ud800',
  '\u202e\u2066\u200b\ufeff',
  '\u0001\u001b[31m\u007f\u0085\u2028\u2029',
  'e\u0301\u0327'.repeat(40),
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}'.repeat(20),
  '\ufdfa'.repeat(100),
  '\u0130\u00df\ufb03\u1e9e',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'id:',
  'id:00000000-0000-0000-0000-000000000000',
  '00000000-0000-0000-0000-000000000000',
  '019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57',
  'current',
  '2026-02-30T25:61:61Z',
  '9999-12-31T23:59:59.999Z',
  '-271821-04-20T00:00:00Z',
  'https://user:pass@example.com:99999/',
  'javascript:alert(1)',
  'http://[::1]/',
  'https://\u0430pple.example',
  'a@b',
  '"a b"@example.com',
  '=?utf-8?q?a?=@example.com',
  '====',
  'AA',
  'A'.repeat(3),
]

/** As a URL or a form carries it: a lone surrogate has no bytes. */
export const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd')

/** Any value as one word of a URL. */
export const asWord = (value: unknown): string => wellFormed(typeof value === 'string' ? value : JSON.stringify(value))

/** Begins at an odd or an even place, so that whatever cuts a text by its length meets the middle of a pair. */
const shifted = (random: Seeded, text: string): string => 'x'.repeat(random.below(3)) + text

/** A long text: most limits are below one of these lengths, the body's above. */
export const longText = (random: Seeded): string =>
  shifted(
    random,
    random
      .pick(['x', '\u6f22', '\u{1f511}', '%', '('])
      .repeat(random.pick([64, 65, 255, 256, 300, 1001, 2049, 10_000])),
  )

function nested(random: Seeded): unknown {
  let value: unknown = random.pick([1, 'x', null])
  const depth = random.pick([2, 5, 30, 31, 33, 60])
  const isList = random.chance(0.5)
  for (let level = 0; level < depth; level++) value = isList ? [value] : { a: value }
  return value
}

const scalars: readonly unknown[] = [null, true, false, 0, -0, -1, 1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, 5e-324]

/** A key that objects have already. */
const keyNames = ['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'then', 'toJSON', '', 'length', '0']

/** An object with any keys: `__proto__` becomes a member of its own. */
export const withMember = (object: object, key: string, value: unknown): object =>
  Object.fromEntries([...Object.entries(object), [key, value]])

export const hostileKey = (random: Seeded): string =>
  random.chance(0.5) ? random.pick(keyNames) : shifted(random, random.pick(hostileTexts)).slice(0, 160)

/** Any JSON value at all, mostly nasty. */
export function hostileValue(random: Seeded): unknown {
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2:
      return random.pick(hostileTexts)
    case 3:
      return longText(random)
    case 4:
      return random.pick(scalars)
    case 5:
      return nested(random)
    case 6:
      return random.chance(0.5)
        ? []
        : Array.from({ length: random.pick([1, 21, 101, 2000]) }, () => random.pick(['x', 1]))
    default:
      return withMember(
        {},
        hostileKey(random),
        random.pick([{}, { polluted: 1 }, { prototype: { polluted: 1 } }, 1, 'x']),
      )
  }
}
