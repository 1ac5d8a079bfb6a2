import { createHash, sign } from 'node:crypto'
import type { Mutation, Statement, StatementFacts } from './authenticator.ts'
import {
  type CertificateOptions,
  der,
  derExtension,
  derInteger,
  derName,
  derOctets,
  derOid,
  derSequence,
  derSet,
  derTagged,
  type Issued,
  issueCertificate,
} from './certificates.ts'
import { type CborMap, cborMap } from './encode-cbor.ts'

type Attest = Exclude<Mutation['attestation'], string | undefined>
type EditStatement = (statement: CborMap) => unknown

const sha256 = (...bytes: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(bytes)).digest()
const signed = ({ authData, clientDataHash }: StatementFacts): Buffer => Buffer.concat([authData, clientDataHash])

export const attestationSubject = [
  ['2.5.4.6', 'AA'],
  ['2.5.4.10', 'Test Vendor'],
  ['2.5.4.11', 'Authenticator Attestation'],
  ['2.5.4.3', 'Test Batch'],
] as const

/** id-fido-gen-ce-aaguid. */
export const aaguidExtension = (aaguid: Uint8Array, critical = false): Buffer =>
  derExtension('1.3.6.1.4.1.45724.1.1.4', derOctets(aaguid), critical)

/** A vendor: a root and the certificate authority below it, which issues to authenticators. */
export function createVendor(options: { root?: CertificateOptions; authority?: CertificateOptions } = {}) {
  const root = issueCertificate({ ca: true, ...options.root })
  const authority = issueCertificate({ ca: true, issuer: root, ...options.authority })
  return { root, authority }
}

function statementOf(fmt: string, statement: CborMap, edit?: EditStatement): Statement {
  edit?.(statement)
  return { fmt, attStmt: statement }
}

export type X5cOptions = {
  issuer: Issued
  /** Certificates after the leaf; the issuer's unless given. */
  chain?: readonly Issued[]
  /** What differs from a good leaf. */
  leaf?: CertificateOptions
  /** Changes the finished statement in place. */
  edit?: EditStatement
}

const x5c = (leaf: Issued, { issuer, chain = [issuer] }: X5cOptions): Buffer[] => [leaf, ...chain].map((one) => one.der)

/** `packed` with certificates (WebAuthn L3 §8.2). */
export function packed(options: X5cOptions): Attest {
  const leaf = issueCertificate({ subject: attestationSubject, ca: false, issuer: options.issuer, ...options.leaf })
  return (facts) => {
    const sig = sign('sha256', signed(facts), leaf.privateKey)
    return statementOf('packed', cborMap('alg', -7, 'sig', sig, 'x5c', x5c(leaf, options)), options.edit)
  }
}

/** `fido-u2f` (§8.6); its one certificate is issued directly below the issuer. */
export function fidoU2f(options: X5cOptions): Attest {
  const leaf = issueCertificate({ issuer: options.issuer, ...options.leaf })
  return (facts) => {
    const { x, y } = facts.credential.publicKey.export({ format: 'jwk' })
    const point = Buffer.concat([
      Buffer.from([4]),
      Buffer.from(x ?? '', 'base64url'),
      Buffer.from(y ?? '', 'base64url'),
    ])
    const rpIdHash = facts.authData.subarray(0, 32)
    const data = Buffer.concat([Buffer.from([0]), rpIdHash, facts.clientDataHash, facts.credential.id, point])
    const sig = sign('sha256', data, leaf.privateKey)
    return statementOf('fido-u2f', cborMap('sig', sig, 'x5c', x5c(leaf, { chain: [], ...options })), options.edit)
  }
}

/** `apple` (§8.8): a certificate made for the credential key and this registration. */
export function apple(options: X5cOptions & { nonce?: (nonce: Buffer) => Buffer }): Attest {
  return (facts) => {
    const nonce = sha256(signed(facts))
    const value = derSequence(derTagged(1, derOctets(options.nonce?.(nonce) ?? nonce)))
    const leaf = issueCertificate({
      issuer: options.issuer,
      publicKey: facts.credential.publicKey,
      extensions: [derExtension('1.2.840.113635.100.8.2', value)],
      ...options.leaf,
    })
    return statementOf('apple', cborMap('x5c', x5c(leaf, options)), options.edit)
  }
}

export type AndroidOptions = X5cOptions & {
  challenge?: Buffer
  /** Authorizations by tag, already encoded. Origin "generated" and purpose "sign" unless given. */
  hardware?: readonly Buffer[]
  software?: readonly Buffer[]
}

export const androidAuthorization = {
  purpose: (...values: number[]): Buffer => derTagged(1, derSet(...values.map(derInteger))),
  origin: (value: number): Buffer => derTagged(702, derInteger(value)),
  allApplications: (): Buffer => derTagged(600, der(0x05)),
}

/** `android-key` (§8.4): a certificate over the credential key with Android's key description. */
export function androidKey(options: AndroidOptions): Attest {
  return (facts) => {
    const level = der(0x0a, Buffer.from([1]))
    const hardware = options.hardware ?? [androidAuthorization.purpose(2), androidAuthorization.origin(0)]
    const description = derSequence(
      derInteger(100),
      level,
      derInteger(100),
      level,
      derOctets(options.challenge ?? facts.clientDataHash),
      derOctets(Buffer.alloc(0)),
      derSequence(...(options.software ?? [])),
      derSequence(...hardware),
    )
    const leaf = issueCertificate({
      issuer: options.issuer,
      publicKey: facts.credential.publicKey,
      extensions: [derExtension('1.3.6.1.4.1.11129.2.1.17', description)],
      ...options.leaf,
    })
    const sig = sign('sha256', signed(facts), facts.credential.privateKey)
    return statementOf('android-key', cborMap('alg', -7, 'sig', sig, 'x5c', x5c(leaf, options)), options.edit)
  }
}

export type TpmOptions = X5cOptions & {
  manufacturer?: string
  /** Extended key usages of the attestation key. */
  keyUsage?: string
  /** Beside those that every attestation key needs. */
  certificateExtensions?: readonly Buffer[]
  magic?: number
  type?: number
  extraData?: Buffer
  pubArea?: (area: Buffer) => Buffer
  /** The public area that certInfo names, if not the one sent. */
  namedArea?: Buffer
}

/** `tpm` (§8.3) for an ES256 or RS256 credential. */
export function tpm(options: TpmOptions): Attest {
  const device = [
    ['2.23.133.2.1', options.manufacturer ?? 'id:494E5443'],
    ['2.23.133.2.2', 'Model'],
    ['2.23.133.2.3', 'id:00010002'],
  ] as const
  const aik = issueCertificate({
    subject: [],
    ca: false,
    issuer: options.issuer,
    extensions: [
      derExtension('2.5.29.17', derSequence(derTagged(4, derName(device))), true),
      derExtension('2.5.29.37', derSequence(derOid(options.keyUsage ?? '2.23.133.8.3'))),
      ...(options.certificateExtensions ?? []),
    ],
    ...options.leaf,
  })
  return (facts) => {
    const honest = publicArea(facts)
    const pubArea = options.pubArea?.(honest) ?? honest
    const name = Buffer.concat([u16(0x000b), sha256(options.namedArea ?? pubArea)])
    const certInfo = Buffer.concat([
      u32(options.magic ?? 0xff544347),
      u16(options.type ?? 0x8017),
      sized(Buffer.alloc(0)),
      sized(options.extraData ?? sha256(signed(facts))),
      Buffer.alloc(17 + 8),
      sized(name),
      sized(Buffer.alloc(0)),
    ])
    const sig = sign('sha256', certInfo, aik.privateKey)
    const certificates = x5c(aik, options)
    const statement = cborMap('alg', -7, 'sig', sig, 'ver', '2.0', 'x5c', certificates, 'pubArea', pubArea)
    return statementOf('tpm', statement.set('certInfo', certInfo), options.edit)
  }
}

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff])
const u32 = (value: number): Buffer => Buffer.concat([u16(value >>> 16), u16(value & 0xffff)])
const sized = (bytes: Buffer): Buffer => Buffer.concat([u16(bytes.length), bytes])

/** TPMT_PUBLIC of a signing key without policy, symmetric algorithm or fixed scheme. */
function publicArea({ credential }: StatementFacts): Buffer {
  const jwk = credential.publicKey.export({ format: 'jwk' })
  const none = u16(0x0010)
  const member = (text = ''): Buffer => sized(Buffer.from(text, 'base64url'))
  const head = (type: number): Buffer[] => [u16(type), u16(0x000b), u32(0x0004_0000), u16(0), none, none]
  return jwk.kty === 'RSA'
    ? Buffer.concat([...head(0x0001), u16(2048), u32(0), member(jwk.n)])
    : Buffer.concat([...head(0x0023), u16(0x0003), none, member(jwk.x), member(jwk.y)])
}

/** `compound` (§8.9) of other statements. */
export const compound =
  (...parts: readonly Attest[]): Attest =>
  (facts) => ({
    fmt: 'compound',
    attStmt: parts.map((part) => {
      const { fmt, attStmt } = part(facts)
      return cborMap('fmt', fmt, 'attStmt', attStmt)
    }),
  })
