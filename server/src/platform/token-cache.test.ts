import { beforeAll, describe, expect, it } from 'vitest'
import { type Claims, type SigningKey, signJwt } from './jwt.ts'
import { createSecrets, randomBytes } from './secrets.ts'
import { generateSigningKey } from './signing-key.ts'
import { fromMillis } from './time.ts'
import { createTokenCache } from './token-cache.ts'

const issuer = 'https://auth.example'
const at = 1_795_262_400
const now = fromMillis(at * 1000)
const claims: Claims = { iss: issuer, sub: 'u', aud: ['a', 'b'], act: { sub: 'x' }, iat: at, exp: at + 60, jti: 'one' }

let key: SigningKey
beforeAll(async () => {
  key = (await generateSigningKey('ES256', createSecrets({ masterKey: randomBytes(32) })))[0]
})

/** A cache that counts how often it asks for a key, which it does once for each signature check. */
function counted(max?: number) {
  let checks = 0
  const verificationKey = (kid: string) => {
    checks++
    return kid === key.kid ? key : undefined
  }
  const cache = createTokenCache({ keys: { verificationKey, find: async () => undefined }, issuer, max })
  return { cache, checks: () => checks }
}

describe('the token cache', () => {
  it('checks a signature once, and again after forget or clear', async () => {
    const { cache, checks } = counted()
    const token = signJwt(key, 'JWT', claims)
    for (let i = 0; i < 5; i++) expect(await cache.verify(token, 'JWT', now)).toEqual(claims)
    expect(checks()).toBe(1)
    cache.forget('another')
    await cache.verify(token, 'JWT', now)
    expect(checks()).toBe(1)
    cache.forget('one')
    expect(await cache.verify(token, 'JWT', now)).toEqual(claims)
    expect(checks()).toBe(2)
    cache.clear()
    expect(await cache.verify(token, 'JWT', now)).toEqual(claims)
    expect(checks()).toBe(3)
  })

  it('forgets every token of one jti', async () => {
    const { cache, checks } = counted()
    const tokens = [1, 2, 3].map((n) => signJwt(key, 'JWT', { ...claims, n }))
    for (const token of tokens) await cache.verify(token, 'JWT', now)
    cache.forget('one')
    for (const token of tokens) await cache.verify(token, 'JWT', now)
    expect(checks()).toBe(6)
  })

  it('security 123: a remembered token of one type is refused as another', async () => {
    const { cache } = counted()
    const token = signJwt(key, 'at+jwt', claims)
    expect(await cache.verify(token, 'at+jwt', now)).not.toBeNull()
    expect(await cache.verify(token, 'JWT', now)).toBeNull()
    expect(await cache.verify(token, 'at+jwt', now)).not.toBeNull()
  })

  it('a remembered token is over at its exp', async () => {
    const { cache } = counted()
    const token = signJwt(key, 'JWT', claims)
    expect(await cache.verify(token, 'JWT', now)).not.toBeNull()
    expect(await cache.verify(token, 'JWT', fromMillis((at + 60) * 1000 - 1))).not.toBeNull()
    expect(await cache.verify(token, 'JWT', fromMillis((at + 60) * 1000))).toBeNull()
  })

  it('a token that shares a prefix, or all but the signature, with a remembered one is checked by itself', async () => {
    const { cache } = counted()
    const token = signJwt(key, 'JWT', claims)
    const twin = signJwt(key, 'JWT', claims)
    await cache.verify(token, 'JWT', now)
    expect(await cache.verify(`${token.slice(0, -86)}${twin.slice(-86)}`, 'JWT', now)).toEqual(claims)
    const last = token.slice(0, token.lastIndexOf('.') + 1)
    expect(await cache.verify(`${last}${'A'.repeat(86)}`, 'JWT', now)).toBeNull()
    expect(await cache.verify(token.slice(0, -1), 'JWT', now)).toBeNull()
  })

  it('holds no more tokens than told, and remembers no refusal', async () => {
    const { cache, checks } = counted(2)
    const tokens = ['a', 'b', 'c'].map((jti) => signJwt(key, 'JWT', { ...claims, jti }))
    for (const token of tokens) await cache.verify(token, 'JWT', now)
    await cache.verify(tokens[2] ?? '', 'JWT', now)
    expect(checks()).toBe(3)
    await cache.verify(tokens[0] ?? '', 'JWT', now)
    expect(checks()).toBe(4)
    const early = signJwt(key, 'JWT', { ...claims, iat: at + 100, exp: at + 200 })
    expect(await cache.verify(early, 'JWT', now)).toBeNull()
    expect(await cache.verify(early, 'JWT', fromMillis((at + 100) * 1000))).not.toBeNull()
  })

  it('one caller cannot change what the next one sees', async () => {
    const { cache } = counted()
    const token = signJwt(key, 'JWT', claims)
    const seen = await cache.verify(token, 'JWT', now)
    expect(() => Object.assign(seen as object, { sub: 'admin' })).toThrow(TypeError)
    expect(() => Object.assign(seen?.aud as object, { 2: 'c' })).toThrow(TypeError)
    expect(() => Object.assign(seen?.act as object, { sub: 'y' })).toThrow(TypeError)
    expect(await cache.verify(token, 'JWT', now)).toEqual(claims)
  })

  it('waits for a key that another instance has made', async () => {
    const keys = { verificationKey: () => undefined, find: async (kid: string) => (kid === key.kid ? key : undefined) }
    const cache = createTokenCache({ keys, issuer })
    expect(await cache.verify(signJwt(key, 'JWT', claims), 'JWT', now)).toEqual(claims)
    expect(await cache.verify(signJwt({ ...key, kid: 'other' }, 'JWT', claims), 'JWT', now)).toBeNull()
  })
})
