import { LRUCache } from 'lru-cache'
import { importCoseKey, type VerificationKey } from './cose-key.ts'

/**
 * Importing a P-256 key costs more than verifying with it (111 against 50 µs), so imported keys are kept. Keyed by the
 * key's own bytes and nothing else: no credential, tenant or revocation can make an entry wrong, and none can push out
 * another by reusing its credential id. The bytes are their own hash, exactly and more cheaply than a digest.
 */
const keys = new LRUCache<string, VerificationKey>({ max: 10_000 })

/**
 * The verification key of a stored COSE_Key, imported at most once while it stays among the 10,000 last used.
 *
 * @throws CeremonyError `algorithm`, `key` or `format`, as `importCoseKey`; failures are not kept.
 */
export function verificationKey(coseKey: Uint8Array<ArrayBuffer>): VerificationKey {
  const id = Buffer.from(coseKey.buffer, coseKey.byteOffset, coseKey.byteLength).toString('latin1')
  const known = keys.get(id)
  if (known) return known
  const imported = importCoseKey(coseKey)
  keys.set(id, imported)
  return imported
}
