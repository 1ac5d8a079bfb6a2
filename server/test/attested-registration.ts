import type { ExpectedRegistration } from '../src/passkeys/registration-response.ts'
import { type RegisteredCredential, verifyRegistrationResponse } from '../src/passkeys/registration-response.ts'
import { createVendor } from './attestations.ts'
import type { Mutation } from './authenticator.ts'
import { type CeremonyPlan, refusal, registration } from './passkey-ceremonies.ts'

export type Attestation = Mutation['attestation']
export type AttestationPlan = CeremonyPlan<ExpectedRegistration>

/** The vendor whose root is the only anchor unless a test names others. */
export const { root, authority: issuer } = createVendor()
/** A model that is not all zero. */
export const aaguid = Buffer.from('0102030405060708090a0b0c0d0e0f10', 'hex')

/** Registers with that attestation and gives what the server makes of it. */
export const attested = (attestation: Attestation, plan: AttestationPlan = {}): Promise<RegisteredCredential> =>
  verifyRegistrationResponse(
    registration({
      authenticator: plan.authenticator,
      mutate: { attestation, ...plan.mutate },
      expected: { trustAnchors: [root.pem], ...plan.expected },
    }),
  )

/** The reason for which a registration with that attestation is refused. */
export const refusedAttestation = (attestation: Attestation, plan?: AttestationPlan): Promise<string> =>
  refusal(() => attested(attestation, plan))

/** What a certified registration is expected to say. */
export const certified = (format: string, certificates = 2) => ({
  attestationType: format,
  attestationTrust: 'certified',
  attestationPaths: [{ length: certificates }],
})
