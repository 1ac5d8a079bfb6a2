import { describe, expect, it } from 'vitest'
import { createAuthenticator, type Mutation } from '../../test/authenticator.ts'
import { cborMap, encodeCbor } from '../../test/encode-cbor.ts'
import { assertion, challenge, origin, refusal, registration, rpId } from '../../test/passkey-ceremonies.ts'
import { parseAttestationObject } from './attestation-object.ts'
import { checkAuthenticatorData, parseAuthenticatorData } from './authenticator-data.ts'

const extension = encodeCbor(cborMap('credProtect', 2))

/** Authenticator data of a registration, with AT set. */
function registered(mutate: Mutation = {}): Buffer<ArrayBuffer> {
  const { response } = registration({ mutate })
  const object = Buffer.from(response.response.attestationObject, 'base64url')
  return Buffer.from(parseAttestationObject(object).authData)
}

/** Authenticator data of an assertion: 37 bytes. */
function asserted(mutate: Mutation = {}): Buffer<ArrayBuffer> {
  return Buffer.from(assertion({ mutate }).response.response.authenticatorData, 'base64url')
}

describe('parseAuthenticatorData', () => {
  it('reads an assertion and a registration', () => {
    const short = parseAuthenticatorData(asserted({ counter: 4_294_967_295 }))
    expect(short).toMatchObject({ signCount: 4_294_967_295, attestedCredential: undefined, extensions: undefined })
    expect(short.flags).toEqual({ up: true, uv: true, be: false, bs: false, at: false, ed: false })
    const aaguid = Buffer.alloc(16, 7)
    const credentialId = Buffer.alloc(20, 9)
    const long = parseAuthenticatorData(registered({ aaguid, credentialId }))
    expect(Buffer.from(long.attestedCredential?.aaguid ?? []).equals(aaguid)).toBe(true)
    expect(Buffer.from(long.attestedCredential?.credentialId ?? []).equals(credentialId)).toBe(true)
    expect(long.attestedCredential?.publicKey.length).toBe(77)
  })

  it('security 17: refuses less than 37 bytes', async () => {
    for (const length of [0, 1, 32, 36]) {
      expect(await refusal(() => parseAuthenticatorData(asserted().subarray(0, length)))).toBe('format')
    }
  })

  it('security 17: refuses attested credential data cut anywhere', async () => {
    const whole = registered()
    expect(whole.length).toBeGreaterThan(100)
    for (let length = 37; length < whole.length; length++) {
      // What is left of the id length may read as 0, which is refused as an id.
      expect(['format', 'credential_id']).toContain(
        await refusal(() => parseAuthenticatorData(whole.subarray(0, length))),
      )
    }
  })

  it('security 17: refuses AT without attested credential data', async () => {
    expect(await refusal(() => parseAuthenticatorData(asserted({ flags: (flags) => flags | 0x40 })))).toBe('format')
  })

  it('security 19: reads extension data where ED announces it', () => {
    const data = asserted({ flags: (flags) => flags | 0x80, extensionData: extension })
    expect(parseAuthenticatorData(data).extensions).toEqual(new Map([['credProtect', 2]]))
  })

  it('security 19: refuses ED without extension data, extension data without ED, and data that is no map', async () => {
    const announce = (flags: number): number => flags | 0x80
    expect(await refusal(() => parseAuthenticatorData(asserted({ flags: announce })))).toBe('format')
    expect(await refusal(() => parseAuthenticatorData(asserted({ extensionData: extension })))).toBe('format')
    for (const extensionData of [encodeCbor([1]), encodeCbor('credProtect'), Buffer.from('f6', 'hex')]) {
      expect(await refusal(() => parseAuthenticatorData(asserted({ flags: announce, extensionData })))).toBe('format')
    }
  })

  it('security 20: refuses bytes after the last element, with and without AT and ED', async () => {
    const trailing: Mutation['authData'] = (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])
    const announced: Mutation = { flags: (flags) => flags | 0x80, extensionData: extension, authData: trailing }
    expect(await refusal(() => parseAuthenticatorData(asserted({ authData: trailing })))).toBe('format')
    expect(await refusal(() => parseAuthenticatorData(asserted(announced)))).toBe('format')
    const long = registered()
    expect(await refusal(() => parseAuthenticatorData(Buffer.concat([long, Buffer.alloc(1)])))).toBe('format')
  })

  it('security 27: ignores the reserved flag bits', () => {
    const data = parseAuthenticatorData(asserted({ flags: (flags) => flags | 0x22 }))
    expect(data.flags).toEqual({ up: true, uv: true, be: false, bs: false, at: false, ed: false })
  })

  it('security 48: takes a credential id of 1 to 1,023 bytes and no other', async () => {
    for (const size of [1, 1023]) {
      const data = parseAuthenticatorData(registered({ credentialId: Buffer.alloc(size, 1) }))
      expect(data.attestedCredential?.credentialId.length).toBe(size)
    }
    for (const size of [0, 1024, 65_000]) {
      expect(await refusal(() => registered({ credentialId: Buffer.alloc(size, 1) }))).toBe('credential_id')
    }
  })
})

describe('checkAuthenticatorData', () => {
  const expected = { rpId, userVerification: 'preferred', userPresence: true } as const
  const withFlags = (flags: number) => parseAuthenticatorData(asserted({ flags: () => flags }))

  it.each(['com', 'www.example.com', 'example.org', 'Example.com', ''])(
    'security 21, 66: refuses data made for %j',
    async (other) => {
      const device = createAuthenticator()
      const creation = { challenge: challenge.toString('base64url'), rp: { id: other }, user: { id: 'AA' } }
      device.register({ ...creation, pubKeyCredParams: [{ alg: -7 }] }, { origin })
      const request = { challenge: challenge.toString('base64url'), rpId: other }
      const { authenticatorData } = device.authenticate(request, { origin }).response
      const data = parseAuthenticatorData(Buffer.from(authenticatorData, 'base64url'))
      expect(() => checkAuthenticatorData(data, { ...expected, rpId: other })).not.toThrow()
      expect(await refusal(() => checkAuthenticatorData(data, expected))).toBe('rp_id')
    },
  )

  it('security 22, 67: demands user presence unless the ceremony does not', async () => {
    expect(await refusal(() => checkAuthenticatorData(withFlags(0x04), expected))).toBe('user_presence')
    expect(() => checkAuthenticatorData(withFlags(0), { ...expected, userPresence: false })).not.toThrow()
  })

  it('security 24, 67: demands user verification only where the ceremony requires it', async () => {
    const required = { ...expected, userVerification: 'required' } as const
    expect(await refusal(() => checkAuthenticatorData(withFlags(0x01), required))).toBe('user_verification')
    expect(() => checkAuthenticatorData(withFlags(0x05), required)).not.toThrow()
    for (const userVerification of ['preferred', 'discouraged'] as const) {
      expect(() => checkAuthenticatorData(withFlags(0x01), { ...expected, userVerification })).not.toThrow()
    }
  })

  it('security 25, 69: refuses BS without BE', async () => {
    expect(await refusal(() => checkAuthenticatorData(withFlags(0x11), expected))).toBe('backup_flags')
    for (const flags of [0x01, 0x09, 0x19])
      expect(() => checkAuthenticatorData(withFlags(flags), expected)).not.toThrow()
  })
})
