import type { Pace } from '../pace.ts'
import type { ApiCall } from './call.ts'
import { camel } from './camel.ts'
import { attempt, type Result } from './error.ts'
import { everyPage } from './every-page.ts'
import type { Session, Validation } from './results.ts'

const cacheMs = 30_000

export type SessionMethods = {
  /** Asks the server whether a session token is good. Answers from memory for 30 s; parallel calls share one request. */
  verify(token: string): Promise<Result<Validation>>
  /** The user's live sessions. */
  list(token: string): Promise<Result<Session[]>>
  /** Ends the token's session. */
  logout(token: string): Promise<Result<void>>
}

export function sessionMethods(call: ApiCall, pace: Pace): SessionMethods {
  const known = new Map<string, { until: number; validation: Promise<Validation> }>()

  const validate = async (token: string): Promise<Validation> =>
    camel(await call('GET /v1/sessions/validate', { token }))

  const verify = (token: string): Promise<Validation> => {
    for (const [key, { until }] of known) if (until <= pace.now()) known.delete(key)
    const fresh = known.get(token)
    if (fresh) return fresh.validation
    const entry = { until: Number.POSITIVE_INFINITY, validation: validate(token) }
    known.set(token, entry)
    entry.validation.then(
      ({ expiresAt }) => {
        entry.until = Math.min(pace.now() + cacheMs, Date.parse(expiresAt))
      },
      () => known.delete(token),
    )
    return entry.validation
  }

  return {
    verify: (token) => attempt(() => verify(token)),
    list: (token) => attempt(() => everyPage(call, 'GET /v1/sessions', { token })),
    logout: (token) =>
      attempt(() =>
        // Forgotten also when no answer came: the server may have ended the session.
        call('POST /v1/sessions/{id}/logout', { id: 'current', token }).finally(() => known.delete(token)),
      ),
  }
}
