import { timingSafeEqual } from 'node:crypto'
import { decodeBase64Url } from './base64url.ts'
import { CeremonyError } from './ceremony-error.ts'

/** The members of CollectedClientData that a relying party judges (WebAuthn L3 §5.8.1). */
export type ClientData = {
  type: string
  /** Unpadded base64url, as the browser wrote it. */
  challenge: string
  origin: string
  /** Absent in clients older than Level 2, which means false. */
  crossOrigin: boolean | undefined
  topOrigin: string | undefined
}

export type ExpectedClientData = {
  type: 'webauthn.create' | 'webauthn.get'
  challenge: Uint8Array
  /** Exact origins, web or `android:apk-key-hash:…`. */
  origins: readonly string[]
  /** Origins that may embed ours in a frame; empty means that no embedding is allowed. */
  topOrigins: readonly string[]
}

// "UTF-8 decode" of the specification drops a byte order mark (§5.8.1.1); anything that is not UTF-8 is refused.
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads clientDataJSON (WebAuthn L3 §7.1 steps 5-6, §7.2 steps 8-9). Unknown members are accepted, `tokenBinding`
 * among them: Level 3 dropped it, no browser sends it, and nothing here depends on it.
 *
 * @throws CeremonyError `client_data` when the bytes are not UTF-8, not a JSON object, or a member has a wrong type.
 */
export function parseClientData(bytes: Uint8Array): ClientData {
  let parsed: unknown
  try {
    parsed = JSON.parse(utf8.decode(bytes))
  } catch {
    throw unreadable('is not JSON in UTF-8')
  }
  // An array is an object here, but JSON gives it no type.
  if (typeof parsed !== 'object' || parsed === null) throw unreadable('is not a JSON object')
  const { type, challenge, origin, crossOrigin, topOrigin } = parsed as Record<string, unknown>
  if (typeof type !== 'string') throw unreadable('has no type')
  if (typeof challenge !== 'string') throw unreadable('has no challenge')
  if (typeof origin !== 'string') throw unreadable('has no origin')
  if (crossOrigin !== undefined && typeof crossOrigin !== 'boolean') throw unreadable('has a crossOrigin of no boolean')
  if (topOrigin !== undefined && typeof topOrigin !== 'string') throw unreadable('has a topOrigin of no string')
  return { type, challenge, origin, crossOrigin, topOrigin }
}

/**
 * Compares client data with what the ceremony recorded (WebAuthn L3 §7.1 steps 7-11, §7.2 steps 10-14): the type and
 * the origins exactly, the challenge as bytes and in constant time. A cross-origin frame passes only where embedding
 * is allowed; its `topOrigin`, which not every browser sends, must then be on the list. A `topOrigin` without
 * `crossOrigin: true` is a contradiction and refused.
 *
 * @throws CeremonyError `type`, `challenge`, `origin_not_allowed`, `cross_origin` or `top_origin`.
 */
export function checkClientData(clientData: ClientData, expected: ExpectedClientData): void {
  if (clientData.type !== expected.type) throw new CeremonyError('type', 'client data is of another ceremony')
  const challenge = decodeBase64Url(clientData.challenge)
  if (challenge?.length !== expected.challenge.length || !timingSafeEqual(challenge, expected.challenge)) {
    throw new CeremonyError('challenge', 'challenge is not the one of this ceremony')
  }
  if (!expected.origins.includes(clientData.origin)) {
    throw new CeremonyError('origin_not_allowed', 'origin is not allowed')
  }
  if (clientData.crossOrigin === true) {
    if (expected.topOrigins.length === 0) throw new CeremonyError('cross_origin', 'embedding is not allowed')
    if (clientData.topOrigin !== undefined && !expected.topOrigins.includes(clientData.topOrigin)) {
      throw new CeremonyError('top_origin', 'embedding origin is not allowed')
    }
  } else if (clientData.topOrigin !== undefined) {
    throw new CeremonyError('top_origin', 'topOrigin without crossOrigin')
  }
}

function unreadable(what: string): CeremonyError {
  return new CeremonyError('client_data', `clientDataJSON ${what}`)
}
