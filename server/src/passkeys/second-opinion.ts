import { encodeBase64Url } from './base64url.ts'
import { CeremonyError } from './ceremony-error.ts'
import type { ExpectedRegistration, RegisteredCredential } from './registration-response.ts'

/** What the library can judge of a self-attestation: it knows no ML-DSA signature. */
const classical = new Set([-7, -8, -257])

/**
 * Asks SimpleWebAuthn too, wherever no certificate is involved: a registration is rare, and two independent readings of
 * the same bytes must agree before a key is stored. Statements with certificates are judged by our own code alone,
 * because the library fetches revocation lists from URLs that the sender's own certificates name, reads the system's
 * clock, and keeps its anchors in a process-wide service.
 * @throws CeremonyError when the library refuses what we accepted
 */
export async function confirmRegistration(
  response: unknown,
  expected: ExpectedRegistration,
  made: RegisteredCredential,
): Promise<void> {
  const isBare = made.attestationTrust === 'none' && made.attestationType === 'none'
  const isSelf = made.attestationTrust === 'self' && classical.has(made.algorithm)
  if (!isBare && !isSelf) return
  const { verifyRegistrationResponse } = await import('@simplewebauthn/server')
  const verdict = await verifyRegistrationResponse({
    response: response as Parameters<typeof verifyRegistrationResponse>[0]['response'],
    expectedChallenge: encodeBase64Url(expected.challenge),
    expectedOrigin: [...expected.origins],
    expectedRPID: expected.rpId,
    requireUserPresence: !expected.conditional,
    requireUserVerification: expected.userVerification === 'required',
    supportedAlgorithmIDs: [...expected.algorithms],
  }).catch((error: unknown) => {
    throw new CeremonyError('attestation_statement', `the second opinion refuses: ${(error as Error).message}`)
  })
  const same = verdict.registrationInfo?.credential.id === encodeBase64Url(made.webauthnId)
  if (!verdict.verified || !same) throw new CeremonyError('attestation_statement', 'the second opinion differs')
}
