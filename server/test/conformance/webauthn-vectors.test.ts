import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type AssertionInput, verifyAssertion } from '../../src/passkeys/assertion.ts'
import { parseAttestationObject } from '../../src/passkeys/attestation-object.ts'
import { type ExpectedRegistration, verifyRegistrationResponse } from '../../src/passkeys/registration-response.ts'
import { fromMillis } from '../../src/platform/time.ts'
import { type Cbor, encodeCbor } from '../encode-cbor.ts'
import { refusal } from '../passkey-ceremonies.ts'

/** One ceremony of the W3C's "Test Vectors" section (WebAuthn L3 §16). */
type VectorCeremony = {
  expectedChallenge: string
  responseJSON: { id: string; response: Record<string, string> }
}
type Vector = { id: string; registration: VectorCeremony; authentication: VectorCeremony }

const path = fileURLToPath(new URL('../../../../shared/vectors/webauthn-l3-vectors.json', import.meta.url))
const present = existsSync(path)
if (!present) process.stdout.write(`\n  SKIPPED: the WebAuthn Level 3 test vectors. To run them, put them at ${path}\n`)
const file = present ? JSON.parse(readFileSync(path, 'utf8')) : { vectors: [], attestationRoot: {} }
const vectors: Vector[] = file.vectors
const bytes = (text: string): Buffer<ArrayBuffer> => Buffer.from(text, 'base64url')

/**
 * What we make of each vector by default, with the vectors' root as only anchor, their clock, and all algorithms that
 * occur in them offered; and why, where it is a refusal.
 */
const verdicts: Record<string, { format: string; trust: string } | { refused: string; why: string }> = {
  'none-es256': { format: 'none', trust: 'none' },
  'packed-self-es256': { format: 'packed', trust: 'self' },
  'none-es256-crossOrigin': { refused: 'cross_origin', why: 'embedding needs allowed_top_origins' },
  'none-es256-topOrigin': { refused: 'cross_origin', why: 'embedding needs allowed_top_origins' },
  'none-es256-long-credential-id': { format: 'none', trust: 'none' },
  'packed-es256': { format: 'packed', trust: 'certified' },
  'packed-es384': { format: 'packed', trust: 'certified' },
  'packed-es512': { format: 'packed', trust: 'certified' },
  'packed-rs256': { format: 'packed', trust: 'certified' },
  'packed-eddsa': { format: 'packed', trust: 'certified' },
  'packed-ed448': { refused: 'algorithm', why: 'Ed448 is neither offered nor understood: no passkey provider has it' },
  'tpm-es256': { refused: 'attestation_certificate', why: 'manufacturer id:00000000 is in no registry' },
  'android-key-es256': { format: 'android-key', trust: 'certified' },
  'apple-es256': { format: 'apple', trust: 'certified' },
  'fido-u2f-es256': { refused: 'attestation_aaguid', why: 'a U2F signature does not cover the AAGUID' },
}

const base = {
  origins: ['https://example.org'],
  topOrigins: [],
  rpId: 'example.org',
  userVerification: 'preferred',
} as const
const root = present && new X509Certificate(Buffer.from(file.attestationRoot.attestation_ca_cert, 'hex')).toString()

function register({ registration }: Vector, expected: Partial<ExpectedRegistration> = {}, response?: unknown) {
  return verifyRegistrationResponse({
    response: response ?? registration.responseJSON,
    expected: {
      ...base,
      challenge: bytes(registration.expectedChallenge),
      algorithms: [-7, -8, -257, -35, -36, -53],
      conditional: false,
      requestedExtensions: [],
      trustAnchors: root ? [root] : [],
      now: fromMillis(Date.parse('2026-07-30T00:00:00Z')),
      ...expected,
    },
  })
}

/** Authenticates with the key of the vector's registration, whether or not that registration is accepted. */
function authenticate(
  { registration, authentication }: Vector,
  algorithm: number,
  expected: Partial<AssertionInput['expected']> = {},
) {
  const { authenticatorData } = parseAttestationObject(
    bytes(registration.responseJSON.response.attestationObject ?? ''),
  )
  const { credentialId, publicKey } = authenticatorData.attestedCredential
  return verifyAssertion({
    response: authentication.responseJSON,
    expected: { ...base, challenge: bytes(authentication.expectedChallenge), discoverable: false, ...expected },
    credential: {
      webauthnId: credentialId,
      publicKey,
      algorithm,
      signCount: authenticatorData.signCount,
      backupEligible: authenticatorData.flags.be,
      userHandle: Buffer.from('anyone'),
    },
  })
}

const algorithmOf = (id: string): number =>
  ({ es384: -35, es512: -36, rs256: -257, eddsa: -8, ed448: -53 })[id.split('-')[1] ?? ''] ?? -7

const vector = (id: string): Vector => {
  const found = vectors.find((candidate) => candidate.id === id)
  if (!found) throw new Error(`vector ${id} is missing`)
  return found
}

describe.skipIf(!present)('WebAuthn Level 3 test vectors', () => {
  it('security 55: are the 15 that have a verdict here', () => {
    expect(vectors.map(({ id }) => id).sort()).toEqual(Object.keys(verdicts).sort())
  })

  it.each(Object.entries(verdicts))('security 55: registration of %s', async (id, verdict) => {
    if ('refused' in verdict) expect(await refusal(() => register(vector(id)))).toBe(verdict.refused)
    else {
      const credential = await register(vector(id))
      expect(credential).toMatchObject({ attestationType: verdict.format, attestationTrust: verdict.trust })
      expect(credential.algorithm).toBe(algorithmOf(id))
      expect(Buffer.from(credential.webauthnId).toString('base64url')).toBe(vector(id).registration.responseJSON.id)
    }
  })

  const needsEmbedding = (id: string): boolean => /crossOrigin|topOrigin/.test(id)
  const plain = Object.keys(verdicts).filter((id) => !needsEmbedding(id) && id !== 'packed-ed448')
  it.each(plain)('security 55: authentication of %s passes', (id) => {
    expect(authenticate(vector(id), algorithmOf(id))).toMatchObject({ signCount: 0, counterOutcome: 'ok' })
  })

  it('security 55, 10: crossOrigin passes where embedding is allowed, in both ceremonies', async () => {
    const embedded = vector('none-es256-crossOrigin')
    const topOrigins = ['https://shop.example']
    expect((await register(embedded, { topOrigins })).algorithm).toBe(-7)
    expect(authenticate(embedded, -7, { topOrigins }).counterOutcome).toBe('ok')
    expect(await refusal(() => authenticate(embedded, -7))).toBe('cross_origin')
  })

  it('security 55, 11: topOrigin passes with https://example.com on the list and no other, in both ceremonies', async () => {
    const embedded = vector('none-es256-topOrigin')
    const allowed = { topOrigins: ['https://example.com'] }
    expect((await register(embedded, allowed)).algorithm).toBe(-7)
    expect(authenticate(embedded, -7, allowed).counterOutcome).toBe('ok')
    const other = { topOrigins: ['https://example.net'] }
    expect(await refusal(() => register(embedded, other))).toBe('top_origin')
    expect(await refusal(() => authenticate(embedded, -7, other))).toBe('top_origin')
    expect(await refusal(() => authenticate(embedded, -7))).toBe('cross_origin')
  })

  it('security 55: Ed448 is refused although it was offered, and would be at sign-in', async () => {
    expect(await refusal(() => authenticate(vector('packed-ed448'), -53))).toBe('algorithm')
  })

  it('security 55, 38: tpm passes when policy adds the manufacturer of the vector', async () => {
    const credential = await register(vector('tpm-es256'), { extraTpmManufacturers: ['id:00000000'] })
    expect(credential).toMatchObject({ attestationType: 'tpm', attestationTrust: 'certified' })
  })

  it('security 55, 42: fido-u2f verifies with any AAGUID, so only zero can mean something', async () => {
    const u2f = vector('fido-u2f-es256')
    const object = parseAttestationObject(bytes(u2f.registration.responseJSON.response.attestationObject ?? ''))
    const authData = Buffer.from(object.authData).fill(0, 37, 53)
    const attStmt = object.statement as Map<string, Cbor>
    const edited = encodeCbor(
      new Map<string, Cbor>([
        ['fmt', 'fido-u2f'],
        ['attStmt', attStmt],
        ['authData', authData],
      ]),
    )
    const response = {
      ...u2f.registration.responseJSON,
      response: { ...u2f.registration.responseJSON.response, attestationObject: edited.toString('base64url') },
    }
    expect(await register(u2f, {}, response)).toMatchObject({
      attestationType: 'fido-u2f',
      attestationTrust: 'certified',
    })
  })

  it('security 44, 46, 55: certified vectors need their root and a time within its dates', async () => {
    const certified = Object.entries(verdicts).filter(
      ([, verdict]) => 'trust' in verdict && verdict.trust === 'certified',
    )
    expect(certified.length).toBe(7)
    for (const [id] of certified) {
      expect(await refusal(() => register(vector(id), { trustAnchors: [] }))).toBe('attestation_trust')
      const early = fromMillis(Date.parse('2023-12-31T23:59:59Z'))
      expect(await refusal(() => register(vector(id), { now: early }))).toBe('attestation_certificate')
      const policy = { now: early, acceptExpiredCertificates: true }
      expect((await register(vector(id), policy)).attestationTrust).toBe('certified')
    }
  })

  it('security 14, 35-41, 55: one changed bit of a certified vector’s client data or statement is noticed', async () => {
    for (const id of ['packed-es256', 'packed-eddsa', 'android-key-es256', 'apple-es256', 'packed-self-es256']) {
      const { registration } = vector(id)
      const clientData = bytes(registration.responseJSON.response.clientDataJSON ?? '')
      const spaced = Buffer.concat([clientData, Buffer.from(' ')])
      const response = {
        ...registration.responseJSON,
        response: { ...registration.responseJSON.response, clientDataJSON: spaced.toString('base64url') },
      }
      expect(await refusal(() => register(vector(id), {}, response))).toMatch(/^attestation_/)
    }
  })
})
