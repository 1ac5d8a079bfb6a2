import { constants, createHash, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { cborMap, encodeCbor } from '../../test/encode-cbor.ts'
import { type AssertionPlan, assertion, challenge, refusal, userHandle } from '../../test/passkey-ceremonies.ts'
import { coseKeyOf, generateKeys } from '../../test/soft-keys.ts'
import { verifyAssertion } from './assertion.ts'

const verified = (plan?: AssertionPlan) => verifyAssertion(assertion(plan).input)
const refused = (plan: AssertionPlan) => refusal(() => verified(plan))

// biome-ignore lint/suspicious/noExplicitAny: hostile edits put any type into any member
const editing = (edit: (response: any) => unknown): AssertionPlan => ({ mutate: { response: edit } })

/** Order of P-256. */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

const derInteger = (value: bigint): Buffer => {
  let hex = value.toString(16)
  if (hex.length % 2 === 1) hex = `0${hex}`
  if (Number.parseInt(hex.slice(0, 2), 16) >= 0x80) hex = `00${hex}`
  return Buffer.concat([Buffer.from([2, hex.length / 2]), Buffer.from(hex, 'hex')])
}
const derPair = (...parts: Buffer[]): Buffer =>
  Buffer.concat([Buffer.from([0x30, parts.reduce((size, part) => size + part.length, 0)]), ...parts])
/** r and s of a DER signature. */
const pairOf = (der: Buffer): [bigint, bigint] => {
  const rLength = der[3] ?? 0
  const number = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`)
  return [number(der.subarray(4, 4 + rLength)), number(der.subarray(6 + rLength))]
}

describe('verifyAssertion', () => {
  it.each([-7, -8, -257, -35, -36, -48, -49, -50])('passes an honest assertion of algorithm %i', (algorithm) => {
    expect(verified({ authenticator: { algorithm, counter: 7 } })).toEqual({
      userVerified: true,
      backupState: false,
      signCount: 8,
      counterOutcome: 'ok',
    })
  })

  it('security 2: whatever is missing or of another type is a refusal, never a fault', async () => {
    const odd = [undefined, null, 0, 1, true, '', 'x', 'AA', '====', [], {}, [[]], { length: 3 }, '\u0000', '€']
    const members = ['id', 'rawId', 'type', 'response']
    const inner = ['clientDataJSON', 'authenticatorData', 'signature', 'userHandle']
    for (const value of odd) {
      expect(await refusal(() => verifyAssertion({ ...assertion().input, response: value }))).toMatch(/./)
      for (const member of members) expect(await refused(editing((r) => ({ ...r, [member]: value })))).toMatch(/./)
      for (const member of inner) {
        const plan = editing((r) => ({ ...r, response: { ...r.response, [member]: value } }))
        expect(await refused(plan)).toMatch(/./)
      }
    }
  })

  it('security 1, 61: refuses another outer type and any other id', async () => {
    for (const type of ['Public-Key', 'public-key ', 'password']) {
      expect(await refused(editing((r) => ({ ...r, type })))).toBe('type')
    }
    const other = Buffer.alloc(32, 5).toString('base64url')
    expect(await refused(editing((r) => ({ ...r, id: other })))).toBe('credential_id')
    expect(await refused(editing((r) => ({ ...r, rawId: other })))).toBe('credential_id')
    expect(await refused(editing((r) => ({ ...r, id: other, rawId: other })))).toBe('credential_id')
    expect(await refused(editing((r) => ({ ...r, id: `${r.id}=`, rawId: `${r.id}=` })))).toBe('credential_id')
    expect(await refused({ credential: { webauthnId: Buffer.alloc(32, 5) } })).toBe('credential_id')
  })

  it('security 57, 58: a userHandle must be that of the owner', async () => {
    const other = Buffer.from('someone-else').toString('base64url')
    for (const discoverable of [true, false]) {
      expect(await refused({ mutate: { userHandle: other }, expected: { discoverable } })).toBe('user_handle')
      const padded = `${userHandle.toString('base64url')}=`
      expect(await refused({ mutate: { userHandle: padded }, expected: { discoverable } })).toBe('user_handle')
    }
    expect(verified({ expected: { discoverable: false } }).userVerified).toBe(true)
  })

  it('security 59: the discoverable flow needs a userHandle, the named flow does not', async () => {
    for (const absent of [null, '']) {
      expect(await refused({ mutate: { userHandle: absent } })).toBe('user_handle')
      expect(verified({ mutate: { userHandle: absent }, expected: { discoverable: false } }).userVerified).toBe(true)
    }
    const explicitNull = editing((r) => ({ ...r, response: { ...r.response, userHandle: null } }))
    expect(verified({ ...explicitNull, expected: { discoverable: false } }).userVerified).toBe(true)
    expect(await refused(explicitNull)).toBe('user_handle')
  })

  it('security 60: a credential of any kind passes the discoverable flow with its owner’s userHandle', () => {
    expect(verified({ expected: { discoverable: true } }).userVerified).toBe(true)
  })

  it('security 64, 65: refuses client data of a registration', async () => {
    const clientData = (members: object) => ({ ...members, type: 'webauthn.create' })
    expect(await refused({ mutate: { clientData } })).toBe('type')
  })

  it('security 65, 77: a signature over one challenge answers no other', async () => {
    const other = Buffer.from(challenge).fill(9, 0, 1)
    expect(await refused({ expected: { challenge: other } })).toBe('challenge')
    // The challenge is swapped after signing: the client data then fits, the signature does not.
    const swapped = editing((r) => {
      const text = Buffer.from(r.response.clientDataJSON, 'base64url').toString()
      const edited = text.replace(challenge.toString('base64url'), other.toString('base64url'))
      return { ...r, response: { ...r.response, clientDataJSON: Buffer.from(edited).toString('base64url') } }
    })
    expect(await refused({ ...swapped, expected: { challenge: other } })).toBe('signature')
  })

  it('security 66: origin, top origin and frame are checked as at registration', async () => {
    expect(await refused({ mutate: { clientData: (m) => ({ ...m, origin: 'https://evil.example' }) } })).toBe(
      'origin_not_allowed',
    )
    const frame = { crossOrigin: true, topOrigin: 'https://shop.example' }
    expect(await refused({ frame })).toBe('cross_origin')
    expect(await refused({ frame, expected: { topOrigins: ['https://other.example'] } })).toBe('top_origin')
    expect(verified({ frame, expected: { topOrigins: ['https://shop.example'] } }).userVerified).toBe(true)
    expect(
      await refused({ frame: { ...frame, crossOrigin: false }, expected: { topOrigins: [frame.topOrigin] } }),
    ).toBe('top_origin')
  })

  it('security 66: refuses authenticator data for another RP ID', async () => {
    expect(await refused({ mutate: { rpIdHash: Buffer.alloc(32, 1) } })).toBe('rp_id')
    expect(await refused({ expected: { rpId: 'www.example.com' } })).toBe('rp_id')
  })

  it('security 67: UP is needed always, UV where the ceremony required it', async () => {
    for (const userVerification of ['required', 'preferred', 'discouraged'] as const) {
      const plan = { mutate: { flags: (flags: number) => flags & ~0x01 }, expected: { userVerification } }
      expect(await refused(plan)).toBe('user_presence')
    }
    const authenticator = { userVerified: false }
    expect(await refused({ authenticator })).toBe('user_verification')
    for (const userVerification of ['preferred', 'discouraged'] as const) {
      expect(verified({ authenticator, expected: { userVerification } }).userVerified).toBe(false)
    }
  })

  it('security 68: refuses a changed BE, in either direction', async () => {
    const gained = { authenticator: { backupEligible: true }, credential: { backupEligible: false } }
    expect(await refused(gained)).toBe('backup_eligibility')
    expect(await refused({ credential: { backupEligible: true } })).toBe('backup_eligibility')
  })

  it('security 69: refuses BS without BE and reports BS otherwise', async () => {
    expect(await refused({ authenticator: { backupState: true } })).toBe('backup_flags')
    const authenticator = { backupEligible: true, backupState: true }
    expect(verified({ authenticator }).backupState).toBe(true)
    expect(verified({ authenticator: { backupEligible: true } }).backupState).toBe(false)
  })

  it('security 70: refuses a signature over anything else, or by another key', async () => {
    const flip = (bytes: Buffer): Buffer => Buffer.from(bytes.map((byte, index) => (index === 20 ? byte ^ 1 : byte)))
    for (const algorithm of [-7, -8, -257, -48]) {
      expect(await refused({ authenticator: { algorithm }, mutate: { signature: flip } })).toBe('signature')
      const other = coseKeyOf(generateKeys(algorithm).publicKey, algorithm)
      const publicKey = Buffer.from(encodeCbor(other))
      expect(await refused({ authenticator: { algorithm }, credential: { publicKey } })).toBe('signature')
    }
    const reserialised = editing((r) => {
      const members = JSON.parse(Buffer.from(r.response.clientDataJSON, 'base64url').toString())
      const bytes = Buffer.from(JSON.stringify(members, null, 1))
      return { ...r, response: { ...r.response, clientDataJSON: bytes.toString('base64url') } }
    })
    expect(await refused(reserialised)).toBe('signature')
  })

  it('security 70: the stored algorithm decides, not the response', async () => {
    expect(await refused({ credential: { algorithm: -257 } })).toBe('algorithm')
    const named = editing((r) => ({ ...r, response: { ...r.response, publicKeyAlgorithm: -257, alg: 'none' } }))
    expect(verified(named).userVerified).toBe(true)
  })

  it('security 71: ECDSA takes a high s and no other spelling', async () => {
    const spelled = (edit: (r: bigint, s: bigint) => Buffer): AssertionPlan => ({
      mutate: { signature: (der) => edit(...pairOf(der)) },
    })
    expect(verified(spelled((r, s) => derPair(derInteger(r), derInteger(s)))).userVerified).toBe(true)
    expect(verified(spelled((r, s) => derPair(derInteger(r), derInteger(order - s)))).userVerified).toBe(true)
    const withLeadingZero = (value: bigint): Buffer => {
      const whole = derInteger(value)
      return Buffer.concat([Buffer.from([2, whole.length - 1, 0]), whole.subarray(2)])
    }
    const others: ((r: bigint, s: bigint) => Buffer)[] = [
      (r, s) => Buffer.concat([derPair(derInteger(r), derInteger(s)), Buffer.alloc(1)]),
      (r, s) => derPair(derInteger(r), derInteger(s), derInteger(1n)),
      (r, s) => derPair(derInteger(r), Buffer.concat([derInteger(s), Buffer.alloc(1)])),
      (_r, s) => derPair(derInteger(0n), derInteger(s)),
      (r) => derPair(derInteger(r), derInteger(0n)),
      (_r, s) => derPair(Buffer.from([2, 1, 0xff]), derInteger(s)),
      (r) => derPair(derInteger(r), Buffer.from([2, 1, 0xff])),
      (r, s) => derPair(derInteger(r + order), derInteger(s)),
      (r, s) => derPair(derInteger(r), derInteger(s + order)),
      (r, s) => derPair(withLeadingZero(r), derInteger(s)),
      (r, s) => {
        const whole = derPair(derInteger(r), derInteger(s))
        return Buffer.concat([Buffer.from([0x30, 0x81, whole[1] ?? 0]), whole.subarray(2)])
      },
      (r, s) => Buffer.from(r.toString(16).padStart(64, '0') + s.toString(16).padStart(64, '0'), 'hex'),
      () => Buffer.alloc(0),
    ]
    for (const edit of others) expect(await refused(spelled(edit))).toBe('signature')
  })

  it('security 71: refuses an r or s whose sign bit makes it negative', async () => {
    let seen = 0
    while (seen < 4) {
      const plan = assertion()
      const signature = Buffer.from(plan.response.response.signature, 'base64url')
      // A leading zero keeps a number positive; without it the same bytes are a negative one.
      if (signature[3] !== 33) continue
      seen += 1
      const negative = Buffer.concat([Buffer.from([0x30, (signature[1] ?? 0) - 1, 2, 32]), signature.subarray(5)])
      plan.response.response.signature = negative.toString('base64url')
      expect(await refusal(() => verifyAssertion(plan.input))).toBe('signature')
    }
  })

  it('security 72: refuses a non-canonical S of Ed25519', async () => {
    const l = 2n ** 252n + 27742317777372353535851937790883648493n
    const signature = (bytes: Buffer): Buffer => {
      const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString('hex')}`)
      const larger = Buffer.from((s + l).toString(16).padStart(64, '0'), 'hex').reverse()
      return Buffer.concat([bytes.subarray(0, 32), larger])
    }
    const authenticator = { algorithm: -8 }
    expect(await refused({ authenticator, mutate: { signature } })).toBe('signature')
    const longer = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(1)])
    expect(await refused({ authenticator, mutate: { signature: longer } })).toBe('signature')
  })

  it('security 72: refuses RSA with another digest, PSS, or a shortened signature', async () => {
    const authenticator = { algorithm: -257 }
    const wrongDigest = assertion({ authenticator })
    const { response } = wrongDigest.response
    const clientData = Buffer.from(response.clientDataJSON, 'base64url')
    const data = Buffer.concat([
      Buffer.from(response.authenticatorData, 'base64url'),
      createHash('sha256').update(clientData).digest(),
    ])
    const { privateKey } = wrongDigest.held
    const padding = constants.RSA_PKCS1_PSS_PADDING
    for (const signature of [
      sign('sha1', data, privateKey),
      sign('sha512', data, privateKey),
      sign('sha256', data, { key: privateKey, padding }),
      sign('sha256', data, privateKey).subarray(1),
    ]) {
      response.signature = signature.toString('base64url')
      expect(await refusal(() => verifyAssertion(wrongDigest.input))).toBe('signature')
    }
    response.signature = sign('sha256', data, privateKey).toString('base64url')
    expect(verifyAssertion(wrongDigest.input).userVerified).toBe(true)
  })

  it.each([
    [0, 0, 'ok'],
    [0, 1, 'ok'],
    [5, 6, 'ok'],
    [5, 4_294_967_295, 'ok'],
    [5, 5, 'regressed'],
    [5, 4, 'regressed'],
    [5, 0, 'regressed'],
    [4_294_967_295, 1, 'regressed'],
  ] as const)('security 73: stored count %i, new count %i is %s', (signCount, counter, counterOutcome) => {
    const outcome = verified({ mutate: { counter }, credential: { signCount } })
    expect(outcome).toMatchObject({ signCount: counter, counterOutcome })
  })

  it('security 73: a regressed count on a bad signature is a bad signature', async () => {
    const plan = { mutate: { counter: 1, signature: () => Buffer.alloc(70, 1) }, credential: { signCount: 5 } }
    expect(await refused(plan)).toBe('signature')
  })

  it('security 78: an appid output changes nothing', async () => {
    const appid = editing((r) => ({ ...r, clientExtensionResults: { appid: true } }))
    expect(verified(appid).userVerified).toBe(true)
    const rpIdHash = Buffer.alloc(32, 3)
    expect(await refused({ mutate: { ...appid.mutate, rpIdHash } })).toBe('rp_id')
  })

  it('reads past authenticator extensions, and refuses malformed ones', async () => {
    const flags = (bits: number): number => bits | 0x80
    const extensionData = encodeCbor(cborMap('hmac-secret', Buffer.alloc(32)))
    expect(verified({ mutate: { flags, extensionData } }).userVerified).toBe(true)
    expect(await refused({ mutate: { flags, extensionData: extensionData.subarray(1) } })).toBe('format')
  })

  it('takes binary members in unpadded base64url only', async () => {
    for (const member of ['clientDataJSON', 'authenticatorData', 'signature']) {
      const padded = editing((r) => ({ ...r, response: { ...r.response, [member]: `${r.response[member]}=` } }))
      expect(await refused(padded)).toBe(member === 'clientDataJSON' ? 'client_data' : 'format')
    }
  })

  it('knows a stored key that no longer imports as a refusal', async () => {
    expect(await refused({ credential: { publicKey: Buffer.from('a0', 'hex') } })).toBe('algorithm')
    expect(await refused({ credential: { publicKey: Buffer.alloc(3) } })).toBe('format')
  })
})
