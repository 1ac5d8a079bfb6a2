import { TryMellonError } from './error.ts'

/** Takes `console`. Without one the SDK is silent, but for the sandbox's warning. */
export type Logger = {
  debug?: (message: string, detail?: unknown) => void
  warn?: (message: string, detail?: unknown) => void
}

export type TryMellonConfig = {
  /** `cli_…`; names the application. It is no secret. */
  publishableKey: string
  /** A label of your own; the key decides. */
  appId?: string
  /** Where the API is. May be left out on pages that the API's own origin serves. */
  apiBaseUrl?: string
  /** Milliseconds for each try of a request, 1000 to 300000. Default 30000. */
  timeoutMs?: number
  /** Tries beyond the first, 0 to 10. Default 3. */
  maxRetries?: number
  /** Milliseconds, 100 to 10000: bound of the first wait, doubled each time. Default 500. */
  retryDelayMs?: number
  /** Sent as `Origin` where no browser does it, as on a server. */
  origin?: string
  /** True: no request is made, every ceremony succeeds at once with a token that no server takes. */
  sandbox?: boolean
  /** Default `trymellon_sandbox_session_token_v1`. */
  sandboxToken?: string
  logger?: Logger
}

type Defaulted = 'apiBaseUrl' | 'timeoutMs' | 'maxRetries' | 'retryDelayMs' | 'sandboxToken'
export type Settings = TryMellonConfig & Required<Pick<TryMellonConfig, Defaulted>>

const ranges = {
  timeoutMs: [30_000, 1000, 300_000],
  maxRetries: [3, 0, 10],
  retryDelayMs: [500, 100, 10_000],
} as const

const invalid = (message: string): TryMellonError => new TryMellonError('INVALID_ARGUMENT', message)

/** Throws `INVALID_ARGUMENT` for a value that belongs on a server: a client secret or an agent's secret key. */
export function refuseSecret(value: unknown): void {
  if (/^\s*(sec_|tm_key_)/.test(String(value))) throw invalid('A secret must not reach a browser; revoke it.')
}

/** The configuration with its defaults (http-api.md §5.1). Throws `INVALID_ARGUMENT` naming the field. */
export function settingsOf(config: TryMellonConfig): Settings {
  const settings = { ...config }
  Object.values(settings).forEach(refuseSecret)
  if (!/^cli_\w+$/.test(settings.publishableKey)) throw invalid('publishableKey: must be a key of the form cli_…')
  settings.sandboxToken ??= 'trymellon_sandbox_session_token_v1'
  settings.apiBaseUrl ??= globalThis.location?.origin
  if (!/^https?:\/\/[^/]/.test(settings.apiBaseUrl)) throw invalid('apiBaseUrl: must be an http or https URL')
  settings.apiBaseUrl = settings.apiBaseUrl.replace(/\/+$/, '')
  for (const [field, [fallback, min, max]] of Object.entries(ranges)) {
    settings[field as keyof typeof ranges] ??= fallback
    const value = settings[field as keyof typeof ranges] as number
    if (!Number.isInteger(value) || value < min || value > max) throw invalid(`${field}: must be ${min} to ${max}`)
  }
  return settings as Settings
}
