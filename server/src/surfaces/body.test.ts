import { describe, expect, it } from 'vitest'
import { bestMillis } from '../../test/best-millis.ts'
import '../errors.ts'
import { ApiError } from '../platform/errors.ts'
import { checkText, MAX_BODY_BYTES, mediaType, parseFormBody, parseJsonBody } from './body.ts'

const json = (text: string, options = {}) => parseJsonBody(Buffer.from(text), options)
const form = (text: string) => parseFormBody(Buffer.from(text))

function refusal(work: () => unknown): ApiError {
  try {
    work()
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new Error('should have been refused')
}

const nested = (depth: number, open = '[', close = ']') => open.repeat(depth) + close.repeat(depth)

describe('JSON bodies', () => {
  it('are read as JSON.parse reads them', () => {
    const text =
      '{"a":[1,-2.5e3,true,null,"\\"{:}[\\\\"],"b":{"":"é😀\\u00e9\\ud83d\\ude00"},"constructor":"x","prototype":1}'
    expect(json(text)).toEqual(JSON.parse(text))
    expect(json(' [] ')).toEqual([])
  })

  it.each([
    ...[
      '',
      ' ',
      '{',
      '{"a":1,}',
      "{'a':1}",
      '{"a":1}{',
      'undefined',
      '\ufeff{}',
      '{"a":NaN}',
      '{"a":01}',
      '"\t"',
      '"\0"',
    ],
    ...['"\\"', '"abc', '\\', ':', '}', ']]]]', '{"a"::1}', '/**/{}'],
  ])('security 215: %j is refused with a sentence of ours', (text) => {
    const error = refusal(() => json(text))
    expect(error).toMatchObject({ status: 400, errorCode: 'validation_error', cause: undefined })
    expect(error.message).toMatch(/^The body (is empty|is not valid JSON)\.$/)
  })

  it('security 226: the message never quotes the body', () => {
    expect(refusal(() => json('{"client_secret":"sec_abc",}')).message).not.toContain('sec_')
  })

  it('security 215: an array, string, number or null where an object is expected', () => {
    for (const text of ['[]', '"a"', '1', 'null', 'true']) {
      expect(refusal(() => json(text, { object: true })).status).toBe(400)
      expect(json(text)).toEqual(JSON.parse(text))
    }
  })

  it('security 215: more than 64 KiB is 413, also when it is no JSON', () => {
    expect(refusal(() => json('['.repeat(MAX_BODY_BYTES + 1))).status).toBe(413)
    expect(json(JSON.stringify('x'.repeat(MAX_BODY_BYTES - 2)))).toHaveLength(MAX_BODY_BYTES - 2)
    expect(refusal(() => json('{"a":1}', { maxBytes: 6 })).status).toBe(413)
  })

  it('security 216: 32 levels pass, 33 do not, of either kind', () => {
    expect(json(nested(32))).toBeInstanceOf(Array)
    expect(refusal(() => json(nested(33))).message).toContain('32 levels')
    expect(refusal(() => json(`${'{"a":'.repeat(33)}1${'}'.repeat(33)}`)).message).toContain('32 levels')
    expect(refusal(() => json(nested(30_000))).message).toContain('32 levels')
    expect(json(JSON.stringify(nested(100)))).toBe(nested(100))
    expect(json(`[${Array.from({ length: 100 }, () => nested(31)).join()}]`)).toHaveLength(100)
  })

  it.each([
    ...['{"a":1,"a":1}', '{"b":{"a":1,"c":2,"a":3}}', '[{"a":1},{"a":1,"\\u0061":2}]', '{"":1,"":2}', '{"1":1,"1":2}'],
    ...['{"a\\"":1,"a\\u0022":2}', '{"a":{"x":1},"a":2}', '{"a":2,"a":{"x:y":1}}'],
  ])('the same key twice: %s', (text) => {
    expect(refusal(() => json(text)).message).toBe('The body contains an object with the same key twice.')
  })

  it('the same key in different objects, and colons in strings, are fine', () => {
    expect(json('{"a":{"a":1},"b":[{"a":":"},{"a":"::\\":"}]}')).toEqual({
      a: { a: 1 },
      b: [{ a: ':' }, { a: '::":' }],
    })
  })

  it.each([
    ...['{"__proto__":{"polluted":1}}', '{"a":[{"__proto__":1}]}', '{"\\u005f_proto__":{"polluted":1}}'],
    ...['{"constructor":{"prototype":{"polluted":1}}}', '{"a":{"constructor":{"x":1,"prototype":null}}}'],
  ])('security 217: %s is refused', (text) => {
    expect(refusal(() => json(text)).message).toBe('The body contains a key that is not allowed.')
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it.each([
    ...[
      '"\\u0000"',
      '{"a":["x\\u0000"]}',
      '{"a\\u0000":1}',
      '"\\ud800"',
      '"\\udc00\\ud800"',
      '{"\\udfff":1}',
      '["\\uD83D"]',
    ],
  ])('security 216: NUL and lone surrogates: %s', (text) => {
    expect(refusal(() => json(text)).message).toBe('The body contains NUL characters or lone surrogates.')
  })

  it('security 216: bytes that are no UTF-8', () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
      [0xfe, 0xff, 0, 0x5b],
    ]) {
      expect(refusal(() => parseJsonBody(Buffer.from(bytes))).message).toBe('The body is not valid UTF-8.')
      expect(refusal(() => parseFormBody(Buffer.from(bytes))).message).toBe('The body is not valid UTF-8.')
    }
  })

  it('numbers beyond a double are refused, not infinite', () => {
    expect(refusal(() => json('{"a":[1e400]}')).status).toBe(400)
    expect(refusal(() => json('-1e999')).status).toBe(400)
  })

  it('security 216: 10^5 keys and a string of a megabyte take bounded time', () => {
    const keys = JSON.stringify(Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`k${at}`, at])))
    const started = performance.now()
    expect(Object.keys(Object(json(keys, { maxBytes: 2 ** 21 })))).toHaveLength(100_000)
    expect(json(JSON.stringify('é'.repeat(500_000)), { maxBytes: 2 ** 21 })).toHaveLength(500_000)
    expect(refusal(() => json(`{${'"a":1,'.repeat(100_000)}"a":1}`, { maxBytes: 2 ** 21 })).status).toBe(400)
    expect(performance.now() - started).toBeLessThan(3000)
  })
})

describe('form bodies', () => {
  it('are decoded, and a parameter without a value counts as omitted (RFC 6749 §3.1)', () => {
    expect({ ...form('grant_type=client_credentials&scope=users%3Aread+users%3Awrite&empty=&bare&&a=b=c') }).toEqual({
      grant_type: 'client_credentials',
      scope: 'users:read users:write',
      a: 'b=c',
    })
    expect({ ...form('') }).toEqual({})
    expect({ ...form('n%C3%A4me=%F0%9F%98%80') }).toEqual({ näme: '😀' })
  })

  it.each(['a=1&a=1', 'a=1&%61=2', 'a=&a=1', 'a&a', '__proto__=1&__proto__=2'])(
    'a repeated parameter is refused (RFC 6749 §3.2): %s',
    (text) => {
      expect(refusal(() => form(text)).message).toMatch(/^The parameter (a|__proto__) was sent twice\.$/)
    },
  )

  it.each(['a=%', 'a=%4', 'a=%zz', '%=1', 'a=%ff', 'a=%ED%A0%80', 'a=%C0%80'])(
    'malformed percent-encoding: %s',
    (text) => {
      expect(refusal(() => form(text)).message).toBe('The body contains malformed percent-encoding.')
    },
  )

  it('security 216: NUL', () => {
    expect(refusal(() => form('a=%00')).status).toBe(400)
    expect(refusal(() => form('a%00=1')).status).toBe(400)
  })

  it('security 217: no name reaches a prototype', () => {
    const parsed = form('__proto__=x&constructor=y&toString=z')
    expect(Object.getPrototypeOf(parsed)).toBeNull()
    expect(Object.keys(parsed)).toEqual(['__proto__', 'constructor', 'toString'])
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })

  it('security 215: more than 64 KiB is 413', () => {
    expect(refusal(() => form(`a=${'x'.repeat(MAX_BODY_BYTES)}`)).status).toBe(413)
  })
})

describe('security 215: Content-Type', () => {
  it.each([
    ['application/json', 'application/json'],
    ['Application/JSON', 'application/json'],
    ['application/json; charset=utf-8', 'application/json'],
    ['application/json;charset=UTF-8', 'application/json'],
    ['application/json ;\tcharset="iso-8859-1" ', 'application/json'],
    ['application/json;', 'application/json'],
    ['application/x-www-form-urlencoded; charset=utf-8', 'application/x-www-form-urlencoded'],
    ['text/plain', 'text/plain'],
  ])('%j is %s', (header, type) => {
    expect(mediaType(header)).toEqual({ type, ok: true })
  })

  it.each([
    ...[
      undefined,
      '',
      'json',
      '/',
      'application/',
      'application/json/x',
      'application/json, text/plain',
      ' application/json',
    ],
    ...[
      'application/json; charset=utf-8; charset=x',
      'application/json; boundary=x',
      'application/json; charset',
      'a/b; charset=',
    ],
    ...[
      'application/json; charset="a',
      'application/json; charset="a\\"b"',
      'application/json\n',
      'application/json\u00a0',
    ],
    ...['application/json; =x', 'application/json;;', 'application json'],
  ])('%j is not', (header) => {
    expect(mediaType(header)).toEqual({ type: '', ok: false })
  })
})

describe('security 220: linear time on 10^5 characters', () => {
  const n = 100_000
  it.each([
    ['blanks in Content-Type', () => mediaType(`a/b${' \t'.repeat(n)}x`)],
    ['percent signs', () => refusal(() => parseFormBody(Buffer.from(`a=${'%41'.repeat(n)}%`), { maxBytes: 2 ** 20 }))],
    ['ampersands', () => parseFormBody(Buffer.from('&'.repeat(n)), { maxBytes: 2 ** 20 })],
    ['plus signs', () => parseFormBody(Buffer.from(`a=${'+'.repeat(n)}`), { maxBytes: 2 ** 20 })],
    ['backslashes', () => refusal(() => parseJsonBody(Buffer.from(`"${'\\'.repeat(n)}`), { maxBytes: 2 ** 20 }))],
    ['escapes', () => parseJsonBody(Buffer.from(`"${'\\u0041'.repeat(n)}"`), { maxBytes: 2 ** 20 })],
    ['quotes', () => refusal(() => parseJsonBody(Buffer.from('"'.repeat(n)), { maxBytes: 2 ** 20 }))],
    ['a long name', () => refusal(() => checkText('\ud800'.repeat(n), `${'x'.repeat(n)}\0`))],
  ])('%s', (_, work) => {
    expect(bestMillis(work)).toBeLessThan(50)
  })
})
