import type { Ctx } from './context.ts'
import type { Sql } from './db.ts'
import { uuid7 } from './ids.ts'
import type { Actor, Principal } from './principal.ts'

/** Owner of rows that belong to no tenant. */
export const SYSTEM_TENANT = 'system'

/** One audit row before it is written; `success` and `category` come from the table of events. */
export type TrailRow = {
  tenantId: string
  applicationId: string | null
  event: string
  category: string
  success: boolean
  userId: string | null
  metadata: Record<string, unknown>
}

export const trailColumns =
  'tenant_id, id, application_id, event, category, success, user_id, actor, ip_address, user_agent, request_id, metadata, created_at'

/** Casts that make the values of `trailValues` right in an `insert … select`. */
const casts = ['', '::uuid', '', '', '', '::boolean', '::uuid', '::jsonb', '', '', '', '::jsonb', '::timestamptz']

export const trailWidth = casts.length

/** `$n, $n+1::uuid, …` for one row that begins at parameter `first`. */
export const trailPlaceholders = (first: number): string => casts.map((cast, i) => `$${first + i}${cast}`).join(', ')

/** The person with whose consent an agent acts: rows carry both (agents.md §2). */
const behind = (principal: Principal): { chain?: Actor['chain'] } =>
  'personId' in principal && principal.personId ? { chain: [{ kind: 'user', id: principal.personId }] } : {}

/** The values of one row in the order of `trailColumns`; id and time are made here. */
export function trailValues(ctx: Ctx, row: TrailRow): unknown[] {
  const { principal, request } = ctx
  const now = ctx.now()
  const actor = principal.actor ?? { kind: principal.kind, id: principal.id, ...behind(principal) }
  return [
    row.tenantId,
    uuid7(now),
    row.applicationId,
    row.event,
    row.category,
    row.success,
    row.userId,
    JSON.stringify(actor),
    request.ip || null,
    request.userAgent,
    request.id,
    JSON.stringify(row.metadata),
    now,
  ]
}

/** Rows in one statement: a statement holds 65,535 parameters, and each count of rows is a statement to prepare. */
const rowsPerStatement = 100

/** Writes the rows collected so far through the given handle, up to 100 in one statement, and forgets them. */
export async function writeTrail(ctx: Ctx, sql: Sql): Promise<void> {
  const rows = ctx.trail.splice(0)
  for (let at = 0; at < rows.length; at += rowsPerStatement) {
    const some = rows.slice(at, at + rowsPerStatement)
    const values = some.flatMap((row) => trailValues(ctx, row))
    const tuples = some.map((_, i) => `(${trailPlaceholders(1 + i * trailWidth)})`).join(', ')
    await sql.query(`insert into audit_logs (${trailColumns}) values ${tuples}`, values)
  }
}
