import { sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { compound, createVendor, packed, tpm } from '../../../test/attestations.ts'
import { type Attestation, attested, issuer, refusedAttestation } from '../../../test/attested-registration.ts'
import { cborMap } from '../../../test/encode-cbor.ts'

describe('formats', () => {
  it.each(['None', 'NONE', 'none ', 'Packed', 'android-safetynet', 'constructor', '__proto__', ''])(
    'security 33: refuses the format %j',
    async (fmt) => {
      expect(await refusedAttestation(() => ({ fmt, attStmt: cborMap() }))).toBe('attestation_format')
    },
  )

  it('security 34: refuses none with a statement', async () => {
    expect(await refusedAttestation(() => ({ fmt: 'none', attStmt: cborMap('alg', -7) }))).toBe('attestation_statement')
    expect(await refusedAttestation(() => ({ fmt: 'none', attStmt: [] }))).toBe('attestation_statement')
    expect((await attested('none')).attestationTrust).toBe('none')
  })
})

describe('compound', () => {
  const bad = packed({ issuer, edit: (statement) => statement.set('sig', Buffer.alloc(70, 1)) })

  it('security 43: passes when every statement does, and counts as the weakest', async () => {
    const both = await attested(compound(packed({ issuer }), tpm({ issuer })))
    expect(both).toMatchObject({ attestationType: 'compound', attestationTrust: 'certified' })
    expect(both.attestationPaths.length).toBe(2)
    const self: Attestation = (facts) => {
      const data = Buffer.concat([facts.authData, facts.clientDataHash])
      return { fmt: 'packed', attStmt: cborMap('alg', -7, 'sig', sign('sha256', data, facts.credential.privateKey)) }
    }
    expect((await attested(compound(packed({ issuer }), self))).attestationTrust).toBe('self')
  })

  it('security 43: refuses all for one bad statement, wherever it stands', async () => {
    expect(await refusedAttestation(compound(packed({ issuer }), bad))).toBe('attestation_signature')
    expect(await refusedAttestation(compound(bad, packed({ issuer })))).toBe('attestation_signature')
    const stranger = createVendor()
    const mixed = compound(packed({ issuer }), packed({ issuer: stranger.authority }))
    expect(await refusedAttestation(mixed)).toBe('attestation_trust')
  })

  it('security 43: refuses nested compounds, fewer than two statements, and what is no statement', async () => {
    const nested = compound(packed({ issuer }), compound(packed({ issuer }), packed({ issuer })))
    expect(await refusedAttestation(nested)).toBe('attestation_statement')
    expect(await refusedAttestation(compound(packed({ issuer })))).toBe('attestation_statement')
    for (const attStmt of [cborMap(), [], [1, 2], [cborMap(), cborMap()]]) {
      expect(await refusedAttestation(() => ({ fmt: 'compound', attStmt }))).toBe('attestation_statement')
    }
    const empty = [cborMap('fmt', 'compound', 'attStmt', cborMap()), cborMap('fmt', 'none', 'attStmt', cborMap())]
    expect(await refusedAttestation(() => ({ fmt: 'compound', attStmt: empty }))).toBe('attestation_statement')
  })
})
