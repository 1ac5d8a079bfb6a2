import { TRPCError } from '@trpc/server'
import type { TRPC_ERROR_CODE_KEY } from '@trpc/server/rpc'
import type { ErrorCode } from '../errors.ts'

/** One row of an error table: the HTTP status belongs to the code, never to the place that throws it. */
export type ErrorRow = { status: number; message: string; hint?: string; docs?: string }
export type ErrorTable = Record<string, ErrorRow>

const rows = new Map<string, ErrorRow>()

/** Adds a table of codes; called once, by `errors.ts`, which merges every slice's table. Refuses duplicates. */
export function registerErrors(tables: ErrorTable[]): void {
  for (const table of tables) {
    for (const [code, row] of Object.entries(table)) {
      const known = rows.get(code)
      if (known && known !== row) throw new Error(`error code ${code} is declared twice`)
      rows.set(code, row)
    }
  }
}

export function errorRow(code: string): ErrorRow {
  const row = rows.get(code)
  if (!row) throw new Error(`error code ${code} is in no table`)
  return row
}

export type ErrorDetails = Record<string, unknown> | { path: string; message: string; application_ids?: string[] }[]
export type ErrorOptions = {
  /** Public sentence, when the table's is too general. */
  message?: string
  details?: ErrorDetails
  hint?: string
  /** Seconds; becomes the `Retry-After` header. */
  retryAfter?: number
  /** Headers of the answer beside `Retry-After`, such as `WWW-Authenticate`. */
  headers?: Record<string, string>
  /** Extra flat members of an OAuth error body, such as `interval`. */
  extra?: Record<string, unknown>
  /** Private: goes to the log only. */
  cause?: unknown
}

const trpcCodes: Record<number, TRPC_ERROR_CODE_KEY> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_SUPPORTED',
  409: 'CONFLICT',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  422: 'UNPROCESSABLE_CONTENT',
  428: 'PRECONDITION_REQUIRED',
  429: 'TOO_MANY_REQUESTS',
  503: 'SERVICE_UNAVAILABLE',
}

/**
 * An answer that says no. Thrown inside a command it undoes every write of that command.
 * It extends `TRPCError` so that tRPC passes it through unwrapped and `/trpc` shows the right status.
 */
export class ApiError extends TRPCError {
  readonly errorCode: ErrorCode
  readonly status: number
  readonly details: ErrorDetails | undefined
  readonly hint: string | undefined
  readonly docs: string | undefined
  readonly retryAfter: number | undefined
  readonly headers: Record<string, string>
  readonly extra: Record<string, unknown>

  constructor(code: ErrorCode, options: ErrorOptions = {}) {
    const row = errorRow(code)
    super({
      code: trpcCodes[row.status] ?? 'BAD_REQUEST',
      message: options.message ?? row.message,
      cause: options.cause,
    })
    this.name = 'ApiError'
    this.errorCode = code
    this.status = row.status
    this.details = options.details
    this.hint = options.hint ?? row.hint
    this.docs = row.docs
    this.retryAfter = options.retryAfter
    this.headers = options.headers ?? {}
    this.extra = options.extra ?? {}
  }
}

/**
 * A decision that says no and must be remembered: the writes made so far (counters, audit rows) are committed,
 * then the error is returned. Throw it only after writes that record or punish the refusal.
 */
export class Refusal extends ApiError {
  override readonly name = 'Refusal'
}

/** 400 that names one field, in the form every validation error has. */
export function invalid(path: string, message: string, hint?: string): ApiError {
  return new ApiError('validation_error', {
    message: `${path}: ${message}`,
    details: [{ path, message }],
    ...(hint ? { hint } : {}),
  })
}

/** Codes that any operation may answer (http-api.md §2.3). */
export const genericErrors = {
  validation_error: { status: 400, message: 'The request is not valid.' },
  unauthorized: { status: 401, message: 'A valid credential is required.' },
  forbidden: { status: 403, message: 'This kind of caller may not do that.' },
  acting_as_not_allowed: { status: 403, message: 'That cannot be done on behalf of somebody else.' },
  insufficient_scope: { status: 403, message: 'The credential lacks a scope that this operation needs.' },
  tenant_inactive: { status: 403, message: 'This application is not active.' },
  not_found: { status: 404, message: 'There is nothing at this address.' },
  method_not_allowed: { status: 405, message: 'This address does not answer that method.' },
  payload_too_large: { status: 413, message: 'The body is too large.' },
  unsupported_media_type: { status: 415, message: 'The body must be sent with a supported Content-Type.' },
  idempotency_key_reused: { status: 422, message: 'This Idempotency-Key was used with another request.' },
  rate_limit_exceeded: { status: 429, message: 'Too many requests; wait before trying again.' },
  internal_error: { status: 500, message: 'Something went wrong on our side.' },
  service_unavailable: { status: 503, message: 'The service is not available right now; try again shortly.' },
  email_unavailable: {
    status: 503,
    message: 'This server sends no mail.',
    hint: 'Whoever runs it must set SMTP_URL.',
  },
  plan_limit_reached: { status: 409, message: 'The plan does not allow more.' },
} as const satisfies ErrorTable
