import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** Public half of a passkey, as a server that never saw its registration needs it. */
export type StoredPasskey = { id: string; userHandle: string; cosePublicKey: string; spki: string }

export type Passkey = StoredPasskey & { privateKey: KeyObject; signCount: number }

export type Site = { rpId: string; origin: string }

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest()

/** COSE_Key of a P-256 key: kty EC2, alg ES256, crv P-256, x, y (RFC 9053 §7.1.1). */
function coseKey(publicKey: KeyObject): Buffer {
  const { x, y } = publicKey.export({ format: 'jwk' })
  const head = Buffer.from('a5010203262001215820', 'hex')
  return Buffer.concat([
    head,
    Buffer.from(x ?? '', 'base64url'),
    Buffer.from('225820', 'hex'),
    Buffer.from(y ?? '', 'base64url'),
  ])
}

/** A new software passkey with a P-256 key and a sign counter that rises, as a security key's does. */
export function createPasskey(): Passkey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    id: base64url(randomBytes(32)),
    userHandle: base64url(randomBytes(16)),
    cosePublicKey: base64url(coseKey(publicKey)),
    spki: base64url(publicKey.export({ format: 'der', type: 'spki' })),
    privateKey,
    signCount: 0,
  }
}

export const storedPart = ({ id, userHandle, cosePublicKey, spki }: Passkey): StoredPasskey => ({
  id,
  userHandle,
  cosePublicKey,
  spki,
})

function authenticatorData(passkey: Passkey, rpId: string, flags: number, attested: Uint8Array): Buffer {
  const tail = Buffer.alloc(5)
  tail[0] = flags
  tail.writeUInt32BE(passkey.signCount, 1)
  return Buffer.concat([sha256(rpId), tail, attested])
}

const clientData = (type: string, challenge: string, origin: string) =>
  Buffer.from(`{"type":"${type}","challenge":"${challenge}","origin":"${origin}","crossOrigin":false}`)

/**
 * Answers a creation challenge with attestation `none` (WebAuthn §6.5.4, §8.7).
 * @param userHandle `user.id` of the options, kept for later assertions
 */
export function register(passkey: Passkey, challenge: string, userHandle: string, site: Site) {
  passkey.userHandle = userHandle
  const id = Buffer.from(passkey.id, 'base64url')
  const attested = Buffer.concat([
    Buffer.alloc(16),
    Buffer.from([0, id.length]),
    id,
    Buffer.from(passkey.cosePublicKey, 'base64url'),
  ])
  const data = authenticatorData(passkey, site.rpId, 0x45, attested)
  // CBOR map {fmt: "none", attStmt: {}, authData: bytes}
  const head = Buffer.from('a363666d74646e6f6e656761747453746d74a06861757468446174615800', 'hex')
  head[head.length - 1] = data.length
  return {
    id: passkey.id,
    rawId: passkey.id,
    type: 'public-key',
    response: {
      clientDataJSON: base64url(clientData('webauthn.create', challenge, site.origin)),
      attestationObject: base64url(Buffer.concat([head, data])),
      transports: ['usb'],
    },
    authenticatorAttachment: 'cross-platform',
    clientExtensionResults: {},
  }
}

/** Answers a request challenge: user present and verified, counter raised by one, ES256 signature (WebAuthn §6.3.3). */
export function authenticate(passkey: Passkey, challenge: string, site: Site) {
  passkey.signCount += 1
  const data = authenticatorData(passkey, site.rpId, 0x05, Buffer.alloc(0))
  const client = clientData('webauthn.get', challenge, site.origin)
  const signature = sign('sha256', Buffer.concat([data, sha256(client)]), passkey.privateKey)
  return {
    id: passkey.id,
    rawId: passkey.id,
    type: 'public-key',
    response: {
      authenticatorData: base64url(data),
      clientDataJSON: base64url(client),
      signature: base64url(signature),
      userHandle: passkey.userHandle,
    },
    clientExtensionResults: {},
  }
}
