import { createHash } from 'node:crypto'
import type { ErrorCode } from '../errors.ts'
import { ApiError } from './errors.ts'
import { blockGauge, directGauge, type Gauge, type Level, nowMillis } from './limit-gauges.ts'
import { type LimitStore, openCounter } from './limit-store.ts'

/** What a bucket can be made of. */
export type LimitFact =
  | 'address'
  | 'network'
  | 'principal'
  | 'application'
  /** The application, of calls by its backend only. */
  | 'backend'
  | 'client'
  | 'session'
  | 'user'
  /** Whom a mail would go to, whatever the tag behind the name. */
  | 'mailbox'
  /** Where anybody gets a mailbox. */
  | 'free_mail'
  | 'account'
  | 'actor'
  | 'server'

/** The facts that make a row's bucket, several joined by `+`. */
export type LimitKey = LimitFact | `${LimitFact}+${LimitFact}`

/** When a row is counted: before authentication, after it, or once the input is parsed. */
export type LimitStage = 'address' | 'principal' | 'input'

export type LimitRow = {
  /** One sentence: what it is for. */
  about: string
  key: LimitKey
  /** Hits allowed in one window. */
  points: number
  /** Length of the window, which begins at the first hit; at most a day. */
  seconds: number
  stage: LimitStage
  /** Outcomes that give the point back. */
  refund?: readonly string[]
  /** The code that refuses; `rate_limit_exceeded` unless said. */
  deny?: Extract<ErrorCode, 'rate_limit_exceeded' | 'service_unavailable' | 'free_ai_capacity_reached'>
  /** Counts failures: looked at with `blocked` before the work, counted with `count` after it, and survives a restart. */
  failures?: true
}

/** What a row says about one hit. `ok` false: refused, and `retryAfter` whole seconds later it no longer is. */
export type LimitVerdict = {
  name: string
  points: number
  seconds: number
  remaining: number
  resetSeconds: number
  ok: boolean
  retryAfter: number
}

/**
 * The policy table at work (http-api.md §2.6). Every method that counts is its own statement: call none **inside a
 * transaction**, where its count would have to wait for the end on the embedded engine.
 */
export interface Limits {
  /** @throws Error when the table has no such row */
  row(name: string): LimitRow
  /** The rows among `names` that are counted at this stage; failure counters never are. */
  at(stage: LimitStage, names: readonly string[]): string[]
  /**
   * Counts one hit on each named row, in order; a row whose bucket is null is skipped.
   * @throws ApiError `rate_limit_exceeded` (or the row's `deny`) with `Retry-After` and the headers, once every named row
   *   would pass again; earlier rows of this call that can be refunded then are. `service_unavailable` when the store is
   *   away and `write` is set; without it the row is skipped.
   */
  consume(
    names: readonly string[],
    bucketOf: (key: LimitKey) => string | null,
    options: { write: boolean },
  ): Promise<LimitVerdict[]>
  /**
   * Looks without counting: the refusal, or null while the bucket has points left.
   * @param options.write as in `consume`; a credential check is one even where it only reads, so `true` unless said
   * @throws ApiError service_unavailable when the store is away and `write` is not false
   */
  blocked(name: string, bucket: string, options?: { write: boolean }): Promise<LimitVerdict | null>
  /** Gives one point back, in the same window only. Never rejects. */
  refund(name: string, bucket: string): Promise<void>
  /**
   * Counts a failure and tells where that leads; never refuses.
   * @throws ApiError service_unavailable when the store is away
   */
  count(name: string, bucket: string): Promise<LimitVerdict>
  /** `RateLimit-Policy` and `RateLimit` of the tightest row, as structured fields; none without verdicts. */
  headers(verdicts: readonly LimitVerdict[]): Record<string, string>
  close(): Promise<void>
}

export type LimitOptions = {
  table: Readonly<Record<string, LimitRow>>
  /** Other counts or windows by row name. */
  overrides?: Readonly<Record<string, { points?: number; seconds?: number }>>
  store: LimitStore
  /** `pglite`: one process, so windows below an hour are counted in memory. Without meaning for Redis and memory. */
  engine?: 'pglite' | 'postgres'
  /** false: nothing is counted or refused. */
  enabled: boolean
}

type Entry = LimitRow & { name: string; gauge: Gauge }

const LONGEST_WINDOW = 86_400
/** Rows up to this many points ask the shared store for each hit; larger ones take blocks. */
const SMALL = 50
/** Seconds to wait when the store is away. */
const STORE_RETRY = 2

function openGauge(name: string, row: LimitRow, { store, engine }: LimitOptions): Gauge {
  const embedded = store !== 'memory' && 'sql' in store && engine === 'pglite'
  const durable = row.failures === true || row.seconds >= 3600
  const place = embedded && !durable ? 'memory' : store
  const counter = openCounter(place, name, row.points, row.seconds)
  if (place !== 'memory' && !embedded && row.points > SMALL && !row.failures) return blockGauge(counter, row.points)
  const remember = place === 'memory' ? 'never' : embedded ? 'always' : 'second'
  return directGauge(counter, row.points, { remember, refundable: row.refund !== undefined })
}

function openEntries(options: LimitOptions): Map<string, Entry> {
  const { table, overrides = {} } = options
  for (const name of Object.keys(overrides)) {
    if (!Object.hasOwn(table, name)) throw new Error(`RATE_LIMIT_OVERRIDES: there is no limit called ${name}`)
  }
  const entries = new Map<string, Entry>()
  for (const [name, standard] of Object.entries(table)) {
    const row = { ...standard, ...overrides[name] }
    const whole = Number.isSafeInteger(row.points) && Number.isSafeInteger(row.seconds)
    if (!whole || row.points < 1 || row.points > 1e9 || row.seconds < 1 || row.seconds > LONGEST_WINDOW) {
      throw new Error(`limit ${name}: takes 1 to a billion points in whole seconds of at most a day`)
    }
    entries.set(name, { ...row, name, gauge: openGauge(name, row, options) })
  }
  return entries
}

/** Ids and addresses as they are; anything else, which callers may choose, by its hash: bounded and storable. */
const toKey = (bucket: string): string =>
  /^[0-9A-Za-z_.:/ -]{1,160}$/.test(bucket) ? bucket : `#${createHash('sha256').update(bucket).digest('base64url')}`

function toVerdict({ name, points, seconds }: Entry, level: Level, ok: boolean): LimitVerdict {
  const resetSeconds = Math.max(1, Math.ceil((level.until - nowMillis()) / 1000))
  const remaining = Math.max(0, points - level.consumed)
  return { name, points, seconds, remaining, resetSeconds, ok, retryAfter: ok ? 0 : resetSeconds }
}

const isTighter = (one: LimitVerdict, other: LimitVerdict): boolean =>
  one.remaining < other.remaining || (one.remaining === other.remaining && one.resetSeconds > other.resetSeconds)

function toHeaders(verdicts: readonly LimitVerdict[]): Record<string, string> {
  let tightest = verdicts[0]
  if (!tightest) return {}
  for (const verdict of verdicts) if (isTighter(verdict, tightest)) tightest = verdict
  const { name, points, seconds, remaining, resetSeconds } = tightest
  return {
    'RateLimit-Policy': `"${name}";q=${points};w=${seconds}`,
    RateLimit: `"${name}";r=${remaining};t=${resetSeconds}`,
  }
}

const away = (cause: unknown) => new ApiError('service_unavailable', { retryAfter: STORE_RETRY, cause })

const orAway = <T>(work: Promise<T>): Promise<T> =>
  work.catch((cause: unknown) => {
    throw away(cause)
  })

/** A refusal may not fail because the store went away meanwhile: what it would have told is left out. */
const settled = <T>(work: Promise<T>): Promise<T | null> => work.catch(() => null)

/**
 * Makes the limits of a process. Which store counts a row is decided here (architecture.md §10): one embedded process
 * counts in memory but for windows of an hour or more and failure counters; several share the store, hit by hit for
 * small counts and in blocks for large ones.
 * @throws Error for an override without a row, and for counts or windows out of range
 */
export function createLimits(options: LimitOptions): Limits {
  const { enabled } = options
  const entries = openEntries(options)
  const entry = (name: string): Entry => {
    const found = entries.get(name)
    if (!found) throw new Error(`there is no limit called ${name}`)
    return found
  }

  type Hit = { row: Entry; key: string; verdict: LimitVerdict }
  /** Seconds until every row of the call would pass, as far as can be told. */
  async function waitFor(refused: LimitVerdict, earlier: Hit[], later: { row: Entry; key: string }[]): Promise<number> {
    let wait = refused.retryAfter
    for (const { row, key, verdict } of earlier) {
      if (row.refund) await settled(row.gauge.giveBack(key))
      else if (verdict.remaining === 0) wait = Math.max(wait, verdict.resetSeconds)
    }
    for (const { row, key } of later) {
      const level = await settled(row.gauge.peek(key))
      if (level && level.consumed >= row.points) wait = Math.max(wait, toVerdict(row, level, false).retryAfter)
    }
    return wait
  }

  return {
    row: entry,
    at: (stage, names) => (enabled ? names.filter((name) => entry(name).stage === stage && !entry(name).failures) : []),
    async consume(names, bucketOf, { write }) {
      if (!enabled) return []
      const calls: { row: Entry; key: string }[] = []
      for (const name of names) {
        const row = entry(name)
        if (row.failures) throw new Error(`limit ${name} counts failures: use blocked and count`)
        const bucket = bucketOf(row.key)
        if (bucket !== null) calls.push({ row, key: toKey(bucket) })
      }
      const hits: Hit[] = []
      for (const [index, { row, key }] of calls.entries()) {
        let level: Level
        try {
          level = row.gauge.quick(key) ?? (await row.gauge.hit(key))
        } catch (cause) {
          if (!write) continue
          for (const hit of hits) if (hit.row.refund) await settled(hit.row.gauge.giveBack(hit.key))
          throw away(cause)
        }
        const verdict = toVerdict(row, level, level.consumed <= row.points)
        if (!verdict.ok) {
          const retryAfter = await waitFor(verdict, hits, calls.slice(index + 1))
          throw new ApiError(row.deny ?? 'rate_limit_exceeded', { retryAfter, headers: toHeaders([verdict]) })
        }
        hits.push({ row, key, verdict })
      }
      return hits.map((hit) => hit.verdict)
    },
    async blocked(name, bucket, { write } = { write: true }) {
      const row = entry(name)
      if (!enabled) return null
      const look = row.gauge.peek(toKey(bucket))
      const level = await (write ? orAway(look) : settled(look))
      return level && level.consumed >= row.points ? toVerdict(row, level, false) : null
    },
    async refund(name, bucket) {
      if (enabled) await settled(entry(name).gauge.giveBack(toKey(bucket)))
    },
    async count(name, bucket) {
      const row = entry(name)
      if (!enabled) return toVerdict(row, { consumed: 0, until: nowMillis() + row.seconds * 1000 }, true)
      const key = toKey(bucket)
      const level = row.gauge.quick(key) ?? (await orAway(row.gauge.hit(key)))
      return toVerdict(row, level, level.consumed <= row.points)
    },
    headers: toHeaders,
    // Nothing to end: the library's timers keep no process alive, and stores are closed by who opened them.
    close: () => Promise.resolve(),
  }
}
