import type { ErrorCode } from '../contract.gen.ts'
import type { NoAnswer } from '../retry.ts'
import type { Answer } from '../send.ts'

type Facts = {
  /** The answer's `X-Request-Id`, or the one that was sent. */
  requestId?: string
  /** Seconds. */
  retryAfter?: number
  /** For `validation_error`: `[{ path, message }]`. */
  details?: unknown
  hint?: string
  docsUrl?: string
  cause?: unknown
}

/** A code of the API or of this client; a server newer than the client, and `/oauth/*`, may have others. */
type AnyCode = ErrorCode | NoAnswer | 'INVALID_ARGUMENT' | 'NOT_SUPPORTED' | (string & {})

/**
 * What every admin call throws. `code` in lower case is the server's, of `/oauth/*` the OAuth `error`; in upper case it
 * is made here: `NETWORK_FAILURE`, `TIMEOUT`, `INVALID_ARGUMENT`, `NOT_SUPPORTED`. `status` is 0 without an answer.
 */
export class TryMellonApiError extends Error {
  readonly code: AnyCode
  readonly status: number
  readonly requestId?: string
  readonly retryAfter?: number
  readonly details?: unknown
  readonly hint?: string
  readonly docsUrl?: string

  constructor(code: AnyCode, status: number, message: string, { cause, ...facts }: Facts = {}) {
    super(message, { cause })
    this.name = new.target.name
    this.code = code
    this.status = status
    Object.assign(this, facts)
  }
}

/** 401: the credential is missing, wrong or revoked. */
export class AuthenticationError extends TryMellonApiError {}
/** 403: the credential may not do that. */
export class PermissionError extends TryMellonApiError {}
/** 404, also for what belongs to someone else. */
export class NotFoundError extends TryMellonApiError {}
/** 409, and 422 for an `Idempotency-Key` that was used with another request. */
export class ConflictError extends TryMellonApiError {}
/** 400 and its kin: the request itself is wrong. */
export class ValidationError extends TryMellonApiError {}
/** 429, after the retries or because `retryAfter` is longer than the client waits. */
export class RateLimitError extends TryMellonApiError {}
/** 5xx. */
export class ServerError extends TryMellonApiError {}
/** No connection, or one that broke off. */
export class ConnectionError extends TryMellonApiError {}
/** No whole answer within `timeoutMs`. */
export class TimeoutError extends TryMellonApiError {}

const byStatus: Record<number, typeof TryMellonApiError> = {
  400: ValidationError,
  401: AuthenticationError,
  403: PermissionError,
  404: NotFoundError,
  405: ValidationError,
  409: ConflictError,
  413: ValidationError,
  415: ValidationError,
  422: ConflictError,
  429: RateLimitError,
}

type WireError = { code?: string; message?: string; details?: unknown; hint?: string; docs_url?: string }
type WireFailure = { error?: WireError | string; error_description?: string }

/** An answer that is no success, as the error to throw (http-api.md §2.1, both dialects of error). */
export function failed({ outcome, body, requestId, retryAfterMs, cause }: Answer): TryMellonApiError {
  const facts = {
    requestId,
    cause,
    retryAfter: retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs / 1000),
  }
  if (outcome === 'TIMEOUT') return new TimeoutError(outcome, 0, 'The server did not answer in time.', facts)
  if (outcome === 'NETWORK_FAILURE') return new ConnectionError(outcome, 0, 'The server could not be reached.', facts)
  const { error, error_description } = (body ?? {}) as WireFailure
  const wire: WireError = typeof error === 'string' ? { code: error, message: error_description } : (error ?? {})
  const {
    code = `http_${outcome}`,
    message = `The server answered ${outcome}${cause ? ', not in JSON' : ''}.`,
    details,
    hint,
    docs_url,
  } = wire
  const kind = byStatus[outcome] ?? (outcome >= 500 ? ServerError : TryMellonApiError)
  return new kind(code, outcome, message, { ...facts, details, hint, docsUrl: docs_url })
}
