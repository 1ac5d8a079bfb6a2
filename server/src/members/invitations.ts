import { z } from 'zod'
import type { Ctx } from '../platform/context.ts'
import { badCursor, toPage } from '../platform/pages.ts'
import type { Person, Role } from '../platform/principal.ts'
import { timestamp } from '../platform/text.ts'
import { toIso } from '../platform/time.ts'
import { denied } from '../resources.ts'
import { asOwner } from './owner.ts'

export const Invitation = z
  .object({
    id: z.string().meta({ examples: ['inv_8YpZ3kQ1vT6mWc0RbN4xLd'] }),
    email: z.string(),
    role: z.enum(['owner', 'admin', 'viewer']),
    created_at: timestamp,
    expires_at: timestamp,
  })
  .meta({ id: 'Invitation' })

export type InvitationRow = { id: string; address: string; role: Role; created_at: Date; expires_at: Date }

export const presentInvitation = ({ id, address, role, created_at, expires_at }: InvitationRow) => ({
  id,
  email: address,
  role,
  created_at: toIso(created_at),
  expires_at: toIso(expires_at),
})

const pending = 'i.used_at is null and i.voided_at is null and i.expires_at > $2'

/** The account's invitations that nobody has used yet and that still can be, the oldest first. */
export async function listInvitations(ctx: Ctx<Person>, input: { limit: number; starting_after?: string | undefined }) {
  const { accountId } = ctx.principal
  const after = input.starting_after ?? null
  if (after !== null) {
    const of = 'select 1 from invitations where account_id = $1 and id = $2'
    if ((await ctx.sql.query(of, [accountId, after])).length === 0) throw badCursor()
  }
  const rows = await ctx.sql.query<InvitationRow>(
    `select i.id, i.address, i.role, i.created_at, i.expires_at from invitations i
     where i.account_id = $1 and ${pending} and ($3::text is null or (i.created_at, i.id) >
       (select c.created_at, c.id from invitations c where c.account_id = $1 and c.id = $3))
     order by i.created_at, i.id limit $4::int`,
    [accountId, ctx.now(), after, input.limit + 1],
  )
  return toPage(rows, input.limit, ({ id }) => id, presentInvitation)
}

/**
 * Takes an invitation back: its link works no longer. Repeating it, and taking back one that was used, changes nothing.
 * @throws 404 invitation_not_found
 */
export async function withdraw(ctx: Ctx<Person>, { invitation_id: id }: { invitation_id: string }): Promise<undefined> {
  await asOwner(ctx)
  const { accountId } = ctx.principal
  const found = await ctx.sql.query(
    `update invitations set voided_at = case when used_at is null then coalesce(voided_at, $3) end
     where account_id = $1 and id = $2 returning 1`,
    [accountId, id, ctx.now()],
  )
  if (found.length === 0) throw await denied(ctx, 'invitation', id, 'account')
  return undefined
}
