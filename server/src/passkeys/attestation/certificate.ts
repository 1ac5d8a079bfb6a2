import { X509Certificate } from 'node:crypto'
import { CeremonyError } from '../ceremony-error.ts'
import { type DerElement, derChildren, derContent, derNumber, derOid, derTag, readDer } from './der.ts'

export type CertificateExtension = { critical: boolean; value: Uint8Array<ArrayBuffer> }

/** What attestation asks of an X.509 certificate and Node does not show, beside the certificate itself. */
export type Certificate = {
  x509: X509Certificate
  /** 1 to 3. */
  version: number
  /** Subject attributes by OID. */
  subject: ReadonlyMap<string, string>
  extensions: ReadonlyMap<string, CertificateExtension>
  /** How many CA certificates may follow below it; absent means any number. */
  pathLength: number | undefined
}

/** Attributes of a name (RFC 5280 §4.1.2.4). */
export const nameAttribute = {
  commonName: '2.5.4.3',
  country: '2.5.4.6',
  organization: '2.5.4.10',
  organizationalUnit: '2.5.4.11',
} as const

const basicConstraints = '2.5.29.19'

/**
 * Reads a DER certificate: OpenSSL decides whether it is one, then its version, subject and extensions are read.
 *
 * @throws CeremonyError `attestation_certificate`.
 */
export function readCertificate(der: Uint8Array<ArrayBuffer>): Certificate {
  try {
    const x509 = new X509Certificate(der)
    const [tbs] = derChildren(readDer(der), derTag.sequence)
    const fields = derChildren(tbs, derTag.sequence)
    const versioned = fields[0]?.tagClass === 2
    const version = versioned ? derNumber(derChildren(fields[0])[0]) + 1 : 1
    // Serial number, signature algorithm, issuer, validity, subject; the version before them is optional.
    const subject = readName(fields[versioned ? 5 : 4])
    const extensions = readExtensions(fields.find((field) => field.tagClass === 2 && field.tag === 3))
    return { x509, version, subject, extensions, pathLength: readPathLength(extensions.get(basicConstraints)) }
  } catch {
    throw new CeremonyError('attestation_certificate', 'certificate cannot be read')
  }
}

/** Attributes of a Name by OID, whether or not they share a RelativeDistinguishedName. The last one of a kind counts. */
export function readName(name: DerElement | undefined): Map<string, string> {
  const attributes = new Map<string, string>()
  for (const relativeName of derChildren(name, derTag.sequence)) {
    for (const attribute of derChildren(relativeName, derTag.set)) {
      const [type, value] = derChildren(attribute, derTag.sequence)
      attributes.set(derOid(type), Buffer.from(value?.content ?? []).toString('utf8'))
    }
  }
  return attributes
}

function readExtensions(explicit: DerElement | undefined): Map<string, CertificateExtension> {
  const extensions = new Map<string, CertificateExtension>()
  if (!explicit) return extensions
  for (const extension of derChildren(derChildren(explicit)[0], derTag.sequence)) {
    const [oid, ...rest] = derChildren(extension, derTag.sequence)
    const id = derOid(oid)
    if (extensions.has(id)) throw new RangeError('extension given twice')
    const critical = rest.length > 1 && derContent(rest[0], derTag.boolean)[0] !== 0
    extensions.set(id, { critical, value: derContent(rest.at(-1), derTag.octetString) })
  }
  return extensions
}

function readPathLength(extension: CertificateExtension | undefined): number | undefined {
  if (!extension) return undefined
  const limit = derChildren(readDer(extension.value), derTag.sequence).find((part) => part.tag === derTag.integer)
  return limit && derNumber(limit)
}

const fidoAaguid = '1.3.6.1.4.1.45724.1.1.4'

/**
 * id-fido-gen-ce-aaguid (WebAuthn L3 §8.2.1): where a certificate names a model, it must be the one that authenticator
 * data names, and the extension must not be critical.
 *
 * @throws CeremonyError `attestation_certificate` or `attestation_aaguid`.
 */
export function checkCertificateAaguid(certificate: Certificate, aaguid: Uint8Array): void {
  const extension = certificate.extensions.get(fidoAaguid)
  if (!extension) return
  if (extension.critical) throw new CeremonyError('attestation_certificate', 'AAGUID extension is critical')
  let named: Uint8Array
  try {
    named = derContent(readDer(extension.value), derTag.octetString)
  } catch {
    throw new CeremonyError('attestation_certificate', 'AAGUID extension cannot be read')
  }
  if (Buffer.compare(named, aaguid) !== 0) {
    throw new CeremonyError('attestation_aaguid', 'certificate is of another authenticator model')
  }
}
