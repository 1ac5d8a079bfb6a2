import type { AttestationStatement } from '../attestation-object.ts'
import { CeremonyError } from '../ceremony-error.ts'
import { checkAttestationSignature } from './attestation-signature.ts'
import { invalidStatement, statementBytes, statementCertificates, statementMap } from './statement-members.ts'
import type { AttestationFacts, AttestationOutcome } from './verdict.ts'

/**
 * WebAuthn L3 §8.6. An AAGUID other than zero is refused: U2F has none, and its signature does not cover the field, so
 * whatever stands there was put there by the client and would pass for a model that an allow list trusts.
 */
export function verifyFidoU2f(attStmt: AttestationStatement, facts: AttestationFacts): AttestationOutcome {
  const statement = statementMap(attStmt)
  const signature = statementBytes(statement, 'sig')
  const certificates = statementCertificates(statement)
  const [leaf, ...others] = certificates
  if (others.length > 0) throw invalidStatement('has more than one certificate')
  const { publicKey } = leaf.x509
  if (publicKey.asymmetricKeyType !== 'ec' || publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new CeremonyError('attestation_certificate', 'U2F attestation key is not on P-256')
  }
  if (facts.key.algorithm !== -7) throw invalidStatement('is of a key that U2F cannot make')
  if (facts.credential.aaguid.some((byte) => byte !== 0)) {
    throw new CeremonyError('attestation_aaguid', 'U2F authenticators have no AAGUID')
  }
  const { x, y } = facts.key.keyObject.export({ format: 'jwk' })
  const signed = Buffer.concat([
    Buffer.from([0x00]),
    facts.rpIdHash,
    facts.clientDataHash,
    facts.credential.credentialId,
    Buffer.from([0x04]),
    Buffer.from(x ?? '', 'base64url'),
    Buffer.from(y ?? '', 'base64url'),
  ])
  checkAttestationSignature(-7, publicKey, signed, signature)
  return { trust: 'certified', paths: [{ certificates, rootAllowed: false }] }
}
