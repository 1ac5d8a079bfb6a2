import { endAgent } from '../agents/revoke.ts'
import { record } from '../audit/record.ts'
import { CONSOLE_TENANT_ID } from '../console/console.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import type { Person, Role } from '../platform/principal.ts'
import { denied } from '../resources.ts'
import { asOwner } from './owner.ts'

/**
 * What a person let in or made by hand ends with the membership: the person may still hold its keys and tokens, and a
 * consent is nobody's once the person has no part in the account (security 166). What a vending machine's agent has was
 * never the person's.
 */
async function endWhatTheyApproved(ctx: Ctx<Person>, personId: string): Promise<void> {
  const { accountId } = ctx.principal
  const agents = await ctx.sql.query<{ id: string }>(
    `select id from agents where account_id = $1 and approved_by = $2::uuid and method <> 'vending' and revoked_at is null
     order by id`,
    [accountId, personId],
  )
  for (const { id } of agents) await endAgent(ctx, { accountId, agentId: id })
}

/** Sessions of somebody who belongs to another account go on there; all others are over. */
async function endSessions(ctx: Ctx, personId: string): Promise<void> {
  await ctx.sql.query(
    `update sessions set revoked_at = $3 where tenant_id = $1 and user_id = $2::uuid and revoked_at is null
       and not exists (select 1 from members m where m.person_id = $2::uuid)`,
    [CONSOLE_TENANT_ID, personId, ctx.now()],
  )
}

/**
 * Takes somebody out of the account, perhaps oneself: their sessions see it no more with the next call, what they let in
 * ends, and so do the invitations that they sent.
 * @throws 404 member_not_found; 409 invalid_state for the last owner; 403 forbidden for an owner removed meanwhile
 */
export async function removeMember(ctx: Ctx<Person>, { user_id: personId }: { user_id: string }): Promise<undefined> {
  await asOwner(ctx)
  const { accountId } = ctx.principal
  const [member] = await ctx.sql.query<{ role: Role; owners: number }>(
    `select m.role, (select count(*)::int from members o where o.account_id = $1 and o.role = 'owner') as owners
     from members m where m.account_id = $1 and m.person_id = $2::uuid`,
    [accountId, personId],
  )
  if (!member) throw await denied(ctx, 'member', personId, 'account')
  const { role, owners } = member
  if (role === 'owner' && owners === 1) {
    throw new ApiError('invalid_state', { message: 'This is the last owner of the account.' })
  }
  await ctx.sql.query('delete from members where account_id = $1 and person_id = $2::uuid', [accountId, personId])
  await ctx.sql.query(
    `update invitations set voided_at = $3
     where account_id = $1 and invited_by = $2::uuid and used_at is null and voided_at is null`,
    [accountId, personId, ctx.now()],
  )
  await endWhatTheyApproved(ctx, personId)
  await endSessions(ctx, personId)
  record(ctx, 'member.removed', { metadata: { user_id: personId, role } })
  return undefined
}
