import type { AttestedCredential } from '../authenticator-data.ts'
import type { VerificationKey } from '../cose-key.ts'
import type { CertificatePath } from './certificate-path.ts'

/** What an attestation statement speaks about. */
export type AttestationFacts = {
  /** Authenticator data followed by the hash of the client data: what most formats sign. */
  signed: Buffer<ArrayBuffer>
  clientDataHash: Buffer
  rpIdHash: Uint8Array
  credential: AttestedCredential
  key: VerificationKey
  /** TPM vendors accepted beside those of the TCG registry, such as `id:FFFFF1D0` in conformance tests. */
  extraTpmManufacturers: readonly string[]
}

/**
 * What a statement proves once it verifies: nothing, possession of the credential key, or that the holder of a
 * certificate made the key. `certified` says nothing about who that is until a path reaches an anchor.
 */
export type AttestationTrust = 'none' | 'self' | 'certified'

export type AttestationOutcome = { trust: AttestationTrust; paths: CertificatePath[] }
