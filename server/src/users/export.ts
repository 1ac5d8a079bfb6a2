import { z } from 'zod'
import { record } from '../audit/record.ts'
import { statusOf } from '../lockout/state.ts'
import type { Ctx } from '../platform/context.ts'
import type { Backend } from '../platform/principal.ts'
import { timestamp } from '../platform/text.ts'
import { toIso } from '../platform/time.ts'
import { UserStatus } from './schema.ts'

/** One line of the export (http-api.md §3.4). */
export const ExportedUser = z.object({
  user_id: z.string(),
  external_user_id: z.string().nullable(),
  status: UserStatus,
  created_at: timestamp,
  identifiers: z.array(z.object({ type: z.string(), value: z.string(), verified: z.boolean() })),
})

type Row = {
  id: string
  external_user_id: string | null
  status: string
  locked_until: Date | null
  created_at: Date
  identifiers: z.input<typeof ExportedUser>['identifiers']
}

/** Users of one statement. */
const page = 500
/** Before every id there is. */
const start = '00000000-0000-0000-0000-000000000000'

/** One page with its identifiers, in one statement: the index on users bounds it, whatever the application's size. */
const readPage = (ctx: Ctx<Backend>, after: string, upTo: string): Promise<Row[]> =>
  ctx.sql.query<Row>(
    `select u.id, u.external_user_id, u.status, u.locked_until, u.created_at, coalesce(i.list, '[]'::json) as identifiers
     from (select id, external_user_id, status, locked_until, created_at from users
           where tenant_id = $1 and application_id = $2 and id > $3::uuid and id <= $4::uuid
           order by id limit ${page}) u
     left join lateral (
       select json_agg(json_build_object('type', type, 'value', value, 'verified', verified) order by type, value) as list
       from identifiers where tenant_id = $1 and user_id = u.id) i on true
     order by u.id`,
    [ctx.principal.tenantId, ctx.principal.applicationId, after, upTo],
  )

async function* inPages(ctx: Ctx<Backend>, newest: string) {
  let after = start
  for (;;) {
    const rows = await readPage(ctx, after, newest)
    const now = ctx.now()
    yield rows.map(
      (row): z.input<typeof ExportedUser> => ({
        user_id: row.id,
        external_user_id: row.external_user_id,
        status: statusOf({ status: row.status, lockedUntil: row.locked_until }, now),
        created_at: toIso(row.created_at),
        identifiers: row.identifiers,
      }),
    )
    const last = rows.at(-1)
    if (!last || rows.length < page) return
    after = last.id
  }
}

/**
 * Every user of the application in one go, oldest first, up to the newest one there is now. `users.exported` has their
 * number and is written before the first byte; each page is a statement of its own, run when the reader has room for it.
 */
export async function exportUsers(ctx: Ctx<Backend>) {
  const { tenantId, applicationId } = ctx.principal
  const [newest] = await ctx.sql.query<{ id: string }>(
    'select id from users where tenant_id = $1 and application_id = $2 order by id desc limit 1',
    [tenantId, applicationId],
  )
  const upTo = newest?.id ?? start
  const [counted] = await ctx.sql.query<{ rows: number }>(
    'select count(*)::int as rows from users where tenant_id = $1 and application_id = $2 and id <= $3::uuid',
    [tenantId, applicationId, upTo],
  )
  record(ctx, 'users.exported', { metadata: { rows: counted?.rows ?? 0 } })
  return inPages(ctx, upTo)
}
