import { proveAddress } from '../accounts/people.ts'
import { oneAtATime } from '../agents/registration-account.ts'
import { record } from '../audit/record.ts'
import { chooseAccount } from '../console/chosen-account.ts'
import { endSignIn, openDashboard } from '../console/session.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { findInvitation } from './invitation-token.ts'

/**
 * Joins an account, once: whoever has the token from the mailbox, and a fresh session of the console to say who that is. The
 * dashboard opens in the joined account. The mailbox is proven to be a person's only where that person began with this very
 * invitation: somebody who had a passkey before may have been handed the link, and the mailbox's owner must not get at the
 * other accounts of theirs (security 193).
 * @throws 401 invalid_session_token; 409 invalid_state for a member; what `findInvitation` says of the token
 */
export async function acceptInvitation(ctx: Ctx, input: { token: string; session_token: string }): Promise<undefined> {
  const { id, account_id: accountId, role, ...invited } = await findInvitation(ctx, input.token, { lock: true })
  const signIn = await endSignIn(ctx, input.session_token)
  if (!signIn) throw new ApiError('invalid_session_token')
  const { user_id: personId } = signIn
  const now = ctx.now()
  const joined = await ctx.sql.query(
    `insert into members (account_id, person_id, role, created_at) values ($1, $2::uuid, $3, $4)
     on conflict do nothing returning 1`,
    [accountId, personId, role, now],
  )
  if (joined.length === 0) throw new ApiError('invalid_state', { message: 'You belong to this account already.' })
  await ctx.sql.query('update invitations set used_at = $2 where id = $1', [id, now])
  if (personId === invited.person_id) {
    // An agent that registers with this address meanwhile would make another person of it.
    await oneAtATime(ctx, invited.address)
    await proveAddress(ctx, personId, invited.address)
  }
  await chooseAccount(ctx, personId, accountId)
  const home = await openDashboard(ctx, signIn)
  record(ctx, 'member.joined', {
    tenantId: home,
    applicationId: null,
    metadata: { invitation_id: id, user_id: personId, role },
  })
  return undefined
}
