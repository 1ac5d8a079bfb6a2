import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { type Cbor, type CborMap, cborMap } from './encode-cbor.ts'

type KeyPair = { publicKey: KeyObject; privateKey: KeyObject }
type Kind = { digest: string | null; generate: () => KeyPair; cose: (jwk: Record<string, string>) => Cbor[] }

const field = (text = ''): Buffer => Buffer.from(text, 'base64url')

const elliptic = (namedCurve: string, curve: number, digest: string): Kind => ({
  digest,
  generate: () => generateKeyPairSync('ec', { namedCurve }),
  cose: ({ x, y }) => [2, -1, curve, -2, field(x), -3, field(y)],
})

const lattice = (type: string): Kind => ({
  digest: null,
  generate: () => generateKeyPairSync(type as 'ml-dsa-44'),
  cose: ({ pub }) => [7, -1, field(pub)],
})

/** By COSE algorithm. `cose` gives the key type, then members after `alg`. */
const kinds = new Map<number, Kind>()
  .set(-7, elliptic('P-256', 1, 'sha256'))
  .set(-35, elliptic('P-384', 2, 'sha384'))
  .set(-36, elliptic('P-521', 3, 'sha512'))
  .set(-48, lattice('ml-dsa-44'))
  .set(-49, lattice('ml-dsa-65'))
  .set(-50, lattice('ml-dsa-87'))
  .set(-8, {
    digest: null,
    generate: () => generateKeyPairSync('ed25519'),
    cose: ({ x }) => [1, -1, 6, -2, field(x)],
  })
  .set(-257, {
    digest: 'sha256',
    generate: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    cose: ({ n, e }) => [3, -1, field(n), -2, field(e)],
  })

const kindOf = (algorithm: number): Kind => {
  const kind = kinds.get(algorithm)
  if (!kind) throw new Error(`NotSupportedError: no key of COSE algorithm ${algorithm}`)
  return kind
}

export const isSupported = (algorithm: number): boolean => kinds.has(algorithm)

/** A fresh key pair of a COSE algorithm. */
export const generateKeys = (algorithm: number): KeyPair => kindOf(algorithm).generate()

/** Signs as COSE and WebAuthn have it: ECDSA in DER, Ed25519 and ML-DSA over the message itself. */
export const signWith = (algorithm: number, privateKey: KeyObject, data: Uint8Array): Buffer =>
  sign(kindOf(algorithm).digest, data, privateKey)

/** The COSE_Key of a public key, members in canonical order. */
export function coseKeyOf(publicKey: KeyObject, algorithm: number): CborMap {
  const jwk = publicKey.export({ format: 'jwk' }) as Record<string, string>
  const [keyType, ...rest] = kindOf(algorithm).cose(jwk)
  return cborMap(1, keyType ?? null, 3, algorithm, ...rest)
}
