import { calculateJwkThumbprint, createLocalJWKSet, jwtVerify } from 'jose'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { testDatabase } from '../../test/database.ts'
import type { Algorithm, Claims } from './jwt.ts'
import { createKeyRing, type KeyRing, type KeyRingOptions } from './keys.ts'
import { createSecrets, randomBytes } from './secrets.ts'
import { generateSigningKey } from './signing-key.ts'
import type { Sql } from './sql.ts'
import { fromMillis, monotonic, seconds } from './time.ts'
import { createTokenCache } from './token-cache.ts'

const issuer = 'https://auth.example'
const secrets = createSecrets({ masterKey: randomBytes(32) })
const start = Date.UTC(2026, 10, 21)
const day = 86_400_000
let time = start
let sql: Sql
const clock = () => fromMillis(time)

beforeAll(async () => {
  sql = (await testDatabase()).sql
}, 60_000)
beforeEach(async () => {
  time = start
  await sql.query('delete from signing_keys')
})

const ring = (options: Partial<KeyRingOptions> = {}): KeyRing =>
  createKeyRing({ sql, secrets, clock, algorithm: 'ES256', reloadMillis: 20, ...options })
async function loaded(options: Partial<KeyRingOptions> = {}): Promise<KeyRing> {
  const made = ring(options)
  await made.load()
  return made
}
const kids = (of: KeyRing) => of.jwks().keys.map((key) => key.kid)
const claims = (jti = 'j'): Claims => ({
  iss: issuer,
  sub: 'u',
  iat: seconds(clock()),
  exp: seconds(clock()) + 600,
  jti,
})

/** Counts the reads of the table. */
function counting(): { sql: Sql; reads(): number } {
  let reads = 0
  const query: Sql['query'] = (text, values) => {
    if (text.startsWith('select')) reads++
    return sql.query(text, values)
  }
  return { sql: { query }, reads: () => reads }
}

describe('the key ring', () => {
  it.each<Algorithm>(['ES256', 'RS256'])(
    'makes a first %s key, kept sealed, and the next start finds it',
    async (algorithm) => {
      const first = await loaded({ algorithm })
      const { kid, privateKey } = first.current()
      expect((await loaded({ algorithm })).current().kid).toBe(kid)
      const rows = await sql.query<{ private_key: Uint8Array }>(
        'select kid, algorithm, public_jwk, private_key from signing_keys',
      )
      expect(rows).toHaveLength(1)
      const der = privateKey.export({ format: 'der', type: 'pkcs8' })
      expect(Buffer.from(rows[0]?.private_key ?? []).includes(der.subarray(-32))).toBe(false)
      expect(JSON.stringify(rows)).not.toMatch(/"(d|p|q|dp|dq|qi)"/)
    },
  )

  it('two instances that start at once on an empty table agree on one key', async () => {
    for (let round = 0; round < 5; round++) {
      await sql.query('delete from signing_keys')
      const rings = [ring(), ring(), ring()]
      await Promise.all(rings.map((each) => each.load()))
      await Promise.all(rings.map((each) => each.load()))
      expect(new Set(rings.map((each) => each.current().kid)).size).toBe(1)
    }
  })

  it('before load there is no key', () => {
    expect(() => ring().current()).toThrow()
    expect(ring().jwks()).toEqual({ keys: [] })
  })

  it('of instances that find a rotation due at once, one makes the key and all take it over', async () => {
    const rings = [await loaded(), await loaded(), await loaded()]
    const before = rings[0]?.current().kid
    time += 90 * day
    const made = await Promise.all(rings.map((each) => each.rotateIfDue()))
    expect(made.filter(Boolean)).toHaveLength(1)
    time += 3_600_000
    const after = new Set(rings.map((each) => each.current().kid))
    expect(after.size).toBe(1)
    expect(after.has(before ?? '')).toBe(false)
    expect(await sql.query('select kid from signing_keys where retired_at is null')).toHaveLength(1)
  })

  it('an instance that comes too late to rotate retires nothing', async () => {
    const one = await loaded()
    const interrupted: Sql = {
      async query(text, values) {
        if (text.includes('predecessor')) await one.rotate()
        return sql.query(text, values)
      },
    }
    const late = await loaded({ sql: interrupted })
    expect(await late.rotate()).toBe(false)
    expect(late.current().kid).toBe(one.current().kid)
    expect(await sql.query('select kid from signing_keys where retired_at is null')).toEqual([
      { kid: one.current().kid },
    ])
  })

  it('security 131: old and new key are published during a rotation, the old one until 8 days after, no private part ever', async () => {
    const keys = await loaded()
    const old = keys.current().kid
    await keys.rotate()
    const current = keys.current().kid
    expect(kids(keys).sort()).toEqual([old, current].sort())
    time += 8 * day - 1
    await keys.rotateIfDue()
    expect(kids(keys)).toContain(old)
    expect(keys.verificationKey(old)).toBeDefined()
    time += 1
    expect(kids(keys)).toEqual([current])
    expect(keys.verificationKey(old)).toBeUndefined()
    await keys.rotateIfDue()
    expect(await sql.query('select kid from signing_keys')).toEqual([{ kid: current }])
  })

  it.each<Algorithm>(['ES256', 'RS256'])(
    'security 131: the %s JWKS has public members only, and verifies elsewhere',
    async (algorithm) => {
      const keys = await loaded({ algorithm })
      const [jwk] = keys.jwks().keys
      const members = algorithm === 'ES256' ? ['crv', 'x', 'y'] : ['e', 'n']
      expect(Object.keys(jwk ?? {}).sort()).toEqual([...members, 'alg', 'kid', 'kty', 'use'].sort())
      expect(jwk).toMatchObject({ use: 'sig', alg: algorithm, kid: await calculateJwkThumbprint(jwk ?? {}) })
      const token = keys.sign('at+jwt', claims())
      const { payload } = await jwtVerify(token, createLocalJWKSet(keys.jwks()), { issuer, currentDate: clock() })
      expect(payload).toEqual(claims())
    },
  )

  it('a scheduled rotation happens at 90 days; its key is published an hour before it signs', async () => {
    const keys = await loaded()
    const other = await loaded()
    const old = keys.current().kid
    time += 90 * day - 1
    expect(await keys.rotateIfDue()).toBe(false)
    time += 1
    expect(await keys.rotateIfDue()).toBe(true)
    expect(await other.rotateIfDue()).toBe(false)
    expect(keys.current().kid).toBe(old)
    const [next] = kids(keys).filter((kid) => kid !== old)
    expect(kids(other)).toContain(next)
    time += 3_600_000
    expect([keys.current().kid, other.current().kid]).toEqual([next, next])
    expect(kids(keys)).toContain(old)
  })

  it('a rotation by hand overtakes a scheduled one that is still waiting', async () => {
    const keys = await loaded()
    time += 90 * day
    await keys.rotateIfDue()
    const waiting = kids(keys)
    await keys.rotate()
    expect(waiting).not.toContain(keys.current().kid)
    expect(kids(keys)).toEqual(expect.arrayContaining(waiting))
  })

  it('another algorithm gets its own key; tokens of the former stay good until their key is retired', async () => {
    const before = await loaded()
    const token = before.sign('JWT', claims())
    const after = await loaded({ algorithm: 'RS256' })
    expect(after.current().algorithm).toBe('RS256')
    expect(await createTokenCache({ keys: after, issuer }).verify(token, 'JWT', clock())).toEqual(claims())
    time += 90 * day
    await after.rotateIfDue()
    time += 9 * day
    await after.load()
    expect(after.verificationKey(before.current().kid)).toBeUndefined()
  })

  it('security 129: no token can outlive the configured maximum', async () => {
    const keys = await loaded({ maxTokenLifeSeconds: 600 })
    expect(keys.sign('JWT', claims())).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    for (const life of [601, 1e9, 0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => keys.sign('JWT', { ...claims(), exp: claims().iat + life })).toThrow()
    }
  })

  it('a row that was not sealed under the master key is refused, and one of an attacker is never trusted', async () => {
    const keys = await loaded()
    const stranger = createSecrets({ masterKey: randomBytes(32) })
    await expect(ring({ secrets: stranger }).load()).rejects.toThrow('MASTER_KEY')
    const [, sealed] = await generateSigningKey('ES256', stranger)
    // One key of an algorithm is lasting, so an attacker would have to put theirs in its place.
    await sql.query('update signing_keys set retired_at = $1', [clock()])
    await sql.query(
      `insert into signing_keys (kid, algorithm, public_jwk, private_key, created_at) values ($1, 'ES256', '{}', $2, $3)`,
      [sealed.kid, sealed.privateKey, clock()],
    )
    await expect(keys.load()).rejects.toThrow(sealed.kid)
    await expect(keys.find(sealed.kid)).rejects.toThrow()
    expect(keys.verificationKey(sealed.kid)).toBeUndefined()
    expect(keys.current()).toBeDefined()
  })

  it('a key under the name of another, or for another algorithm, is refused', async () => {
    const keys = await loaded()
    await sql.query(`update signing_keys set algorithm = 'RS256'`)
    await expect(ring().load()).rejects.toThrow('cannot be opened')
    await sql.query(`update signing_keys set algorithm = 'ES256', kid = 'other'`)
    await expect(ring().load()).rejects.toThrow('cannot be opened')
    expect(keys.current()).toBeDefined()
  })
})

describe('an unknown key id', () => {
  it('is looked up in the table, where another instance may have put it', async () => {
    const [one, other] = [await loaded(), await loaded()]
    await one.rotate()
    const { kid } = one.current()
    expect(other.verificationKey(kid)).toBeUndefined()
    expect((await other.find(kid))?.kid).toBe(kid)
    expect(other.current().kid).toBe(kid)
  })

  it('security 125: a flood of unknown ids shares few reads, and a fresh key is still found at once behind them', async () => {
    const counted = counting()
    const other = await loaded({ sql: counted.sql, reloadMillis: 200 })
    const before = counted.reads()
    const flood = Array.from({ length: 2000 }, (_, i) => other.find(`unknown-${i}`))
    const one = await loaded()
    await one.rotate()
    expect((await other.find(one.current().kid))?.kid).toBe(one.current().kid)
    expect(new Set(await Promise.all(flood))).toEqual(new Set([undefined]))
    expect(counted.reads() - before).toBeLessThanOrEqual(2)
  })

  it('makes the ring read the table once per interval at most, however the questions are spread', async () => {
    const keys = await loaded({ reloadMillis: 60 })
    const began = monotonic()
    for (const kid of ['a', 'b', 'c']) expect(await keys.find(kid)).toBeUndefined()
    expect(monotonic() - began).toBeGreaterThan(150)
  })

  it('security 132: 10,000 tokens of two instances verify on either while both rotate again and again', async () => {
    const rings = [await loaded(), await loaded()]
    const caches = rings.map((keys) => createTokenCache({ keys, issuer }))
    let rotations = 0
    let failed = 0
    const seen = new Set<string>()
    for (let batch = 0; batch < 100; batch++) {
      const rotating = batch % 10 === 5 ? rings[(batch / 5) & 1]?.rotate() : undefined
      const checks = Array.from({ length: 100 }, async (_, i) => {
        const jti = `${batch}.${i}`
        const token = rings[i & 1]?.sign('JWT', claims(jti)) ?? ''
        const found = await caches[(i >> 1) & 1]?.verify(token, 'JWT', clock())
        if (found?.jti !== jti) failed++
        seen.add(jti)
      })
      await Promise.all(checks)
      if (await rotating) rotations++
    }
    expect([failed, seen.size, rotations]).toEqual([0, 10_000, 10])
    expect(rings[0]?.jwks().keys.length).toBeGreaterThanOrEqual(10)
  })
})
