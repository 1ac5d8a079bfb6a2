import { generateKeyPairSync, sign, verify } from 'node:crypto'

/**
 * Algorithms every supported runtime verifies, in order of preference: ES256 (all platforms have it), EdDSA, RS256
 * (older Windows Hello has nothing else).
 */
const always = [-7, -8, -257] as const

/** ML-DSA (FIPS 204), offered only where this runtime verifies it. */
const lattice = [
  [-48, 'ml-dsa-44'],
  [-49, 'ml-dsa-65'],
  [-50, 'ml-dsa-87'],
] as const

let offered: readonly number[] | undefined

/**
 * COSE algorithms for `pubKeyCredParams`, most wanted first. The first call proves ML-DSA with a signature of its own
 * (about 3 ms); later calls return the same frozen list.
 */
export function offeredAlgorithms(): readonly number[] {
  offered ??= Object.freeze([...always, ...lattice.filter(([, type]) => verifies(type)).map(([id]) => id)])
  return offered
}

/** A runtime may name the algorithm, yet lack keys, signatures or both: only a true and a false verdict are proof. */
function verifies(type: (typeof lattice)[number][1]): boolean {
  try {
    const { publicKey, privateKey } = generateKeyPairSync(type as 'ml-dsa-44')
    const message = Buffer.from('probe')
    const signature = sign(null, message, privateKey)
    return verify(null, message, publicKey, signature) && !verify(null, Buffer.from('other'), publicKey, signature)
  } catch {
    return false
  }
}
