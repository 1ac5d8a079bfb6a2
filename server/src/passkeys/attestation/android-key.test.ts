import { describe, expect, it, vi } from 'vitest'
import { androidAuthorization, androidKey, createVendor } from '../../../test/attestations.ts'
import {
  type Attestation,
  attested,
  certified,
  issuer,
  refusedAttestation,
  root,
} from '../../../test/attested-registration.ts'
import { der, derExtension, derSequence, derTagged } from '../../../test/certificates.ts'
import { generateKeys } from '../../../test/soft-keys.ts'

describe('android-key', () => {
  const { purpose, origin, allApplications } = androidAuthorization

  it('passes with authorizations from hardware, from software, or unstated', async () => {
    expect(await attested(androidKey({ issuer }))).toMatchObject(certified('android-key'))
    const software = [purpose(2, 3), origin(0)]
    expect(await attested(androidKey({ issuer, hardware: [], software }))).toMatchObject(certified('android-key'))
    expect(await attested(androidKey({ issuer, hardware: [] }))).toMatchObject(certified('android-key'))
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
    const reason = await refusedAttestation(androidKey({ issuer, ...options }))
    // With another key in the certificate the signature already fails.
    expect(reason).toBe(
      'leaf' in options && 'publicKey' in options.leaf ? 'attestation_signature' : 'attestation_certificate',
    )
  })

  it('security 39: refuses a certificate over another key, even if that key signed', async () => {
    const other = generateKeys(-7)
    const swapped: Attestation = (facts) =>
      androidKey({ issuer })({ ...facts, credential: { ...facts.credential, ...other } })
    expect(await refusedAttestation(swapped)).toBe('attestation_certificate')
  })

  it('security 40: passes with the root left out, with the root included, and below either of two roots', async () => {
    const older = createVendor()
    const expected = { trustAnchors: [older.root.pem, root.pem] }
    const direct = (chain: (typeof root)[]) => attested(androidKey({ issuer, chain }), { expected })
    expect(await direct([issuer])).toMatchObject(certified('android-key', 2))
    expect(await direct([issuer, root])).toMatchObject(certified('android-key', 3))
    const below = androidKey({ issuer: older.authority, chain: [older.authority] })
    expect(await attested(below, { expected })).toMatchObject(certified('android-key', 2))
    expect(await refusedAttestation(androidKey({ issuer, chain: [issuer, older.root] }), { expected })).toBe(
      'attestation_trust',
    )
  })

  it('fetches nothing that a certificate names', async () => {
    const fetched = vi.spyOn(globalThis, 'fetch').mockRejectedValue(new Error('no network'))
    const address = der(0x86, Buffer.from('http://127.0.0.1/crl'))
    const revocationLists = derExtension('2.5.29.31', derSequence(derSequence(derTagged(0, derTagged(0, address)))))
    const attacker = createVendor({ authority: { extensions: [revocationLists] } })
    const attestation = androidKey({ issuer: attacker.authority, chain: [attacker.authority, attacker.root] })
    expect(await attested(attestation, { expected: { trustAnchors: undefined } })).toMatchObject({ algorithm: -7 })
    expect(await refusedAttestation(attestation)).toBe('attestation_trust')
    expect(fetched).not.toHaveBeenCalled()
    fetched.mockRestore()
  })
})
