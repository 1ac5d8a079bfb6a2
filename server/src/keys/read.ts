import { unauthorized } from '../platform/authenticate.ts'
import type { Ctx } from '../platform/context.ts'
import { badCursor, toPage } from '../platform/pages.ts'
import type { AccountPrincipal } from '../platform/principal.ts'
import { type KeyRow, keyColumns, limitOf, presentKey, requireKey, withinLimit } from './find.ts'

/** Keys within the caller's reach, ended ones too, oldest first. */
export async function listKeys(
  ctx: Ctx<AccountPrincipal>,
  input: { limit: number; starting_after?: string | undefined },
) {
  const { accountId } = ctx.principal
  const limited = limitOf(ctx.principal)
  const after = input.starting_after ?? null
  const within = `k.account_id = $1 and ${withinLimit('k.application_ids', 2)}`
  if (after !== null) {
    const [cursor] = await ctx.sql.query(`select 1 from secret_keys k where ${within} and k.id = $3`, [
      accountId,
      limited,
      after,
    ])
    if (!cursor) throw badCursor()
  }
  const rows = await ctx.sql.query<KeyRow>(
    `select ${keyColumns} from secret_keys k
     where ${within} and ($3::text is null or (k.created_at, k.id) >
       (select c.created_at, c.id from secret_keys c where c.account_id = $1 and c.id = $3))
     order by k.created_at, k.id limit $4::int`,
    [accountId, limited, after, input.limit + 1],
  )
  return toPage(
    rows,
    input.limit,
    ({ id }) => id,
    (row) => presentKey(ctx, row),
  )
}

/** @throws 404 key_not_found */
export async function getKey(ctx: Ctx<AccountPrincipal>, input: { key_id: string }) {
  return presentKey(ctx, await requireKey(ctx, input.key_id))
}

/** The id of the key that calls, or of the one behind the token that calls. @throws 401 unauthorized where there is none */
export function ownKeyId({ principal }: Ctx<AccountPrincipal>): string {
  if (principal.kind === 'agent' && principal.keyId !== null) return principal.keyId
  throw unauthorized(true)
}

export async function getOwnKey(ctx: Ctx<AccountPrincipal>) {
  return presentKey(ctx, await requireKey(ctx, ownKeyId(ctx)))
}
