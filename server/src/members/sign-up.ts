import { makePerson } from '../accounts/people.ts'
import { atConsole } from '../console/at-console.ts'
import { CONSOLE_TENANT_ID } from '../console/console.ts'
import * as registration from '../passkeys/registration.ts'
import type { Ctx } from '../platform/context.ts'
import { toIso } from '../platform/time.ts'
import { findInvitation } from './invitation-token.ts'

/** What an invitation says, to whoever holds its token. */
export async function showInvitation(ctx: Ctx, { token }: { token: string }) {
  const { account_name, address, role, expires_at } = await findInvitation(ctx, token)
  return { account_name: account_name ?? '', email: address, role, expires_at: toIso(expires_at) }
}

async function nameOf(ctx: Ctx, personId: string): Promise<string> {
  const [row] = await ctx.sql.query<{ name: string }>(
    'select external_user_id as name from users where tenant_id = $1 and id = $2::uuid',
    [CONSOLE_TENANT_ID, personId],
  )
  return row?.name ?? ''
}

/**
 * Begins the first passkey of somebody who is invited and has none: options for the console's own registration, whose
 * session token then accepts the invitation. One person an invitation, however often the prompt is cancelled.
 * @throws what `findInvitation` says of the token; 403 registration_not_allowed once that person has a passkey
 */
export async function signUpInvited(ctx: Ctx, { token }: { token: string }) {
  const invited = await findInvitation(ctx, token, { lock: true })
  const { id, address } = invited
  const personId = invited.person_id ?? (await makePerson(ctx, { address, verified: false }))
  await ctx.sql.query('update invitations set person_id = $2::uuid where id = $1', [id, personId])
  const external_user_id = await nameOf(ctx, personId)
  const { session_id, challenge } = await registration.start(await atConsole(ctx), { external_user_id })
  // What the person sees in the list of passkeys: the address, not the name we made.
  return { session_id, challenge: { ...challenge, user: { ...challenge.user, name: address, displayName: address } } }
}
