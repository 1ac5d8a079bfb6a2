import { hash, type KeyObject } from 'node:crypto'
import type { AttestationStatement } from '../attestation-object.ts'
import { CeremonyError } from '../ceremony-error.ts'
import { attestationDigest, checkAttestationSignature } from './attestation-signature.ts'
import { type Certificate, checkCertificateAaguid, readName } from './certificate.ts'
import { derChildren, derTag, readDer } from './der.ts'
import {
  invalidStatement,
  statementAlgorithm,
  statementBytes,
  statementCertificates,
  statementMap,
} from './statement-members.ts'
import { tpmManufacturers } from './tpm-manufacturers.ts'
import { parseCertifyInfo, parsePublicArea, type TpmPublicArea, tpmDigests } from './tpm-structures.ts'
import type { AttestationFacts, AttestationOutcome } from './verdict.ts'

const generatedValue = 0xff544347
const attestCertify = 0x8017
const aikCertificate = '2.23.133.8.3'
const subjectAltName = '2.5.29.17'
const tpmAttribute = { manufacturer: '2.23.133.2.1', model: '2.23.133.2.2', version: '2.23.133.2.3' } as const

/** WebAuthn L3 §8.3: the TPM's attestation key certifies the credential key for this registration. */
export function verifyTpm(attStmt: AttestationStatement, facts: AttestationFacts): AttestationOutcome {
  const statement = statementMap(attStmt)
  if (statement.get('ver') !== '2.0') throw invalidStatement('is not of TPM 2.0')
  const algorithm = statementAlgorithm(statement)
  const signature = statementBytes(statement, 'sig')
  const publicArea = statementBytes(statement, 'pubArea')
  const certifyInfo = statementBytes(statement, 'certInfo')
  const certificates = statementCertificates(statement)
  const [aik] = certificates

  const { key, nameAlgorithm } = readStructure(() => parsePublicArea(publicArea))
  if (!isSameKey(key, facts.key.keyObject)) throw invalidStatement('is of another key')

  const info = readStructure(() => parseCertifyInfo(certifyInfo))
  if (info.magic !== generatedValue) throw invalidStatement('was not made by a TPM')
  if (info.type !== attestCertify) throw invalidStatement('is of another type')
  const digest = attestationDigest(algorithm)
  if (!digest || !hash(digest, facts.signed, 'buffer').equals(info.extraData)) {
    throw invalidStatement('was not made for this registration')
  }
  if (!nameOf(publicArea, nameAlgorithm)?.equals(info.name)) throw invalidStatement('certifies another object')

  checkAikCertificate(aik, facts.extraTpmManufacturers)
  checkCertificateAaguid(aik, facts.credential.aaguid)
  checkAttestationSignature(algorithm, aik.x509.publicKey, certifyInfo, signature)
  return { trust: 'certified', paths: [{ certificates, rootAllowed: false }] }
}

function readStructure<T>(read: () => T): T {
  try {
    return read()
  } catch {
    throw invalidStatement('holds an unreadable TPM structure')
  }
}

function isSameKey(key: TpmPublicArea['key'], keyObject: KeyObject): boolean {
  const jwk = keyObject.export({ format: 'jwk' })
  const is = (bytes: Buffer, member: string | undefined): boolean => bytes.toString('base64url') === member
  if (key.kty === 'EC') return key.crv === jwk.crv && is(key.x, jwk.x) && is(key.y, jwk.y)
  return (
    jwk.kty === 'RSA' && is(key.n, jwk.n) && keyObject.asymmetricKeyDetails?.publicExponent === BigInt(key.exponent)
  )
}

/** TPM 2.0 Part 1 §16: the algorithm's id, then the digest of the public area. */
function nameOf(publicArea: Uint8Array, nameAlgorithm: number): Buffer | undefined {
  const digest = tpmDigests.get(nameAlgorithm)
  if (!digest) return undefined
  return Buffer.concat([Buffer.from([nameAlgorithm >> 8, nameAlgorithm & 0xff]), hash(digest, publicArea, 'buffer')])
}

/** WebAuthn L3 §8.3.1. */
function checkAikCertificate(aik: Certificate, extraManufacturers: readonly string[]): void {
  if (aik.version !== 3) throw unfit('is not version 3')
  if (aik.subject.size > 0) throw unfit('has a subject')
  if (aik.x509.ca) throw unfit('is a certificate authority')
  if (!aik.x509.keyUsage?.includes(aikCertificate)) throw unfit('is not for attestation')
  const device = readDevice(aik.extensions.get(subjectAltName)?.value)
  // Some vendors write the hexadecimal digits in lower case.
  const manufacturer = device.get(tpmAttribute.manufacturer)?.toUpperCase().replace('ID:', 'id:')
  if (!manufacturer || !device.get(tpmAttribute.model) || !device.get(tpmAttribute.version)) {
    throw unfit('does not name its TPM')
  }
  if (!tpmManufacturers.has(manufacturer) && !extraManufacturers.includes(manufacturer)) {
    throw unfit('is of an unknown TPM manufacturer')
  }
}

/** The directoryName of a subjectAltName, which describes the device (TCG EK Credential Profile §3.2.9). */
function readDevice(extension: Uint8Array<ArrayBuffer> | undefined): ReadonlyMap<string, string> {
  try {
    const names = derChildren(extension && readDer(extension), derTag.sequence)
    const directoryName = names.find((name) => name.tagClass === 2 && name.tag === 4)
    return readName(derChildren(directoryName)[0])
  } catch {
    throw unfit('has no readable subjectAltName')
  }
}

function unfit(what: string): CeremonyError {
  return new CeremonyError('attestation_certificate', `TPM certificate ${what}`)
}
