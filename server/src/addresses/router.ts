import { z } from 'zod'
import { stepUp } from '../accounts/passkey-routes.ts'
import { expectMail } from '../members/invite.ts'
import { mailAddress } from '../platform/mail-address.ts'
import { command, router } from '../platform/procedures.ts'
import { prove } from './prove.ts'
import { requestProof } from './request-proof.ts'

const person = { auth: 'dashboard', policy: 'account_people' } as const

/** How a signed-in person proves that a mailbox is theirs: one that nobody proved identifies nobody (security 193). */
export const addressRouter = router({
  request_proof: command({
    ...person,
    rest: 'POST /v1/account/address/request-proof',
    status: 204,
    limit: ['dashboard_session', 'address_proof', 'address_proof_email', 'address_proof_ip'],
    hot: 'raw',
    audits: [],
    errors: ['email_unavailable'],
    summary: 'Mail a link that proves the address of the signed-in person; good for a day, once.',
    description:
      'Mail a link that proves the address of the signed-in person; good for a day, once. The answer is the same whoever uses the address; an earlier link of the person ends.',
    input: z.strictObject({ email: mailAddress }),
    output: z.void(),
    guard: expectMail,
    run: requestProof,
  }),
  prove: command({
    ...person,
    rest: 'POST /v1/account/address/prove',
    limit: ['dashboard_session'],
    hot: 'raw',
    audits: ['identifier.linked', 'member.joined', 'auth.failed'],
    errors: [
      'step_up_required',
      'user_verification_required',
      'invalid_token',
      'token_used',
      'token_expired',
      'identity_link_email_already_taken_in_tenant',
    ],
    summary: "Prove the own address with the token of the mail's link.",
    description:
      "Prove the own address with the token of the mail's link, in a session of whoever asked for it. Agents that register with this address then get keys for the account; an account that such a registration opened before becomes the person's as well.",
    input: z.strictObject({
      token: z
        .string()
        .max(255, 'must be at most 255 characters')
        .meta({ description: "From the mail's link, behind `#token=`." }),
      step_up: stepUp('account.address.prove'),
    }),
    output: z.object({
      email: z.string().nullable(),
      email_verified: z.boolean(),
      accounts: z
        .array(z.object({ id: z.string(), name: z.string() }))
        .meta({ description: 'What agents opened with the address before: now also accounts of the person.' }),
    }),
    run: prove,
  }),
})
