import { z } from 'zod'
import { Alias, Credential, CredentialId } from '../credentials/schema.ts'
import { cursorPage, cursorParameters } from '../platform/pages.ts'
import { command, query, router } from '../platform/procedures.ts'
import { finish as finishAuthentication, start as startAuthentication } from './authentication.ts'
import { list, remove, rename } from './own.ts'
import { start as startRegistration } from './registration.ts'
import { finish as finishRegistration } from './registration-finish.ts'
import {
  Authenticated,
  Authentication,
  AuthFinish,
  AuthStart,
  Registered,
  RegisterFinish,
  RegisterStart,
  Registration,
} from './schema.ts'

const ceremonyLimits = ['ceremony', 'ceremony_application'] as const
const browserErrors = ['origin_not_allowed', 'tenant_inactive'] as const
const sessionErrors = ['invalid_session_token', 'invalid_token_type', ...browserErrors] as const
const claimErrors = ['session_custom_claim_not_whitelisted', 'session_custom_claims_limit_exceeded'] as const

const register = router({
  start: command({
    rest: 'POST /v1/passkeys/register/start',
    auth: ['publishable', 'end_user'],
    policy: 'ceremony',
    limit: [...ceremonyLimits, 'ceremony_user'],
    hot: 'statement',
    audits: ['registration.started'],
    errors: ['registration_not_allowed', 'plan_limit_reached', ...sessionErrors],
    summary: 'Start a registration: creation options for `navigator.credentials.create()`.',
    description:
      "With a publishable key: a new user's first passkey. With a session token: another passkey for that user.",
    input: RegisterStart,
    output: Registration,
    run: startRegistration,
  }),
  finish: command({
    rest: 'POST /v1/passkeys/register/finish',
    auth: ['publishable', 'end_user'],
    policy: 'ceremony',
    limit: ceremonyLimits,
    hot: 'statement',
    audits: ['passkey.registered', 'user.created', 'auth.success', 'auth.failed'],
    errors: [
      'session_expired',
      'challenge_mismatch',
      'verification_failed',
      'registration_not_allowed',
      'credential_exists',
      'user_locked',
      'plan_limit_reached',
      ...claimErrors,
      ...sessionErrors,
    ],
    secret: true,
    summary: 'Verify and store the new passkey, and sign its user in.',
    input: RegisterFinish,
    output: Registered,
    run: finishRegistration,
  }),
})

const auth = router({
  start: command({
    rest: 'POST /v1/passkeys/auth/start',
    auth: 'publishable',
    policy: 'ceremony',
    limit: [...ceremonyLimits, 'ceremony_user'],
    hot: 'statement',
    audits: [],
    errors: ['no_credentials', 'user_locked', ...browserErrors],
    summary: 'Start a sign-in: request options for `navigator.credentials.get()`.',
    description:
      'A user who is unknown or locked gets options like anybody; `no_credentials` and `user_locked` are said only under `reveal_user_existence`.',
    input: AuthStart,
    output: Authentication,
    run: startAuthentication,
  }),
  finish: command({
    rest: 'POST /v1/passkeys/auth/finish',
    auth: 'publishable',
    policy: 'ceremony',
    limit: ceremonyLimits,
    hot: 'statement',
    audits: ['auth.success', 'auth.failed', 'credential.lockout', 'credential.replay_detected'],
    errors: [
      'session_expired',
      'challenge_mismatch',
      'verification_failed',
      'replay_detected',
      'credential_not_found',
      'user_locked',
      ...claimErrors,
      ...browserErrors,
    ],
    secret: true,
    summary: 'Verify the assertion and open a session.',
    input: AuthFinish,
    output: Authenticated,
    run: finishAuthentication,
  }),
})

export const passkeysRouter = router({
  register,
  auth,
  list: query({
    rest: 'GET /v1/passkeys',
    auth: 'end_user',
    policy: 'own_read',
    limit: ['session'],
    audits: [],
    errors: sessionErrors,
    list: 'cursor',
    summary: "List the user's own passkeys, newest first.",
    input: z.strictObject({ limit: cursorParameters.limit, starting_after: CredentialId.optional() }),
    output: cursorPage(Credential),
    run: list,
  }),
  update: command({
    rest: 'PATCH /v1/passkeys/{credential_id}',
    auth: 'end_user',
    policy: 'own_write',
    limit: ['session'],
    audits: ['authorization.denied'],
    errors: ['credential_not_found', ...sessionErrors],
    summary: 'Rename one of the own passkeys.',
    input: z.strictObject({ credential_id: CredentialId, alias: Alias }),
    output: Credential,
    run: rename,
  }),
  delete: command({
    rest: 'DELETE /v1/passkeys/{credential_id}',
    status: 204,
    auth: 'end_user',
    policy: 'own_write',
    limit: ['session'],
    hot: 'raw',
    audits: ['credential.revoked', 'authorization.denied'],
    errors: ['credential_not_found', 'last_credential', ...sessionErrors],
    summary: 'Remove one of the own passkeys; the last one stays.',
    input: z.strictObject({ credential_id: CredentialId }),
    output: z.void(),
    run: remove,
  }),
})
