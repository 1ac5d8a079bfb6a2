import { expect, it } from 'vitest'
import { cborMap, encodeCbor } from '../../test/encode-cbor.ts'
import { refusal } from '../../test/passkey-ceremonies.ts'
import { coseKeyOf, generateKeys } from '../../test/soft-keys.ts'
import { verificationKey } from './public-key-cache.ts'

const coseKey = (): Buffer<ArrayBuffer> => Buffer.from(encodeCbor(coseKeyOf(generateKeys(-7).publicKey, -7)))

it('imports a key once, wherever its bytes lie', () => {
  const bytes = coseKey()
  const first = verificationKey(bytes)
  const elsewhere = Buffer.concat([Buffer.alloc(5), bytes]).subarray(5)
  expect(verificationKey(elsewhere)).toBe(first)
})

it('tells apart keys that differ in one byte, and keeps no failure', async () => {
  const bytes = coseKey()
  const known = verificationKey(bytes)
  const other = Buffer.from(bytes)
  other[70] = (other[70] ?? 0) ^ 1
  expect(await refusal(() => verificationKey(other))).toBe('key')
  expect(await refusal(() => verificationKey(other))).toBe('key')
  expect(verificationKey(coseKey())).not.toBe(known)
})

it('lets go of the keys used longest ago', () => {
  const bytes = coseKey()
  const first = verificationKey(bytes)
  // Moduli are the cheapest keys to make by the thousand: RSA is not checked for its factors.
  const modulus = Buffer.alloc(256, 0xff)
  for (let index = 0; index < 10_000; index++) {
    modulus.writeUInt32BE(index, 100)
    verificationKey(Buffer.from(encodeCbor(cborMap(1, 3, 3, -257, -1, modulus, -2, Buffer.from('010001', 'hex')))))
  }
  expect(verificationKey(bytes)).not.toBe(first)
})
