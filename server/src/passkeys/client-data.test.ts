import { describe, expect, it } from 'vitest'
import { challenge, origin, refusal } from '../../test/passkey-ceremonies.ts'
import { checkClientData, type ExpectedClientData, parseClientData } from './client-data.ts'

const honest = { type: 'webauthn.get', challenge: challenge.toString('base64url'), origin, crossOrigin: false }
const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
/** Honest client data with a member whose text is these bytes. */
const withText = (text: Buffer): Buffer =>
  Buffer.concat([bytes(honest).subarray(0, -1), Buffer.from(',"extra":"'), text, Buffer.from('"}')])

const check = (members: object, expected: Partial<ExpectedClientData> = {}) =>
  checkClientData(parseClientData(bytes({ ...honest, ...members })), {
    type: 'webauthn.get',
    challenge,
    origins: [origin, 'http://localhost:3000', 'android:apk-key-hash:5n8aZQ'],
    topOrigins: [],
    ...expected,
  })

describe('parseClientData', () => {
  it('security 3: reads an object and drops a byte order mark', () => {
    const expected = { ...honest, topOrigin: undefined }
    expect(parseClientData(bytes(honest))).toEqual(expected)
    expect(parseClientData(withText(Buffer.from('é')))).toEqual(expected)
    expect(parseClientData(Buffer.concat([Buffer.from('efbbbf', 'hex'), bytes(honest)]))).toEqual(expected)
  })

  it.each([
    ['bytes that are not UTF-8', withText(Buffer.from('ff', 'hex'))],
    ['an overlong UTF-8 form', withText(Buffer.from('c0af', 'hex'))],
    ['half a surrogate pair in UTF-8', withText(Buffer.from('eda080', 'hex'))],
    ['no JSON', Buffer.from('webauthn.get')],
    ['nothing', Buffer.alloc(0)],
    ['UTF-16', Buffer.from(JSON.stringify(honest), 'utf16le')],
    ['two byte order marks', Buffer.concat([Buffer.from('efbbbfefbbbf', 'hex'), bytes(honest)])],
    ['an array', bytes([honest])],
    ['null', bytes(null)],
    ['a string', bytes('x')],
    ['bytes after the object', Buffer.concat([bytes(honest), Buffer.from('}')])],
    ['no type', bytes({ ...honest, type: undefined })],
    ['a type of no string', bytes({ ...honest, type: ['webauthn.get'] })],
    ['no challenge', bytes({ ...honest, challenge: undefined })],
    ['no origin', bytes({ ...honest, origin: undefined })],
    ['an origin of no string', bytes({ ...honest, origin: { toString: 1 } })],
    ['a crossOrigin of no boolean', bytes({ ...honest, crossOrigin: 'false' })],
    ['a crossOrigin of null', bytes({ ...honest, crossOrigin: null })],
    ['a topOrigin of no string', bytes({ ...honest, crossOrigin: true, topOrigin: ['https://a.example'] })],
  ])('security 3: refuses %s', async (_name, input) => {
    expect(await refusal(() => parseClientData(input))).toBe('client_data')
  })

  it('security 216: 64 kB of nesting is refused or read in bounded time', () => {
    const nested = `{"type":"a","challenge":"b","origin":"c","x":${'['.repeat(30_000)}${']'.repeat(30_000)}}`
    expect(parseClientData(Buffer.from(nested)).type).toBe('a')
  })
})

describe('checkClientData', () => {
  it('passes what the ceremony recorded', () => {
    expect(() => check({})).not.toThrow()
    expect(() => check({ crossOrigin: undefined })).not.toThrow()
    expect(() => check({ origin: 'http://localhost:3000' })).not.toThrow()
  })

  it.each(['webauthn.create', 'payment.get'])(
    'security 4, 64: refuses the type of another ceremony: %s',
    async (type) => {
      expect(await refusal(() => check({ type }))).toBe('type')
    },
  )

  it('security 4: refuses webauthn.get where a registration is expected', async () => {
    expect(await refusal(() => check({}, { type: 'webauthn.create' }))).toBe('type')
  })

  it.each(['Webauthn.get', 'WEBAUTHN.GET', 'webauthn.get ', ' webauthn.get', 'webauthn.get\u0000', ''])(
    'security 5: refuses the type %j',
    async (type) => {
      expect(await refusal(() => check({ type }))).toBe('type')
    },
  )

  it('security 6: refuses another challenge, even one byte or one length off', async () => {
    const oneOff = Buffer.from(challenge)
    oneOff[31] = (oneOff[31] ?? 0) ^ 1
    for (const other of [
      oneOff,
      challenge.subarray(0, 31),
      Buffer.concat([challenge, Buffer.alloc(1)]),
      Buffer.alloc(0),
    ]) {
      expect(await refusal(() => check({ challenge: other.toString('base64url') }))).toBe('challenge')
    }
  })

  it('security 7: compares bytes after decoding unpadded base64url, and takes no other spelling', async () => {
    // 32 bytes of 0xfb hold both characters in which the alphabets differ.
    const issued = Buffer.alloc(32, 0xfb)
    const spelling = issued.toString('base64url')
    const standard = issued.toString('base64')
    expect(spelling).toMatch(/[-_]/)
    expect(() => check({ challenge: spelling }, { challenge: issued })).not.toThrow()
    const strayBits = `${spelling.slice(0, -1)}${String.fromCharCode(spelling.charCodeAt(42) + 1)}`
    for (const other of [
      `${spelling}=`,
      standard,
      standard.replace('=', ''),
      ` ${spelling}`,
      `${spelling}\n`,
      strayBits,
    ]) {
      expect(await refusal(() => check({ challenge: other }, { challenge: issued }))).toBe('challenge')
    }
  })

  it('security 8: refuses an origin that is not on the list, and every origin if the list is empty', async () => {
    expect(await refusal(() => check({ origin: 'https://other.example' }))).toBe('origin_not_allowed')
    expect(await refusal(() => check({}, { origins: [] }))).toBe('origin_not_allowed')
  })

  it.each([
    'http://example.com',
    'https://example.com:8443',
    'https://example.com:443',
    'https://www.example.com',
    'https://com',
    'https://example.com.evil.tld',
    'https://example.com@evil.tld',
    'https://EXAMPLE.com',
    'https://example.com.',
    'https://example.com/',
    'https://example.com?',
    ' https://example.com',
    'https://ехample.com',
    'http://localhost',
    'http://localhost:3001',
    'http://localhost.evil.tld:3000',
    'null',
    '',
  ])('security 9: refuses the origin %j', async (other) => {
    expect(await refusal(() => check({ origin: other }))).toBe('origin_not_allowed')
  })

  it('security 91: an Android origin passes only with its exact bytes', async () => {
    expect(() => check({ origin: 'android:apk-key-hash:5n8aZQ' })).not.toThrow()
    expect(await refusal(() => check({ origin: 'android:apk-key-hash:5n8azq' }))).toBe('origin_not_allowed')
  })

  it('security 10: refuses a cross-origin frame unless embedding is allowed', async () => {
    expect(await refusal(() => check({ crossOrigin: true }))).toBe('cross_origin')
    expect(() => check({ crossOrigin: true }, { topOrigins: ['https://shop.example'] })).not.toThrow()
  })

  it('security 11: a topOrigin must be on the list', async () => {
    const topOrigins = ['https://shop.example']
    expect(() => check({ crossOrigin: true, topOrigin: 'https://shop.example' }, { topOrigins })).not.toThrow()
    for (const topOrigin of ['https://evil.example', 'https://shop.example/', '', origin]) {
      expect(await refusal(() => check({ crossOrigin: true, topOrigin }, { topOrigins }))).toBe('top_origin')
    }
  })

  it('security 12: refuses a topOrigin without crossOrigin, even one on the list', async () => {
    const topOrigins = ['https://shop.example']
    for (const crossOrigin of [false, undefined]) {
      const members = { crossOrigin, topOrigin: 'https://shop.example' }
      expect(await refusal(() => check(members, { topOrigins }))).toBe('top_origin')
    }
  })

  it('security 13: ignores tokenBinding and members it does not know', () => {
    for (const tokenBinding of [{ status: 'present', id: 'abc' }, { status: 'strange' }, 'text', null]) {
      expect(() => check({ tokenBinding, extraData: { nested: [1] } })).not.toThrow()
    }
  })
})
