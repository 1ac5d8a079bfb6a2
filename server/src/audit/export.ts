import type { Ctx } from '../platform/context.ts'
import { invalid } from '../platform/errors.ts'
import type { Backend } from '../platform/principal.ts'
import { type AuditFilter, type AuditRow, countRows, findRows, presentRow } from './find.ts'
import { record } from './record.ts'

/** The most rows of one export (http-api.md §3.5). */
export const EXPORT_ROWS = 1_000_000
const batch = 500

async function* inBatches(ctx: Ctx<Backend>, filter: AuditFilter, first: AuditRow[]) {
  let rows = first
  while (rows.length > 0) {
    yield rows.map(presentRow)
    rows = rows.length < batch ? [] : await findRows(ctx, filter, rows.at(-1)?.id, batch)
  }
}

/**
 * The trail in one go, newest first, from the newest row there is now: neither its own `audit.exported` nor what comes
 * later is part of it. Each batch is a statement of its own.
 * @throws 400 naming `from` when the range has more than `most` rows
 */
export async function exportLogs(
  ctx: Ctx<Backend>,
  { format, ...filter }: AuditFilter & { format: string },
  most = EXPORT_ROWS,
) {
  const first = await findRows(ctx, filter, undefined, batch)
  const newest = first[0]
  const rows = newest && first.length === batch ? await countRows(ctx, filter, newest.id, most + 1) : first.length
  if (rows > most) throw invalid('from', `leaves more than ${most} rows; narrow the range with from and to`)
  record(ctx, 'audit.exported', { metadata: { format, rows } })
  return inBatches(ctx, filter, first)
}
