import { type ApiError, errorRow } from '../platform/errors.ts'
import type { Dialect } from '../platform/procedures.ts'

export type Answer = { status: number; headers: Record<string, string>; body: object | null }

/** RFC 6749 §5.2 words for what every surface may answer. */
const oauthCodes: Record<string, string> = {
  validation_error: 'invalid_request',
  payload_too_large: 'invalid_request',
  unsupported_media_type: 'invalid_request',
  method_not_allowed: 'invalid_request',
  unauthorized: 'invalid_client',
  internal_error: 'server_error',
  service_unavailable: 'temporarily_unavailable',
}

/** Keeps an `error_description` within %x20-21 / %x23-5B / %x5D-7E. */
const oauthText = (text: string) =>
  text
    .replaceAll('"', "'")
    .replaceAll('\\', '/')
    .replace(/[^\x20-\x7e]/g, '?')

export function encodeSuccess(dialect: Dialect, status: number, data: unknown): object | null {
  if (status === 204) return null
  return dialect === 'envelope' ? { ok: true, data: data ?? null } : ((data ?? {}) as object)
}

/** An error as this dialect writes it (http-api.md §2.1). */
export function encodeError(dialect: Dialect, error: ApiError, publicUrl: string): Answer {
  const headers = { ...error.headers }
  const { status } = error
  if (error.retryAfter !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfter)))
  else if (status === 503) headers['retry-after'] = '5'
  if (dialect === 'oauth') {
    const code = oauthCodes[error.errorCode] ?? error.errorCode
    return { status, headers, body: { error: code, error_description: oauthText(error.message), ...error.extra } }
  }
  const { docs } = errorRow(error.errorCode)
  const body = {
    code: error.errorCode,
    message: error.message,
    ...(error.details === undefined ? {} : { details: error.details }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(docs === undefined ? {} : { docs_url: `${publicUrl}${docs}` }),
  }
  return { status, headers, body: { ok: false, error: body } }
}
