import { hash } from 'node:crypto'
import type { AttestationStatement } from '../attestation-object.ts'
import { CeremonyError } from '../ceremony-error.ts'
import { derChildren, derContent, derTag, readDer } from './der.ts'
import { statementCertificates, statementMap } from './statement-members.ts'
import type { AttestationFacts, AttestationOutcome } from './verdict.ts'

/** Holds SEQUENCE { [1] OCTET STRING nonce }. */
const nonceExtension = '1.2.840.113635.100.8.2'

/** WebAuthn L3 §8.8: the certificate is for the credential key, and its nonce for this registration. */
export function verifyApple(attStmt: AttestationStatement, facts: AttestationFacts): AttestationOutcome {
  const certificates = statementCertificates(statementMap(attStmt))
  const [leaf] = certificates
  const extension = leaf.extensions.get(nonceExtension)
  let nonce: Uint8Array
  try {
    const [explicit] = derChildren(extension && readDer(extension.value), derTag.sequence)
    if (explicit?.tagClass !== 2 || explicit.tag !== 1) throw new RangeError('no nonce')
    nonce = derContent(derChildren(explicit)[0], derTag.octetString)
  } catch {
    throw new CeremonyError('attestation_certificate', 'certificate has no nonce')
  }
  if (!hash('sha256', facts.signed, 'buffer').equals(nonce)) {
    throw new CeremonyError('attestation_signature', 'certificate was not made for this registration')
  }
  if (!leaf.x509.publicKey.equals(facts.key.keyObject)) {
    throw new CeremonyError('attestation_certificate', 'certificate is for another key')
  }
  return { trust: 'certified', paths: [{ certificates, rootAllowed: false }] }
}
