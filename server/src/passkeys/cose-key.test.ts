import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type Cbor, type CborMap, cborMap, encodeCbor } from '../../test/encode-cbor.ts'
import { refusal } from '../../test/passkey-ceremonies.ts'
import { coseKeyOf, generateKeys, signWith } from '../../test/soft-keys.ts'
import { importCoseKey } from './cose-key.ts'

const imported = (key: Cbor) => importCoseKey(Buffer.from(encodeCbor(key)))
const fresh = (algorithm: number): CborMap => coseKeyOf(generateKeys(algorithm).publicKey, algorithm)
const bytesOf = (key: CborMap, member: number): Buffer => Buffer.from(key.get(member) as Uint8Array)

describe('importCoseKey', () => {
  it.each([-7, -8, -35, -36, -257, -48, -49, -50])('imports a key of %i that verifies its signatures', (algorithm) => {
    const { publicKey, privateKey } = generateKeys(algorithm)
    const key = imported(coseKeyOf(publicKey, algorithm))
    expect(key.algorithm).toBe(algorithm)
    const message = Buffer.from('message')
    expect(verify(key.digest, message, key.keyObject, signWith(algorithm, privateKey, message))).toBe(true)
    expect(verify(key.digest, Buffer.from('other'), key.keyObject, signWith(algorithm, privateKey, message))).toBe(
      false,
    )
  })

  it.each([-53, -47, -37, -258, -65535, -9, 5, 0])('refuses the algorithm %i', async (algorithm) => {
    expect(await refusal(() => imported(fresh(-7).set(3, algorithm)))).toBe('algorithm')
  })

  it('refuses an algorithm that is absent or no number, and bytes that are no single map', async () => {
    expect(await refusal(() => imported(cborMap(1, 2, -1, 1)))).toBe('algorithm')
    expect(await refusal(() => imported(fresh(-7).set(3, 'ES256')))).toBe('algorithm')
    expect(await refusal(() => imported([1, 2]))).toBe('format')
    const trailing = Buffer.concat([encodeCbor(fresh(-7)), Buffer.alloc(1)])
    expect(await refusal(() => importCoseKey(trailing))).toBe('format')
  })

  it.each([
    ['-7 with P-384', fresh(-35).set(3, -7)],
    ['-7 with P-256 coordinates called P-384', fresh(-7).set(-1, 2)],
    ['-35 with P-256', fresh(-7).set(3, -35)],
    ['-257 with EC', fresh(-7).set(3, -257)],
    ['-7 with RSA', fresh(-257).set(3, -7)],
    ['-8 with EC', fresh(-7).set(3, -8)],
    ['-8 with Ed448', fresh(-8).set(-1, 7)],
    ['-7 with OKP', fresh(-8).set(3, -7)],
    ['-48 with EC', fresh(-7).set(3, -48)],
    ['-48 with ML-DSA-65', fresh(-49).set(3, -48)],
    ['the key type as text', fresh(-8).set(1, 'OKP')],
    ['no y', cborMap(1, 2, 3, -7, -1, 1, -2, Buffer.alloc(32, 1))],
    ['a compressed y', fresh(-7).set(-3, true)],
    ['an x of 31 bytes', fresh(-7).set(-2, Buffer.alloc(31, 1))],
    ['an x of 33 bytes', fresh(-7).set(-2, Buffer.alloc(33, 1))],
    ['an Ed25519 key of 31 bytes', fresh(-8).set(-2, Buffer.alloc(31, 1))],
    ['an ML-DSA-44 key of 1,311 bytes', fresh(-48).set(-1, Buffer.alloc(1311, 1))],
    ['no modulus', cborMap(1, 3, 3, -257, -2, Buffer.from('010001', 'hex'))],
  ])('security 29: refuses %s', async (_name, key) => {
    expect(await refusal(() => imported(key))).toBe('key')
  })

  it('security 30: refuses an EC point off its curve, out of range, or at infinity', async () => {
    const key = fresh(-7)
    const y = bytesOf(key, -3)
    y[31] = (y[31] ?? 0) ^ 1
    expect(await refusal(() => imported(key.set(-3, y)))).toBe('key')
    expect(await refusal(() => imported(fresh(-7).set(-2, Buffer.alloc(32)).set(-3, Buffer.alloc(32))))).toBe('key')
    // (5, y) is on P-256; (5 + p, y) is the same point out of range.
    const five = Buffer.from('459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc', 'hex')
    const x = (hex: string): Buffer => Buffer.from(hex.padStart(64, '0'), 'hex')
    expect(imported(fresh(-7).set(-2, x('05')).set(-3, five)).algorithm).toBe(-7)
    const outOfRange = x('ffffffff00000001000000000000000000000001000000000000000000000004')
    expect(await refusal(() => imported(fresh(-7).set(-2, outOfRange).set(-3, five)))).toBe('key')
  })

  it('security 29: a coordinate has the length of its field, with its leading zeros and no others', async () => {
    const longer = (member: number): CborMap => {
      const key = fresh(-7)
      return key.set(member, Buffer.concat([Buffer.alloc(1), bytesOf(key, member)]))
    }
    expect(await refusal(() => imported(longer(-2)))).toBe('key')
    expect(await refusal(() => imported(longer(-3)))).toBe('key')
    let key = fresh(-7)
    while (bytesOf(key, -2)[0] !== 0) key = fresh(-7)
    expect(imported(key).algorithm).toBe(-7)
    expect(await refusal(() => imported(key.set(-2, bytesOf(key, -2).subarray(1))))).toBe('key')
  })

  it('security 30: the same holds for P-384 and P-521', async () => {
    for (const algorithm of [-35, -36]) {
      const key = fresh(algorithm)
      const x = bytesOf(key, -2)
      x[10] = (x[10] ?? 0) ^ 1
      expect(await refusal(() => imported(key.set(-2, x)))).toBe('key')
    }
  })

  it('security 31: takes RSA of 2,048 to 8,192 bits only', async () => {
    const rsa = (bits: number): Cbor => {
      const modulus = Buffer.alloc(Math.ceil(bits / 8), 0xff)
      modulus[0] = 0xff >> (modulus.length * 8 - bits)
      return cborMap(1, 3, 3, -257, -1, modulus, -2, Buffer.from('010001', 'hex'))
    }
    for (const bits of [2048, 8192]) expect(imported(rsa(bits)).digest).toBe('sha256')
    for (const bits of [512, 1024, 2047, 8193, 16_384]) expect(await refusal(() => imported(rsa(bits)))).toBe('key')
    const padded = fresh(-257)
    const short = Buffer.concat([Buffer.alloc(128), Buffer.alloc(128, 0xff)])
    expect(await refusal(() => imported(padded.set(-1, short)))).toBe('key')
  })

  it.each(['', '00', '01', '0001', '02', '010000'])('security 31: refuses the RSA exponent %j', async (hex) => {
    expect(await refusal(() => imported(fresh(-257).set(-2, Buffer.from(hex, 'hex'))))).toBe('key')
  })

  it('security 31: takes the exponent 3', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 })
    const key = imported(coseKeyOf(publicKey, -257))
    const message = Buffer.from('message')
    expect(verify('sha256', message, key.keyObject, sign('sha256', message, privateKey))).toBe(true)
  })

  it.each([
    ['order 1', `01${'00'.repeat(31)}`],
    ['order 1 with a sign', `01${'00'.repeat(30)}80`],
    ['order 2', `ec${'ff'.repeat(30)}7f`],
    ['order 2 with a sign', `ec${'ff'.repeat(31)}`],
    ['order 4', '00'.repeat(32)],
    ['order 4 with a sign', `${'00'.repeat(31)}80`],
    ['order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
    ['order 8 with a sign', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85'],
    ['order 8', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
    ['order 8 with a sign', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'],
    ['order 4, spelled p', `ed${'ff'.repeat(30)}7f`],
    ['order 1, spelled p + 1', `ee${'ff'.repeat(30)}7f`],
    ['another y of p or above', `ff${'ff'.repeat(30)}7f`],
  ])('security 32: refuses an Ed25519 point of %s', async (_name, hex) => {
    expect(await refusal(() => imported(fresh(-8).set(-2, Buffer.from(hex, 'hex'))))).toBe('key')
  })

  it('security 32: the listed points of order 8 are just that', () => {
    // 8P = identity and 4P is not, computed on edwards25519 independently of any library.
    const p = 2n ** 255n - 19n
    const power = (base: bigint, exponent: bigint): bigint => {
      let result = 1n
      for (let b = base % p, e = exponent; e > 0n; e >>= 1n, b = (b * b) % p) if (e & 1n) result = (result * b) % p
      return result
    }
    const inverse = (value: bigint): bigint => power(((value % p) + p) % p, p - 2n)
    const d = ((p - 121_665n) * inverse(121_666n)) % p
    const double = ([x, y]: readonly [bigint, bigint]): [bigint, bigint] => {
      const product = (d * x * x * y * y) % p
      const x2 = (2n * x * y * inverse(1n + product)) % p
      const y2 = ((y * y + x * x) * inverse(1n - product)) % p
      return [(x2 + p) % p, (y2 + p) % p]
    }
    for (const hex of [
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    ]) {
      const y = BigInt(`0x${Buffer.from(hex, 'hex').reverse().toString('hex')}`)
      const square = ((y * y - 1n) * inverse(d * y * y + 1n)) % p
      let x = power((square + p) % p, (p + 3n) / 8n)
      if ((x * x - square) % p !== 0n) x = (x * power(2n, (p - 1n) / 4n)) % p
      expect((x * x - square) % p).toBe(0n)
      const four = double(double([x, y]))
      expect(four).not.toEqual([0n, 1n])
      expect(double(four)).toEqual([0n, 1n])
    }
  })
})
