import { describe, expect, it } from 'vitest'
import { aaguidExtension, attestationSubject, tpm } from '../../../test/attestations.ts'
import { aaguid, attested, certified, issuer, refusedAttestation } from '../../../test/attested-registration.ts'
import type { cborMap } from '../../../test/encode-cbor.ts'

describe('tpm', () => {
  it('passes for ECC and RSA keys', async () => {
    expect(await attested(tpm({ issuer }))).toMatchObject(certified('tpm'))
    expect(await attested(tpm({ issuer }), { authenticator: { algorithm: -257 } })).toMatchObject(certified('tpm'))
  })

  it.each([
    ['another magic', { magic: 0xff544348 }],
    ['another type', { type: 0x8018 }],
    ['an extraData of other bytes', { extraData: Buffer.alloc(32) }],
    ['an extraData cut short', { extraData: Buffer.alloc(0) }],
    ['the name of another object', { namedArea: Buffer.alloc(60) }],
    ['another version', { edit: (s: ReturnType<typeof cborMap>) => s.set('ver', '1.2') }],
    [
      'a public area of another key',
      { pubArea: (area: Buffer) => Buffer.concat([area.subarray(0, -1), Buffer.from([0])]) },
    ],
    ['a public area cut short', { pubArea: (area: Buffer) => area.subarray(0, -1) }],
    ['a public area with bytes left over', { pubArea: (area: Buffer) => Buffer.concat([area, Buffer.alloc(1)]) }],
    [
      'a public area of another kind',
      { pubArea: (area: Buffer) => Buffer.concat([Buffer.from([0, 8]), area.subarray(2)]) },
    ],
    ['a certInfo cut short', { edit: (s: ReturnType<typeof cborMap>) => s.set('certInfo', Buffer.alloc(20)) }],
    ['no certInfo', { edit: (s: ReturnType<typeof cborMap>) => s.set('certInfo', 'x') }],
  ])('security 38: refuses %s', async (_name, options) => {
    expect(await refusedAttestation(tpm({ issuer, ...options }))).toBe('attestation_statement')
  })

  it.each([
    ['without EKU 2.23.133.8.3', { keyUsage: '1.3.6.1.5.5.7.3.2' }],
    ['with a subject', { leaf: { subject: attestationSubject } }],
    ['of version 1', { leaf: { version: 1 as const } }],
    ['of version 2', { leaf: { version: 2 as const } }],
    ['that is a certificate authority', { leaf: { ca: true } }],
    ['without a description of its TPM', { leaf: { extensions: [] } }],
    ['of an unknown manufacturer', { manufacturer: 'id:00000000' }],
    ['of the manufacturer of conformance tests', { manufacturer: 'id:FFFFF1D0' }],
    ['of a manufacturer in another form', { manufacturer: 'Intel' }],
  ])('security 38: refuses an attestation key certificate %s', async (_name, options) => {
    expect(await refusedAttestation(tpm({ issuer, ...options }))).toBe('attestation_certificate')
  })

  it('security 38: a manufacturer counts in either case, and where policy adds it', async () => {
    expect(await attested(tpm({ issuer, manufacturer: 'id:494e5443' }))).toMatchObject(certified('tpm'))
    const expected = { extraTpmManufacturers: ['id:FFFFF1D0'] }
    expect(await attested(tpm({ issuer, manufacturer: 'id:fffff1d0' }), { expected })).toMatchObject(certified('tpm'))
  })

  it('security 38: the RSA exponent is part of the key', async () => {
    // After type, name algorithm, attributes, policy, symmetric, scheme and key bits: 16 bytes.
    const pubArea = (area: Buffer): Buffer =>
      Buffer.concat([area.subarray(0, 16), Buffer.from([0, 0, 0, 3]), area.subarray(20)])
    expect(await refusedAttestation(tpm({ issuer, pubArea }), { authenticator: { algorithm: -257 } })).toBe(
      'attestation_statement',
    )
  })

  it('security 38: an attestation key that names a model must name that of authenticator data', async () => {
    const named = (model: Buffer) => tpm({ issuer, certificateExtensions: [aaguidExtension(model)] })
    expect(await attested(named(aaguid), { mutate: { aaguid } })).toMatchObject(certified('tpm'))
    expect(await refusedAttestation(named(Buffer.alloc(16, 9)), { mutate: { aaguid } })).toBe('attestation_aaguid')
  })

  it('security 38: refuses a signature by another key', async () => {
    const edit = (statement: ReturnType<typeof cborMap>) => statement.set('sig', Buffer.alloc(70, 1))
    expect(await refusedAttestation(tpm({ issuer, edit }))).toBe('attestation_signature')
  })
})
