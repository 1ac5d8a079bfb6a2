import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { bestMillis } from '../../test/best-millis.ts'
import '../errors.ts'
import { ApiError } from '../platform/errors.ts'
import { coerceQuery, type QuerySchema } from './query.ts'

const List = z.strictObject({
  limit: z.int().min(1).max(100).default(50),
  ratio: z.number().optional(),
  success: z.boolean().optional(),
  event: z.string().optional(),
  page: z.int().nullable().optional(),
  mixed: z.union([z.int(), z.string()]).optional(),
})
const schema: QuerySchema = z.toJSONSchema(List, { io: 'input' })

const parse = (query: Record<string, string | string[]>) => List.safeParse(coerceQuery(query, schema))

function refusal(query: Record<string, string | string[]>): ApiError {
  try {
    coerceQuery(query, schema)
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new Error('should have been refused')
}

describe('query strings', () => {
  it('become what the schema says, on a copy', () => {
    const query = { limit: '20', ratio: '-1.5', success: 'false', event: '7', page: '3', mixed: '5' }
    expect({ ...coerceQuery(query, schema) }).toEqual({
      ...{ limit: 20, ratio: -1.5, success: false, event: '7', page: 3, mixed: '5' },
    })
    expect(query.limit).toBe('20')
    expect(parse({ success: 'true' }).data).toEqual({ limit: 50, success: true })
    expect(parse({}).data).toEqual({ limit: 50 })
  })

  it.each([
    ...[
      '0',
      '-1',
      '101',
      '1e9',
      'NaN',
      '1.5',
      ' 5',
      '5 ',
      '0x10',
      '',
      '+5',
      '05',
      '1_0',
      'Infinity',
      '５',
      '9007199254740993',
    ],
    ...['1e0', '--1', '-', '.5', 'true', 'null', '[]'],
  ])('security 106: limit=%j is refused', (limit) => {
    expect(parse({ limit }).success).toBe(false)
  })

  it.each(['TRUE', '1', '0', 'yes', 'on', '', ' false', 'null'])('success=%j is refused, not true', (success) => {
    expect(parse({ success }).success).toBe(false)
  })

  it.each(['1e3', 'Infinity', '1.', '.5', '0x1', '1,5', '9007199254740993', '1'.repeat(400)])(
    'ratio=%j is refused',
    (ratio) => {
      expect(parse({ ratio }).success).toBe(false)
    },
  )

  it('a parameter that is sent twice is a 400 that names it', () => {
    expect(refusal({ limit: ['1', '2'] })).toMatchObject({ status: 400, message: 'limit: must be given only once' })
    expect(refusal({ event: ['a'] }).details).toEqual([{ path: 'event', message: 'must be given only once' }])
  })

  it('unknown names stay for the schema to refuse', () => {
    expect(parse({ nowhere: '1' }).success).toBe(false)
    expect(parse({ toString: '1' }).success).toBe(false)
    expect({ ...coerceQuery({ a: '1' }, {}) }).toEqual({ a: '1' })
  })

  it('security 217: no name reaches a prototype', () => {
    const query: Record<string, string> = JSON.parse('{"__proto__":"x"}')
    expect(refusal(query).status).toBe(400)
    const copy = coerceQuery({ constructor: 'x', 'constructor.prototype.polluted': 'x' }, schema)
    expect(Object.getPrototypeOf(copy)).toBeNull()
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it('security 216: NUL and lone surrogates, in names and values', () => {
    expect(refusal({ event: 'a\0' }).message).toMatch(/^event: must not contain NUL/)
    expect(refusal({ event: '\ud800' }).status).toBe(400)
    expect(refusal({ 'a\0': '1' }).message).not.toContain('\0')
  })

  it('security 220: linear time on 10^5 characters', () => {
    const n = 100_000
    const texts = ['1'.repeat(n), `${'1'.repeat(n)}x`, '-'.repeat(n), `1.${'1'.repeat(n)}x`, ' '.repeat(n)]
    const work = () => {
      for (const text of texts) {
        for (const name of ['limit', 'ratio', 'success', 'event']) coerceQuery({ [name]: text }, schema)
      }
    }
    expect(bestMillis(work)).toBeLessThan(50)
  })
})
