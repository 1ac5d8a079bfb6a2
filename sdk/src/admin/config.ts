import { TryMellonApiError, ValidationError } from './errors.ts'

type Credential =
  | { clientId: string; clientSecret: string; secretKey?: never; accessToken?: never }
  | { secretKey: string; clientId?: never; clientSecret?: never; accessToken?: never }
  | {
      accessToken: string | (() => string | Promise<string>)
      clientId?: never
      clientSecret?: never
      secretKey?: never
    }

export type TransportConfig = {
  /** Where the API is, without `/v1`. */
  baseUrl: string
  /** Milliseconds for each try. Default 30000. */
  timeoutMs?: number
  /** Tries beyond the first. Default 3. */
  maxRetries?: number
  /** Milliseconds. A longer `Retry-After` is not waited for: the error is thrown. Default 60000. */
  maxRetryAfterMs?: number
  /** Default: the global one. */
  fetch?: typeof fetch
}

export type AdminConfig = TransportConfig &
  Credential & {
    /** Scopes to ask for, space separated. Default: all that the application allows. */
    scope?: string
    /** Sent as `X-App-Id`, for credentials that reach more than one application. */
    appId?: string
  }

export type Settings = Required<TransportConfig> &
  Partial<Pick<AdminConfig, 'clientId' | 'clientSecret' | 'secretKey' | 'accessToken' | 'scope' | 'appId'>>

/**
 * The configuration with its defaults (http-api.md §5.2). Throws `INVALID_ARGUMENT` naming the field, and
 * `NOT_SUPPORTED` in a browser: its credentials are secrets.
 */
export function settingsOf(config: Settings | TransportConfig): Settings {
  // Every browser's name begins so, also in workers; no server runtime's does.
  if (typeof document !== 'undefined' || globalThis.navigator?.userAgent?.startsWith('Mozilla/')) {
    throw new TryMellonApiError('NOT_SUPPORTED', 0, 'The admin client holds secrets and must not run in a browser.')
  }
  const { baseUrl } = config
  if (!/^https?:\/\/[^/]/.test(baseUrl)) throw invalid('baseUrl: must be an http or https URL')
  const settings = { timeoutMs: 30_000, maxRetries: 3, maxRetryAfterMs: 60_000, fetch: globalThis.fetch }
  for (const name of ['timeoutMs', 'maxRetries', 'maxRetryAfterMs'] as const) {
    settings[name] = config[name] ?? settings[name]
    if (!(settings[name] >= 0)) throw invalid(`${name}: must be a number that is not negative`)
  }
  return { ...config, ...settings, fetch: config.fetch ?? settings.fetch, baseUrl: baseUrl.replace(/\/+$/, '') }
}

/** Exactly one kind of credential. Throws `INVALID_ARGUMENT`. */
export function requireCredential({ clientId, clientSecret, secretKey, accessToken }: Settings): void {
  const kinds = [clientId && clientSecret, secretKey, accessToken].filter(Boolean)
  if (kinds.length !== 1) throw invalid('Give exactly one of clientId with clientSecret, secretKey, accessToken.')
}

const invalid = (message: string): ValidationError => new ValidationError('INVALID_ARGUMENT', 0, message)
