import { describe, expect, it } from 'vitest'
import { fidoU2f } from '../../../test/attestations.ts'
import { aaguid, attested, certified, issuer, refusedAttestation, root } from '../../../test/attested-registration.ts'
import type { cborMap } from '../../../test/encode-cbor.ts'
import { generateKeys } from '../../../test/soft-keys.ts'

describe('fido-u2f', () => {
  const direct = { issuer: root }

  it('passes with one certificate', async () => {
    expect(await attested(fidoU2f(direct))).toMatchObject(certified('fido-u2f', 1))
  })

  it('security 42: refuses more than one certificate', async () => {
    expect(await refusedAttestation(fidoU2f({ issuer, chain: [issuer] }))).toBe('attestation_statement')
  })

  it('security 42: refuses an attestation key that is not on P-256', async () => {
    for (const algorithm of [-35, -257, -8]) {
      const leaf = { publicKey: generateKeys(algorithm).publicKey }
      expect(await refusedAttestation(fidoU2f({ ...direct, leaf }))).toBe('attestation_certificate')
    }
  })

  it('security 42: refuses a credential key that U2F cannot make', async () => {
    expect(await refusedAttestation(fidoU2f(direct), { authenticator: { algorithm: -8 } })).toBe(
      'attestation_statement',
    )
  })

  it('security 42: refuses an AAGUID other than zero, because nothing signs it', async () => {
    expect(await refusedAttestation(fidoU2f(direct), { mutate: { aaguid } })).toBe('attestation_aaguid')
  })

  it('security 42: refuses a bad signature', async () => {
    const edit = (statement: ReturnType<typeof cborMap>) => statement.set('sig', Buffer.alloc(70, 1))
    expect(await refusedAttestation(fidoU2f({ ...direct, edit }))).toBe('attestation_signature')
  })
})
