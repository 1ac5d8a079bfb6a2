import { follow, type Pace, sleep } from './pace.ts'
import { type Outcome, type RetryRule, retryAfterMs, retryDelay } from './retry.ts'

/** One call, tried as often as its rule allows. */
export type Call = {
  url: string
  /** The path alone, by which the rule decides. */
  path: string
  method: string
  headers: Record<string, string | undefined>
  /** Sent as JSON, a text as it is. */
  body?: unknown
  /** A success is returned as the `Response`, its body unread. */
  raw?: boolean
  /** Default: a new one. */
  requestId?: string
  /** The caller's; ends the waiting as well as the request. */
  signal?: AbortSignal
  /** Milliseconds for each try. */
  timeoutMs: number
  rule: RetryRule
  pace: Pace
  fetch: typeof fetch
  onRetry?: (outcome: Outcome, delayMs: number, requestId: string) => void
}

/** What a call came to in the end. */
export type Answer = {
  /** The status, or why there was none. */
  outcome: Outcome
  /** Undefined when there was no body, or none in JSON. */
  body?: unknown
  requestId: string
  /** Milliseconds. */
  retryAfterMs?: number
  /** Why no answer came, or why its body is not JSON (a proxy's error page, say). */
  cause?: unknown
}

/**
 * Sends a call and returns what its last try came to, failures of the way included. All tries carry the same
 * `X-Request-Id`. Throws only the signal's reason, when the caller gave up.
 */
export async function send(call: Call): Promise<Answer> {
  const { rule, pace, signal } = call
  const { body: sent } = call
  const body = sent === undefined || typeof sent === 'string' ? sent : JSON.stringify(sent)
  const requestId = call.requestId ?? crypto.randomUUID()
  const headers = new Headers({ 'x-request-id': requestId })
  for (const [name, value] of Object.entries(call.headers)) if (value !== undefined) headers.set(name, value)
  if (body && body !== sent) headers.set('content-type', 'application/json')
  const request = { method: call.method, headers, body }

  for (let tried = 0; ; tried++) {
    const answer = await tryOnce(call, request, requestId)
    if (!rule.retries(answer.outcome, call.method, call.path)) return answer
    const delay = retryDelay(rule, tried, answer.retryAfterMs, pace.random())
    if (delay === undefined) return answer
    call.onRetry?.(answer.outcome, delay, requestId)
    await sleep(pace, delay, signal)
  }
}

async function tryOnce(call: Call, request: RequestInit, requestId: string): Promise<Answer> {
  // Taken out of `call`, because browsers refuse a `fetch` that is called as a method of another object.
  const { signal, pace, fetch } = call
  const controller = new AbortController()
  const unfollow = follow(signal, (reason) => controller.abort(reason))
  let late = false
  const cancel = pace.after(call.timeoutMs, () => {
    late = true
    controller.abort()
  })
  try {
    const response = await fetch(call.url, { ...request, signal: controller.signal })
    if (call.raw && response.ok) return { outcome: response.status, requestId, body: response }
    // The body belongs to the try: a connection cut halfway is no answer.
    return read(response, await response.text(), requestId, pace.now())
  } catch (cause) {
    signal?.throwIfAborted()
    return { outcome: late ? 'TIMEOUT' : 'NETWORK_FAILURE', requestId, cause }
  } finally {
    cancel()
    unfollow()
  }
}

function read({ status, headers }: Response, text: string, requestId: string, now: number): Answer {
  const answer: Answer = {
    outcome: status,
    requestId: headers.get('x-request-id') ?? requestId,
    retryAfterMs: retryAfterMs(headers, now),
  }
  try {
    if (text) answer.body = JSON.parse(text)
  } catch (cause) {
    answer.cause = cause
  }
  return answer
}
