import { hash, verify } from 'node:crypto'
import { checkAuthenticatorData, parseAuthenticatorData, type UserVerification } from './authenticator-data.ts'
import { decodeBase64Url, encodeBase64Url } from './base64url.ts'
import { CeremonyError } from './ceremony-error.ts'
import { checkClientData, parseClientData } from './client-data.ts'
import type { VerificationKey } from './cose-key.ts'
import { verificationKey } from './public-key-cache.ts'

export type AssertionInput = {
  /** AuthenticationResponseJSON as received; nothing about it is taken for granted. */
  response: unknown
  /** What the ceremony recorded when it began. */
  expected: {
    challenge: Uint8Array
    origins: readonly string[]
    topOrigins: readonly string[]
    rpId: string
    userVerification: UserVerification
    /** No user was named: the response must say who it is. */
    discoverable: boolean
  }
  /** The credential record that the response's id led to. */
  credential: {
    webauthnId: Uint8Array
    /** COSE_Key as stored at registration. */
    publicKey: Uint8Array<ArrayBuffer>
    algorithm: number
    signCount: number
    backupEligible: boolean
    /** `user.id` of the owner. */
    userHandle: Uint8Array
  }
}

export type VerifiedAssertion = {
  userVerified: boolean
  backupState: boolean
  /** The authenticator's count; store it only if the outcome is `ok`. */
  signCount: number
  /**
   * `regressed`: not above the stored count although one of them is not 0, as a cloned authenticator would answer
   * (WebAuthn L3 §6.1.1). What follows is policy, so it is told, not thrown.
   */
  counterOutcome: 'ok' | 'regressed'
}

/**
 * Verifies an assertion: WebAuthn L3 §7.2 steps 5-22, in one synchronous pass. What needs the database stays with the
 * caller: the allow list, the state of credential and user, single use of the challenge, storing count and backup
 * state. Client extension results (`appid` among them) are not read, because none is ever requested; authenticator
 * extension data must be well-formed.
 *
 * @throws CeremonyError and nothing else, whatever the response holds.
 */
export function verifyAssertion({ response, expected, credential }: AssertionInput): VerifiedAssertion {
  const outer = members(response)
  if (outer.type !== 'public-key') throw new CeremonyError('type', 'credential is of another type')
  if (outer.id !== encodeBase64Url(credential.webauthnId) || outer.rawId !== outer.id) {
    throw new CeremonyError('credential_id', 'response is of another credential')
  }
  const inner = members(outer.response)
  checkUserHandle(inner.userHandle, credential.userHandle, expected.discoverable)

  const clientDataJson = decodeBase64Url(inner.clientDataJSON)
  if (!clientDataJson) throw new CeremonyError('client_data', 'clientDataJSON is not base64url')
  checkClientData(parseClientData(clientDataJson), {
    type: 'webauthn.get',
    challenge: expected.challenge,
    origins: expected.origins,
    topOrigins: expected.topOrigins,
  })

  const authenticatorData = decodeBase64Url(inner.authenticatorData)
  if (!authenticatorData) throw new CeremonyError('format', 'authenticatorData is not base64url')
  const parsed = parseAuthenticatorData(authenticatorData)
  const { flags, signCount } = parsed
  checkAuthenticatorData(parsed, {
    rpId: expected.rpId,
    userVerification: expected.userVerification,
    userPresence: true,
  })
  if (flags.be !== credential.backupEligible) {
    throw new CeremonyError('backup_eligibility', 'backup eligibility is not what it was at registration')
  }

  const signature = decodeBase64Url(inner.signature)
  if (!signature) throw new CeremonyError('format', 'signature is not base64url')
  const key = verificationKey(credential.publicKey)
  // The stored algorithm decides; the response has no say in it.
  if (key.algorithm !== credential.algorithm) throw new CeremonyError('algorithm', 'stored key and algorithm differ')
  const signed = Buffer.concat([authenticatorData, hash('sha256', clientDataJson, 'buffer')])
  if (!isSignatureValid(key, signed, signature)) throw new CeremonyError('signature', 'signature does not verify')

  return {
    userVerified: flags.uv,
    backupState: flags.bs,
    signCount,
    counterOutcome: hasRisen(signCount, credential.signCount) ? 'ok' : 'regressed',
  }
}

/** Whether a count is above the stored one; authenticators that do not count say 0 (WebAuthn L3 §7.2 step 22). */
export const hasRisen = (received: number, stored: number): boolean =>
  received > stored || (received === 0 && stored === 0)

/**
 * OpenSSL itself refuses what could give one signature two spellings: DER that is not minimal or has bytes left over,
 * r or s of zero, negative or above the order, S of Ed25519 above its order, a wrong PKCS #1 digest info. Tests hold it
 * to that. A high s is valid ECDSA and accepted.
 */
function isSignatureValid(key: VerificationKey, signed: Buffer, signature: Buffer): boolean {
  try {
    return verify(key.digest, signed, key.keyObject, signature)
  } catch {
    return false
  }
}

/** WebAuthn L3 §7.2 step 6. An empty handle is what older clients send for none. */
function checkUserHandle(userHandle: unknown, owner: Uint8Array, discoverable: boolean): void {
  if (userHandle === undefined || userHandle === null || userHandle === '') {
    if (discoverable) throw new CeremonyError('user_handle', 'response names no user')
  } else if (userHandle !== encodeBase64Url(owner)) {
    throw new CeremonyError('user_handle', 'response names another user')
  }
}

function members(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  throw new CeremonyError('format', 'response is not an object')
}
