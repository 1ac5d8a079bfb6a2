import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  challenge,
  createSecrets,
  equal,
  hasValidChecksum,
  loadMasterKey,
  mintSecret,
  mintWebhookSecret,
  preview,
  randomBytes,
  randomText,
  secretPrefixes,
} from './secrets.ts'

const masterKey = Buffer.from('6b1f0c2e9ad457f3a8e06d5b13c79f42de8173b05a6c94e2f71d08ab3e5596c4', 'hex')
const secrets = createSecrets({ masterKey })
const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Pearson's statistic of `counts` against a uniform distribution, in standard deviations above its mean. */
function excess(counts: number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length
  const chi = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  return (chi - (counts.length - 1)) / Math.sqrt(2 * (counts.length - 1))
}

describe('randomness', () => {
  it('security 79: 100,000 challenges of 32 bytes show no collision and no bias', () => {
    const seen = new Set<string>()
    const counts = Array.from({ length: 256 }, () => 0)
    for (let i = 0; i < 100_000; i++) {
      const bytes = challenge()
      expect(bytes.length).toBe(32)
      for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1
      seen.add(Buffer.from(bytes).toString('base64url'))
    }
    expect(seen.size).toBe(100_000)
    expect(Math.abs(excess(counts))).toBeLessThan(6)
  })

  it('random text has no modulo bias', () => {
    const counts = Array.from({ length: 62 }, () => 0)
    for (const character of randomText(400_000)) {
      const place = base62.indexOf(character)
      counts[place] = (counts[place] ?? 0) + 1
    }
    expect(Math.abs(excess(counts))).toBeLessThan(6)
    expect(randomText(2000, 'BCDF')).toMatch(/^[BCDF]{2000}$/)
  })

  it('random bytes are never handed out twice, at any size around the pool', () => {
    const seen = new Set<string>()
    for (const size of [16, 1000, 1024, 1025, 4096, 9000]) {
      for (let i = 0; i < 50; i++) {
        const bytes = randomBytes(size)
        expect(bytes.length).toBe(size)
        for (let at = 0; at + 8 <= size; at += 8) seen.add(bytes.subarray(at, at + 8).toString('hex'))
      }
    }
    expect(seen.size).toBe(50 * (2 + 125 + 128 + 128 + 512 + 1125))
  })
})

describe('minted secrets', () => {
  it('the published test values have valid checksums', () => {
    expect(hasValidChecksum('tm_key_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg4EQaWx', 'tm_key')).toBe(true)
    expect(hasValidChecksum('sec_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3rlfyt', 'sec')).toBe(true)
  })

  it('security 138: a secret is a prefix, 43 base62 characters (256 bits) and a valid checksum, and never repeats', () => {
    expect(43 * Math.log2(62)).toBeGreaterThanOrEqual(256)
    for (const prefix of Object.keys(secretPrefixes) as (keyof typeof secretPrefixes)[]) {
      const minted = Array.from({ length: 200 }, () => mintSecret(prefix))
      expect(new Set(minted).size).toBe(200)
      for (const secret of minted) {
        expect(secret).toMatch(new RegExp(`^${prefix}_[0-9A-Za-z]{49}$`))
        expect(hasValidChecksum(secret, prefix)).toBe(true)
      }
    }
  })

  it('any single changed character, another prefix and another length are refused', () => {
    const secret = mintSecret('sec')
    for (let at = 4; at < secret.length; at++) {
      const other = base62.charAt((base62.indexOf(secret.charAt(at)) + 1) % 62)
      expect(hasValidChecksum(secret.slice(0, at) + other + secret.slice(at + 1), 'sec')).toBe(false)
    }
    expect(hasValidChecksum(secret, 'tm_key')).toBe(false)
    expect(hasValidChecksum(secret.replace('sec', 'tm_key'), 'tm_key')).toBe(false)
    expect(hasValidChecksum(`${secret}0`, 'sec')).toBe(false)
    expect(hasValidChecksum(`${secret.slice(0, -1)}\n`, 'sec')).toBe(false)
    expect(hasValidChecksum('', 'sec')).toBe(false)
  })

  it('a preview shows four characters of either end', () => {
    expect(preview('tm_key_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg4EQaWx')).toBe('tm_key_0123...QaWx')
    expect(preview('sec_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3rlfyt')).toBe('sec_0123...lfyt')
  })

  it('a webhook secret is the base64 of 32 bytes', () => {
    const secret = mintWebhookSecret()
    expect(secret).toMatch(/^whsec_[0-9A-Za-z+/]{43}=$/)
    expect(Buffer.from(secret.slice(6), 'base64')).toHaveLength(32)
  })
})

describe('keyed by the master key', () => {
  it('security 138: the stored hash needs the pepper, which needs the master key', () => {
    const secret = mintSecret('sec')
    const other = createSecrets({ masterKey: Buffer.from(masterKey).reverse() })
    expect(secrets.hash(secret)).toHaveLength(32)
    expect(secrets.hash(secret)).toEqual(createSecrets({ masterKey }).hash(secret))
    expect(secrets.hash(secret)).not.toEqual(other.hash(secret))
    expect(secrets.hash(secret)).not.toEqual(createHash('sha256').update(secret).digest())
    expect(secrets.pepperId).toMatch(/^[0-9a-f]{8}$/)
    expect(secrets.pepperId).not.toBe(other.pepperId)
  })

  it('security 139: a digest matches only its secret; an unknown client never matches', () => {
    const secret = mintSecret('sec')
    const digest = secrets.hash(secret)
    expect(secrets.matches(secret, digest)).toBe(true)
    expect(secrets.matches(secret, new Uint8Array(digest))).toBe(true)
    expect(secrets.matches(mintSecret('sec'), digest)).toBe(false)
    expect(secrets.matches(secret, digest.subarray(0, 31))).toBe(false)
    expect(secrets.matches(secret, undefined)).toBe(false)
    expect(secrets.matches(secret, null)).toBe(false)
    expect(equal(digest, Buffer.from(digest))).toBe(true)
    expect(equal(digest, Buffer.concat([digest, Buffer.of(0)]))).toBe(false)
  })

  it('what was encrypted opens in its own context only', () => {
    for (const plain of ['', 'ä text', 'x'.repeat(70_000)]) {
      const sealed = secrets.encrypt(plain, 'signing_key:a')
      expect(secrets.decrypt(new Uint8Array(sealed), 'signing_key:a').toString()).toBe(plain)
      expect(() => secrets.decrypt(sealed, 'signing_key:b')).toThrow()
      expect(() =>
        createSecrets({ masterKey: Buffer.from(masterKey).reverse() }).decrypt(sealed, 'signing_key:a'),
      ).toThrow()
    }
    const bytes = randomBytes(100)
    expect(secrets.decrypt(secrets.encrypt(bytes, 'c'), 'c')).toEqual(bytes)
    expect(secrets.encrypt('same', 'c')).not.toEqual(secrets.encrypt('same', 'c'))
  })

  it('a ciphertext with any byte changed, added or removed does not open', () => {
    const sealed = secrets.encrypt('a secret', 'c')
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(() => secrets.decrypt(changed, 'c')).toThrow()
      expect(() => secrets.decrypt(sealed.subarray(0, at), 'c')).toThrow()
    }
    expect(() => secrets.decrypt(Buffer.concat([sealed, Buffer.of(0)]), 'c')).toThrow()
  })

  it('decoys are stable, differ by every part, and do not run together', () => {
    expect(secrets.decoy('credential', 'app', 'user')).toEqual(
      createSecrets({ masterKey }).decoy('credential', 'app', 'user'),
    )
    const all = [
      secrets.decoy('credential', 'ab', 'c'),
      secrets.decoy('credential', 'a', 'bc'),
      secrets.decoy('credential', 'abc'),
      secrets.decoy('credentialabc'),
      secrets.hash('credentialabc'),
      createSecrets({ masterKey: Buffer.from(masterKey).reverse() }).decoy('credential', 'abc'),
    ]
    expect(new Set(all.map((bytes) => bytes.toString('hex'))).size).toBe(all.length)
    expect(secrets.decoy('x', Buffer.from('ab'))).toEqual(secrets.decoy('x', 'ab'))
  })
})

describe('MASTER_KEY', () => {
  it('is read from hex, base64 and base64url', () => {
    expect(loadMasterKey(masterKey.toString('hex'))).toEqual(masterKey)
    expect(loadMasterKey(masterKey.toString('hex').toUpperCase())).toEqual(masterKey)
    expect(loadMasterKey(masterKey.toString('base64'))).toEqual(masterKey)
    expect(loadMasterKey(`${masterKey.toString('base64url')}\n`)).toEqual(masterKey)
    for (let i = 0; i < 1000; i++) loadMasterKey(randomBytes(32).toString('hex'))
  })

  it('security 242: an empty, short, default or patterned key is refused, naming the setting and not the value', () => {
    const refused = [
      '',
      'changeme',
      '0'.repeat(64),
      'ff'.repeat(32),
      'deadbeef'.repeat(8),
      '0123456789abcdef'.repeat(4),
      masterKey.toString('hex').slice(32).repeat(2),
      '0000ff00ffff00000000ffff00ff0000ffff0000ff00ff00000000ff0000ffff',
      Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('hex'),
      Buffer.from('changemechangemechangemechangeme').toString('base64'),
      Buffer.from('a sentence of thirty-two letters').toString('base64'),
      createHash('sha256').update('secret').digest('hex'),
      masterKey.toString('hex').slice(2),
      `${masterKey.toString('hex')}00`,
      masterKey.subarray(1).toString('base64'),
    ]
    for (const text of refused) {
      expect(() => loadMasterKey(text)).toThrow(/^MASTER_KEY: /)
      if (text) expect(() => loadMasterKey(text)).not.toThrow(text)
    }
    expect(() => createSecrets({ masterKey: masterKey.subarray(1) })).toThrow()
  })
})
