import type { AttestationStatement } from '../attestation-object.ts'
import { CeremonyError } from '../ceremony-error.ts'
import { verifyAndroidKey } from './android-key.ts'
import { verifyApple } from './apple.ts'
import { verifyFidoU2f } from './fido-u2f.ts'
import { verifyPacked } from './packed.ts'
import { invalidStatement, statementMap } from './statement-members.ts'
import { verifyTpm } from './tpm.ts'
import type { AttestationFacts, AttestationOutcome, AttestationTrust } from './verdict.ts'

type Verifier = (statement: AttestationStatement, facts: AttestationFacts) => AttestationOutcome

/**
 * Formats of WebAuthn L3 §8 but `android-safetynet`, whose service Google ended in January 2025. A map, so that a
 * format cannot name a property of every object.
 */
const simpleFormats: ReadonlyMap<string, Verifier> = new Map<string, Verifier>([
  ['none', verifyNone],
  ['packed', verifyPacked],
  ['tpm', verifyTpm],
  ['android-key', verifyAndroidKey],
  ['apple', verifyApple],
  ['fido-u2f', verifyFidoU2f],
])

/** Weakest first. */
const strength: readonly AttestationTrust[] = ['none', 'self', 'certified']

/**
 * Verifies an attestation statement (WebAuthn L3 §7.1 steps 21-22) with nothing but its arguments: no clock, no
 * network, no settings shared by the process. The paths it returns are still to be held against anchors and dates.
 *
 * Ours rather than the library's: `@simplewebauthn/server` 14.0.3 reads the system clock, keeps its anchors in a
 * process-wide service, and, given an android-key statement, fetches the revocation lists that the sender's own
 * certificates name before it has looked at the root. It also takes a packed `alg` that is not the key's.
 *
 * @param format compared exactly.
 * @throws CeremonyError `attestation_format` for a format unknown here, else the reason of the check that failed.
 */
export function verifyAttestationStatement(
  format: string,
  statement: AttestationStatement,
  facts: AttestationFacts,
): AttestationOutcome {
  if (format === 'compound') return verifyCompound(statement, facts)
  const verifier = simpleFormats.get(format)
  if (!verifier) throw new CeremonyError('attestation_format', 'attestation statement format is unknown')
  return verifier(statement, facts)
}

function verifyNone(statement: AttestationStatement): AttestationOutcome {
  if (statementMap(statement).size > 0) throw invalidStatement('of format none is not empty')
  return { trust: 'none', paths: [] }
}

/** WebAuthn L3 §8.9: at least two statements, none of them compound; all must verify and the weakest one counts. */
function verifyCompound(statements: AttestationStatement, facts: AttestationFacts): AttestationOutcome {
  if (!Array.isArray(statements) || statements.length < 2) throw invalidStatement('of format compound holds no two')
  const outcomes = statements.map((element) => {
    const format = element instanceof Map ? element.get('fmt') : undefined
    const statement = element instanceof Map ? element.get('attStmt') : undefined
    if (typeof format !== 'string' || !(statement instanceof Map)) throw invalidStatement('holds no statement')
    // A statement that is a map cannot be compound again, so this does not recurse.
    return verifyAttestationStatement(format, statement, facts)
  })
  const weakest = strength.find((level) => outcomes.some(({ trust }) => trust === level)) ?? 'none'
  return { trust: weakest, paths: outcomes.flatMap(({ paths }) => paths) }
}
