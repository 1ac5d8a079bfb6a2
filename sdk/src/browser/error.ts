import type { Answer } from '../send.ts'
import { type SdkCode, sdkCode } from './codes.ts'

type Facts = {
  requestId?: string
  /** The server's own code, when the answer had one. */
  wireCode?: string
  /** Seconds. */
  retryAfter?: number
  /** What to do next, and where it is explained. */
  hint?: string
  docsUrl?: string
  cause?: unknown
}

/** What a browser method's `error` is. Switch over `code`; `message` may be shown to developers. */
export class TryMellonError extends Error {
  // Declared only: they are assigned below, and written out they would cost bytes.
  declare readonly code: SdkCode
  declare readonly requestId?: string
  declare readonly wireCode?: string
  declare readonly retryAfter?: number
  declare readonly hint?: string
  declare readonly docsUrl?: string

  constructor(code: SdkCode, message: string, { cause, ...facts }: Facts = {}) {
    super(message, { cause })
    this.name = 'TryMellonError'
    this.code = code
    Object.assign(this, facts)
  }
}

/** Browser methods never throw: they return one of these two. */
export type Result<Value, Failure = TryMellonError> = { ok: true; value: Value } | { ok: false; error: Failure }

type WireFailure = { error?: { code?: string; message?: string; hint?: string; docs_url?: string } }

/** An answer that is no success as an error, from the envelope dialect (http-api.md §2.1) or for want of an answer. */
export function failed({ outcome, body, requestId, retryAfterMs, cause }: Answer): TryMellonError {
  const { code, message, hint, docs_url } = (body as WireFailure | undefined)?.error ?? {}
  return new TryMellonError(sdkCode(code, outcome), message ?? `The server's answer: ${outcome}.`, {
    requestId,
    wireCode: code,
    retryAfter: retryAfterMs && Math.ceil(retryAfterMs / 1000),
    hint,
    docsUrl: docs_url,
    cause,
  })
}

/** Names of `DOMException`s that `navigator.credentials` rejects with (WebAuthn §5.1.3, §5.1.4). */
const domCodes: Record<string, SdkCode> = {
  NotSupportedError: 'NOT_SUPPORTED',
  SecurityError: 'NOT_SUPPORTED',
  NotAllowedError: 'USER_CANCELLED',
  AbortError: 'ABORT_ERROR',
  InvalidStateError: 'PASSKEY_EXISTS',
}

/** Whatever was thrown, as the error to return. An aborted signal wins: its reason may be any value. */
export function toTryMellonError(thrown: unknown, signal?: AbortSignal): TryMellonError {
  if (signal?.aborted) return new TryMellonError('ABORT_ERROR', 'The call was aborted.', { cause: thrown })
  if (thrown instanceof TryMellonError) return thrown
  // Not by `instanceof`: an exception may come from a browser extension's realm.
  const { name = '', message = String(thrown) } = (thrown ?? {}) as Partial<Error>
  return new TryMellonError(domCodes[name] ?? 'UNKNOWN_ERROR', message, { cause: thrown })
}

/** The one place where a failure becomes a value. */
export async function attempt<Value>(run: () => Promise<Value>, signal?: AbortSignal): Promise<Result<Value>> {
  try {
    return { ok: true, value: await run() }
  } catch (thrown) {
    return { ok: false, error: toTryMellonError(thrown, signal) }
  }
}
