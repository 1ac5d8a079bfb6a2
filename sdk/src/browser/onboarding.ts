import type { Pace } from '../pace.ts'
import type { ApiCall } from './call.ts'
import type { Result } from './error.ts'
import type { OnboardingLink, OnboardingLinkOptions, OnboardingStatus } from './results.ts'

type Waiting = { signal?: AbortSignal }

export type OnboardingMethods = {
  /** Begins a sign-up on the server's hosted page; send the person to `hostedUrl`. Good for half an hour. */
  createLink(options?: OnboardingLinkOptions): Promise<Result<OnboardingLink>>
  /** How far it is. */
  status(sessionId: string, options?: Waiting): Promise<Result<OnboardingStatus>>
  /** Asks every 3 s until it is `completed`, and the person's passkey signs in; or `expired` or `failed`. */
  waitForCompletion(sessionId: string, options?: Waiting): Promise<Result<OnboardingStatus>>
}

/** The same without a `Result` around. */
type Throwing = {
  [Name in keyof OnboardingMethods]: OnboardingMethods[Name] extends (
    ...args: infer Args
  ) => Promise<Result<infer Value>>
    ? (...args: Args) => Promise<Value>
    : never
}

const everyMs = 3000

/** Waits; at most until the signal aborts. */
function pause(pace: Pace, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel()
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const cancel = pace.after(everyMs, end)
    signal?.addEventListener('abort', end)
  })
}

/** Whatever the signal's reason is, the core knows what became of it by the error's name. */
async function abortable<Value>(signal: AbortSignal | undefined, run: () => Promise<Value>): Promise<Value> {
  try {
    return await run()
  } catch (error) {
    throw signal?.aborted ? new DOMException('The call was aborted.', 'AbortError') : error
  }
}

/**
 * What the hosted page needs of a page of the application (http-api.md §3.19). A chunk of its own, which shares no code with
 * the core: what both used would become a third file, which every page would load.
 */
export function onboardingOver(call: ApiCall, pace: Pace): Throwing {
  const ask = async (id: string, signal: AbortSignal | undefined): Promise<OnboardingStatus> => {
    const seen = await call('GET /v1/onboarding/{id}/status', { id, signal })
    const { hosted_url: hostedUrl, onboarding_url: onboardingUrl, expires_in: expiresIn } = seen
    return { status: seen.status, hostedUrl, onboardingUrl, expiresIn }
  }

  return {
    status: (id, { signal } = {}) => abortable(signal, () => ask(id, signal)),
    createLink: ({ userRole = 'app_user', returnUrl, refreshUrl, prefill, signal } = {}) =>
      abortable(signal, async () => {
        const { companyName, displayName, email } = prefill ?? {}
        const input = {
          user_role: userRole,
          return_url: returnUrl,
          refresh_url: refreshUrl,
          prefill: prefill && { company_name: companyName, display_name: displayName, email },
        }
        const { session_id, hosted_url, onboarding_url, expires_in } = await call('POST /v1/onboarding/start', {
          input,
          signal,
        })
        return { sessionId: session_id, hostedUrl: hosted_url, onboardingUrl: onboarding_url, expiresIn: expires_in }
      }),
    waitForCompletion: (id, { signal } = {}) =>
      abortable(signal, async () => {
        for (;;) {
          const seen = await ask(id, signal)
          if (!seen.status.startsWith('pending')) return seen
          await pause(pace, signal)
        }
      }),
  }
}
