import { sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { aaguidExtension, attestationSubject, packed } from '../../../test/attestations.ts'
import {
  type Attestation,
  aaguid,
  attested,
  certified,
  issuer,
  refusedAttestation,
} from '../../../test/attested-registration.ts'
import { derExtension } from '../../../test/certificates.ts'
import { cborMap } from '../../../test/encode-cbor.ts'

describe('packed self', () => {
  const self =
    (edit: (statement: ReturnType<typeof cborMap>) => void): Attestation =>
    (facts) => {
      const data = Buffer.concat([facts.authData, facts.clientDataHash])
      const attStmt = cborMap('alg', -7, 'sig', sign('sha256', data, facts.credential.privateKey))
      edit(attStmt)
      return { fmt: 'packed', attStmt }
    }

  it('passes with the credential’s own signature, and needs no anchor', async () => {
    expect(await attested(self(() => {}))).toMatchObject({ attestationTrust: 'self', attestationPaths: [] })
  })

  it('security 35: refuses an alg that is not that of the key', async () => {
    for (const alg of [-257, -8, -35, -9]) {
      expect(await refusedAttestation(self((statement) => statement.set('alg', alg)))).toBe('attestation_statement')
    }
  })

  it('security 35: refuses a bad signature', async () => {
    expect(await refusedAttestation(self((statement) => statement.set('sig', Buffer.alloc(70, 1))))).toBe(
      'attestation_signature',
    )
    expect(await refusedAttestation(self((statement) => statement.set('sig', Buffer.alloc(0))))).toBe(
      'attestation_signature',
    )
  })

  it('security 2: refuses missing and extra-typed members of the statement', async () => {
    for (const odd of ['x', 1, null, [], cborMap()]) {
      expect(await refusedAttestation(self((statement) => statement.set('sig', odd)))).toBe('attestation_statement')
      if (odd === 1) continue
      expect(await refusedAttestation(self((statement) => statement.set('alg', odd)))).toBe('attestation_statement')
    }
    expect(await refusedAttestation(self((statement) => statement.delete('sig')))).toBe('attestation_statement')
    expect(await refusedAttestation(() => ({ fmt: 'packed', attStmt: [1, 2] }))).toBe('attestation_statement')
  })
})

describe('packed with certificates', () => {
  const subjectWith = (type: string, value: string) =>
    attestationSubject.map(([oid, text]) => [oid, oid === type ? value : text] as const)

  it('passes, with and without the model in the certificate', async () => {
    expect(await attested(packed({ issuer }))).toMatchObject(certified('packed'))
    const leaf = { extensions: [aaguidExtension(aaguid)] }
    expect(await attested(packed({ issuer, leaf }), { mutate: { aaguid } })).toMatchObject(certified('packed'))
  })

  it('security 36: refuses a leaf that is not version 3, or a certificate authority', async () => {
    expect(await refusedAttestation(packed({ issuer, leaf: { version: 1 } }))).toBe('attestation_certificate')
    expect(await refusedAttestation(packed({ issuer, leaf: { version: 2 } }))).toBe('attestation_certificate')
    expect(await refusedAttestation(packed({ issuer, leaf: { ca: true } }))).toBe('attestation_certificate')
  })

  it.each([
    ['another unit', '2.5.4.11', 'Authenticator attestation'],
    ['no unit', '2.5.4.11', ''],
    ['no name', '2.5.4.3', ''],
    ['no organization', '2.5.4.10', ''],
    ['a country of three letters', '2.5.4.6', 'AAA'],
    ['no country', '2.5.4.6', ''],
  ])('security 36: refuses a leaf with %s', async (_name, type, value) => {
    const subject = subjectWith(type, value).filter(([, text]) => text !== '')
    expect(await refusedAttestation(packed({ issuer, leaf: { subject } }))).toBe('attestation_certificate')
  })

  it('security 36: the model in the certificate must be that of authenticator data, and not critical', async () => {
    const other = { extensions: [aaguidExtension(Buffer.alloc(16, 9))] }
    expect(await refusedAttestation(packed({ issuer, leaf: other }), { mutate: { aaguid } })).toBe('attestation_aaguid')
    const critical = { extensions: [aaguidExtension(aaguid, true)] }
    expect(await refusedAttestation(packed({ issuer, leaf: critical }), { mutate: { aaguid } })).toBe(
      'attestation_certificate',
    )
    const malformed = { extensions: [derExtension('1.3.6.1.4.1.45724.1.1.4', aaguid)] }
    expect(await refusedAttestation(packed({ issuer, leaf: malformed }), { mutate: { aaguid } })).toBe(
      'attestation_certificate',
    )
    const twice = { extensions: [aaguidExtension(aaguid), aaguidExtension(aaguid)] }
    expect(await refusedAttestation(packed({ issuer, leaf: twice }), { mutate: { aaguid } })).toBe(
      'attestation_certificate',
    )
  })

  it('security 37: refuses ecdaaKeyId, and an x5c that is empty or holds no certificates', async () => {
    const edited = (name: string, value: Parameters<typeof cborMap>[0]) =>
      packed({ issuer, edit: (statement) => statement.set(name, value ?? null) })
    expect(await refusedAttestation(edited('ecdaaKeyId', Buffer.alloc(4)))).toBe('attestation_statement')
    for (const x5c of [[], 'x', null, ['x'], [null], Buffer.alloc(4)]) {
      expect(await refusedAttestation(edited('x5c', x5c))).toBe('attestation_statement')
    }
    for (const x5c of [[Buffer.alloc(0)], [Buffer.alloc(40, 0x30)], [issuer.der.subarray(0, 100)]]) {
      expect(await refusedAttestation(edited('x5c', x5c))).toBe('attestation_certificate')
    }
  })

  it('refuses a signature by another key, over other bytes, or of an algorithm that does not fit', async () => {
    const edited = (name: string, value: Parameters<typeof cborMap>[0]) =>
      packed({ issuer, edit: (statement) => statement.set(name, value ?? null) })
    expect(await refusedAttestation(edited('sig', Buffer.alloc(70, 1)))).toBe('attestation_signature')
    for (const alg of [-8, -257, -35, -65535, -1]) {
      expect(await refusedAttestation(edited('alg', alg))).toBe('attestation_signature')
    }
  })
})
