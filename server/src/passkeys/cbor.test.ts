import { describe, expect, it } from 'vitest'
import { encodeCbor } from '../../test/encode-cbor.ts'
import { refusal } from '../../test/passkey-ceremonies.ts'
import { decodeCbor } from './cbor.ts'

const decode = (hex: string, sortedKeys = false) => decodeCbor(Buffer.from(hex, 'hex'), 0, { sortedKeys })

describe('decodeCbor', () => {
  it.each([
    ['00', 0],
    ['17', 23],
    ['1818', 24],
    ['190100', 256],
    ['1a00010000', 65_536],
    ['1b0000000100000000', 4_294_967_296],
    ['20', -1],
    ['390100', -257],
    ['f4', false],
    ['f5', true],
    ['f6', null],
    ['f7', undefined],
    ['fa3f800000', 1],
    ['fb3ff8000000000000', 1.5],
    ['6161', 'a'],
    ['60', ''],
    ['80', []],
    ['820102', [1, 2]],
    ['a0', new Map()],
    [
      'a26161016162a10102',
      new Map<string, unknown>([
        ['a', 1],
        ['b', new Map([[1, 2]])],
      ]),
    ],
  ])('reads %s', (hex, value) => {
    expect(decode(hex)).toEqual({ value, end: hex.length / 2 })
  })

  it('reads byte strings, and tells where the item ends', () => {
    const { value, end } = decode('43010203ffff')
    expect(Buffer.from(value as Uint8Array).toString('hex')).toBe('010203')
    expect(end).toBe(4)
  })

  it('keeps the place of a half-precision float', () => {
    expect(decode('82f93c0001')).toEqual({ value: [Number.NaN, 1], end: 5 })
  })

  it.each([
    ['1817', 'a one-byte integer below 24'],
    ['1900ff', 'a two-byte integer below 256'],
    ['1a0000ffff', 'a four-byte integer below 65,536'],
    ['1b00000000ffffffff', 'an eight-byte integer below 2^32'],
    ['3800', 'a negative integer in two bytes'],
    ['580101', 'a byte string with a longer length than needed'],
    ['b90001616101', 'a map with a two-byte length'],
  ])('security 16: refuses %s, %s', async (hex) => {
    expect(await refusal(() => decode(hex))).toBe('format')
  })

  it.each([
    ['5f4101ff', 'byte string'],
    ['7f6161ff', 'text'],
    ['9f01ff', 'array'],
    ['bf616101ff', 'map'],
    ['ff', 'break without a beginning'],
  ])('security 16: refuses %s, indefinite length: %s', async (hex) => {
    expect(await refusal(() => decode(hex))).toBe('format')
  })

  it.each(['a2616101616102', 'a201020103', 'a220012002'])('security 16: refuses %s, a duplicate key', async (hex) => {
    expect(await refusal(() => decode(hex))).toBe('format')
  })

  it('security 16: refuses keys out of order where the authenticator wrote them', async () => {
    for (const hex of ['a2616201616101', 'a262616101616201', 'a220010101', 'a26161010101']) {
      expect(decode(hex).end).toBe(hex.length / 2)
      expect(await refusal(() => decode(hex, true))).toBe('format')
    }
    expect(decode('a501020326200121012202', true).end).toBe(11)
  })

  it('security 16: refuses nesting deeper than 8', async () => {
    const nested = (depth: number): string => `${'81'.repeat(depth)}00`
    expect(decode(nested(8)).end).toBe(9)
    expect(await refusal(() => decode(nested(9)))).toBe('format')
    expect(await refusal(() => decode(nested(60_000)))).toBe('format')
    expect(await refusal(() => decode(`${'a100'.repeat(9)}00`))).toBe('format')
  })

  it('security 16: refuses more than 64 kB', async () => {
    expect(decodeCbor(Buffer.from(encodeCbor(Buffer.alloc(65_533)))).end).toBe(65_536)
    expect(await refusal(() => decodeCbor(Buffer.from(encodeCbor(Buffer.alloc(65_534)))))).toBe('format')
  })

  it.each([
    ['', 'nothing'],
    ['18', 'half an integer'],
    ['43 0102', 'a short byte string'],
    ['5b00000001 00000000', 'a byte string of 4 GB'],
    ['9a ffffffff', 'an array of 2^32 items'],
    ['ba ffffffff', 'a map of 2^32 entries'],
    ['a1 6161', 'a key without a value'],
    ['1c', 'a reserved length'],
    ['1bffffffffffffffff', 'an integer beyond 2^53'],
    ['c11a514b67b0', 'a tag'],
    ['62c328', 'text that is not UTF-8'],
    ['a1 4101 01', 'a map key of bytes'],
    ['a1 f5 01', 'a map key of true'],
    ['e0', 'a simple value'],
    ['f820', 'a simple value in two bytes'],
  ])('security 16: refuses %s, %s', async (hex) => {
    expect(await refusal(() => decode(hex.replaceAll(' ', '')))).toBe('format')
  })
})
