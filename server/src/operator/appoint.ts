import { addressColumns } from '../accounts/people.ts'
import { CONSOLE_TENANT_ID } from '../console/console.ts'
import type { Ctx } from '../platform/context.ts'

/**
 * Makes a person an operator, in the caller's transaction. By the person and not by an address: who signs up with a passkey
 * has proven none, so a list of addresses would trust whoever writes one of them down.
 * @returns whether that changed anything; null: there is no such person
 */
export async function appoint(ctx: Ctx, personId: string): Promise<boolean | null> {
  const [known] = await ctx.sql.query('select 1 from users where tenant_id = $1 and id = $2::uuid', [
    CONSOLE_TENANT_ID,
    personId,
  ])
  if (!known) return null
  const made = await ctx.sql.query(
    'insert into operators (person_id, created_at) values ($1::uuid, $2) on conflict do nothing returning 1',
    [personId, ctx.now()],
  )
  return made.length > 0
}

/** @returns whether the person was one */
export async function dismiss(ctx: Ctx, personId: string): Promise<boolean> {
  const gone = await ctx.sql.query('delete from operators where person_id = $1::uuid returning 1', [personId])
  return gone.length > 0
}

export const listOperators = (ctx: Ctx) =>
  ctx.sql.query<{ person_id: string; at: Date; email: string | null }>(
    `select o.person_id, o.created_at as at, ${addressColumns}
     from operators o join users u on u.tenant_id = $1 and u.id = o.person_id order by o.created_at, o.person_id`,
    [CONSOLE_TENANT_ID],
  )
