import { z } from 'zod'
import { addressColumns } from '../accounts/people.ts'
import { CONSOLE_TENANT_ID } from '../console/console.ts'
import type { Ctx } from '../platform/context.ts'
import { badCursor, toPage } from '../platform/pages.ts'
import type { Person, Role } from '../platform/principal.ts'
import { timestamp } from '../platform/text.ts'
import { toIso } from '../platform/time.ts'

export const Member = z
  .object({
    user_id: z.string(),
    email: z.string().nullable().meta({ description: 'Proven, or as the person gave it.' }),
    email_verified: z.boolean(),
    role: z.enum(['owner', 'admin', 'viewer']),
    joined_at: timestamp,
  })
  .meta({ id: 'Member' })

type Row = { person_id: string; email: string | null; email_verified: boolean; role: Role; created_at: Date }

/** The people of the account, the one who is in it longest first. */
export async function listMembers(
  ctx: Ctx<Person>,
  input: { limit: number; starting_after?: string | undefined },
): Promise<{ data: z.input<typeof Member>[]; has_more: boolean; next_cursor: string | null }> {
  const { accountId } = ctx.principal
  const after = input.starting_after ?? null
  if (after !== null) {
    const of = 'select 1 from members where account_id = $1 and person_id = $2::uuid'
    if ((await ctx.sql.query(of, [accountId, after])).length === 0) throw badCursor()
  }
  const rows = await ctx.sql.query<Row>(
    `select m.person_id, m.role, m.created_at, ${addressColumns}
     from members m join users u on u.tenant_id = $2 and u.id = m.person_id
     where m.account_id = $1 and ($3::uuid is null or (m.created_at, m.person_id) >
       (select c.created_at, c.person_id from members c where c.account_id = $1 and c.person_id = $3::uuid))
     order by m.created_at, m.person_id limit $4::int`,
    [accountId, CONSOLE_TENANT_ID, after, input.limit + 1],
  )
  return toPage(
    rows,
    input.limit,
    ({ person_id }) => person_id,
    ({ person_id, email, email_verified, role, created_at }) => ({
      user_id: person_id,
      email,
      email_verified,
      role,
      joined_at: toIso(created_at),
    }),
  )
}
