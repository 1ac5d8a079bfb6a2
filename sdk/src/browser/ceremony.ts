import { follow } from '../pace.ts'
import type { ApiCall, Output } from './call.ts'
import { type Camel, camel } from './camel.ts'
import { attempt, type Result, TryMellonError } from './error.ts'
import type { SignInOptions, SignUpOptions } from './results.ts'
import { conditionalUi, isSupported } from './support.ts'
import { askAuthenticator } from './webauthn.ts'

type Kind = 'register' | 'auth'
type Options = SignUpOptions & SignInOptions & { sessionToken?: string; signal: AbortSignal }

/** Start on the server, ask the authenticator, finish on the server. Throws. */
export type Ceremony = <K extends Kind>(
  kind: K,
  options: Options,
) => Promise<Camel<Output<`POST /v1/passkeys/${K}/finish`>>>

/** Of the whole page, whichever client began it: a pending autofill would block every later prompt. */
let open: AbortController | undefined

/** Runs one ceremony, ending the one before: a page can have only one open. */
export async function exclusively<Value>(
  signal: AbortSignal | undefined,
  ceremony: (signal: AbortSignal) => Promise<Value>,
): Promise<Result<Value>> {
  open?.abort()
  const controller = new AbortController()
  open = controller
  const unfollow = follow(signal, (reason) => controller.abort(reason))
  try {
    return await attempt(() => ceremony(controller.signal), controller.signal)
  } finally {
    unfollow()
    if (open === controller) open = undefined
  }
}

/** The ceremony over `call`. In the sandbox no authenticator is asked. */
export function ceremonyOver(call: ApiCall, sandbox: boolean | undefined): Ceremony {
  return async (kind, { signal, mediation, sessionToken: token, ...options }) => {
    const signsIn = kind === 'auth'
    if (!sandbox && !(signsIn && mediation ? await conditionalUi() : isSupported())) {
      throw new TryMellonError('NOT_SUPPORTED', 'This browser cannot do that with passkeys.')
    }
    const first = {
      external_user_id: options.externalUserId,
      display_name: options.displayName,
      authenticator_type: options.authenticatorType,
      mediation,
    }
    const { session_id, challenge } = await call<`POST /v1/passkeys/${Kind}/start`>(`POST /v1/passkeys/${kind}/start`, {
      input: first,
      token,
      signal,
    })
    const credential = sandbox
      ? {}
      : await askAuthenticator(signsIn ? 'get' : 'create', challenge, { mediation, signal })
    const last = {
      session_id,
      credential: credential as never,
      alias: options.alias,
      success_url: options.successUrl,
      custom_claims: options.customClaims,
    }
    return camel(
      await call<`POST /v1/passkeys/${Kind}/finish`>(`POST /v1/passkeys/${kind}/finish`, {
        input: last,
        token,
        signal,
      }),
    ) as never
  }
}
