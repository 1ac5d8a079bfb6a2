import { TRPCError } from '@trpc/server'
import { ZodError, type z } from 'zod'
import type { ErrorCode } from '../errors.ts'
import { isDatabaseAway } from './db.ts'
import { ApiError } from './errors.ts'
import { printable } from './text.ts'

/** Names the field of a Zod issue; an unknown key is its own field. */
function detail(issue: z.core.$ZodIssue): { path: string; message: string }[] {
  const at = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...at, printable(key)].join('.'), message: 'is not a known field' }))
  }
  // A key's own issue says what is wrong with it; Zod's outer sentence does not.
  const inner = issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined
  return [{ path: at.join('.') || 'body', message: inner ?? issue.message }]
}

/** What tRPC itself refuses, before any procedure of ours. */
const trpcRefusals: Partial<Record<TRPCError['code'], ErrorCode>> = {
  PARSE_ERROR: 'validation_error',
  BAD_REQUEST: 'validation_error',
  NOT_FOUND: 'not_found',
  METHOD_NOT_SUPPORTED: 'method_not_allowed',
  UNSUPPORTED_MEDIA_TYPE: 'unsupported_media_type',
  PAYLOAD_TOO_LARGE: 'payload_too_large',
}

/** 400 naming every field that a schema refused, the first one in the message. */
export function invalidInput(error: ZodError): ApiError {
  const details = error.issues.flatMap(detail).slice(0, 20)
  const [first] = details
  return new ApiError('validation_error', { message: first && `${first.path}: ${first.message}`, details })
}

/**
 * The public form of whatever was thrown: our own decision as it is, a database that is away as 503, and anything else a
 * fault without words, whose cause is for the log.
 */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  const cause = error instanceof TRPCError ? error.cause : error
  if (cause instanceof ApiError) return cause
  if (isDatabaseAway(cause)) return new ApiError('service_unavailable', { retryAfter: 2, cause })
  if (error instanceof TRPCError && cause instanceof ZodError && error.code === 'BAD_REQUEST') {
    return invalidInput(cause)
  }
  const refusal = error instanceof TRPCError ? trpcRefusals[error.code] : undefined
  return refusal ? new ApiError(refusal) : new ApiError('internal_error', { cause: cause ?? error })
}
