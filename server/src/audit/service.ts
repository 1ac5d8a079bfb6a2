import type { Ctx } from '../platform/context.ts'
import { badCursor, toPage } from '../platform/pages.ts'
import type { Backend } from '../platform/principal.ts'
import { type AuditFilter, findRows, presentRow } from './find.ts'

export type AuditPage = AuditFilter & { limit: number; starting_after?: string | undefined; format: string }

/** One page of the trail, newest first. */
export async function list(ctx: Ctx<Backend>, input: AuditPage) {
  const { tenantId, applicationId } = ctx.principal
  const { limit, starting_after: cursor, format: _page, ...filter } = input
  if (cursor) {
    const [known] = await ctx.sql.query<{ mine: boolean }>(
      'select application_id is null or application_id = $2 as mine from audit_logs where tenant_id = $1 and id = $3::uuid',
      [tenantId, applicationId, cursor],
    )
    // A row that retention has taken still marks a place; the id says when it was.
    if (known && !known.mine) throw badCursor()
  }
  const rows = await findRows(ctx, filter, cursor, limit + 1)
  return toPage(rows, limit, (row) => row.id, presentRow)
}
