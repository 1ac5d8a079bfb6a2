import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** A CBOR value; a `Map` keeps its order, and `Buffer` entries of an already encoded kind go through `rawCbor`. */
export type Cbor = number | boolean | null | string | Uint8Array | Cbor[] | Map<string | number, Cbor> | { raw: Uint8Array }

/** Smallest CBOR encoder that writes the CTAP2 canonical form (map order is the caller's). */
export function encodeCbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? cborHead(1, -1 - value) : cborHead(0, value)
  if (typeof value === 'boolean') return Buffer.from([value ? 0xf5 : 0xf4])
  if (value === null) return Buffer.from([0xf6])
  if (typeof value === 'string') return Buffer.concat([cborHead(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (value instanceof Uint8Array) return Buffer.concat([cborHead(2, value.length), value])
  if (Array.isArray(value)) return Buffer.concat([cborHead(4, value.length), ...value.map(encodeCbor)])
  if (value instanceof Map) return Buffer.concat([cborHead(5, value.size), ...[...value].flat().map(encodeCbor)])
  return Buffer.from(value.raw)
}

function cborHead(major: number, argument: number): Buffer {
  const size = argument < 24 ? 0 : argument < 0x100 ? 1 : argument < 0x1_0000 ? 2 : 4
  const head = Buffer.alloc(1 + size)
  head[0] = (major << 5) | (size === 0 ? argument : 23 + Math.log2(size * 2))
  if (size > 0) head.writeUIntBE(argument, 1, size)
  return head
}

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

type Bytes = (bytes: Buffer) => Uint8Array
type Members = Record<string, unknown>

/** What a statement is made of, for hooks that attest in a format of their own. */
export type StatementFacts = { authData: Buffer; clientDataHash: Buffer; credential: HeldCredential }
export type Statement = { fmt: string; attStmt: Cbor }

/** Hooks of a hostile client and authenticator: whatever is set replaces or edits what an honest one would send. */
export type Mutation = {
  /** Members of clientDataJSON; return the object to send. */
  clientData?: (members: Members) => Members
  /** The bytes of clientDataJSON, edited before they are hashed and signed. */
  clientDataJson?: Bytes
  /** The flags byte. */
  flags?: (flags: number) => number
  rpIdHash?: Uint8Array
  counter?: number
  aaguid?: Uint8Array
  credentialId?: Uint8Array
  /** The encoded COSE_Key of a registration. */
  coseKey?: (key: Map<string | number, Cbor>) => Cbor
  /** Encoded authenticator extension outputs, appended; set the ED flag with `flags`. */
  extensionData?: Uint8Array
  /** All of authenticator data, edited before it is signed. */
  authData?: Bytes
  /** `none`, `packed` (self attestation) or a function that attests. */
  attestation?: 'none' | 'packed' | ((facts: StatementFacts) => Statement)
  /** The encoded attestation object, such as for bytes after its end. */
  attestationObject?: Bytes
  /** The signature of an assertion. */
  signature?: Bytes
  /** Base64url, or null for none. */
  userHandle?: string | null
  /** The finished response: outer ids, type, transports, extension results, anything. */
  // biome-ignore lint/suspicious/noExplicitAny: hostile edits reach every member, and put any type into it
  response?: (response: any) => unknown
}

export type Ceremony = { origin: string; crossOrigin?: boolean; topOrigin?: string; mutate?: Mutation }

export type HeldCredential = {
  id: Buffer
  rpId: string
  /** Base64url. */
  userHandle: string
  algorithm: number
  publicKey: KeyObject
  privateKey: KeyObject
  coseKey: Buffer
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

/** RegistrationResponseJSON, as far as a server reads it. */
export type RegistrationResponse = {
  id: string
  rawId: string
  type: 'public-key'
  authenticatorAttachment: string
  clientExtensionResults: Members
  response: { clientDataJSON: string; attestationObject: string; transports: string[] }
}

/** AuthenticationResponseJSON, as far as a server reads it. */
export type AuthenticationResponse = {
  id: string
  rawId: string
  type: 'public-key'
  authenticatorAttachment: string
  clientExtensionResults: Members
  response: { clientDataJSON: string; authenticatorData: string; signature: string; userHandle?: string }
}

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
export const sha256 = (bytes: Uint8Array | string): Buffer => createHash('sha256').update(bytes).digest()

type Algorithm = {
  digest: string | null
  generate: () => { publicKey: KeyObject; privateKey: KeyObject }
  cose: (jwk: Record<string, string>) => [number, Cbor][]
}

const field = (text = ''): Buffer => Buffer.from(text, 'base64url')
const elliptic = (namedCurve: string, curve: number, digest: string): Algorithm => ({
  digest,
  generate: () => generateKeyPairSync('ec', { namedCurve }),
  cose: ({ x, y }) => [[1, 2], [-1, curve], [-2, field(x)], [-3, field(y)]],
})
const lattice = (type: 'ml-dsa-44'): Algorithm => ({
  digest: null,
  generate: () => generateKeyPairSync(type),
  cose: ({ pub }) => [[1, 7], [-1, field(pub)]],
})

const algorithms = new Map<number, Algorithm>([
  [-7, elliptic('P-256', 1, 'sha256')],
  [-35, elliptic('P-384', 2, 'sha384')],
  [-36, elliptic('P-521', 3, 'sha512')],
  [-8, { digest: null, generate: () => generateKeyPairSync('ed25519'), cose: ({ x }) => [[1, 1], [-1, 6], [-2, field(x)]] }],
  [-257, {
    digest: 'sha256',
    generate: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    cose: ({ n, e }) => [[1, 3], [-1, field(n)], [-2, field(e)]],
  }],
  [-48, lattice('ml-dsa-44')],
  [-49, lattice('ml-dsa-65' as 'ml-dsa-44')],
  [-50, lattice('ml-dsa-87' as 'ml-dsa-44')],
])

/** The COSE_Key of a public key, members in canonical order. */
export function coseKeyOf(publicKey: KeyObject, algorithm: number): Map<string | number, Cbor> {
  const jwk = publicKey.export({ format: 'jwk' }) as Record<string, string>
  const [type, ...rest] = algorithms.get(algorithm)?.cose(jwk) ?? []
  if (!type) throw new Error(`no authenticator makes keys of algorithm ${algorithm}`)
  return new Map<string | number, Cbor>([type, [3, algorithm], ...rest])
}

/** Signs as the credential would. */
export function signWith(credential: HeldCredential, data: Uint8Array): Buffer {
  return sign(algorithms.get(credential.algorithm)?.digest ?? null, data, credential.privateKey)
}

/**
 * A passkey authenticator together with its browser, in software: honest unless a ceremony carries a `mutate`. Holds
 * any number of credentials of any RP ID; keys and credential ids differ in each run.
 */
export function createAuthenticator(options: AuthenticatorOptions = {}) {
  const credentials: HeldCredential[] = []
  const honestFlags =
    0x01 | (options.userVerified === false ? 0 : 0x04) | (options.backupEligible ? 0x08 : 0) | (options.backupState ? 0x10 : 0)

  function clientDataJson(type: string, challenge: string, { origin, crossOrigin, topOrigin, mutate }: Ceremony): Buffer {
    const honest: Members = { type, challenge, origin, crossOrigin: crossOrigin ?? topOrigin !== undefined }
    if (topOrigin !== undefined) honest.topOrigin = topOrigin
    const bytes = Buffer.from(JSON.stringify(mutate?.clientData?.({ ...honest }) ?? honest))
    return Buffer.from(mutate?.clientDataJson?.(bytes) ?? bytes)
  }

  function authData(rpId: string, flags: number, counter: number, attested: Buffer, mutate: Mutation = {}): Buffer {
    const header = Buffer.alloc(5)
    header[0] = mutate.flags?.(flags) ?? flags
    header.writeUInt32BE(mutate.counter ?? counter, 1)
    const extensionData = mutate.extensionData ?? Buffer.alloc(0)
    const bytes = Buffer.concat([mutate.rpIdHash ?? sha256(rpId), header, attested, extensionData])
    return Buffer.from(mutate.authData?.(bytes) ?? bytes)
  }

  /** Makes a credential and answers like `navigator.credentials.create()` with `toJSON()`. */
  function register(creation: CreationOptions, ceremony: Ceremony): RegistrationResponse {
    const rpId = creation.rp.id ?? new URL(ceremony.origin).hostname
    if (creation.excludeCredentials?.some(({ id }) => credentials.some((held) => base64url(held.id) === id))) {
      throw new Error('InvalidStateError: this authenticator already holds a credential of the exclude list')
    }
    const mutate = ceremony.mutate ?? {}
    const algorithm = options.algorithm ?? creation.pubKeyCredParams.find(({ alg }) => algorithms.has(alg))?.alg
    const keys = algorithms.get(algorithm ?? 0)?.generate()
    if (algorithm === undefined || !keys) throw new Error('NotSupportedError: no offered algorithm is supported')
    const honestKey = coseKeyOf(keys.publicKey, algorithm)
    const coseKey = encodeCbor(mutate.coseKey?.(honestKey) ?? honestKey)
    const id = Buffer.from(mutate.credentialId ?? sha256(encodeCbor(honestKey)))
    const counter = options.counter ?? 0
    const credential = { id, rpId, userHandle: creation.user.id, algorithm, ...keys, coseKey, counter }
    credentials.push(credential)

    const length = Buffer.alloc(2)
    length.writeUInt16BE(id.length)
    const attested = Buffer.concat([mutate.aaguid ?? options.aaguid ?? Buffer.alloc(16), length, id, coseKey])
    const clientData = clientDataJson('webauthn.create', creation.challenge, ceremony)
    const data = authData(rpId, honestFlags | 0x40, counter, attested, mutate)
    const { fmt, attStmt } = attest(mutate.attestation ?? (creation.attestation === 'direct' ? 'packed' : 'none'), {
      authData: data,
      clientDataHash: sha256(clientData),
      credential,
    })
    const object = encodeCbor(new Map<string, Cbor>([['fmt', fmt], ['attStmt', attStmt], ['authData', data]]))
    const response: RegistrationResponse = {
      id: base64url(id),
      rawId: base64url(id),
      type: 'public-key',
      authenticatorAttachment: 'platform',
      clientExtensionResults: creation.extensions?.credProps ? { credProps: { rk: true } } : {},
      response: {
        clientDataJSON: base64url(clientData),
        attestationObject: base64url(mutate.attestationObject?.(object) ?? object),
        transports: ['internal', 'hybrid'],
      },
    }
    return (mutate.response?.(response) ?? response) as RegistrationResponse
  }

  /** Signs with a credential of that RP ID, the newest on the allow list if there is one, as `get()` with `toJSON()`. */
  function authenticate(request: RequestOptions, ceremony: Ceremony): AuthenticationResponse {
    const rpId = request.rpId ?? new URL(ceremony.origin).hostname
    const allowed = request.allowCredentials?.length ? request.allowCredentials.map(({ id }) => id) : undefined
    const credential = credentials.findLast((held) => held.rpId === rpId && (allowed?.includes(base64url(held.id)) ?? true))
    if (!credential) throw new Error('NotAllowedError: no credential of that RP ID')
    const mutate = ceremony.mutate ?? {}
    if (options.counter !== undefined) credential.counter += 1
    const clientData = clientDataJson('webauthn.get', request.challenge, ceremony)
    const data = authData(rpId, honestFlags, credential.counter, Buffer.alloc(0), mutate)
    const signature = signWith(credential, Buffer.concat([data, sha256(clientData)]))
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
  if (how === 'none') return { fmt: 'none', attStmt: new Map() }
  const sig = signWith(facts.credential, Buffer.concat([facts.authData, facts.clientDataHash]))
  return { fmt: 'packed', attStmt: new Map<string, Cbor>([['alg', facts.credential.algorithm], ['sig', sig]]) }
}
