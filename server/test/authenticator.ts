import { createHash, type KeyObject } from 'node:crypto'
import { type Cbor, type CborMap, cborMap, encodeCbor } from './encode-cbor.ts'
import { coseKeyOf, generateKeys, isSupported, signWith } from './soft-keys.ts'

/** The parts of PublicKeyCredentialCreationOptionsJSON that an authenticator and its browser read. */
export type CreationOptions = {
  challenge: string
  rp: { id?: string }
  user: { id: string }
  pubKeyCredParams: readonly { alg: number }[]
  excludeCredentials?: readonly { id: string }[]
  attestation?: string
  extensions?: Record<string, unknown>
}

/** The parts of PublicKeyCredentialRequestOptionsJSON that an authenticator and its browser read. */
export type RequestOptions = { challenge: string; rpId?: string; allowCredentials?: readonly { id: string }[] }

type EditBytes = (bytes: Buffer) => Uint8Array
type Members = Record<string, unknown>

/** What a statement is made from, for hooks that attest in a format of their own. */
export type StatementFacts = { authData: Buffer; clientDataHash: Buffer; credential: HeldCredential }
export type Statement = { fmt: Cbor; attStmt: Cbor }

/** Hooks of a hostile client and authenticator: whatever is set replaces or edits what an honest one would send. */
export type Mutation = {
  /** Members of clientDataJSON; return the object to send. */
  clientData?: (members: Members) => Members
  /** The bytes of clientDataJSON, edited before they are hashed and signed. */
  clientDataJson?: EditBytes
  /** The flags byte. */
  flags?: (flags: number) => number
  rpIdHash?: Uint8Array
  counter?: number
  aaguid?: Uint8Array
  credentialId?: Uint8Array
  /** The COSE_Key of a registration. */
  coseKey?: (key: CborMap) => Cbor
  /** Encoded authenticator extension outputs, appended; set the ED flag with `flags`. */
  extensionData?: Uint8Array
  /** All of authenticator data, edited before it is signed. */
  authData?: EditBytes
  /** `none`, `packed` (self attestation) or a function that attests. */
  attestation?: 'none' | 'packed' | ((facts: StatementFacts) => Statement)
  /** The encoded attestation object, such as for bytes after its end. */
  attestationObject?: EditBytes
  /** The signature of an assertion. */
  signature?: EditBytes
  /** Base64url, or null for none. */
  userHandle?: string | null
  /** The finished response: outer ids, type, transports, extension results, anything. */
  // biome-ignore lint/suspicious/noExplicitAny: hostile edits reach every member, and put any type into it
  response?: (response: any) => unknown
}

/** Where the page runs and how the client lies. */
export type Ceremony = { origin: string; crossOrigin?: boolean; topOrigin?: string; mutate?: Mutation }

export type HeldCredential = {
  id: Buffer
  rpId: string
  /** Base64url. */
  userHandle: string
  algorithm: number
  publicKey: KeyObject
  privateKey: KeyObject
  coseKey: Buffer<ArrayBuffer>
  counter: number
}

export type AuthenticatorOptions = {
  /** 16 bytes; all zero unless given. */
  aaguid?: Uint8Array
  /** COSE algorithm of every key; unless given, the first offered one it knows. */
  algorithm?: number
  backupEligible?: boolean
  backupState?: boolean
  /** True unless given. */
  userVerified?: boolean
  /** Count at registration, then one more with each assertion. Unless given the count stays 0. */
  counter?: number
}

type Outer<R> = {
  id: string
  rawId: string
  type: 'public-key'
  authenticatorAttachment: string
  clientExtensionResults: Members
  response: R
}

/** RegistrationResponseJSON, as far as a server reads it. */
export type RegistrationResponse = Outer<{ clientDataJSON: string; attestationObject: string; transports: string[] }>

/** AuthenticationResponseJSON, as far as a server reads it. */
export type AuthenticationResponse = Outer<{
  clientDataJSON: string
  authenticatorData: string
  signature: string
  userHandle?: string
}>

export type Authenticator = ReturnType<typeof createAuthenticator>

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
const sha256 = (bytes: Uint8Array | string): Buffer => createHash('sha256').update(bytes).digest()

/**
 * A passkey authenticator together with its browser, in software: honest unless a ceremony carries a `mutate`. Holds
 * any number of credentials of any RP ID; keys and credential ids differ in each run.
 */
export function createAuthenticator(options: AuthenticatorOptions = {}) {
  const credentials: HeldCredential[] = []
  const { userVerified = true, backupEligible = false, backupState = false } = options
  const honestFlags = 0x01 | (userVerified ? 0x04 : 0) | (backupEligible ? 0x08 : 0) | (backupState ? 0x10 : 0)

  function clientDataJson(type: string, challenge: string, ceremony: Ceremony): Buffer {
    const { origin, crossOrigin, topOrigin, mutate } = ceremony
    const honest: Members = { type, challenge, origin, crossOrigin: crossOrigin ?? topOrigin !== undefined }
    if (topOrigin !== undefined) honest.topOrigin = topOrigin
    const bytes = Buffer.from(JSON.stringify(mutate?.clientData?.({ ...honest }) ?? honest))
    return Buffer.from(mutate?.clientDataJson?.(bytes) ?? bytes)
  }

  function authData(rpId: string, flags: number, counter: number, attested: Buffer, mutate: Mutation): Buffer {
    const header = Buffer.alloc(5)
    header[0] = mutate.flags?.(flags) ?? flags
    header.writeUInt32BE(mutate.counter ?? counter, 1)
    const extensionData = mutate.extensionData ?? Buffer.alloc(0)
    const bytes = Buffer.concat([mutate.rpIdHash ?? sha256(rpId), header, attested, extensionData])
    return Buffer.from(mutate.authData?.(bytes) ?? bytes)
  }

  /** Makes a credential and answers like `navigator.credentials.create()` with `toJSON()`. */
  function register(creation: CreationOptions, ceremony: Ceremony): RegistrationResponse {
    if (creation.excludeCredentials?.some(({ id }) => credentials.some((held) => base64url(held.id) === id))) {
      throw new Error('InvalidStateError: this authenticator holds a credential of the exclude list')
    }
    const mutate = ceremony.mutate ?? {}
    const rpId = creation.rp.id ?? new URL(ceremony.origin).hostname
    const algorithm = options.algorithm ?? creation.pubKeyCredParams.find(({ alg }) => isSupported(alg))?.alg ?? 0
    const keys = generateKeys(algorithm)
    const honestKey = coseKeyOf(keys.publicKey, algorithm)
    const coseKey = Buffer.from(encodeCbor(mutate.coseKey?.(honestKey) ?? honestKey))
    const id = Buffer.from(mutate.credentialId ?? sha256(encodeCbor(coseKeyOf(keys.publicKey, algorithm))))
    const counter = options.counter ?? 0
    const credential = { id, rpId, userHandle: creation.user.id, algorithm, ...keys, coseKey, counter }
    credentials.push(credential)

    const idLength = Buffer.alloc(2)
    idLength.writeUInt16BE(id.length)
    const attested = Buffer.concat([mutate.aaguid ?? options.aaguid ?? Buffer.alloc(16), idLength, id, coseKey])
    const clientData = clientDataJson('webauthn.create', creation.challenge, ceremony)
    const data = authData(rpId, honestFlags | 0x40, counter, attested, mutate)
    const { fmt, attStmt } = attest(mutate.attestation ?? (creation.attestation === 'direct' ? 'packed' : 'none'), {
      authData: data,
      clientDataHash: sha256(clientData),
      credential,
    })
    const object = encodeCbor(cborMap('fmt', fmt, 'attStmt', attStmt, 'authData', data))
    const response: RegistrationResponse = {
      id: base64url(id),
      rawId: base64url(id),
      type: 'public-key',
      authenticatorAttachment: 'platform',
      clientExtensionResults: creation.extensions?.credProps ? { credProps: { rk: true } } : {},
      response: {
        clientDataJSON: base64url(clientData),
        attestationObject: base64url(mutate.attestationObject?.(object) ?? object),
        transports: ['hybrid', 'internal'],
      },
    }
    return (mutate.response?.(response) ?? response) as RegistrationResponse
  }

  /**
   * Signs as `navigator.credentials.get()` with `toJSON()` would: with the newest credential of that RP ID, and of the
   * allow list if there is one.
   */
  function authenticate(request: RequestOptions, ceremony: Ceremony): AuthenticationResponse {
    const mutate = ceremony.mutate ?? {}
    const rpId = request.rpId ?? new URL(ceremony.origin).hostname
    const allowed = request.allowCredentials?.length ? request.allowCredentials.map(({ id }) => id) : undefined
    const usable = credentials.filter((held) => held.rpId === rpId && (allowed?.includes(base64url(held.id)) ?? true))
    const credential = usable.at(-1)
    if (!credential) throw new Error('NotAllowedError: no credential for this request')
    if (options.counter !== undefined) credential.counter += 1
    const clientData = clientDataJson('webauthn.get', request.challenge, ceremony)
    const data = authData(rpId, honestFlags, credential.counter, Buffer.alloc(0), mutate)
    const signature = signWith(credential.algorithm, credential.privateKey, Buffer.concat([data, sha256(clientData)]))
    const userHandle = mutate.userHandle === undefined ? credential.userHandle : mutate.userHandle
    const response: AuthenticationResponse = {
      id: base64url(credential.id),
      rawId: base64url(credential.id),
      type: 'public-key',
      authenticatorAttachment: 'platform',
      clientExtensionResults: {},
      response: {
        clientDataJSON: base64url(clientData),
        authenticatorData: base64url(data),
        signature: base64url(mutate.signature?.(signature) ?? signature),
        ...(userHandle === null ? {} : { userHandle }),
      },
    }
    return (mutate.response?.(response) ?? response) as AuthenticationResponse
  }

  return { register, authenticate, credentials }
}

function attest(how: NonNullable<Mutation['attestation']>, facts: StatementFacts): Statement {
  if (typeof how === 'function') return how(facts)
  if (how === 'none') return { fmt: 'none', attStmt: cborMap() }
  const { algorithm, privateKey } = facts.credential
  const sig = signWith(algorithm, privateKey, Buffer.concat([facts.authData, facts.clientDataHash]))
  return { fmt: 'packed', attStmt: cborMap('alg', algorithm, 'sig', sig) }
}
