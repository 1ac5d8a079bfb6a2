/** Why no whole answer arrived; these are error codes of both entries. */
export type NoAnswer = 'NETWORK_FAILURE' | 'TIMEOUT'

/** What one try came to: an HTTP status, or no whole answer. */
export type Outcome = number | NoAnswer

/** When a call is tried again, and how long it waits before. */
export type RetryRule = {
  /** Tries beyond the first. */
  maxRetries: number
  /** The first wait is below this many milliseconds; the bound doubles with each further try. */
  baseMs: number
  capMs: number
  /** A longer `Retry-After` ends the call with the error it came with. */
  maxRetryAfterMs: number
  retries(outcome: Outcome, method: string, path: string): boolean
}

type AdminRetryOptions = { maxRetries: number; maxRetryAfterMs: number }
type BrowserRetryOptions = { maxRetries: number; retryDelayMs: number }

/** Every admin mutation carries an `Idempotency-Key`, so every method may be repeated (http-api.md §5.2). */
export function adminRetries({ maxRetries, maxRetryAfterMs }: AdminRetryOptions): RetryRule {
  const retries = (outcome: Outcome): boolean => typeof outcome === 'string' || outcome === 429 || outcome === 503
  return { maxRetries, baseMs: 500, capMs: 20_000, maxRetryAfterMs, retries }
}

const starts = /\/(start|init[^/]*|options|nonce|challenges)$/

/**
 * A browser's finishing calls are taken once by the server: they are repeated only when it said that it did nothing
 * (429, 503). Reads and starting calls may be repeated after any failure of the way (http-api.md §5.1).
 */
export function browserRetries({ maxRetries, retryDelayMs }: BrowserRetryOptions): RetryRule {
  const retries = (outcome: Outcome, method: string, path: string): boolean =>
    outcome === 429 ||
    outcome === 503 ||
    ((method === 'GET' || starts.test(path)) && (typeof outcome === 'string' || outcome === 502 || outcome === 504))
  return { maxRetries, baseMs: retryDelayMs, capMs: 30_000, maxRetryAfterMs: 30_000, retries }
}

/**
 * Milliseconds that `Retry-After` asks for, in its form of seconds or of an HTTP date (RFC 9110 §10.2.3).
 * A date is measured against the answer's own `Date`, so that a wrong clock here does not matter.
 */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const value = headers.get('retry-after')?.trim()
  if (!value) return undefined
  if (/^\d+$/.test(value)) return Number(value) * 1000
  const wait = Date.parse(value) - (Date.parse(headers.get('date') ?? '') || now)
  return Number.isNaN(wait) ? undefined : Math.max(0, wait)
}

/**
 * Milliseconds to wait before the next try, or nothing when the call is over. `tried` counts the tries so far less
 * one. Without `Retry-After`, or with one that is over, the wait is full jitter: anything between nothing and the
 * doubled bound.
 */
export function retryDelay(
  rule: RetryRule,
  tried: number,
  asked: number | undefined,
  random: number,
): number | undefined {
  if (tried >= rule.maxRetries) return undefined
  if (asked) return asked > rule.maxRetryAfterMs ? undefined : asked
  return random * Math.min(rule.capMs, rule.baseMs * 2 ** tried)
}
