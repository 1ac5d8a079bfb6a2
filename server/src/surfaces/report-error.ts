import type { Deps } from '../platform/context.ts'
import type { ApiError } from '../platform/errors.ts'
import { toApiError } from '../platform/public-error.ts'

/** The public form of what was thrown; a fault goes to the log with its cause, which says nothing outside. */
export function reportError(deps: Deps, requestId: string, operation: string | undefined, thrown: unknown): ApiError {
  const error = toApiError(thrown)
  // A client that went away while it was sending has nobody to answer, and nothing is wrong here.
  const isAborted = thrown instanceof Error && thrown.message === 'aborted'
  if (error.errorCode === 'internal_error') {
    deps.log.error({ err: error.cause ?? error, request_id: requestId, operation }, error.errorCode)
  } else if (error.status >= 500 && !isAborted) {
    const reason = error.cause instanceof Error ? error.cause.message : undefined
    deps.log.warn({ reason, request_id: requestId, operation }, error.errorCode)
  }
  return error
}
