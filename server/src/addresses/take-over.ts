import { homeTenantOf } from '../agents/registration-account.ts'
import { record } from '../audit/record.ts'
import { chooseAccount } from '../console/chosen-account.ts'
import { CONSOLE_TENANT_ID } from '../console/console.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import type { Person, Role } from '../platform/principal.ts'

/** A person whom e-mail registration made: nobody ever signed in as them, or can. */
const neverSignedIn = `
  select 1 from users u where u.tenant_id = $1 and u.id = $2::uuid and u.authenticated_at is null
    and not exists (select 1 from credentials c where c.tenant_id = u.tenant_id and c.user_id = u.id)
  for update`

type Moved = { account_id: string; name: string | null; role: Role }

/**
 * Makes the accounts of a person who has no passkey the signed-in person's, who proved the address that is all there is of
 * the other: memberships, what was let in, and the proof itself, in the caller's transaction. Memberships keep their age, so
 * that the mailbox leads agents where it led them before, and the sessions stay in the account that they are in.
 * @returns the accounts
 * @throws 409 identity_link_email_already_taken_in_tenant when somebody signs in as the other
 */
export async function takeOver(ctx: Ctx<Person>, other: string, address: string) {
  const { id, accountId, tenantId } = ctx.principal
  const isEmpty = await ctx.sql.query(neverSignedIn, [CONSOLE_TENANT_ID, other])
  if (isEmpty.length === 0) {
    throw new ApiError('identity_link_email_already_taken_in_tenant', {
      message: 'Somebody who signs in with a passkey of their own has confirmed this address.',
      hint: 'If that is you, sign in with that passkey.',
    })
  }
  await ctx.sql.query(
    `select 1 from accounts where id in (select account_id from members where person_id = $1::uuid) order by id for update`,
    [other],
  )
  await chooseAccount(ctx, id, accountId)
  // Nobody but the person was ever in these accounts: there is no session in which to invite anybody.
  const moved = await ctx.sql.query<Moved>(
    `update members m set person_id = $2::uuid, chosen = false from accounts a
     where m.person_id = $1::uuid and a.id = m.account_id returning m.account_id, a.name, m.role`,
    [other, id],
  )
  for (const { account_id, role } of moved) {
    await ctx.sql.query('update agents set approved_by = $3::uuid where account_id = $1 and approved_by = $2::uuid', [
      account_id,
      other,
      id,
    ])
    const home = await homeTenantOf(ctx, account_id)
    record(ctx, 'member.joined', { tenantId: home ?? tenantId, applicationId: null, metadata: { user_id: id, role } })
  }
  await remove(ctx, other, address)
  return moved.map(({ account_id, name }) => ({ id: account_id, name: name ?? '' }))
}

/** What is left of the other: the proof, which the caller makes anew, and a row that nobody is. */
async function remove(ctx: Ctx, other: string, address: string): Promise<void> {
  await ctx.sql.query(
    `delete from identifiers where tenant_id = $1 and user_id = $2::uuid and type = 'email' and value = $3`,
    [CONSOLE_TENANT_ID, other, address],
  )
  await ctx.sql.query('delete from operators where person_id = $1::uuid', [other])
  await ctx.sql.query(
    `with gone as (delete from users where tenant_id = $1 and id = $2::uuid returning 1)
     update tenants set user_count = user_count - (select count(*)::int from gone) where id = $1`,
    [CONSOLE_TENANT_ID, other],
  )
}
