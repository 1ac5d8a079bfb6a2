import type { Answer, Call } from '../send.ts'
import type { Settings } from './config.ts'

type Input = { session_id?: string; external_user_id?: string }
type Send = (call: Call) => Promise<Answer>

/**
 * Answers in the server's place and makes no request (http-api.md §5.5). The external id travels from start to finish
 * as the ceremony's `session_id`, so nothing is kept.
 */
export function sandboxSend({ sandboxToken, publishableKey, logger }: Settings): Send {
  const host = globalThis.location?.hostname
  if (host && !/(^|\.)localhost$/.test(host)) {
    const warn = logger?.warn ?? console.warn
    warn('TryMellon: sandbox mode is on; nobody is really signed in.')
  }
  return async ({ method, path, headers, body, signal }) => {
    signal?.throwIfAborted()
    const token = headers.authorization?.slice('Bearer '.length)
    const requestId = 'sandbox'
    if (token !== sandboxToken && token !== publishableKey) {
      const error = { code: 'invalid_session_token', message: 'The sandbox takes its own token only.' }
      return { requestId, outcome: 401, body: { ok: false, error } }
    }
    return { requestId, outcome: 200, body: { ok: true, data: data(method, path, body ?? {}, sandboxToken) } }
  }
}

function data(method: string, path: string, input: Input, session_token: string): object {
  const external_user_id = input.session_id || null
  const user = { user_id: 'sandbox-user', external_user_id, is_anonymous: !external_user_id }
  const expires_at = '9999-12-31T23:59:59Z'
  switch (`${method} ${path}`) {
    case 'POST /v1/passkeys/register/finish':
      return { credential_id: 'sandbox-credential', status: 'sandbox', session_token, user }
    case 'POST /v1/passkeys/auth/finish': {
      const signals = { userVerification: true, backupEligible: false, backupStatus: false }
      return { authenticated: true, session_token, user, signals }
    }
    case 'GET /v1/sessions/validate': {
      const ids = { tenant_id: 'sandbox', app_id: 'sandbox', session_id: 'sandbox-session' }
      return { valid: true, ...user, external_user_id: '', ...ids, expires_at, custom_claims: {} }
    }
    case 'GET /v1/passkeys':
    case 'GET /v1/sessions':
      return { data: [], has_more: false, next_cursor: null }
    case 'POST /v1/onboarding/start': {
      const hosted_url = globalThis.location?.href ?? ''
      return { session_id: 'sandbox-onboarding', hosted_url, onboarding_url: hosted_url, expires_in: 1800 }
    }
    case 'GET /v1/onboarding/sandbox-onboarding/status':
      return { status: 'completed' }
    default:
      return { session_id: input.external_user_id ?? '', expires_at, challenge: {} }
  }
}
