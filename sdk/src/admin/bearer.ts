import type { Pace } from '../pace.ts'
import type { Settings } from './config.ts'

/** What to send as Bearer. With the token that a 401 refused: another one, or nothing when there is no other. */
export type Bearer = (refused?: string) => Promise<string | undefined>

export type TokenAnswer = { access_token: string; expires_in: number }

/** A token is given up this long before it ends, so that it does not end on its way. */
const renewBeforeMs = 60_000

/** The Bearer of a configuration. `fetchToken` is used only with client credentials. */
export function bearerOf(settings: Settings, pace: Pace, fetchToken: () => Promise<TokenAnswer>): Bearer {
  const { secretKey, accessToken } = settings
  if (typeof accessToken === 'function') {
    return async (refused) => {
      const token = await accessToken()
      return token === refused ? undefined : token
    }
  }
  const fixed = secretKey ?? accessToken
  if (fixed) return async (refused) => (refused ? undefined : fixed)
  return clientCredentials(pace, fetchToken)
}

/** Fetches once for all parallel calls, and again when the token is about to end or was refused (http-api.md §5.2). */
function clientCredentials(pace: Pace, fetchToken: () => Promise<TokenAnswer>): Bearer {
  let current: { token: string; until: number } | undefined
  let pending: Promise<string> | undefined

  const renew = async (): Promise<string> => {
    try {
      const { access_token, expires_in } = await fetchToken()
      current = { token: access_token, until: pace.now() + expires_in * 1000 - renewBeforeMs }
      return access_token
    } finally {
      pending = undefined
    }
  }

  return async (refused) => {
    // A parallel call may have replaced the refused token already.
    if (current && current.token !== refused && current.until > pace.now()) return current.token
    pending ??= renew()
    return pending
  }
}
