import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type Claims, maxTokenLength, type TokenType, type VerificationKey, verifyJwt } from './jwt.ts'

export type TokenCache = {
  /**
   * The claims of a valid token of ours of this type, else null; frozen, because callers share them. A token seen
   * before costs a hash and a look-up. Whether it was revoked is not asked here.
   * @throws what the database throws when an unknown key id makes the ring reload
   */
  verify(token: string, typ: TokenType, now: Date): Promise<Claims | null>
  /** Drops every remembered token of this `jti`. */
  forget(jti: string): void
  clear(): void
}

export type TokenCacheOptions = {
  keys: {
    verificationKey(kid: string): VerificationKey | undefined
    find(kid: string): Promise<VerificationKey | undefined>
  }
  issuer: string
  /** Most tokens remembered; default 10,000. */
  max?: number
}

type Entry = { typ: TokenType; claims: Claims }

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze)
  return value
}

/** Remembers verified tokens by the SHA-256 of the whole token, until their `exp` (an equal prefix is no hit). */
export function createTokenCache({ keys, issuer, max = 10_000 }: TokenCacheOptions): TokenCache {
  const byJti = new Map<string, Set<string>>()
  const entries = new LRUCache<string, Entry>({
    max,
    dispose: ({ claims }, digest) => {
      const digests = byJti.get(claims.jti)
      digests?.delete(digest)
      if (digests?.size === 0) byJti.delete(claims.jti)
    },
  })

  async function check(token: string, typ: TokenType, now: Date): Promise<Claims | null> {
    let asked: string | undefined
    const claims = verifyJwt(token, {
      typ,
      issuer,
      now,
      keys: (kid) => {
        const key = keys.verificationKey(kid)
        if (!key) asked = kid
        return key
      },
    })
    if (claims || asked === undefined) return claims
    const key = await keys.find(asked)
    return key ? verifyJwt(token, { typ, issuer, now, keys: () => key }) : null
  }

  return {
    async verify(token, typ, now) {
      if (token.length > maxTokenLength) return null
      const digest = hash('sha256', token, 'base64')
      const known = entries.get(digest)
      if (known) {
        if (known.typ === typ && now.getTime() < known.claims.exp * 1000) return known.claims
        if (known.typ === typ) entries.delete(digest)
        return null
      }
      const claims = await check(token, typ, now)
      if (!claims) return null
      entries.set(digest, { typ, claims: freeze(claims) })
      byJti.set(claims.jti, (byJti.get(claims.jti) ?? new Set()).add(digest))
      return claims
    },
    forget(jti) {
      for (const digest of [...(byJti.get(jti) ?? [])]) entries.delete(digest)
    },
    clear() {
      entries.clear()
    },
  }
}
