import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import type { Role } from '../platform/principal.ts'
import { hasValidChecksum } from '../platform/secrets.ts'

export type Invited = {
  id: string
  account_id: string
  account_name: string | null
  address: string
  role: Role
  person_id: string | null
  used_at: Date | null
  expires_at: Date
}

const byHash = `
  select i.id, i.account_id, a.name as account_name, i.address, i.role, i.person_id, i.used_at, i.expires_at
  from invitations i join accounts a on a.id = i.account_id
  where i.token_hash = $1 and i.voided_at is null and a.status = 'active'`

const again = 'Ask whoever invited you for another invitation.'

/**
 * The invitation that a token opens, still good.
 * @param lock holds it against a rival, after its account as everywhere
 * @throws 400 invalid_token when it was never given out, was taken back or replaced, or its account is disabled;
 *   410 token_used, token_expired
 */
export async function findInvitation(ctx: Ctx, token: string, { lock } = { lock: false }): Promise<Invited> {
  const hash = hasValidChecksum(token, 'itk') ? ctx.deps.secrets.hash(token) : null
  if (hash && lock) {
    await ctx.sql.query(
      'select 1 from accounts where id = (select account_id from invitations where token_hash = $1) for update',
      [hash],
    )
  }
  const [row] = hash ? await ctx.sql.query<Invited>(`${byHash}${lock ? ' for update of i' : ''}`, [hash]) : []
  if (!row)
    throw new ApiError('invalid_token', { message: 'This is not an invitation, or it was taken back.', hint: again })
  if (row.used_at) throw new ApiError('token_used', { message: 'This invitation has been used.', hint: again })
  if (row.expires_at <= ctx.now()) {
    throw new ApiError('token_expired', { message: 'This invitation is older than a week.', hint: again })
  }
  return row
}
