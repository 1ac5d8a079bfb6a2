import { z } from 'zod'
import { setAccountStatus } from '../accounts/admission.ts'
import { addressColumns } from '../accounts/people.ts'
import { CONSOLE_ACCOUNT_ID, CONSOLE_TENANT_ID } from '../console/console.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { badCursor, toPage } from '../platform/pages.ts'
import type { Person } from '../platform/principal.ts'
import { timestamp } from '../platform/text.ts'
import { toIso } from '../platform/time.ts'

export const accountStates = ['waitlisted', 'active', 'disabled'] as const

const Owner = z.object({ email: z.string().nullable(), email_verified: z.boolean() })

export const OperatedAccount = z
  .object({
    id: z.string(),
    name: z.string(),
    status: z.enum(accountStates),
    plan: z.string(),
    created_at: timestamp,
    owners: z
      .array(Owner)
      .meta({ description: 'At most ten. An address that is not verified is what somebody wrote.' }),
  })
  .meta({ id: 'OperatedAccount' })

type State = (typeof accountStates)[number]
type Owned = z.infer<typeof Owner>
type Row = { id: string; name: string; status: State; plan: string; created_at: Date; owners: Owned[] | null }

const columns = `
  a.id, coalesce(a.name, '') as name, a.status, a.plan, a.created_at,
  (select json_agg(json_build_object('email', p.email, 'email_verified', p.email_verified))
   from (select ${addressColumns} from members m join users u on u.tenant_id = '${CONSOLE_TENANT_ID}' and u.id = m.person_id
         where m.account_id = a.id and m.role = 'owner' order by m.created_at, m.person_id limit 10) p) as owners`

/** Accounts that people own; what a vending machine made belongs to nobody yet, and the console to nobody ever. */
const ofPeople = `a.id <> '${CONSOLE_ACCOUNT_ID}' and exists (select 1 from members m where m.account_id = a.id)`

const present = ({ created_at, owners, ...row }: Row) => ({
  ...row,
  created_at: toIso(created_at),
  owners: owners ?? [],
})

/** Accounts of the whole server in a state, the one that is there longest first. */
export async function listAccounts(
  ctx: Ctx<Person>,
  input: { status?: State | undefined; limit: number; starting_after?: string | undefined },
) {
  const after = input.starting_after ?? null
  if (after !== null && (await ctx.sql.query('select 1 from accounts where id = $1', [after])).length === 0) {
    throw badCursor()
  }
  const rows = await ctx.sql.query<Row>(
    `select ${columns} from accounts a
     where ${ofPeople} and ($1::text is null or a.status = $1) and ($2::text is null or (a.created_at, a.id) >
       (select c.created_at, c.id from accounts c where c.id = $2))
     order by a.created_at, a.id limit $3::int`,
    [input.status ?? null, after, input.limit + 1],
  )
  return toPage(rows, input.limit, ({ id }) => id, present)
}

async function change(ctx: Ctx<Person>, id: string, status: 'active' | 'disabled') {
  const found = async () =>
    (await ctx.sql.query<Row>(`select ${columns} from accounts a where ${ofPeople} and a.id = $1`, [id]))[0]
  if (!(await found())) throw new ApiError('account_not_found')
  await setAccountStatus(ctx, id, status, { method: 'dashboard' })
  const row = await found()
  if (!row) throw new ApiError('account_not_found')
  return present(row)
}

/** Lets an account in, or enables a disabled one; its owners get a mail. Repeating it changes nothing. */
export const admit = (ctx: Ctx<Person>, input: { account_id: string }) => change(ctx, input.account_id, 'active')

/**
 * Stops an account with its people, programs and applications, within a second.
 * @throws 409 invalid_state for the one that the operator works in, who could not undo it here
 */
export async function disable(ctx: Ctx<Person>, input: { account_id: string }) {
  if (input.account_id === ctx.principal.accountId) {
    throw new ApiError('invalid_state', { message: 'This is your own account.' })
  }
  return change(ctx, input.account_id, 'disabled')
}
