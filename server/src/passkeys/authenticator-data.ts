import { hash, timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type CborMap, decodeCbor } from './cbor.ts'
import { CeremonyError } from './ceremony-error.ts'

/** WebAuthn L3 §6.1. The reserved bits 1 and 5 are ignored. */
export type AuthenticatorFlags = {
  /** User present. */
  up: boolean
  /** User verified. */
  uv: boolean
  /** Backup eligible. */
  be: boolean
  /** Backed up now. */
  bs: boolean
  /** Attested credential data included. */
  at: boolean
  /** Extension data included. */
  ed: boolean
}

export type AttestedCredential = {
  /** 16 bytes; all zero when the authenticator does not say. */
  aaguid: Uint8Array<ArrayBuffer>
  /** 1 to 1,023 bytes. */
  credentialId: Uint8Array<ArrayBuffer>
  /** COSE_Key, byte for byte. */
  publicKey: Uint8Array<ArrayBuffer>
}

export type AuthenticatorData = {
  /** SHA-256 of the RP ID. */
  rpIdHash: Uint8Array<ArrayBuffer>
  flags: AuthenticatorFlags
  /** 0 to 2^32 - 1. */
  signCount: number
  attestedCredential: AttestedCredential | undefined
  extensions: CborMap | undefined
}

export type UserVerification = 'required' | 'preferred' | 'discouraged'

/** rpIdHash, flags, counter: what every authenticator data begins with. */
const headerLength = 37
const maxCredentialIdLength = 1023

/**
 * Reads authenticator data (WebAuthn L3 §6.1) and accounts for every byte: what the flags promise is there, and nothing
 * follows it. Views, no copies: keep `bytes` unchanged.
 *
 * @throws CeremonyError `format`, or `credential_id` for an id of no or more than 1,023 bytes.
 */
export function parseAuthenticatorData(bytes: Uint8Array<ArrayBuffer>): AuthenticatorData {
  if (bytes.length < headerLength) throw malformed('is shorter than 37 bytes')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const bits = view.getUint8(32)
  const flags: AuthenticatorFlags = {
    up: (bits & 0x01) !== 0,
    uv: (bits & 0x04) !== 0,
    be: (bits & 0x08) !== 0,
    bs: (bits & 0x10) !== 0,
    at: (bits & 0x40) !== 0,
    ed: (bits & 0x80) !== 0,
  }
  let end = headerLength
  let attestedCredential: AttestedCredential | undefined
  if (flags.at) {
    const attested = parseAttestedCredential(bytes, view)
    attestedCredential = attested.credential
    end = attested.end
  }
  let extensions: CborMap | undefined
  if (flags.ed) {
    const decoded = decodeCbor(bytes, end, { sortedKeys: true })
    if (!(decoded.value instanceof Map)) throw malformed('has extension data that is no map')
    extensions = decoded.value
    end = decoded.end
  }
  if (end !== bytes.length) throw malformed('has bytes left over')
  return { rpIdHash: bytes.subarray(0, 32), flags, signCount: view.getUint32(33), attestedCredential, extensions }
}

/** WebAuthn L3 §6.5.1: AAGUID, length, credential id, COSE key. */
function parseAttestedCredential(bytes: Uint8Array<ArrayBuffer>, view: DataView) {
  const idStart = headerLength + 18
  if (bytes.length < idStart) throw malformed('ends inside the attested credential data')
  const idLength = view.getUint16(headerLength + 16)
  if (idLength === 0 || idLength > maxCredentialIdLength) {
    throw new CeremonyError('credential_id', 'credential id is empty or longer than 1,023 bytes')
  }
  const keyStart = idStart + idLength
  if (bytes.length <= keyStart) throw malformed('ends inside the attested credential data')
  const { end } = decodeCbor(bytes, keyStart, { sortedKeys: true })
  const credential: AttestedCredential = {
    aaguid: bytes.subarray(headerLength, headerLength + 16),
    credentialId: bytes.subarray(idStart, keyStart),
    publicKey: bytes.subarray(keyStart, end),
  }
  return { credential, end }
}

export type ExpectedAuthenticatorData = {
  rpId: string
  userVerification: UserVerification
  /** False only for a registration with conditional mediation. */
  userPresence: boolean
}

/**
 * The checks that both ceremonies share (WebAuthn L3 §7.1 steps 14-18, §7.2 steps 16-19). Whether the user had to be
 * verified is what the ceremony recorded, not what the browser was told.
 *
 * @throws CeremonyError `rp_id`, `user_presence`, `user_verification` or `backup_flags`.
 */
export function checkAuthenticatorData(data: AuthenticatorData, expected: ExpectedAuthenticatorData): void {
  if (!timingSafeEqual(data.rpIdHash, rpIdHash(expected.rpId))) {
    throw new CeremonyError('rp_id', 'authenticator data is for another RP ID')
  }
  if (expected.userPresence && !data.flags.up) throw new CeremonyError('user_presence', 'the user was not present')
  if (expected.userVerification === 'required' && !data.flags.uv) {
    throw new CeremonyError('user_verification', 'the user was not verified')
  }
  if (data.flags.bs && !data.flags.be) throw new CeremonyError('backup_flags', 'backed up but not backup eligible')
}

const rpIdHashes = new LRUCache<string, Buffer>({ max: 1000 })

function rpIdHash(rpId: string): Buffer {
  const known = rpIdHashes.get(rpId)
  if (known) return known
  const computed = hash('sha256', rpId, 'buffer')
  rpIdHashes.set(rpId, computed)
  return computed
}

function malformed(what: string): CeremonyError {
  return new CeremonyError('format', `authenticator data ${what}`)
}
