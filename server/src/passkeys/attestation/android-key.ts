import type { AttestationStatement } from '../attestation-object.ts'
import { CeremonyError } from '../ceremony-error.ts'
import { checkAttestationSignature } from './attestation-signature.ts'
import { type DerElement, derChildren, derContent, derNumber, derTag, readDer } from './der.ts'
import { statementAlgorithm, statementBytes, statementCertificates, statementMap } from './statement-members.ts'
import type { AttestationFacts, AttestationOutcome } from './verdict.ts'

const keyDescriptionExtension = '1.3.6.1.4.1.11129.2.1.17'
/** Tags of AuthorizationList in Android's key attestation schema. */
const authorization = { purpose: 1, allApplications: 600, origin: 702 } as const
const purposeSign = 2
const originGenerated = 0

/**
 * WebAuthn L3 §8.4. Software and hardware authorizations are read as one list, as the specification allows when keys
 * need not come from a trusted environment. An origin or purpose that is stated must be right; the specification's own
 * test vector states none, so silence passes.
 */
export function verifyAndroidKey(attStmt: AttestationStatement, facts: AttestationFacts): AttestationOutcome {
  const statement = statementMap(attStmt)
  const algorithm = statementAlgorithm(statement)
  const signature = statementBytes(statement, 'sig')
  const certificates = statementCertificates(statement)
  const [leaf] = certificates
  checkAttestationSignature(algorithm, leaf.x509.publicKey, facts.signed, signature)
  if (!leaf.x509.publicKey.equals(facts.key.keyObject)) throw unfit('is for another key')

  const { challenge, authorizations } = readKeyDescription(leaf.extensions.get(keyDescriptionExtension)?.value)
  if (!facts.clientDataHash.equals(challenge)) throw unfit('was not made for this registration')
  const values = (tag: number): DerElement[] => authorizations.filter((entry) => entry.tag === tag)
  if (values(authorization.allApplications).length > 0) throw unfit('is for a key that any application may use')
  try {
    const origins = values(authorization.origin).map((entry) => derNumber(derChildren(entry)[0]))
    const purposes = values(authorization.purpose).map((entry) => derChildren(derChildren(entry)[0], derTag.set))
    if (origins.some((origin) => origin !== originGenerated)) throw unfit('is for a key made elsewhere')
    if (purposes.some((set) => !set.some((purpose) => derNumber(purpose) === purposeSign))) {
      throw unfit('is for a key that may not sign')
    }
  } catch (error) {
    throw error instanceof CeremonyError ? error : unfit('has an unreadable key description')
  }
  return { trust: 'certified', paths: [{ certificates, rootAllowed: true }] }
}

/** KeyDescription: four version and level numbers, challenge, unique id, software and hardware authorizations. */
function readKeyDescription(extension: Uint8Array<ArrayBuffer> | undefined) {
  try {
    const fields = derChildren(extension && readDer(extension), derTag.sequence)
    const challenge = derContent(fields[4], derTag.octetString)
    const lists = [derChildren(fields[6], derTag.sequence), derChildren(fields[7], derTag.sequence)]
    return { challenge, authorizations: lists.flat().filter((entry) => entry.tagClass === 2) }
  } catch {
    throw unfit('has no readable key description')
  }
}

function unfit(what: string): CeremonyError {
  return new CeremonyError('attestation_certificate', `android-key certificate ${what}`)
}
