import { describe, expect, it } from 'vitest'
import type { Mutation } from '../../test/authenticator.ts'
import { cborMap, encodeCbor } from '../../test/encode-cbor.ts'
import { type CeremonyPlan, challenge, refusal, registration } from '../../test/passkey-ceremonies.ts'
import { coseKeyOf, generateKeys } from '../../test/soft-keys.ts'
import { type ExpectedRegistration, verifyRegistrationResponse } from './registration-response.ts'

type Plan = CeremonyPlan<ExpectedRegistration>

const verified = (plan?: Plan) => verifyRegistrationResponse(registration(plan))
const refused = (plan: Plan) => refusal(() => verified(plan))

// biome-ignore lint/suspicious/noExplicitAny: hostile edits put any type into any member
const editing = (edit: (response: any) => unknown): Plan => ({ mutate: { response: edit } })
const packed: Mutation = { attestation: 'packed' }

describe('verifyRegistrationResponse', () => {
  it('security 53: returns what a credential record keeps', async () => {
    const aaguid = Buffer.from('0102030405060708090a0b0c0d0e0f10', 'hex')
    const made = registration({ authenticator: { aaguid, backupEligible: true, backupState: true, counter: 3 } })
    const credential = await verifyRegistrationResponse(made)
    expect(credential).toMatchObject({
      algorithm: -7,
      signCount: 3,
      aaguid: '01020304-0506-0708-090a-0b0c0d0e0f10',
      attestationType: 'none',
      attestationTrust: 'none',
      attestationPaths: [],
      backupEligible: true,
      backupState: true,
      userVerified: true,
      transports: ['hybrid', 'internal'],
      attachment: 'platform',
      extensions: {},
      discoverable: null,
    })
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
    expect(text(credential.webauthnId)).toBe(made.response.id)
    expect(text(credential.attestationObject)).toBe(made.response.response.attestationObject)
    expect(text(credential.clientDataJson)).toBe(made.response.response.clientDataJSON)
    expect(credential.publicKey.length).toBe(77)
  })

  it.each([-7, -8, -257, -35, -36, -48, -49, -50])(
    'passes none and packed self with algorithm %i',
    async (algorithm) => {
      const plan = { authenticator: { algorithm }, expected: { algorithms: [algorithm] } }
      expect((await verified(plan)).attestationTrust).toBe('none')
      const self = await verified({ ...plan, mutate: packed })
      expect(self).toMatchObject({ algorithm, attestationType: 'packed', attestationTrust: 'self' })
    },
  )

  it('security 1: refuses another outer type', async () => {
    for (const type of ['Public-Key', 'password', '']) {
      expect(await refused(editing((r) => ({ ...r, type })))).toBe('type')
    }
  })

  it('security 2: whatever is missing or of another type is a refusal, never a fault', async () => {
    const odd = [undefined, null, 0, 1, true, '', 'x', 'AA', '====', 'oA', [], {}, [[]], { length: 3 }, '\u0000', '€']
    for (const value of odd) {
      expect(await refusal(() => verifyRegistrationResponse({ ...registration(), response: value }))).toMatch(/./)
      for (const member of ['id', 'rawId', 'type', 'response']) {
        expect(await refused(editing((r) => ({ ...r, [member]: value })))).toMatch(/./)
      }
      for (const member of ['clientDataJSON', 'attestationObject']) {
        const plan = editing((r) => ({ ...r, response: { ...r.response, [member]: value } }))
        expect(await refused(plan)).toMatch(/./)
      }
      // Members that carry no proof are dropped instead.
      const optional = editing((r) => ({
        ...r,
        authenticatorAttachment: value,
        clientExtensionResults: value,
        response: { ...r.response, transports: value },
      }))
      const requestedExtensions = ['credProps', 'prf', 'largeBlob']
      expect(await verified({ ...optional, expected: { requestedExtensions } })).toMatchObject({
        transports: [],
        attachment: null,
        extensions: {},
        discoverable: null,
      })
    }
  })

  it('security 3-9: client data is judged before anything else', async () => {
    expect(await refused({ mutate: { clientDataJson: () => Buffer.from('[]') } })).toBe('client_data')
    expect(await refused({ mutate: { clientData: (m) => ({ ...m, type: 'webauthn.get' }) } })).toBe('type')
    expect(await refused({ mutate: { clientData: (m) => ({ ...m, challenge: 'AAAA' }) } })).toBe('challenge')
    expect(await refused({ expected: { challenge: Buffer.alloc(32) } })).toBe('challenge')
    expect(await refused({ expected: { origins: ['https://example.com.evil.tld'] } })).toBe('origin_not_allowed')
  })

  it('security 10, 11, 12: frames are refused unless embedding is allowed from there', async () => {
    const frame = { crossOrigin: true, topOrigin: 'https://shop.example' }
    const topOrigins = ['https://shop.example']
    expect(await refused({ frame: { crossOrigin: true } })).toBe('cross_origin')
    expect(await refused({ frame })).toBe('cross_origin')
    expect(await refused({ frame, expected: { topOrigins: ['https://other.example'] } })).toBe('top_origin')
    expect(await refused({ frame: { ...frame, crossOrigin: false }, expected: { topOrigins } })).toBe('top_origin')
    expect((await verified({ frame, expected: { topOrigins } })).algorithm).toBe(-7)
    expect((await verified({ frame: { crossOrigin: true }, expected: { topOrigins } })).algorithm).toBe(-7)
  })

  it('security 14: the statement signs the bytes of the client data, not their meaning', async () => {
    const reserialised = (attestation: 'none' | 'packed'): Plan => ({
      mutate: {
        attestation,
        response: (r) => {
          const members = JSON.parse(Buffer.from(r.response.clientDataJSON, 'base64url').toString())
          const bytes = Buffer.from(JSON.stringify(members, null, 1))
          return { ...r, response: { ...r.response, clientDataJSON: bytes.toString('base64url') } }
        },
      },
    })
    expect((await verified(reserialised('none'))).attestationType).toBe('none')
    expect(await refused(reserialised('packed'))).toBe('attestation_signature')
  })

  it('security 15: refuses bytes after the attestation object', async () => {
    const trailing = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.from([0xf6])])
    expect(await refused({ mutate: { attestationObject: trailing } })).toBe('format')
  })

  it('security 16: refuses an attestation object that is not canonical, not a map, or incomplete', async () => {
    const indefinite = (bytes: Buffer) => Buffer.concat([Buffer.from([0xbf]), bytes.subarray(1), Buffer.from([0xff])])
    const longer = (bytes: Buffer) => Buffer.concat([Buffer.from([0xb8, 3]), bytes.subarray(1)])
    const twice = (bytes: Buffer) =>
      Buffer.concat([Buffer.from([0xa4]), bytes.subarray(1), encodeCbor('fmt'), encodeCbor('none')])
    const deep = () => encodeCbor(cborMap('fmt', 'none', 'attStmt', [[[[[[[[[1]]]]]]]]], 'authData', Buffer.alloc(37)))
    const large = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(65_536)])
    const others = [
      () => encodeCbor([1, 2, 3]),
      () => encodeCbor(cborMap('fmt', 'none', 'attStmt', cborMap())),
      () => encodeCbor(cborMap('fmt', 1, 'attStmt', cborMap(), 'authData', Buffer.alloc(37))),
      () => encodeCbor(cborMap('fmt', 'none', 'attStmt', 'none', 'authData', Buffer.alloc(37))),
      () => encodeCbor(cborMap('fmt', 'none', 'attStmt', cborMap(), 'authData', 'bytes')),
      () => Buffer.alloc(0),
    ]
    for (const attestationObject of [indefinite, longer, twice, deep, large, ...others]) {
      expect(await refused({ mutate: { attestationObject } })).toBe('format')
    }
  })

  it('security 33: refuses a format that is no text', async () => {
    for (const fmt of [1, null, ['none'], Buffer.from('none')]) {
      expect(await refused({ mutate: { attestation: () => ({ fmt, attStmt: cborMap() }) } })).toBe('format')
    }
  })

  it('security 16: refuses a public key that is not canonical CBOR', async () => {
    const raw = (edit: (bytes: Buffer) => Buffer): Mutation => ({ coseKey: (key) => ({ raw: edit(encodeCbor(key)) }) })
    const indefinite = raw((bytes) => Buffer.concat([Buffer.from([0xbf]), bytes.subarray(1), Buffer.from([0xff])]))
    const longer = raw((bytes) => Buffer.concat([Buffer.from([0xb8, 5]), bytes.subarray(1)]))
    const twice = raw((bytes) => Buffer.concat([Buffer.from([0xa6]), bytes.subarray(1), Buffer.from([0x03, 0x26])]))
    const unordered: Mutation = { coseKey: (key) => new Map([...key].reverse()) }
    for (const mutate of [indefinite, longer, twice, unordered]) expect(await refused({ mutate })).toBe('format')
  })

  it('security 18: refuses authenticator data without a credential', async () => {
    const authData = (bytes: Buffer): Buffer => bytes.subarray(0, 37)
    expect(await refused({ mutate: { flags: (flags) => flags & ~0x40, authData } })).toBe('format')
    expect(await refused({ mutate: { flags: (flags) => flags & ~0x40 } })).toBe('format')
  })

  it('security 21: refuses another RP ID', async () => {
    for (const rpId of ['www.example.com', 'com', 'example.org']) {
      expect(await refused({ expected: { rpId } })).toBe('rp_id')
    }
  })

  it('security 22, 23: UP may be absent only in a ceremony begun with conditional mediation', async () => {
    const mutate: Mutation = { flags: (flags) => flags & ~0x05 }
    const userVerification = 'preferred' as const
    expect(await refused({ mutate, expected: { userVerification } })).toBe('user_presence')
    const credential = await verified({ mutate, expected: { userVerification, conditional: true } })
    expect(credential.userVerified).toBe(false)
  })

  it('security 24: UV follows the recorded policy', async () => {
    const authenticator = { userVerified: false }
    expect(await refused({ authenticator })).toBe('user_verification')
    expect(await refused({ authenticator, expected: { conditional: true } })).toBe('user_verification')
    for (const userVerification of ['preferred', 'discouraged'] as const) {
      expect((await verified({ authenticator, expected: { userVerification } })).userVerified).toBe(false)
    }
  })

  it('security 25, 26: backup flags come from authenticator data and must agree', async () => {
    expect(await refused({ authenticator: { backupState: true } })).toBe('backup_flags')
    const claimed = editing((r) => ({ ...r, backupEligible: true, response: { ...r.response, backupState: true } }))
    expect(await verified(claimed)).toMatchObject({ backupEligible: false, backupState: false })
  })

  it('security 27: ignores reserved flag bits', async () => {
    expect((await verified({ mutate: { flags: (flags) => flags | 0x22 } })).userVerified).toBe(true)
  })

  it('security 28: refuses an algorithm that this ceremony did not offer', async () => {
    expect(await refused({ expected: { algorithms: [-8, -257] } })).toBe('algorithm')
    expect(await refused({ expected: { algorithms: [] } })).toBe('algorithm')
    expect(await refused({ authenticator: { algorithm: -35 } })).toBe('algorithm')
  })

  it('security 28: an unknown algorithm is refused even if it was offered', async () => {
    const mutate: Mutation = { coseKey: (key) => key.set(3, -47) }
    expect(await refused({ mutate, expected: { algorithms: [-47] } })).toBe('algorithm')
  })

  it('security 29, 30: refuses an impossible key, although nothing is attested', async () => {
    const offCurve: Mutation = { coseKey: (key) => key.set(-2, Buffer.alloc(32, 1)) }
    expect(await refused({ mutate: offCurve })).toBe('key')
    const other = coseKeyOf(generateKeys(-35).publicKey, -35)
    expect(await refused({ mutate: { coseKey: () => other.set(3, -7) } })).toBe('key')
  })

  it('security 48: takes an id of 1,023 bytes and refuses 1,024', async () => {
    const credentialId = Buffer.alloc(1023, 1)
    expect((await verified({ mutate: { credentialId } })).webauthnId.length).toBe(1023)
    expect(await refused({ mutate: { credentialId: Buffer.alloc(1024, 1) } })).toBe('credential_id')
  })

  it('security 49: the outer ids and the attested one must be equal', async () => {
    const other = Buffer.alloc(32, 5).toString('base64url')
    expect(await refused(editing((r) => ({ ...r, id: other })))).toBe('credential_id')
    expect(await refused(editing((r) => ({ ...r, rawId: other })))).toBe('credential_id')
    expect(await refused(editing((r) => ({ ...r, id: other, rawId: other })))).toBe('credential_id')
    expect(await refused(editing((r) => ({ ...r, id: `${r.id}=`, rawId: `${r.id}=` })))).toBe('credential_id')
  })

  it('security 53: keeps known transports, each once', async () => {
    const transports = ['usb', 'usb', 'nfc', 'smart-card', 'cable', 'Internal', 'telepathy', 7, null, ['ble']]
    const plan = editing((r) => ({ ...r, response: { ...r.response, transports } }))
    expect((await verified(plan)).transports).toEqual(['cable', 'nfc', 'smart-card', 'usb'])
  })

  it('security 54: keeps requested extension outputs of the expected shape and nothing else', async () => {
    const sent = {
      credProps: { rk: true, authenticatorDisplayName: 'x' },
      prf: { enabled: true, results: { first: 'c2VjcmV0' } },
      largeBlob: { supported: false, blob: 'AA' },
      appid: true,
      constructor: { rk: true },
    }
    const outputs = editing((r) => ({ ...r, clientExtensionResults: sent }))
    expect(await verified(outputs)).toMatchObject({ extensions: {}, discoverable: null })
    const requestedExtensions = ['credProps', 'prf', 'largeBlob', 'appid', 'constructor']
    const credential = await verified({ ...outputs, expected: { requestedExtensions } })
    expect(credential.extensions).toEqual({
      credProps: { rk: true },
      prf: { enabled: true },
      largeBlob: { supported: false },
    })
    expect(credential.discoverable).toBe(true)
    expect(JSON.stringify(credential.extensions)).not.toContain('c2VjcmV0')
  })

  it('security 54: drops outputs of another shape, also inherited ones', async () => {
    const requestedExtensions = ['credProps', 'prf', 'largeBlob']
    for (const sent of [
      { credProps: { rk: 'true' }, prf: { enabled: 1 }, largeBlob: true },
      { credProps: null, prf: [], largeBlob: { supported: {} } },
      Object.create({ credProps: { rk: true } }),
      { credProps: Object.create({ rk: true }) },
    ]) {
      const plan = { ...editing((r) => ({ ...r, clientExtensionResults: sent })), expected: { requestedExtensions } }
      expect(await verified(plan)).toMatchObject({ extensions: {}, discoverable: null })
    }
  })

  it('security 52: nothing in the response names a user', async () => {
    const claimed = editing((r) => ({
      ...r,
      user: { id: 'other' },
      response: { ...r.response, userHandle: 'b3RoZXI' },
    }))
    expect(Object.keys(await verified(claimed))).not.toContain('userHandle')
  })

  it('does not change what it was given', async () => {
    const made = registration({ expected: { challenge: Buffer.from(challenge) } })
    const before = structuredClone(made.response)
    await verifyRegistrationResponse(made)
    expect(made.response).toEqual(before)
  })
})
