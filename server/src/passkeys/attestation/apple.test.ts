import { describe, expect, it } from 'vitest'
import { apple } from '../../../test/attestations.ts'
import { attested, certified, issuer, refusedAttestation } from '../../../test/attested-registration.ts'
import { derExtension } from '../../../test/certificates.ts'
import { generateKeys } from '../../../test/soft-keys.ts'

describe('apple', () => {
  it('passes for the credential key and this registration', async () => {
    expect(await attested(apple({ issuer }))).toMatchObject(certified('apple'))
  })

  it('security 41: refuses another nonce, none, or a malformed one', async () => {
    const other = apple({ issuer, nonce: () => Buffer.alloc(32) })
    expect(await refusedAttestation(other)).toBe('attestation_signature')
    expect(await refusedAttestation(apple({ issuer, nonce: (nonce) => nonce.subarray(1) }))).toBe(
      'attestation_signature',
    )
    expect(await refusedAttestation(apple({ issuer, leaf: { extensions: [] } }))).toBe('attestation_certificate')
    const malformed = [derExtension('1.2.840.113635.100.8.2', Buffer.alloc(38))]
    expect(await refusedAttestation(apple({ issuer, leaf: { extensions: malformed } }))).toBe('attestation_certificate')
  })

  it('security 41: refuses a certificate over another key', async () => {
    const leaf = { publicKey: generateKeys(-7).publicKey }
    expect(await refusedAttestation(apple({ issuer, leaf }))).toBe('attestation_certificate')
  })
})
