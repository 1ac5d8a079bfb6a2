import { sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { androidKey, apple, attestationSubject, createVendor, packed, tpm } from '../../../test/attestations.ts'
import {
  type Attestation,
  attested,
  certified,
  issuer,
  refusedAttestation,
  root,
} from '../../../test/attested-registration.ts'
import { derName, issueCertificate } from '../../../test/certificates.ts'
import { cborMap } from '../../../test/encode-cbor.ts'
import { fromMillis } from '../../platform/time.ts'

describe('trust', () => {
  const stranger = createVendor()

  it('security 44: a path must end in an anchor of ours', async () => {
    expect(await refusedAttestation(packed({ issuer: stranger.authority }))).toBe('attestation_trust')
    expect(await refusedAttestation(packed({ issuer }), { expected: { trustAnchors: [] } })).toBe('attestation_trust')
    expect(
      await refusedAttestation(packed({ issuer: root, chain: [] }), {
        expected: { trustAnchors: [stranger.root.pem] },
      }),
    ).toBe('attestation_trust')
  })

  it('security 44: a self-signed root inside x5c is nobody', async () => {
    for (const make of [packed, androidKey, tpm, apple]) {
      const chain = [stranger.authority, stranger.root]
      expect(await refusedAttestation(make({ issuer: stranger.authority, chain }))).toBe('attestation_trust')
    }
    // Same name as our root, another key.
    const forged = issueCertificate({ ca: true, subject: [['2.5.4.3', 'Vendor root']] })
    const genuine = issueCertificate({ ca: true, subject: [['2.5.4.3', 'Vendor root']] })
    const expected = { trustAnchors: [genuine.pem] }
    expect(await refusedAttestation(packed({ issuer: forged, chain: [] }), { expected })).toBe('attestation_trust')
    expect(await attested(packed({ issuer: genuine, chain: [] }), { expected })).toMatchObject(certified('packed', 1))
  })

  it('security 44: without anchors the statement must still verify, and its path is nobody’s word', async () => {
    const expected = { trustAnchors: undefined }
    const credential = await attested(packed({ issuer: stranger.authority }), { expected })
    expect(credential).toMatchObject(certified('packed'))
    const bad = packed({ issuer, edit: (statement) => statement.set('sig', Buffer.alloc(70, 1)) })
    expect(await refusedAttestation(bad, { expected })).toBe('attestation_signature')
  })

  it('security 44: refuses a path with a gap, in another order, or through a leaf', async () => {
    expect(await refusedAttestation(packed({ issuer, chain: [] }))).toBe('attestation_trust')
    expect(await refusedAttestation(packed({ issuer, chain: [stranger.authority] }))).toBe('attestation_trust')
    expect(await refusedAttestation(packed({ issuer, chain: [issuer, issuer] }))).toBe('attestation_trust')
    const leafIssuer = issueCertificate({ issuer: root, ca: false })
    expect(await refusedAttestation(packed({ issuer: leafIssuer, chain: [leafIssuer] }))).toBe('attestation_trust')
    const unmarked = issueCertificate({ issuer: root })
    expect(await refusedAttestation(packed({ issuer: unmarked, chain: [unmarked] }))).toBe('attestation_trust')
  })

  it('security 44: an issuer is known by its name as well as by its key', async () => {
    const renamed = { ...issuer, name: derName([['2.5.4.3', 'Somebody else']]) }
    expect(await refusedAttestation(packed({ issuer: renamed, chain: [issuer] }))).toBe('attestation_trust')
    expect(await refusedAttestation(packed({ issuer: { ...root, name: renamed.name }, chain: [] }))).toBe(
      'attestation_trust',
    )
  })

  it('security 44: honours the path length of a certificate authority', async () => {
    const limited = issueCertificate({ issuer: root, ca: true, pathLength: 0 })
    const below = issueCertificate({ issuer: limited, ca: true })
    expect(await attested(packed({ issuer: limited, chain: [limited] }))).toMatchObject(certified('packed'))
    expect(await refusedAttestation(packed({ issuer: below, chain: [below, limited] }))).toBe('attestation_trust')
    const roomy = issueCertificate({ issuer: root, ca: true, pathLength: 1 })
    const under = issueCertificate({ issuer: roomy, ca: true })
    expect(await attested(packed({ issuer: under, chain: [under, roomy] }))).toMatchObject(certified('packed', 3))
  })

  it('security 44: refuses a path longer than any real one', async () => {
    const chain = [root]
    for (let depth = 0; depth < 7; depth++) {
      const [last = root] = chain
      chain.unshift(issueCertificate({ issuer: last, ca: true }))
    }
    const [last = root, ...rest] = chain
    expect(await refusedAttestation(packed({ issuer: last, chain: [last, ...rest.slice(0, -1)] }))).toBe(
      'attestation_trust',
    )
  })

  it('security 45: a root at the end of x5c is refused, a listed certificate by itself accepted', async () => {
    for (const make of [packed, tpm, apple]) {
      expect(await refusedAttestation(make({ issuer, chain: [issuer, root] }))).toBe('attestation_trust')
    }
    const batch = issueCertificate({ issuer, subject: attestationSubject, ca: false })
    const self: Attestation = (facts) => {
      const data = Buffer.concat([facts.authData, facts.clientDataHash])
      return {
        fmt: 'packed',
        attStmt: cborMap('alg', -7, 'sig', sign('sha256', data, batch.privateKey), 'x5c', [batch.der]),
      }
    }
    const expected = { trustAnchors: [batch.pem] }
    expect(await attested(self, { expected })).toMatchObject(certified('packed', 1))
    expect(await refusedAttestation(self, { expected: { trustAnchors: [root.pem] } })).toBe('attestation_trust')
  })

  it('security 46: certificates must be valid at the given time, unless policy lets them', async () => {
    const late = { notBefore: '20260602' }
    const early = { notAfter: '20260531' }
    for (const dates of [late, early]) {
      const expired = packed({ issuer, leaf: dates })
      for (const trustAnchors of [[root.pem], undefined]) {
        expect(await refusedAttestation(expired, { expected: { trustAnchors } })).toBe('attestation_certificate')
        const expected = { trustAnchors, acceptExpiredCertificates: true }
        expect(await attested(expired, { expected })).toMatchObject(certified('packed'))
      }
      const vendor = createVendor({ authority: dates })
      const below = packed({ issuer: vendor.authority })
      const expected = { trustAnchors: [vendor.root.pem] }
      expect(await refusedAttestation(below, { expected })).toBe('attestation_certificate')
      const old = createVendor({ root: dates })
      const underOld = { expected: { trustAnchors: [old.root.pem] } }
      expect(await refusedAttestation(packed({ issuer: old.authority }), underOld)).toBe('attestation_certificate')
    }
  })

  it('security 46: the clock is the one given', async () => {
    const leaf = { notBefore: '20100101', notAfter: '20101231' }
    const vendor = createVendor({ root: { notBefore: '20000101' }, authority: { notBefore: '20000101' } })
    const attestation = packed({ issuer: vendor.authority, leaf })
    const at = (day: string) => ({ expected: { trustAnchors: [vendor.root.pem], now: fromMillis(Date.parse(day)) } })
    expect(await attested(attestation, at('2010-06-01T00:00:00Z'))).toMatchObject(certified('packed'))
    expect(await attested(attestation, at('2010-01-01T00:00:00Z'))).toMatchObject(certified('packed'))
    expect(await attested(attestation, at('2010-12-31T00:00:00Z'))).toMatchObject(certified('packed'))
    expect(await refusedAttestation(attestation, at('2009-12-31T23:59:59Z'))).toBe('attestation_certificate')
    expect(await refusedAttestation(attestation, at('2010-12-31T00:00:01Z'))).toBe('attestation_certificate')
  })
})
