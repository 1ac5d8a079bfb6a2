import { generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto'

/** Writes one DER element. */
export function der(tag: number | readonly number[], ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content)
  const length = []
  for (let rest = body.length; rest > 0; rest >>= 8) length.unshift(rest & 0xff)
  const head = body.length < 0x80 ? [body.length] : [0x80 | length.length, ...length]
  return Buffer.concat([Buffer.from([tag, head].flat(2)), body])
}

export const derSequence = (...content: Uint8Array[]): Buffer => der(0x30, ...content)
export const derSet = (...content: Uint8Array[]): Buffer => der(0x31, ...content)
export const derOctets = (content: Uint8Array): Buffer => der(0x04, content)
export const derInteger = (value: number): Buffer => der(0x02, Buffer.from([value]))
export const derText = (value: string): Buffer => der(0x0c, Buffer.from(value))
/** Context-specific and constructed; numbers up to 16,383. */
export const derTagged = (tag: number, ...content: Uint8Array[]): Buffer =>
  der(tag < 31 ? 0xa0 | tag : [0xbf, ...(tag < 128 ? [tag] : [0x80 | (tag >> 7), tag & 0x7f])], ...content)

export function derOid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f]
    for (let high = Math.floor(arc / 128); high > 0; high = Math.floor(high / 128)) groups.unshift(0x80 | (high & 0x7f))
    return groups
  })
  return der(0x06, Buffer.from(bytes))
}

/** A Name with each attribute in a relative name of its own. */
export const derName = (attributes: readonly (readonly [string, string])[]): Buffer =>
  derSequence(...attributes.map(([type, value]) => derSet(derSequence(derOid(type), derText(value)))))

export const derExtension = (oid: string, value: Uint8Array, critical = false): Buffer =>
  derSequence(derOid(oid), ...(critical ? [der(0x01, Buffer.from([0xff]))] : []), derOctets(value))

export type CertificateOptions = {
  /** Attributes by OID; a plain name unless given. */
  subject?: readonly (readonly [string, string])[]
  /** Self-signed unless given. */
  issuer?: Issued
  /** A fresh P-256 key unless given. */
  publicKey?: KeyObject
  /** Adds basicConstraints; absent leaves the extension out. */
  ca?: boolean
  pathLength?: number
  extensions?: readonly Buffer[]
  /** 3 unless given; 1 leaves the extensions out. */
  version?: 1 | 2 | 3
  /** `YYYYMMDD`. */
  notBefore?: string
  notAfter?: string
}

export type Issued = { der: Buffer; pem: string; name: Buffer; publicKey: KeyObject; privateKey: KeyObject }

const ecdsaWithSha256 = derSequence(derOid('1.2.840.10045.4.3.2'))
let serial = 0

/** Makes an X.509 certificate, signed with ECDSA on P-256. Whatever is asked for is made, sensible or not. */
export function issueCertificate(options: CertificateOptions = {}): Issued {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicKey = options.publicKey ?? keys.publicKey
  serial += 1
  const name = derName(options.subject ?? [['2.5.4.3', `Test certificate ${serial}`]])
  const { issuer } = options
  const date = (day: string): Buffer => der(0x18, Buffer.from(`${day}000000Z`))
  const constraints = [
    ...(options.ca ? [der(0x01, Buffer.from([0xff]))] : []),
    ...(options.pathLength === undefined ? [] : [derInteger(options.pathLength)]),
  ]
  const extensions = [
    ...(options.ca === undefined ? [] : [derExtension('2.5.29.19', derSequence(...constraints), true)]),
    ...(options.extensions ?? []),
  ]
  const tbs = derSequence(
    ...(options.version === 1 ? [] : [derTagged(0, derInteger((options.version ?? 3) - 1))]),
    derInteger(serial & 0x7f),
    ecdsaWithSha256,
    issuer?.name ?? name,
    derSequence(date(options.notBefore ?? '20200101'), date(options.notAfter ?? '20991231')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(options.version === 1 || extensions.length === 0 ? [] : [derTagged(3, derSequence(...extensions))]),
  )
  const signature = sign('sha256', tbs, issuer?.privateKey ?? keys.privateKey)
  const encoded = derSequence(tbs, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature))
  return { der: encoded, pem: new X509Certificate(encoded).toString(), name, publicKey, privateKey: keys.privateKey }
}
