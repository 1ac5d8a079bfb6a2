import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomFillSync,
  timingSafeEqual,
} from 'node:crypto'
import { crc32 } from 'node:zlib'

/**
 * Secrets we mint, by prefix. None is also the prefix of an identifier, so that a scanner and a log filter can tell
 * them apart (http-api.md §1.1, agents.md §1).
 */
export const secretPrefixes = {
  sec: 'client secret; shown once',
  tm_key: 'secret key of an agent; shown once',
  clm: 'claim token of an unclaimed tenant; shown once',
  dvc: 'device code (RFC 8628)',
  emt: 'e-mail verification token',
  itk: 'token of an invitation to an account',
  apt: "token that proves a person's address",
  ac: 'authorization code',
  rt: 'refresh token',
  onp: "cookie of a hosted sign-up's page",
  plt: 'polling token of a cross-device sign-in',
} as const

export type SecretPrefix = keyof typeof secretPrefixes
export type Secret<P extends SecretPrefix = SecretPrefix> = `${P}_${string}`

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** 62^43 is just above 2^256. */
const bodyLength = 43
const checksumLength = 6

// One system call fills many requests: a call per id costs 15 times as much. What was handed out is wiped.
const pool = Buffer.alloc(4096)
let used = pool.length

/** `size` bytes from the system's CSPRNG. */
export function randomBytes(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  if (size > pool.length / 4) return randomFillSync(bytes)
  if (used + size > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  pool.copy(bytes, 0, used, used + size)
  pool.fill(0, used, used + size)
  used += size
  return bytes
}

/** `length` characters, each chosen uniformly (no modulo bias) from at most 256 `characters`. Base62 unless told. */
export function randomText(length: number, characters: string = alphabet): string {
  const bound = 256 - (256 % characters.length)
  let text = ''
  while (text.length < length) {
    for (const byte of randomBytes(length - text.length)) {
      if (byte < bound) text += characters[byte % characters.length]
    }
  }
  return text
}

/** A WebAuthn challenge: 32 bytes from the CSPRNG (security.md §2 C 79). */
export function challenge(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(randomBytes(32))
}

function checksum(text: string): string {
  let rest = crc32(text)
  let digits = ''
  for (let place = 0; place < checksumLength; place++) {
    digits = alphabet.charAt(rest % 62) + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}

/**
 * A new secret: prefix, `_`, 43 base62 characters (256 bits), 6 characters of checksum, which is the CRC-32 of all
 * before it in base62 (agents.md §6). Keep only its `hash`.
 */
export function mintSecret<P extends SecretPrefix>(prefix: P): Secret<P> {
  const head = `${prefix}_${randomText(bodyLength)}` as const
  return `${head}${checksum(head)}`
}

/** A webhook signing secret as Standard Webhooks writes it: `whsec_` and the base64 of 32 bytes. */
export function mintWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}

/** Whether `text` has the shape and the checksum of a secret of this kind; decided without any look-up. */
export function hasValidChecksum<P extends SecretPrefix>(text: string, prefix: P): text is Secret<P> {
  const head = prefix.length + 1 + bodyLength
  if (text.length !== head + checksumLength || !text.startsWith(`${prefix}_`)) return false
  return /^[0-9A-Za-z]+$/.test(text.slice(prefix.length + 1)) && text.slice(head) === checksum(text.slice(0, head))
}

/** What may be shown again of a secret: prefix, 4 characters, `...`, the last 4 (agents.md §6). */
export function preview(secret: Secret): string {
  const body = secret.lastIndexOf('_') + 1
  return `${secret.slice(0, body + 4)}...${secret.slice(-4)}`
}

/** Compares two digests in constant time; of different length they are unequal. Hash a text before comparing it. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

const versions = { aes256gcm: 1 }
const nonceLength = 12
const tagLength = 16

export type Secrets = ReturnType<typeof createSecrets>

/**
 * Everything that needs the master key (32 bytes). Three independent keys are derived from it by HKDF-SHA-256, so that
 * a pepper, a ciphertext and a decoy never share key material.
 */
export function createSecrets({ masterKey }: { masterKey: Uint8Array }) {
  if (masterKey.length !== 32) throw new Error('the master key must have 32 bytes')
  const derive = (purpose: string) =>
    createSecretKey(Buffer.from(hkdfSync('sha256', masterKey, 'trymellon', `${purpose}/1`, 32)))
  const pepper = derive('pepper')
  const encryption = derive('encryption')
  const decoyKey = derive('decoy')

  /** The keyed hash under which a generated secret is stored and looked up: HMAC-SHA-256 under the pepper. */
  const hash = (text: string): Buffer => createHmac('sha256', pepper).update(text).digest()

  // Compared against when nothing is stored, so that an unknown name costs what a wrong secret does (security.md 139).
  // No text that hashes to 32 random bytes can be found.
  const nobody = randomBytes(32)

  return {
    hash,

    /** Names the pepper without disclosing it; stored beside hashes (agents.md §6). */
    pepperId: hash('pepper id').toString('hex').slice(0, 8),

    /** Whether `text` hashes to `digest`, in constant time; without a digest it does the same work and says no. */
    matches(text: string, digest: Uint8Array | null | undefined): boolean {
      return equal(hash(text), digest ?? nobody)
    },

    /**
     * AES-256-GCM: version byte, nonce, ciphertext, tag. `context` says what the value is and whose it is (as in
     * `signing_key:KID`); a ciphertext moved to another place does not open.
     */
    encrypt(plain: string | Uint8Array, context: string): Buffer {
      const version = Buffer.of(versions.aes256gcm)
      const nonce = randomBytes(nonceLength)
      const cipher = createCipheriv('aes-256-gcm', encryption, nonce)
      cipher.setAAD(Buffer.concat([version, Buffer.from(context)]))
      const body = typeof plain === 'string' ? cipher.update(plain, 'utf8') : cipher.update(plain)
      cipher.final()
      return Buffer.concat([version, nonce, body, cipher.getAuthTag()])
    },

    /** Opens what `encrypt` made for the same context. Throws if it was changed, moved, or made under another key. */
    decrypt(sealed: Uint8Array, context: string): Buffer {
      const body = sealed.length - tagLength
      if (sealed[0] !== versions.aes256gcm || body < 1 + nonceLength) throw new Error('not an encrypted value')
      const nonce = sealed.subarray(1, 1 + nonceLength)
      const decipher = createDecipheriv('aes-256-gcm', encryption, nonce, { authTagLength: tagLength })
      decipher.setAAD(Buffer.concat([sealed.subarray(0, 1), Buffer.from(context)]))
      decipher.setAuthTag(sealed.subarray(body))
      const plain = decipher.update(sealed.subarray(1 + nonceLength, body))
      decipher.final()
      return plain
    },

    /**
     * 32 bytes that look random and stay the same for the same input: credential ids of users who do not exist, and
     * the like (security.md §2 C 87). Parts are length-prefixed, so ('ab', 'c') and ('a', 'bc') differ.
     */
    decoy(label: string, ...parts: (string | Uint8Array)[]): Buffer {
      const mac = createHmac('sha256', decoyKey)
      for (const part of [label, ...parts]) {
        const bytes = Buffer.from(part)
        const size = Buffer.alloc(4)
        size.writeUInt32BE(bytes.length)
        mac.update(size).update(bytes)
      }
      return mac.digest()
    },
  }
}

const words = ['', 'test', 'dev', 'secret', 'password', 'changeme', 'change-me', 'master', 'trymellon', 'MASTER_KEY']

function weakness(key: Buffer): string | undefined {
  const step = (key.readUInt8(1) - key.readUInt8(0)) & 255
  if (key.every((byte, i) => i === 0 || ((byte - key.readUInt8(i - 1)) & 255) === step)) return 'is a plain sequence'
  if (key.subarray(0, 16).equals(key.subarray(16))) return 'repeats itself'
  if (new Set(key).size < 16) return 'has too few different bytes'
  if (key.every((byte) => byte >= 0x20 && byte < 0x7f)) return 'is readable text'
  if (words.some((word) => createHash('sha256').update(word).digest().equals(key)))
    return 'is the hash of a common word'
  return undefined
}

/**
 * Reads the setting MASTER_KEY: 32 bytes as 64 hex digits or as base64 or base64url. Throws an error that names the
 * setting, never its value, when it is missing, of another length, or a value that people leave as a default
 * (security.md §2 Q 242).
 */
export function loadMasterKey(text: string): Buffer {
  const refuse = (why: string) => new Error(`MASTER_KEY: ${why} (make one with: openssl rand -hex 32)`)
  const trimmed = text.trim()
  if (trimmed === '') throw refuse('is not set')
  const hex = /^[0-9a-f]{64}$/i.test(trimmed)
  const base64 = /^(?:[0-9A-Za-z+/]{43}=?|[0-9A-Za-z_-]{43}=?)$/.test(trimmed)
  if (!hex && !base64) throw refuse('must be 32 bytes, written as 64 hex digits or as base64')
  const key = Buffer.from(trimmed, hex ? 'hex' : 'base64')
  const why = weakness(key)
  if (why) throw refuse(why)
  return key
}
