import type { ApiError } from '../platform/errors.ts'
import { printable } from '../platform/text.ts'

/** The codes of JSON-RPC 2.0 that this endpoint writes itself; `refused` is from the range that is the server's own. */
export const rpcCodes = {
  parse: -32_700,
  invalidRequest: -32_600,
  invalidParams: -32_602,
  internal: -32_603,
  refused: -32_000,
} as const

/** An error of the protocol: which message was wrong, never what went wrong inside. */
export class RpcError extends Error {
  readonly code: number
  readonly data: Record<string, unknown> | undefined

  constructor(code: number, message: string, data?: Record<string, unknown>) {
    super(message)
    this.name = 'RpcError'
    this.code = code
    this.data = data
  }
}

export type RpcId = string | number | undefined

/** The id of a request, which its answer repeats; undefined where there is none to repeat. */
export function idOf(message: unknown): RpcId {
  const id = typeof message === 'object' && message !== null && 'id' in message ? message.id : undefined
  return typeof id === 'string' || typeof id === 'number' ? id : undefined
}

/** Whole seconds until a call is worth repeating; undefined: it is not. */
export function retryAfter({ retryAfter: wait, status }: ApiError): number | undefined {
  if (wait !== undefined) return Math.max(1, Math.ceil(wait))
  return status === 503 ? 5 : undefined
}

/** What everybody may know of a fault: nothing but where to find it in the log. */
export const fault = (requestId: string): RpcError =>
  new RpcError(rpcCodes.internal, 'Something went wrong on our side.', { request_id: requestId })

/** Whether an error's data is what `fault` put there. */
export const isOurs = (data: unknown): boolean => typeof data === 'object' && data !== null && 'request_id' in data

/** The first of a list of issues that a schema found, as one sentence; null for any other text. */
export function firstIssue(text: string): string | null {
  try {
    const [{ path, message }] = JSON.parse(text) as [{ path: (string | number)[]; message: string }]
    return printable(`${path.join('.')}: ${message}`)
  } catch {
    return null
  }
}

/** The message of an answer that says no in its status. */
export function refusalBody(error: ApiError, id: RpcId, requestId: string, code: number = rpcCodes.refused): object {
  const wait = retryAfter(error)
  const about = { request_id: requestId, ...(wait === undefined ? {} : { retry_after: wait }) }
  const isFault = error.errorCode === 'internal_error'
  return {
    jsonrpc: '2.0',
    ...(id === undefined ? {} : { id }),
    error: isFault
      ? { code: rpcCodes.internal, message: error.message, data: about }
      : { code, message: error.message, data: { code: error.errorCode, ...about } },
  }
}
