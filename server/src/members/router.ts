import { z } from 'zod'
import { requireOwnOrigin } from '../console/session.ts'
import { Registration } from '../passkeys/schema.ts'
import { uuid } from '../platform/ids.ts'
import { mailAddress } from '../platform/mail-address.ts'
import { cursorPage, cursorParameters } from '../platform/pages.ts'
import { command, query, router } from '../platform/procedures.ts'
import { timestamp } from '../platform/text.ts'
import { acceptInvitation } from './accept.ts'
import { Invitation, listInvitations, withdraw } from './invitations.ts'
import { expectMail, invite } from './invite.ts'
import { listMembers, Member } from './list.ts'
import { removeMember } from './remove.ts'
import { showInvitation, signUpInvited } from './sign-up.ts'

const role = z.enum(['owner', 'admin', 'viewer'], { error: 'must be owner, admin or viewer' })
const invitationId = z
  .string()
  .max(255, 'must be at most 255 characters')
  .meta({ examples: ['inv_8YpZ3kQ1vT6mWc0RbN4xLd'] })
const token = z
  .string()
  .max(255, 'must be at most 255 characters')
  .meta({ description: "From the mail's link, behind `#`." })

const ofOwners = { auth: 'dashboard', policy: 'account_owner', limit: ['dashboard_session'] } as const

/** The people of an account (http-api.md §3.20). */
export const membersRouter = router({
  list: query({
    ...ofOwners,
    rest: 'GET /v1/account/members',
    audits: [],
    errors: [],
    list: 'cursor',
    summary: 'List the people of the account, who is in it longest first.',
    input: z.strictObject(cursorParameters),
    output: cursorPage(Member),
    run: listMembers,
  }),
  invite: command({
    ...ofOwners,
    rest: 'POST /v1/account/members',
    status: 201,
    limit: ['dashboard_session', 'invitation', 'invitation_email'],
    hot: 'raw',
    audits: ['member.invited'],
    errors: ['invalid_state', 'email_unavailable'],
    summary: 'Invite somebody to the account by mail; the link is good for a week, once.',
    description:
      'Invite somebody to the account by mail; the link is good for a week, once. An earlier invitation of this account to the same mailbox ends.',
    input: z.strictObject({ email: mailAddress, role }),
    output: Invitation,
    guard: expectMail,
    run: invite,
  }),
  remove: command({
    ...ofOwners,
    rest: 'DELETE /v1/account/members/{user_id}',
    status: 204,
    hot: 'raw',
    audits: ['member.removed', 'agent.revoked', 'secret_key.revoked', 'oauth.consent_revoked'],
    errors: ['member_not_found', 'invalid_state'],
    summary: 'Remove somebody from the account, perhaps oneself; never the last owner.',
    description:
      'Remove somebody from the account, perhaps oneself; never the last owner. Their dashboard sessions for it end at once, and so do the agents, keys and consents that they approved and the invitations that they sent.',
    input: z.strictObject({ user_id: uuid }),
    output: z.void(),
    run: removeMember,
  }),
})

/** Invitations of an account that wait to be used. */
export const pendingRouter = router({
  list: query({
    ...ofOwners,
    rest: 'GET /v1/account/invitations',
    audits: [],
    errors: [],
    list: 'cursor',
    summary: 'List the invitations that can still be used, oldest first.',
    input: z.strictObject({ ...cursorParameters, starting_after: invitationId.optional() }),
    output: cursorPage(Invitation),
    run: listInvitations,
  }),
  withdraw: command({
    ...ofOwners,
    rest: 'DELETE /v1/account/invitations/{invitation_id}',
    status: 204,
    hot: 'raw',
    audits: [],
    errors: ['invitation_not_found'],
    summary: 'Take an invitation back: its link works no longer.',
    input: z.strictObject({ invitation_id: invitationId }),
    output: z.void(),
    run: withdraw,
  }),
})

const atPage = { auth: 'none', policy: 'open', limit: ['onboarding_step'] } as const
const refusals = ['forbidden', 'invalid_token', 'token_used', 'token_expired'] as const

/** What the page behind an invitation's link calls; the token is the capability. */
export const invitationsRouter = router({
  show: command({
    ...atPage,
    rest: 'POST /v1/invitations/show',
    hot: 'statement',
    audits: [],
    errors: refusals,
    summary: 'Page of an invitation: what it says.',
    input: z.strictObject({ token }),
    output: z.object({ account_name: z.string(), email: z.string(), role, expires_at: timestamp }),
    guard: requireOwnOrigin,
    run: showInvitation,
  }),
  sign_up: command({
    ...atPage,
    rest: 'POST /v1/invitations/sign-up',
    audits: ['registration.started', 'user.created'],
    errors: [...refusals, 'registration_not_allowed'],
    summary: 'Page of an invitation: options for the first passkey of somebody who has none.',
    description:
      "Page of an invitation: options for the first passkey of somebody who has none. Finished with the console's publishable key; its session token accepts the invitation.",
    input: z.strictObject({ token }),
    output: Registration.pick({ session_id: true, challenge: true }),
    guard: requireOwnOrigin,
    run: signUpInvited,
  }),
  accept: command({
    ...atPage,
    rest: 'POST /v1/invitations/accept',
    status: 204,
    hot: 'raw',
    audits: ['member.joined', 'dashboard.session.opened', 'identifier.linked'],
    sets: ['Set-Cookie'],
    errors: [...refusals, 'invalid_session_token', 'invalid_state'],
    secret: true,
    summary: 'Join the account of an invitation, and open the dashboard in it.',
    input: z.strictObject({
      token,
      session_token: z
        .string()
        .max(8192, 'must be at most 8192 characters')
        .meta({ description: 'Of the console: who joins. Used up.' }),
    }),
    output: z.void(),
    guard: requireOwnOrigin,
    run: acceptInvitation,
  }),
})
