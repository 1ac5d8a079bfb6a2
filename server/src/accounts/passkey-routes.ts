import { z } from 'zod'
import { Alias, Credential, CredentialId } from '../credentials/schema.ts'
import { AuthenticationResponse, RegisterFinish, Registration } from '../passkeys/schema.ts'
import { uuid } from '../platform/ids.ts'
import { cursorPage, cursorParameters } from '../platform/pages.ts'
import { command, query, router } from '../platform/procedures.ts'
import { addPasskey, listPasskeys, removePasskey, renamePasskey, startPasskey } from './passkeys.ts'

export const stepUp = (purpose: string) =>
  z
    .strictObject({ session_id: uuid, credential: AuthenticationResponse })
    .optional()
    .meta({ description: `The proof of \`POST /v1/dashboard/step-up\` for \`${purpose}\`.` })

const person = { auth: 'dashboard', policy: 'account_people', limit: ['dashboard_session'] } as const
const proof = ['step_up_required', 'user_verification_required'] as const

/** What a signed-in person does with the own passkeys: as end users of any application, and with a proof where it counts. */
export const passkeyRoutes = router({
  list: query({
    ...person,
    rest: 'GET /v1/account/passkeys',
    audits: [],
    errors: [],
    list: 'cursor',
    summary: "List the signed-in person's own passkeys, ended ones too, newest first.",
    input: z.strictObject({ limit: cursorParameters.limit, starting_after: CredentialId.optional() }),
    output: cursorPage(Credential),
    run: listPasskeys,
  }),
  register: router({
    start: command({
      ...person,
      rest: 'POST /v1/account/passkeys/register/start',
      hot: 'statement',
      audits: ['registration.started', 'auth.failed'],
      errors: [...proof, 'registration_not_allowed'],
      summary: 'Start another passkey of the signed-in person, with a proof of one that they have.',
      input: z.strictObject({ step_up: stepUp('account.passkeys.register') }),
      output: Registration,
      run: startPasskey,
    }),
    finish: command({
      ...person,
      rest: 'POST /v1/account/passkeys/register/finish',
      hot: 'statement',
      audits: ['passkey.registered', 'auth.failed'],
      errors: [
        'session_expired',
        'challenge_mismatch',
        'verification_failed',
        'registration_not_allowed',
        'credential_exists',
        'user_locked',
      ],
      summary: 'Verify and store the new passkey; the session stays what it is.',
      input: RegisterFinish.pick({ session_id: true, credential: true, alias: true }),
      output: z.object({ credential_id: z.string(), status: z.literal('active') }),
      run: addPasskey,
    }),
  }),
  update: command({
    ...person,
    rest: 'PATCH /v1/account/passkeys/{credential_id}',
    audits: ['authorization.denied'],
    errors: ['credential_not_found'],
    summary: "Rename one of the signed-in person's own passkeys.",
    input: z.strictObject({ credential_id: CredentialId, alias: Alias }),
    output: Credential,
    run: renamePasskey,
  }),
  remove: command({
    ...person,
    rest: 'POST /v1/account/passkeys/{credential_id}/remove',
    status: 204,
    hot: 'raw',
    audits: ['credential.revoked', 'authorization.denied', 'auth.failed'],
    errors: [...proof, 'credential_not_found', 'last_credential'],
    summary: 'Remove one of the own passkeys, with a proof of any of them; the last one stays.',
    input: z.strictObject({ credential_id: CredentialId, step_up: stepUp('account.passkeys.remove:<credential_id>') }),
    output: z.void(),
    run: removePasskey,
  }),
})
