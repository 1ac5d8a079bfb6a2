import type { X509Certificate } from 'node:crypto'
import { CeremonyError } from '../ceremony-error.ts'
import type { Certificate } from './certificate.ts'

/** Certificates of one statement, leaf first, as `x5c` gives them. */
export type CertificatePath = {
  certificates: readonly Certificate[]
  /** Whether the format allows the root itself at the end of a longer path; only android-key does. */
  rootAllowed: boolean
}

/** Longest `x5c` looked at; real ones have up to four certificates. */
const maxLength = 6

/**
 * Checks the dates of a path. The clock is the caller's; whether an expired certificate matters is policy.
 *
 * @throws CeremonyError `attestation_certificate`.
 */
export function checkValidity(certificates: readonly { x509: X509Certificate }[], now: Date): void {
  for (const { x509 } of certificates) {
    if (x509.validFromDate > now || x509.validToDate < now) {
      throw new CeremonyError('attestation_certificate', 'certificate is expired or not yet valid')
    }
  }
}

/**
 * Checks that a path ends in one of our anchors (WebAuthn L3 §7.1 step 24, RFC 5280 §6): each certificate is issued by
 * the next, which must be a CA allowed to stand that high, and the last by an anchor. Nothing inside `x5c` is trusted
 * for being self-signed. An anchor inside `x5c` passes in two cases: it is the only certificate (metadata may list the
 * authenticator's own), or it ends an android-key path, whose devices send the root or leave it out. No revocation
 * list is fetched: an address inside a certificate is an address chosen by whoever sent it.
 *
 * @returns the anchor that was reached.
 * @throws CeremonyError `attestation_trust`.
 */
export function findAnchor(path: CertificatePath, anchors: readonly X509Certificate[]): X509Certificate {
  const { certificates, rootAllowed } = path
  const last = certificates.at(-1)
  if (!last || certificates.length > maxLength) throw untrusted('path is empty or too long')
  for (const [index, issuer] of certificates.slice(1).entries()) {
    const subject = certificates[index]
    if (!subject || !isIssuedBy(subject.x509, issuer.x509)) throw untrusted('certificates do not form a path')
    if (!issuer.x509.ca) throw untrusted('issuer is no certificate authority')
    if (issuer.pathLength !== undefined && issuer.pathLength < index)
      throw untrusted('path is longer than its CA allows')
  }
  const included = anchors.find((anchor) => anchor.raw.equals(last.x509.raw))
  if (included) {
    if (certificates.length > 1 && !rootAllowed) throw untrusted('path contains its own root')
    return included
  }
  const anchor = anchors.find((candidate) => isIssuedBy(last.x509, candidate))
  if (!anchor) throw untrusted('path ends in no anchor of ours')
  return anchor
}

function isIssuedBy(subject: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return subject.checkIssued(issuer) && subject.verify(issuer.publicKey)
  } catch {
    return false
  }
}

function untrusted(what: string): CeremonyError {
  return new CeremonyError('attestation_trust', what)
}
