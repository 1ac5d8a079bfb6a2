import type { BrowserRoutes } from '../contract.gen.ts'
import type { Pace } from '../pace.ts'
import { browserRetries } from '../retry.ts'
import type { send } from '../send.ts'
import { refuseSecret, type Settings } from './config.ts'
import { failed } from './error.ts'

export type Route = keyof BrowserRoutes
export type Output<R extends Route> = BrowserRoutes[R]['output']
export type CallOptions<R extends Route> = {
  input?: BrowserRoutes[R]['input']
  /** Value of the one path parameter. */
  id?: string
  /** Session token; without one the publishable key is sent. */
  token?: string
  signal?: AbortSignal
}

/** Calls the API and returns the data of its answer. Throws `TryMellonError`, or the signal's reason. */
export type ApiCall = <R extends Route>(route: R, options: CallOptions<R>) => Promise<Output<R>>

/** The one way to the API; its routes and their types come from `openapi.json`. */
export function apiCall(settings: Settings, pace: Pace, sendCall: typeof send): ApiCall {
  const rule = browserRetries(settings)
  const { publishableKey, apiBaseUrl, origin, timeoutMs, logger } = settings
  return async (route, { input, id = '', token = publishableKey, signal }) => {
    refuseSecret(token)
    const [method, template] = route.split(' ') as [string, string]
    const path = template.replace(/\{.+?\}/, encodeURIComponent(id))
    const query = method === 'GET' && input ? `?${new URLSearchParams(input as Record<string, string>)}` : ''
    const answer = await sendCall({
      url: apiBaseUrl + path + query,
      path,
      method,
      headers: { authorization: `Bearer ${token}`, origin },
      body: query ? undefined : input,
      signal,
      timeoutMs,
      rule,
      pace,
      fetch: globalThis.fetch,
      onRetry: (outcome, delayMs, requestId) =>
        logger?.debug?.(`TryMellon: ${outcome}, trying again in ${Math.round(delayMs)} ms`, { route, requestId }),
    })
    if (typeof answer.outcome === 'string' || answer.outcome >= 400 || answer.cause) throw failed(answer)
    return (answer.body as { data?: unknown } | undefined)?.data as never
  }
}
