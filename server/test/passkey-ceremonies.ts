import type { AssertionInput } from '../src/passkeys/assertion.ts'
import { CeremonyError } from '../src/passkeys/ceremony-error.ts'
import type { ExpectedRegistration } from '../src/passkeys/registration-response.ts'
import { fromMillis } from '../src/platform/time.ts'
import { type AuthenticatorOptions, type Ceremony, createAuthenticator, type Mutation } from './authenticator.ts'

export const rpId = 'example.com'
export const origin = 'https://example.com'
export const challenge = Buffer.from('0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20', 'hex')
export const userHandle = Buffer.from('8b1f2a90-user-handle')
const now = fromMillis(Date.parse('2026-06-01T00:00:00Z'))

export type CeremonyPlan<E> = {
  authenticator?: AuthenticatorOptions
  /** What the client and authenticator do differently from honest ones. */
  mutate?: Mutation
  frame?: Omit<Ceremony, 'origin' | 'mutate'>
  /** What the server recorded differently from the default. */
  expected?: Partial<E>
}

const creation = {
  challenge: challenge.toString('base64url'),
  rp: { id: rpId },
  user: { id: userHandle.toString('base64url') },
  pubKeyCredParams: [{ alg: -7 }],
}

/** A registration made by the software authenticator, with what the server expects of it. */
export function registration({ authenticator, mutate, frame, expected }: CeremonyPlan<ExpectedRegistration> = {}) {
  const response = createAuthenticator(authenticator).register(creation, { origin, ...frame, mutate })
  const honest: ExpectedRegistration = {
    challenge,
    origins: [origin],
    topOrigins: [],
    rpId,
    userVerification: 'required',
    algorithms: [-7, -8, -257, -48],
    conditional: false,
    requestedExtensions: [],
    now,
  }
  return { response, expected: { ...honest, ...expected } }
}

export type AssertionPlan = CeremonyPlan<AssertionInput['expected']> & {
  /** The stored credential record, where it differs from what was registered. */
  credential?: Partial<AssertionInput['credential']>
}

/** An assertion of a fresh credential, with the record and the expectations of the server. */
export function assertion({ authenticator, mutate, frame, expected, credential }: AssertionPlan = {}) {
  const device = createAuthenticator({ algorithm: -7, ...authenticator })
  device.register(creation, { origin })
  const request = { challenge: challenge.toString('base64url'), rpId }
  const response = device.authenticate(request, { origin, ...frame, mutate })
  const [held] = device.credentials
  if (!held) throw new Error('the authenticator holds no credential')
  const input: AssertionInput = {
    response,
    expected: {
      challenge,
      origins: [origin],
      topOrigins: [],
      rpId,
      userVerification: 'required',
      discoverable: true,
      ...expected,
    },
    credential: {
      webauthnId: held.id,
      publicKey: held.coseKey,
      algorithm: held.algorithm,
      signCount: 0,
      backupEligible: authenticator?.backupEligible ?? false,
      userHandle,
      ...credential,
    },
  }
  return { input, response, held, device }
}

/** The reason with which a check refuses; fails if it passes or throws anything but a CeremonyError. */
export async function refusal(check: () => unknown): Promise<string> {
  try {
    await check()
  } catch (error) {
    if (error instanceof CeremonyError) return error.reason
    throw error
  }
  throw new Error('expected a refusal, but the check passed')
}
