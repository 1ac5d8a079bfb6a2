import type { AttestationStatement } from '../attestation-object.ts'
import type { CborMap } from '../cbor.ts'
import { CeremonyError } from '../ceremony-error.ts'
import { type Certificate, readCertificate } from './certificate.ts'

/** A statement that must be a map, as that of every format but `compound`. */
export function statementMap(statement: AttestationStatement): CborMap {
  if (!(statement instanceof Map)) throw invalidStatement('is no map')
  return statement
}

/** A byte string of the statement. @throws CeremonyError `attestation_statement`. */
export function statementBytes(statement: CborMap, name: string): Uint8Array<ArrayBuffer> {
  const value = statement.get(name)
  if (!(value instanceof Uint8Array)) throw invalidStatement(`has no ${name}`)
  return value
}

/** `alg`, a COSE algorithm. @throws CeremonyError `attestation_statement`. */
export function statementAlgorithm(statement: CborMap): number {
  const value = statement.get('alg')
  if (typeof value !== 'number') throw invalidStatement('has no alg')
  return value
}

/** `x5c`, leaf first, never empty. @throws CeremonyError `attestation_statement` or `attestation_certificate`. */
export function statementCertificates(statement: CborMap): [Certificate, ...Certificate[]] {
  const value = statement.get('x5c')
  if (!Array.isArray(value)) throw invalidStatement('has no x5c')
  const [leaf, ...issuers] = value.map((der) => {
    if (!(der instanceof Uint8Array)) throw invalidStatement('has an x5c of no byte strings')
    return readCertificate(der)
  })
  if (!leaf) throw invalidStatement('has an empty x5c')
  return [leaf, ...issuers]
}

export function invalidStatement(what: string): CeremonyError {
  return new CeremonyError('attestation_statement', `attestation statement ${what}`)
}
