import { sign } from 'node:crypto'
import { describe, expect, it, vi } from 'vitest'
import {
  aaguidExtension,
  androidAuthorization,
  androidKey,
  apple,
  attestationSubject,
  compound,
  createVendor,
  fidoU2f,
  packed,
  tpm,
} from '../../../test/attestations.ts'
import type { Mutation } from '../../../test/authenticator.ts'
import { der, derExtension, derName, derSequence, derTagged, issueCertificate } from '../../../test/certificates.ts'
import { cborMap } from '../../../test/encode-cbor.ts'
import { type CeremonyPlan, refusal, registration } from '../../../test/passkey-ceremonies.ts'
import { generateKeys } from '../../../test/soft-keys.ts'
import { type ExpectedRegistration, verifyRegistrationResponse } from '../registration-response.ts'

type Attestation = Mutation['attestation']
type Plan = CeremonyPlan<ExpectedRegistration>

const { root, authority: issuer } = createVendor()
const aaguid = Buffer.from('0102030405060708090a0b0c0d0e0f10', 'hex')

const verified = (attestation: Attestation, { mutate, expected, authenticator }: Plan = {}) =>
  verifyRegistrationResponse(
    registration({
      authenticator,
      mutate: { attestation, ...mutate },
      expected: { trustAnchors: [root.pem], ...expected },
    }),
  )
const refused = (attestation: Attestation, plan?: Plan) => refusal(() => verified(attestation, plan))
const certified = (format: string, certificates = 2) => ({
  attestationType: format,
  attestationTrust: 'certified',
  attestationPaths: [{ length: certificates }],
})

describe('formats', () => {
  it.each(['None', 'NONE', 'none ', 'Packed', 'android-safetynet', 'constructor', '__proto__', ''])(
    'security 33: refuses the format %j',
    async (fmt) => {
      expect(await refused(() => ({ fmt, attStmt: cborMap() }))).toBe('attestation_format')
    },
  )

  it('security 34: refuses none with a statement', async () => {
    expect(await refused(() => ({ fmt: 'none', attStmt: cborMap('alg', -7) }))).toBe('attestation_statement')
    expect(await refused(() => ({ fmt: 'none', attStmt: [] }))).toBe('attestation_statement')
    expect((await verified('none')).attestationTrust).toBe('none')
  })
})

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
    expect(await verified(self(() => {}))).toMatchObject({ attestationTrust: 'self', attestationPaths: [] })
  })

  it('security 35: refuses an alg that is not that of the key', async () => {
    for (const alg of [-257, -8, -35, -9]) {
      expect(await refused(self((statement) => statement.set('alg', alg)))).toBe('attestation_statement')
    }
  })

  it('security 35: refuses a bad signature', async () => {
    expect(await refused(self((statement) => statement.set('sig', Buffer.alloc(70, 1))))).toBe('attestation_signature')
    expect(await refused(self((statement) => statement.set('sig', Buffer.alloc(0))))).toBe('attestation_signature')
  })

  it('security 2: refuses missing and extra-typed members of the statement', async () => {
    for (const odd of ['x', 1, null, [], cborMap()]) {
      expect(await refused(self((statement) => statement.set('sig', odd)))).toBe('attestation_statement')
      if (odd === 1) continue
      expect(await refused(self((statement) => statement.set('alg', odd)))).toBe('attestation_statement')
    }
    expect(await refused(self((statement) => statement.delete('sig')))).toBe('attestation_statement')
    expect(await refused(() => ({ fmt: 'packed', attStmt: [1, 2] }))).toBe('attestation_statement')
  })
})

describe('packed with certificates', () => {
  const subjectWith = (type: string, value: string) =>
    attestationSubject.map(([oid, text]) => [oid, oid === type ? value : text] as const)

  it('passes, with and without the model in the certificate', async () => {
    expect(await verified(packed({ issuer }))).toMatchObject(certified('packed'))
    const leaf = { extensions: [aaguidExtension(aaguid)] }
    expect(await verified(packed({ issuer, leaf }), { mutate: { aaguid } })).toMatchObject(certified('packed'))
  })

  it('security 36: refuses a leaf that is not version 3, or a certificate authority', async () => {
    expect(await refused(packed({ issuer, leaf: { version: 1 } }))).toBe('attestation_certificate')
    expect(await refused(packed({ issuer, leaf: { version: 2 } }))).toBe('attestation_certificate')
    expect(await refused(packed({ issuer, leaf: { ca: true } }))).toBe('attestation_certificate')
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
    expect(await refused(packed({ issuer, leaf: { subject } }))).toBe('attestation_certificate')
  })

  it('security 36: the model in the certificate must be that of authenticator data, and not critical', async () => {
    const other = { extensions: [aaguidExtension(Buffer.alloc(16, 9))] }
    expect(await refused(packed({ issuer, leaf: other }), { mutate: { aaguid } })).toBe('attestation_aaguid')
    const critical = { extensions: [aaguidExtension(aaguid, true)] }
    expect(await refused(packed({ issuer, leaf: critical }), { mutate: { aaguid } })).toBe('attestation_certificate')
    const malformed = { extensions: [derExtension('1.3.6.1.4.1.45724.1.1.4', aaguid)] }
    expect(await refused(packed({ issuer, leaf: malformed }), { mutate: { aaguid } })).toBe('attestation_certificate')
    const twice = { extensions: [aaguidExtension(aaguid), aaguidExtension(aaguid)] }
    expect(await refused(packed({ issuer, leaf: twice }), { mutate: { aaguid } })).toBe('attestation_certificate')
  })

  it('security 37: refuses ecdaaKeyId, and an x5c that is empty or holds no certificates', async () => {
    const edited = (name: string, value: Parameters<typeof cborMap>[0]) =>
      packed({ issuer, edit: (statement) => statement.set(name, value ?? null) })
    expect(await refused(edited('ecdaaKeyId', Buffer.alloc(4)))).toBe('attestation_statement')
    for (const x5c of [[], 'x', null, ['x'], [null], Buffer.alloc(4)]) {
      expect(await refused(edited('x5c', x5c))).toBe('attestation_statement')
    }
    for (const x5c of [[Buffer.alloc(0)], [Buffer.alloc(40, 0x30)], [issuer.der.subarray(0, 100)]]) {
      expect(await refused(edited('x5c', x5c))).toBe('attestation_certificate')
    }
  })

  it('refuses a signature by another key, over other bytes, or of an algorithm that does not fit', async () => {
    const edited = (name: string, value: Parameters<typeof cborMap>[0]) =>
      packed({ issuer, edit: (statement) => statement.set(name, value ?? null) })
    expect(await refused(edited('sig', Buffer.alloc(70, 1)))).toBe('attestation_signature')
    for (const alg of [-8, -257, -35, -65535, -1]) {
      expect(await refused(edited('alg', alg))).toBe('attestation_signature')
    }
  })
})

describe('tpm', () => {
  it('passes for ECC and RSA keys', async () => {
    expect(await verified(tpm({ issuer }))).toMatchObject(certified('tpm'))
    expect(await verified(tpm({ issuer }), { authenticator: { algorithm: -257 } })).toMatchObject(certified('tpm'))
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
    expect(await refused(tpm({ issuer, ...options }))).toBe('attestation_statement')
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
    expect(await refused(tpm({ issuer, ...options }))).toBe('attestation_certificate')
  })

  it('security 38: a manufacturer counts in either case, and where policy adds it', async () => {
    expect(await verified(tpm({ issuer, manufacturer: 'id:494e5443' }))).toMatchObject(certified('tpm'))
    const expected = { extraTpmManufacturers: ['id:FFFFF1D0'] }
    expect(await verified(tpm({ issuer, manufacturer: 'id:fffff1d0' }), { expected })).toMatchObject(certified('tpm'))
  })

  it('security 38: the RSA exponent is part of the key', async () => {
    // After type, name algorithm, attributes, policy, symmetric, scheme and key bits: 16 bytes.
    const pubArea = (area: Buffer): Buffer =>
      Buffer.concat([area.subarray(0, 16), Buffer.from([0, 0, 0, 3]), area.subarray(20)])
    expect(await refused(tpm({ issuer, pubArea }), { authenticator: { algorithm: -257 } })).toBe(
      'attestation_statement',
    )
  })

  it('security 38: an attestation key that names a model must name that of authenticator data', async () => {
    const named = (model: Buffer) => tpm({ issuer, certificateExtensions: [aaguidExtension(model)] })
    expect(await verified(named(aaguid), { mutate: { aaguid } })).toMatchObject(certified('tpm'))
    expect(await refused(named(Buffer.alloc(16, 9)), { mutate: { aaguid } })).toBe('attestation_aaguid')
  })

  it('security 38: refuses a signature by another key', async () => {
    const edit = (statement: ReturnType<typeof cborMap>) => statement.set('sig', Buffer.alloc(70, 1))
    expect(await refused(tpm({ issuer, edit }))).toBe('attestation_signature')
  })
})

describe('android-key', () => {
  const { purpose, origin, allApplications } = androidAuthorization

  it('passes with authorizations from hardware, from software, or unstated', async () => {
    expect(await verified(androidKey({ issuer }))).toMatchObject(certified('android-key'))
    const software = [purpose(2, 3), origin(0)]
    expect(await verified(androidKey({ issuer, hardware: [], software }))).toMatchObject(certified('android-key'))
    expect(await verified(androidKey({ issuer, hardware: [] }))).toMatchObject(certified('android-key'))
  })

  it.each([
    ['another challenge', { challenge: Buffer.alloc(32) }],
    ['allApplications in hardware', { hardware: [purpose(2), allApplications(), origin(0)] }],
    ['allApplications in software', { software: [allApplications()] }],
    ['an imported key', { hardware: [purpose(2), origin(2)] }],
    ['an imported key, said in software', { software: [origin(2)] }],
    ['a key for decryption', { hardware: [purpose(1), origin(0)] }],
    ['a key for nothing', { hardware: [purpose(), origin(0)] }],
    ['the key of another device', { leaf: { publicKey: generateKeys(-7).publicKey } }],
    ['no key description', { leaf: { extensions: [] } }],
    [
      'a malformed key description',
      { leaf: { extensions: [derExtension('1.3.6.1.4.1.11129.2.1.17', Buffer.from([0x30, 1]))] } },
    ],
  ])('security 39: refuses %s', async (_name, options) => {
    const reason = await refused(androidKey({ issuer, ...options }))
    // With another key in the certificate the signature already fails.
    expect(reason).toBe(
      'leaf' in options && 'publicKey' in options.leaf ? 'attestation_signature' : 'attestation_certificate',
    )
  })

  it('security 39: refuses a certificate over another key, even if that key signed', async () => {
    const other = generateKeys(-7)
    const swapped: Attestation = (facts) =>
      androidKey({ issuer })({ ...facts, credential: { ...facts.credential, ...other } })
    expect(await refused(swapped)).toBe('attestation_certificate')
  })

  it('security 40: passes with the root left out, with the root included, and below either of two roots', async () => {
    const older = createVendor()
    const expected = { trustAnchors: [older.root.pem, root.pem] }
    const direct = (chain: (typeof root)[]) => verified(androidKey({ issuer, chain }), { expected })
    expect(await direct([issuer])).toMatchObject(certified('android-key', 2))
    expect(await direct([issuer, root])).toMatchObject(certified('android-key', 3))
    const below = androidKey({ issuer: older.authority, chain: [older.authority] })
    expect(await verified(below, { expected })).toMatchObject(certified('android-key', 2))
    expect(await refused(androidKey({ issuer, chain: [issuer, older.root] }), { expected })).toBe('attestation_trust')
  })

  it('fetches nothing that a certificate names', async () => {
    const fetched = vi.spyOn(globalThis, 'fetch').mockRejectedValue(new Error('no network'))
    const address = der(0x86, Buffer.from('http://127.0.0.1/crl'))
    const revocationLists = derExtension('2.5.29.31', derSequence(derSequence(derTagged(0, derTagged(0, address)))))
    const attacker = createVendor({ authority: { extensions: [revocationLists] } })
    const attestation = androidKey({ issuer: attacker.authority, chain: [attacker.authority, attacker.root] })
    expect(await verified(attestation, { expected: { trustAnchors: undefined } })).toMatchObject({ algorithm: -7 })
    expect(await refused(attestation)).toBe('attestation_trust')
    expect(fetched).not.toHaveBeenCalled()
    fetched.mockRestore()
  })
})

describe('apple', () => {
  it('passes for the credential key and this registration', async () => {
    expect(await verified(apple({ issuer }))).toMatchObject(certified('apple'))
  })

  it('security 41: refuses another nonce, none, or a malformed one', async () => {
    const other = apple({ issuer, nonce: () => Buffer.alloc(32) })
    expect(await refused(other)).toBe('attestation_signature')
    expect(await refused(apple({ issuer, nonce: (nonce) => nonce.subarray(1) }))).toBe('attestation_signature')
    expect(await refused(apple({ issuer, leaf: { extensions: [] } }))).toBe('attestation_certificate')
    const malformed = [derExtension('1.2.840.113635.100.8.2', Buffer.alloc(38))]
    expect(await refused(apple({ issuer, leaf: { extensions: malformed } }))).toBe('attestation_certificate')
  })

  it('security 41: refuses a certificate over another key', async () => {
    const leaf = { publicKey: generateKeys(-7).publicKey }
    expect(await refused(apple({ issuer, leaf }))).toBe('attestation_certificate')
  })
})

describe('fido-u2f', () => {
  const direct = { issuer: root }

  it('passes with one certificate', async () => {
    expect(await verified(fidoU2f(direct))).toMatchObject(certified('fido-u2f', 1))
  })

  it('security 42: refuses more than one certificate', async () => {
    expect(await refused(fidoU2f({ issuer, chain: [issuer] }))).toBe('attestation_statement')
  })

  it('security 42: refuses an attestation key that is not on P-256', async () => {
    for (const algorithm of [-35, -257, -8]) {
      const leaf = { publicKey: generateKeys(algorithm).publicKey }
      expect(await refused(fidoU2f({ ...direct, leaf }))).toBe('attestation_certificate')
    }
  })

  it('security 42: refuses a credential key that U2F cannot make', async () => {
    expect(await refused(fidoU2f(direct), { authenticator: { algorithm: -8 } })).toBe('attestation_statement')
  })

  it('security 42: refuses an AAGUID other than zero, because nothing signs it', async () => {
    expect(await refused(fidoU2f(direct), { mutate: { aaguid } })).toBe('attestation_aaguid')
  })

  it('security 42: refuses a bad signature', async () => {
    const edit = (statement: ReturnType<typeof cborMap>) => statement.set('sig', Buffer.alloc(70, 1))
    expect(await refused(fidoU2f({ ...direct, edit }))).toBe('attestation_signature')
  })
})

describe('compound', () => {
  const bad = packed({ issuer, edit: (statement) => statement.set('sig', Buffer.alloc(70, 1)) })

  it('security 43: passes when every statement does, and counts as the weakest', async () => {
    const both = await verified(compound(packed({ issuer }), tpm({ issuer })))
    expect(both).toMatchObject({ attestationType: 'compound', attestationTrust: 'certified' })
    expect(both.attestationPaths.length).toBe(2)
    const self: Attestation = (facts) => {
      const data = Buffer.concat([facts.authData, facts.clientDataHash])
      return { fmt: 'packed', attStmt: cborMap('alg', -7, 'sig', sign('sha256', data, facts.credential.privateKey)) }
    }
    expect((await verified(compound(packed({ issuer }), self))).attestationTrust).toBe('self')
  })

  it('security 43: refuses all for one bad statement, wherever it stands', async () => {
    expect(await refused(compound(packed({ issuer }), bad))).toBe('attestation_signature')
    expect(await refused(compound(bad, packed({ issuer })))).toBe('attestation_signature')
    const stranger = createVendor()
    const mixed = compound(packed({ issuer }), packed({ issuer: stranger.authority }))
    expect(await refused(mixed)).toBe('attestation_trust')
  })

  it('security 43: refuses nested compounds, fewer than two statements, and what is no statement', async () => {
    const nested = compound(packed({ issuer }), compound(packed({ issuer }), packed({ issuer })))
    expect(await refused(nested)).toBe('attestation_statement')
    expect(await refused(compound(packed({ issuer })))).toBe('attestation_statement')
    for (const attStmt of [cborMap(), [], [1, 2], [cborMap(), cborMap()]]) {
      expect(await refused(() => ({ fmt: 'compound', attStmt }))).toBe('attestation_statement')
    }
    const empty = [cborMap('fmt', 'compound', 'attStmt', cborMap()), cborMap('fmt', 'none', 'attStmt', cborMap())]
    expect(await refused(() => ({ fmt: 'compound', attStmt: empty }))).toBe('attestation_statement')
  })
})

describe('trust', () => {
  const stranger = createVendor()

  it('security 44: a path must end in an anchor of ours', async () => {
    expect(await refused(packed({ issuer: stranger.authority }))).toBe('attestation_trust')
    expect(await refused(packed({ issuer }), { expected: { trustAnchors: [] } })).toBe('attestation_trust')
    expect(
      await refused(packed({ issuer: root, chain: [] }), { expected: { trustAnchors: [stranger.root.pem] } }),
    ).toBe('attestation_trust')
  })

  it('security 44: a self-signed root inside x5c is nobody', async () => {
    for (const make of [packed, androidKey, tpm, apple]) {
      const chain = [stranger.authority, stranger.root]
      expect(await refused(make({ issuer: stranger.authority, chain }))).toBe('attestation_trust')
    }
    // Same name as our root, another key.
    const forged = issueCertificate({ ca: true, subject: [['2.5.4.3', 'Vendor root']] })
    const genuine = issueCertificate({ ca: true, subject: [['2.5.4.3', 'Vendor root']] })
    const expected = { trustAnchors: [genuine.pem] }
    expect(await refused(packed({ issuer: forged, chain: [] }), { expected })).toBe('attestation_trust')
    expect(await verified(packed({ issuer: genuine, chain: [] }), { expected })).toMatchObject(certified('packed', 1))
  })

  it('security 44: without anchors the statement must still verify, and its path is nobody’s word', async () => {
    const expected = { trustAnchors: undefined }
    const credential = await verified(packed({ issuer: stranger.authority }), { expected })
    expect(credential).toMatchObject(certified('packed'))
    const bad = packed({ issuer, edit: (statement) => statement.set('sig', Buffer.alloc(70, 1)) })
    expect(await refused(bad, { expected })).toBe('attestation_signature')
  })

  it('security 44: refuses a path with a gap, in another order, or through a leaf', async () => {
    expect(await refused(packed({ issuer, chain: [] }))).toBe('attestation_trust')
    expect(await refused(packed({ issuer, chain: [stranger.authority] }))).toBe('attestation_trust')
    expect(await refused(packed({ issuer, chain: [issuer, issuer] }))).toBe('attestation_trust')
    const leafIssuer = issueCertificate({ issuer: root, ca: false })
    expect(await refused(packed({ issuer: leafIssuer, chain: [leafIssuer] }))).toBe('attestation_trust')
    const unmarked = issueCertificate({ issuer: root })
    expect(await refused(packed({ issuer: unmarked, chain: [unmarked] }))).toBe('attestation_trust')
  })

  it('security 44: an issuer is known by its name as well as by its key', async () => {
    const renamed = { ...issuer, name: derName([['2.5.4.3', 'Somebody else']]) }
    expect(await refused(packed({ issuer: renamed, chain: [issuer] }))).toBe('attestation_trust')
    expect(await refused(packed({ issuer: { ...root, name: renamed.name }, chain: [] }))).toBe('attestation_trust')
  })

  it('security 44: honours the path length of a certificate authority', async () => {
    const limited = issueCertificate({ issuer: root, ca: true, pathLength: 0 })
    const below = issueCertificate({ issuer: limited, ca: true })
    expect(await verified(packed({ issuer: limited, chain: [limited] }))).toMatchObject(certified('packed'))
    expect(await refused(packed({ issuer: below, chain: [below, limited] }))).toBe('attestation_trust')
    const roomy = issueCertificate({ issuer: root, ca: true, pathLength: 1 })
    const under = issueCertificate({ issuer: roomy, ca: true })
    expect(await verified(packed({ issuer: under, chain: [under, roomy] }))).toMatchObject(certified('packed', 3))
  })

  it('security 44: refuses a path longer than any real one', async () => {
    const chain = [root]
    for (let depth = 0; depth < 7; depth++) {
      const [last = root] = chain
      chain.unshift(issueCertificate({ issuer: last, ca: true }))
    }
    const [last = root, ...rest] = chain
    expect(await refused(packed({ issuer: last, chain: [last, ...rest.slice(0, -1)] }))).toBe('attestation_trust')
  })

  it('security 45: a root at the end of x5c is refused, a listed certificate by itself accepted', async () => {
    for (const make of [packed, tpm, apple]) {
      expect(await refused(make({ issuer, chain: [issuer, root] }))).toBe('attestation_trust')
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
    expect(await verified(self, { expected })).toMatchObject(certified('packed', 1))
    expect(await refused(self, { expected: { trustAnchors: [root.pem] } })).toBe('attestation_trust')
  })

  it('security 46: certificates must be valid at the given time, unless policy lets them', async () => {
    const late = { notBefore: '20260602' }
    const early = { notAfter: '20260531' }
    for (const dates of [late, early]) {
      const expired = packed({ issuer, leaf: dates })
      for (const trustAnchors of [[root.pem], undefined]) {
        expect(await refused(expired, { expected: { trustAnchors } })).toBe('attestation_certificate')
        const expected = { trustAnchors, acceptExpiredCertificates: true }
        expect(await verified(expired, { expected })).toMatchObject(certified('packed'))
      }
      const vendor = createVendor({ authority: dates })
      const below = packed({ issuer: vendor.authority })
      const expected = { trustAnchors: [vendor.root.pem] }
      expect(await refused(below, { expected })).toBe('attestation_certificate')
      const old = createVendor({ root: dates })
      const underOld = { expected: { trustAnchors: [old.root.pem] } }
      expect(await refused(packed({ issuer: old.authority }), underOld)).toBe('attestation_certificate')
    }
  })

  it('security 46: the clock is the one given', async () => {
    const leaf = { notBefore: '20100101', notAfter: '20101231' }
    const vendor = createVendor({ root: { notBefore: '20000101' }, authority: { notBefore: '20000101' } })
    const attestation = packed({ issuer: vendor.authority, leaf })
    const at = (day: string) => ({ expected: { trustAnchors: [vendor.root.pem], now: new Date(day) } })
    expect(await verified(attestation, at('2010-06-01T00:00:00Z'))).toMatchObject(certified('packed'))
    expect(await verified(attestation, at('2010-01-01T00:00:00Z'))).toMatchObject(certified('packed'))
    expect(await verified(attestation, at('2010-12-31T00:00:00Z'))).toMatchObject(certified('packed'))
    expect(await refused(attestation, at('2009-12-31T23:59:59Z'))).toBe('attestation_certificate')
    expect(await refused(attestation, at('2010-12-31T00:00:01Z'))).toBe('attestation_certificate')
  })
})
