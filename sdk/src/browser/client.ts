import { type Pace, systemPace } from '../pace.ts'
import { send } from '../send.ts'
import { version } from '../version.ts'
import { apiCall } from './call.ts'
import { ceremonyOver, exclusively } from './ceremony.ts'
import { type Settings, settingsOf, type TryMellonConfig } from './config.ts'
import { attempt, type Result, toTryMellonError } from './error.ts'
import { type Events, events } from './events.ts'
import type { OnboardingMethods } from './onboarding.ts'
import { type PasskeyMethods, passkeyMethods } from './passkeys.ts'
import type { SignIn, SignInOptions, SignUp, SignUpOptions, User } from './results.ts'
import { type SessionMethods, sessionMethods } from './session.ts'
import { type Capabilities, capabilities, isSupported } from './support.ts'

/** A browser client. Its methods never throw; they return a `Result`. */
export type TryMellon = {
  /** Makes a user's first passkey and signs in with it. */
  signUp(options?: SignUpOptions): Promise<Result<SignUp>>
  /** Signs in a named user, or whoever the authenticator knows. */
  signIn(options?: SignInOptions): Promise<Result<SignIn>>
  passkeys: PasskeyMethods
  session: SessionMethods
  onboarding: OnboardingMethods
  on: Events['on']
  capabilities(): Promise<Capabilities>
  version(): string
}

/**
 * Makes a client from its configuration; see `TryMellonConfig` for fields and ranges. `INVALID_ARGUMENT` names the
 * field that is wrong; a secret in any field is refused.
 */
function create(config: TryMellonConfig): Result<TryMellon> {
  return createAtPace(config, systemPace)
}

/** `TryMellon.create` with time and chance of the caller's, for tests. */
export function createAtPace(config: TryMellonConfig, pace: Pace): Result<TryMellon> {
  try {
    return { ok: true, value: clientOf(config, pace) }
  } catch (error) {
    return { ok: false, error: toTryMellonError(error) }
  }
}

function clientOf(config: TryMellonConfig, pace: Pace): TryMellon {
  const settings = settingsOf(config)
  const call = apiCall(settings, pace, settings.sandbox ? sandboxed(settings) : send)
  const { on, emit } = events(settings.logger)
  const ceremony = ceremonyOver(call, settings.sandbox)

  const announced = async <Value extends { sessionToken: string; user: User }>(
    operation: 'signUp' | 'signIn',
    callerSignal: AbortSignal | undefined,
    run: (signal: AbortSignal) => Promise<Value>,
  ): Promise<Result<Value>> => {
    emit('start', { operation })
    const result = await exclusively(callerSignal, run)
    if (result.ok) emit('success', { operation, token: result.value.sessionToken, user: result.value.user })
    else if (/^(USER_CANCELLED|ABORT_ERROR)$/.test(result.error.code)) emit('cancelled', { operation })
    else emit('error', { operation, error: result.error })
    return result
  }

  // Loaded with the first call: most pages never make one.
  const onboarding = Object.fromEntries(
    (['createLink', 'status', 'waitForCompletion'] as const).map((name) => [
      name,
      (...args: unknown[]) =>
        attempt(async () => (await import('./onboarding.ts')).onboardingOver(call, pace)[name](...(args as [never]))),
    ]),
  ) as unknown as OnboardingMethods

  return {
    signUp: (options) =>
      announced('signUp', options?.signal, async (signal) => ({
        success: true,
        ...(await ceremony('register', { ...options, signal })),
      })),
    signIn: (options) => announced('signIn', options?.signal, (signal) => ceremony('auth', { ...options, signal })),
    passkeys: passkeyMethods(call, ceremony),
    session: sessionMethods(call, pace),
    onboarding,
    on,
    capabilities,
    version: () => version,
  }
}

/** Loaded only when asked for: a live page need not carry it. */
function sandboxed(settings: Settings): typeof send {
  const loading = import('./sandbox.ts').then(({ sandboxSend }) => sandboxSend(settings))
  return async (call) => (await loading)(call)
}

/** Entry of the browser SDK. */
export const TryMellon = { create, isSupported, capabilities, version: (): string => version }
