import { openAccount } from '../accounts/open.ts'
import { makePerson, personByAddress, personOfAddress } from '../accounts/people.ts'
import type { Ctx } from '../platform/context.ts'
import { Refusal } from '../platform/errors.ts'

type Known = NonNullable<Awaited<ReturnType<typeof personByAddress>>>

/** A key that an agent gets can do everything in the account, so whoever may only read gets none for it. */
export const mayAddKeys = ({ role }: Pick<Known, 'role'>): boolean => role !== 'viewer'

/**
 * Holds everybody else off who registers or verifies the same address, until the transaction ends: there is one live token
 * and one account for each address.
 */
export async function oneAtATime(ctx: Ctx, address: string): Promise<void> {
  await ctx.sql.query(`select pg_advisory_xact_lock(hashtextextended('agent_email ' || $1::text, 0))`, [address])
}

/** The tenant whose trail holds what concerns the whole account; null where there is no account. Asked for nobody too. */
export async function homeTenantOf(ctx: Ctx, accountId: string | null): Promise<string | null> {
  const [row] = await ctx.sql.query<{ id: string }>(
    'select id from tenants where account_id = $1 order by deleted_at is not null, created_at, id limit 1',
    [accountId ?? ''],
  )
  return row?.id ?? null
}

/**
 * The account that a proven address leads to: the one that its person owns or administers, or a new one, of which this
 * person is the owner. What somebody attached to an account before under an address that was never proven is not theirs
 * and not reached from here (security 193).
 * @throws Refusal 403 not_admitted while sign-ups are closed
 */
export async function accountOf(ctx: Ctx, address: string, name: string) {
  const known = await personByAddress(ctx, address)
  if (known && mayAddKeys(known)) {
    const tenantId = await homeTenantOf(ctx, known.accountId)
    return { ...known, tenantId, status: known.accountStatus }
  }
  if (ctx.deps.config.SIGNUPS === 'closed') throw new Refusal('not_admitted')
  // Somebody who was removed from every account is the same person still.
  const personId =
    known?.personId ?? (await personOfAddress(ctx, address)) ?? (await makePerson(ctx, { address, verified: true }))
  const { accountId, tenantId, status } = await openAccount(ctx, { name, owner: { personId }, method: 'email' })
  return { accountId, personId, tenantId, status: status as string }
}
