import { addressColumns, addressOf } from '../accounts/people.ts'
import { record } from '../audit/record.ts'
import { CONSOLE_TENANT_ID } from '../console/console.ts'
import { invitedMail } from '../mails/invited.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { mint } from '../platform/ids.ts'
import { queueMail, requireMail } from '../platform/mail.ts'
import type { Person, Role } from '../platform/principal.ts'
import { mintSecret } from '../platform/secrets.ts'
import { addSeconds } from '../platform/time.ts'
import { presentInvitation } from './invitations.ts'
import { asOwner } from './owner.ts'

/** A week. */
export const invitationSeconds = 7 * 86_400

/** An invitation is its mail: where none can be sent, nothing is begun and nothing is counted. A guard. */
export async function expectMail(ctx: Ctx): Promise<void> {
  requireMail(ctx.deps)
}

async function isMember(ctx: Ctx<Person>, address: string): Promise<boolean> {
  const found = await ctx.sql.query(
    `select 1 from (
       select ${addressColumns} from members m join users u on u.tenant_id = $2 and u.id = m.person_id
       where m.account_id = $1) as people where lower(email) = $3`,
    [ctx.principal.accountId, CONSOLE_TENANT_ID, address],
  )
  return found.length > 0
}

/**
 * Invites a mailbox to the account, in the caller's transaction. The mail holds the one copy of the token; an invitation
 * that the mailbox had from this account before is void.
 * @throws 409 invalid_state for the address of a member; 503 email_unavailable, from `expectMail`
 */
export async function invite(ctx: Ctx<Person>, { email: address, role }: { email: string; role: Role }) {
  await asOwner(ctx)
  const { accountId, id: invitedBy } = ctx.principal
  if (await isMember(ctx, address)) {
    throw new ApiError('invalid_state', { message: 'Somebody with this address belongs to the account already.' })
  }
  const now = ctx.now()
  await ctx.sql.query(
    `update invitations set voided_at = $3
     where account_id = $1 and address = $2 and used_at is null and voided_at is null`,
    [accountId, address, now],
  )
  const [id, token, expiresAt] = [mint('inv'), mintSecret('itk'), addSeconds(now, invitationSeconds)]
  await ctx.sql.query(
    `insert into invitations (id, account_id, address, role, token_hash, invited_by, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6::uuid, $7, $8)`,
    [id, accountId, address, role, ctx.deps.secrets.hash(token), invitedBy, now, expiresAt],
  )
  const [account] = await ctx.sql.query<{ name: string | null }>('select name from accounts where id = $1', [accountId])
  const facts = { token, accountName: account?.name ?? '', role, invitedBy: await addressOf(ctx, invitedBy), expiresAt }
  await queueMail(ctx, { to: address, ...invitedMail(ctx.deps.config, facts) })
  record(ctx, 'member.invited', { metadata: { invitation_id: id, role } })
  return presentInvitation({ id, address, role, created_at: now, expires_at: expiresAt })
}
