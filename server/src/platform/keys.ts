import { setTimeout as sleep } from 'node:timers/promises'
import { type Algorithm, type Claims, type SigningKey, signJwt, type TokenType, type VerificationKey } from './jwt.ts'
import type { Secrets } from './secrets.ts'
import { generateSigningKey, openSigningKey, type PublicJwk, publicJwk } from './signing-key.ts'
import type { Sql } from './sql.ts'
import { addSeconds, type Clock, monotonic } from './time.ts'

export type KeyRing = {
  /** The key that signs now. @throws before the first `load` */
  current(): SigningKey
  /** Signs with the current key. @throws Error for a token that would outlive `maxTokenLifeSeconds` */
  sign(typ: TokenType, claims: Claims): string
  verificationKey(kid: string): VerificationKey | undefined
  /** The same, after a look into the table if the id is unknown: another instance may have rotated just now. */
  find(kid: string): Promise<VerificationKey | undefined>
  /** Current, previous and next public keys; no private members. */
  jwks(): { keys: PublicJwk[] }
  /** Reads the table; makes the first key. @throws if a key cannot be opened */
  load(): Promise<void>
  /**
   * Makes a new key, which signs from `aheadSeconds` on (default: at once). When another instance replaced the same key
   * meanwhile, that one's is taken over and the answer is false.
   */
  rotate(aheadSeconds?: number): Promise<boolean>
  /** Replaces a key of 90 days, once however many instances try, and deletes those that no token can need. */
  rotateIfDue(): Promise<boolean>
}

export type KeyRingOptions = {
  sql: Sql
  secrets: Secrets
  clock: Clock
  algorithm: Algorithm
  /** Longest life of any token, which no `sign` may exceed; default 86400. */
  maxTokenLifeSeconds?: number
  /** Least time between two reloads caused by unknown key ids; default 1000. */
  reloadMillis?: number
}

type Row = { kid: string; algorithm: Algorithm; private_key: Uint8Array; created_at: Date; retired_at: Date | null }
type Entry = { key: SigningKey; jwk: PublicJwk; createdAt: Date; retiredAt: Date | null }

const rotationSeconds = 90 * 86_400
/** A scheduled new key is published this long before it signs: as long as verifiers may cache the JWKS. */
const publishAheadSeconds = 3600
/** An old public key stays this much longer than any token, for instances that learn late of a rotation. */
const lingerSeconds = 7 * 86_400
/** A copy older than this is refreshed in the background. */
const freshMillis = 30_000

/** The keys that sign our tokens, kept in `signing_keys` so that all instances share them. Call `load` before use. */
export function createKeyRing(options: KeyRingOptions): KeyRing {
  const { sql, secrets, clock, algorithm, maxTokenLifeSeconds = 86_400, reloadMillis = 1000 } = options
  let ring = new Map<string, Entry>()
  let lastLoad = Number.NEGATIVE_INFINITY
  let begun = 0
  let applied = 0
  let upcoming: Promise<void> | undefined

  const neededSince = () => addSeconds(clock(), -maxTokenLifeSeconds - lingerSeconds)
  const isNeeded = (entry: Entry | undefined) => entry !== undefined && (entry.retiredAt ?? clock()) > neededSince()
  const lasting = (entries: Iterable<Entry>) =>
    [...entries].find((entry) => entry.key.algorithm === algorithm && entry.retiredAt === null)

  async function read(): Promise<Map<string, Entry>> {
    // Whoever retires first signs now; of two that stay, the older, on every instance alike.
    const rows = await sql.query<Row>(
      `select kid, algorithm, private_key, created_at, retired_at from signing_keys
       where retired_at is null or retired_at > $1 order by retired_at nulls last, created_at, kid`,
      [neededSince()],
    )
    const entries = rows.map(({ kid, algorithm, private_key: privateKey, created_at, retired_at }): [string, Entry] => {
      const key = ring.get(kid)?.key ?? openSigningKey({ kid, algorithm, privateKey }, secrets)
      return [kid, { key, jwk: publicJwk(key), createdAt: created_at, retiredAt: retired_at }]
    })
    return new Map(entries)
  }

  /** Stores a new key in the place of `predecessor`, in one statement: the row lock on it lets one instance win. */
  async function insert(predecessor: Entry | undefined, signsFrom: Date): Promise<boolean> {
    const [key, sealed] = await generateSigningKey(algorithm, secrets)
    const row = [key.kid, algorithm, JSON.stringify(publicJwk(key)), sealed.privateKey, clock()]
    const values = 'select $1::text, $2::text, $3::jsonb, $4::bytea, $5::timestamptz'
    const into = 'insert into signing_keys (kid, algorithm, public_jwk, private_key, created_at)'
    const inserted = predecessor
      ? await sql.query(
          `with predecessor as (
             update signing_keys set retired_at = $6::timestamptz where kid = $7 and retired_at is null returning kid),
           others as (
             update signing_keys set retired_at = $6::timestamptz where algorithm = $2::text and kid <> $7
               and (retired_at is null or retired_at > $6::timestamptz) and exists (select 1 from predecessor))
           ${into} ${values} from predecessor returning kid`,
          [...row, signsFrom, predecessor.key.kid],
        )
      : await sql.query(
          `${into} ${values}
           where not exists (select 1 from signing_keys where algorithm = $2::text and retired_at is null)
           on conflict do nothing returning kid`,
          row,
        )
    return inserted.length > 0
  }

  async function load(): Promise<void> {
    lastLoad = monotonic()
    const mine = ++begun
    let entries = await read()
    if (!lasting(entries.values())) {
      await insert(undefined, clock())
      entries = await read()
    }
    // An answer that was overtaken by a later one is older than it.
    if (mine > applied) {
      applied = mine
      ring = entries
    }
  }

  /** A load that begins after this call; many callers share one, and one begins every `reloadMillis` at most. */
  function reload(): Promise<void> {
    upcoming ??= (async () => {
      await sleep(Math.max(0, lastLoad + reloadMillis - monotonic()))
      upcoming = undefined
      await load()
    })()
    return upcoming
  }

  /** Learns of rotations elsewhere. A failure changes nothing: the keys at hand stay good, and a later call tries again. */
  function freshen(): void {
    if (ring.size > 0 && monotonic() - lastLoad > freshMillis) reload().catch(() => undefined)
  }

  function current(): SigningKey {
    freshen()
    const now = clock()
    for (const { key, retiredAt } of ring.values()) {
      if (key.algorithm === algorithm && (retiredAt === null || retiredAt > now)) return key
    }
    throw new Error('the key ring is not loaded')
  }

  function verificationKey(kid: string): VerificationKey | undefined {
    const entry = ring.get(kid)
    return isNeeded(entry) ? entry?.key : undefined
  }

  async function replace(predecessor: Entry | undefined, aheadSeconds: number): Promise<boolean> {
    const made = await insert(predecessor, addSeconds(clock(), aheadSeconds))
    await load()
    return made
  }

  return {
    current,
    verificationKey,
    load,
    async rotate(aheadSeconds = 0) {
      await load()
      return replace(lasting(ring.values()), aheadSeconds)
    },
    sign(typ, claims) {
      const life = claims.exp - claims.iat
      if (!(life > 0 && life <= maxTokenLifeSeconds)) throw new Error(`a token cannot live for ${life} seconds`)
      return signJwt(current(), typ, claims)
    },
    async find(kid) {
      if (!verificationKey(kid)) await reload()
      return verificationKey(kid)
    },
    jwks() {
      freshen()
      return { keys: [...ring.values()].filter(isNeeded).map((entry) => entry.jwk) }
    },
    async rotateIfDue() {
      await load()
      const old = lasting(ring.values())
      const due = addSeconds(clock(), -rotationSeconds)
      // Keys of an algorithm that the setting no longer names.
      await sql.query(
        'update signing_keys set retired_at = $1 where retired_at is null and algorithm <> $2 and created_at <= $3',
        [clock(), algorithm, due],
      )
      await sql.query('delete from signing_keys where retired_at <= $1', [neededSince()])
      return old && old.createdAt <= due ? replace(old, publishAheadSeconds) : false
    },
  }
}
