import type { AttestationStatement } from '../attestation-object.ts'
import { CeremonyError } from '../ceremony-error.ts'
import { checkAttestationSignature } from './attestation-signature.ts'
import { type Certificate, checkCertificateAaguid, nameAttribute } from './certificate.ts'
import {
  invalidStatement,
  statementAlgorithm,
  statementBytes,
  statementCertificates,
  statementMap,
} from './statement-members.ts'
import type { AttestationFacts, AttestationOutcome } from './verdict.ts'

/** WebAuthn L3 §8.2, with certificates or with the credential's own key. */
export function verifyPacked(attStmt: AttestationStatement, facts: AttestationFacts): AttestationOutcome {
  const statement = statementMap(attStmt)
  const algorithm = statementAlgorithm(statement)
  const signature = statementBytes(statement, 'sig')
  // ECDAA left the specification with Level 2; a statement that still names a key for it is not what it seems.
  if (statement.has('ecdaaKeyId')) throw invalidStatement('has an ecdaaKeyId')
  if (!statement.has('x5c')) {
    if (algorithm !== facts.key.algorithm) throw invalidStatement('has an alg that is not that of the key')
    checkAttestationSignature(algorithm, facts.key.keyObject, facts.signed, signature)
    return { trust: 'self', paths: [] }
  }
  const certificates = statementCertificates(statement)
  const [leaf] = certificates
  checkPackedCertificate(leaf)
  checkCertificateAaguid(leaf, facts.credential.aaguid)
  checkAttestationSignature(algorithm, leaf.x509.publicKey, facts.signed, signature)
  return { trust: 'certified', paths: [{ certificates, rootAllowed: false }] }
}

/** WebAuthn L3 §8.2.1. */
function checkPackedCertificate({ version, subject, x509 }: Certificate): void {
  if (version !== 3) throw unfit('is not version 3')
  if (!/^[A-Za-z]{2}$/.test(subject.get(nameAttribute.country) ?? '')) throw unfit('has no country')
  if (!subject.get(nameAttribute.organization)) throw unfit('has no organization')
  if (!subject.get(nameAttribute.commonName)) throw unfit('has no common name')
  if (subject.get(nameAttribute.organizationalUnit) !== 'Authenticator Attestation') throw unfit('has another unit')
  if (x509.ca) throw unfit('is a certificate authority')
}

function unfit(what: string): CeremonyError {
  return new CeremonyError('attestation_certificate', `attestation certificate ${what}`)
}
