import { follow, type Pace } from '../pace.ts'
import { adminRetries } from '../retry.ts'
import { type Answer, send } from '../send.ts'
import { type Bearer, bearerOf, type TokenAnswer } from './bearer.ts'
import type { Settings } from './config.ts'
import { failed } from './errors.ts'
import { type Operation, target } from './operation.ts'

/** The last argument of every method. */
export type CallOptions = {
  signal?: AbortSignal
  /** Of a mutation; 1 to 255 printable ASCII characters. Default: a new UUID for each call. */
  idempotencyKey?: string
  /** Milliseconds for each try. */
  timeoutMs?: number
}

type Input = Record<string, unknown>

/** The one function behind every method: path parameters, input, options. Throws `TryMellonApiError`. */
export type AdminCall = (
  operation: Operation,
  params: string[],
  input?: Input,
  options?: CallOptions & {
    /** Lines of NDJSON in place of the input's JSON. */
    lines?: string
  },
) => Promise<unknown>

const tokenOperation: Operation = { method: 'POST', path: '/oauth/token', dialect: 'oauth', open: true }

/** Calls over HTTP with the configured credential. Without one only open operations answer. */
export function adminCall(settings: Settings, pace: Pace): AdminCall {
  const rule = adminRetries(settings)

  const sendOnce = async (
    operation: Operation,
    { path, body }: { path: string; body?: Input },
    authorization: string | undefined,
    { idempotencyKey, requestId, signal, timeoutMs, lines }: CallOptions & { requestId: string; lines?: string },
  ): Promise<Answer> =>
    send({
      url: settings.baseUrl + path,
      path,
      method: operation.method,
      headers: {
        authorization,
        'x-app-id': settings.appId,
        'idempotency-key': idempotencyKey,
        'content-type': lines && 'application/x-ndjson',
      },
      body: lines ?? body,
      raw: operation.exports,
      requestId,
      signal,
      timeoutMs: timeoutMs ?? settings.timeoutMs,
      rule,
      pace,
      fetch: settings.fetch,
    })

  const bearer: Bearer = bearerOf(settings, pace, () => {
    const input = { grant_type: 'client_credentials', scope: settings.scope }
    return call(tokenOperation, [], input) as Promise<TokenAnswer>
  })

  const call: AdminCall = async (operation, params, input, options = {}) => {
    const { signal } = options
    const where = target(operation, params, input)
    const idempotencyKey = operation.idempotent ? (options.idempotencyKey ?? crypto.randomUUID()) : undefined
    const fixed = { ...options, idempotencyKey, requestId: crypto.randomUUID() }

    const basic = operation.dialect === 'oauth' ? basicOf(settings, where.body) : undefined
    if (basic || operation.open) return dataOf(operation, await sendOnce(operation, where, basic, fixed))

    const token = await unlessAborted(bearer(), signal)
    const answer = await sendOnce(operation, where, `Bearer ${token}`, fixed)
    if (answer.outcome !== 401) return dataOf(operation, answer)
    const other = await unlessAborted(bearer(token), signal)
    return dataOf(operation, other ? await sendOnce(operation, where, `Bearer ${other}`, fixed) : answer)
  }
  return call
}

/** RFC 6749 §2.3.1. Left out when the body names a client itself: two authentications are one too many. */
function basicOf({ clientId, clientSecret }: Settings, body: Input | undefined): string | undefined {
  if (!clientId || !clientSecret || body?.client_secret !== undefined) return undefined
  return `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`)}`
}

function dataOf(operation: Operation, answer: Answer): unknown {
  const { outcome, body, cause } = answer
  if (typeof outcome === 'string' || outcome >= 400 || cause) throw failed(answer)
  return operation.dialect || operation.exports ? body : (body as { data?: unknown } | undefined)?.data
}

/** Stops waiting for what other calls may wait for too. */
async function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  let unfollow = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    unfollow = follow(signal, reject)
  })
  return Promise.race([promise, aborted]).finally(unfollow)
}
