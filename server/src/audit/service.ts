import type { Ctx } from '../platform/context.ts'
import { badCursor, toPage } from '../platform/pages.ts'
import { uuidV7LowerBound } from '../platform/partitions.ts'
import type { Backend } from '../platform/principal.ts'
import { fromMillis, toIso } from '../platform/time.ts'
import type { AuditEvent } from './events.ts'

export type AuditFilter = {
  limit: number
  starting_after?: string | undefined
  event?: AuditEvent | undefined
  success?: boolean | undefined
  user_id?: string | undefined
  from?: string | undefined
  to?: string | undefined
}

type Row = {
  id: string
  event: string
  category: string
  success: boolean
  user_id: string | null
  application_id: string | null
  ip_address: string | null
  request_id: string | null
  actor: Record<string, unknown>
  metadata: Record<string, unknown>
  created_at: Date
}

/** The least id of a moment. Ids count from 1970 on, so an earlier moment has the bound of 1970. */
const earliest = (moment: string): string => uuidV7LowerBound(fromMillis(Math.max(0, Date.parse(moment))))

/**
 * One page of the trail, newest first. Raw: the UUIDv7 id is cursor, order, partition key and time filter at once, so
 * every bound is a bound on the id and prunes partitions. A service sees its application's rows and tenant-wide ones.
 */
export async function list(ctx: Ctx<Backend>, input: AuditFilter) {
  const { tenantId, applicationId } = ctx.principal
  const values: unknown[] = [tenantId, applicationId]
  const where = ['tenant_id = $1', '(application_id = $2 or application_id is null)']
  const add = (clause: (n: string) => string, value: unknown) => where.push(clause(`$${values.push(value)}`))
  if (input.starting_after) {
    const [known] = await ctx.sql.query<{ mine: boolean }>(
      'select application_id is null or application_id = $2 as mine from audit_logs where tenant_id = $1 and id = $3::uuid',
      [tenantId, applicationId, input.starting_after],
    )
    // A row that retention has taken still marks a place; the id says when it was.
    if (known && !known.mine) throw badCursor()
    add((n) => `id < ${n}::uuid`, input.starting_after)
  }
  if (input.event) add((n) => `event = ${n}`, input.event)
  if (input.success !== undefined) add((n) => `success = ${n}::boolean`, input.success)
  if (input.user_id) add((n) => `user_id = ${n}::uuid`, input.user_id)
  if (input.from) add((n) => `id >= ${n}::uuid`, earliest(input.from))
  if (input.to) add((n) => `id < ${n}::uuid`, earliest(input.to))
  const rows = await ctx.sql.query<Row>(
    `select id, event, category, success, user_id, application_id, ip_address, request_id, actor, metadata, created_at
     from audit_logs where ${where.join(' and ')} order by id desc limit $${values.push(input.limit + 1)}::int`,
    values,
  )
  return toPage(
    rows,
    input.limit,
    (row) => row.id,
    ({ created_at, ...row }) => ({ ...row, created_at: toIso(created_at) }),
  )
}
