import type { Ctx } from '../platform/context.ts'
import { uuidV7LowerBound } from '../platform/partitions.ts'
import type { Backend } from '../platform/principal.ts'
import { plannedEachTime } from '../platform/sql.ts'
import { fromMillis, toIso } from '../platform/time.ts'
import { SYSTEM_TENANT } from '../platform/trail.ts'
import { type AuditEvent, events } from './events.ts'

export type AuditFilter = {
  event?: AuditEvent | undefined
  success?: boolean | undefined
  user_id?: string | undefined
  from?: string | undefined
  to?: string | undefined
}

export type AuditRow = {
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

const columns =
  'id, event, category, success, user_id, application_id, ip_address, request_id, actor, metadata, created_at'

/** Rows of no tenant that every tenant sees (http-api.md §4.1). */
const shared: readonly AuditEvent[] = ['attestation.mds.cache.refreshed', 'attestation.mds.cache.failed']

/** The least id of a moment. Ids count from 1970 on, so an earlier moment has the bound of 1970. */
const earliest = (moment: string): string => uuidV7LowerBound(fromMillis(Math.max(0, Date.parse(moment))))

/** The outcome of an event is in its name, but for calls on somebody's behalf, which end like any call. */
const isFixed = (event: AuditEvent): boolean => event !== 'acting-as.invoked'

/** Whether no row can match: an event that only succeeds, asked for its failures. Looking would read every one of them. */
const isEmpty = ({ event, success }: AuditFilter): boolean =>
  event !== undefined && success !== undefined && isFixed(event) && events[event].success !== success

type Branch = { where: string; order: string }

/**
 * Where the rows of a filter are: each branch is a range of one index in the order of ids, so that a page reads about
 * as many rows as it shows however large the tenant is. One `or` over them would read past every row of other
 * applications. The outcome is a literal, without which the index of failures could not be taken.
 */
function branches({ tenantId, applicationId }: Backend, filter: AuditFilter) {
  const values: unknown[] = [tenantId, applicationId]
  const add = (value: unknown): string => `$${values.push(value)}`
  const { event, success, user_id, from, to } = filter
  const clauses = [
    event && `event = ${add(event)}`,
    success !== undefined && !(event && isFixed(event)) && (success ? 'success' : 'not success'),
    user_id && `user_id = ${add(user_id)}::uuid`,
    from && `id >= ${add(earliest(from))}::uuid`,
    to && `id < ${add(earliest(to))}::uuid`,
  ].filter(Boolean)
  const branch = (order: string, ...owner: string[]): Branch => ({ where: [...owner, ...clauses].join(' and '), order })
  const own = [
    branch('id desc', 'tenant_id = $1', 'application_id = $2'),
    // The first member is constant and there for the planner: it names the order of the index on applications.
    branch('application_id desc, id desc', 'tenant_id = $1', 'application_id is null'),
  ]
  const isShared = !user_id && (!event || shared.includes(event))
  const names = shared.map((name) => `'${name}'`).join(', ')
  const system = branch('id desc', `tenant_id = '${SYSTEM_TENANT}'`, `event in (${names})`)
  return { values, add, all: isShared ? [...own, system] : own }
}

/**
 * Rows that the caller sees, newest first: those of its application, of the whole tenant, and of no tenant where they
 * concern everybody. Raw: the UUIDv7 id is cursor, order, partition key and time filter at once.
 * @param below the id that the rows come after; all of them when left out
 */
export async function findRows(
  ctx: Ctx<Backend>,
  filter: AuditFilter,
  below: string | undefined,
  size: number,
): Promise<AuditRow[]> {
  if (isEmpty(filter)) return []
  const { values, add, all } = branches(ctx.principal, filter)
  const cursor = below ? ` and id < ${add(below)}::uuid` : ''
  const limit = `limit ${add(size)}::int`
  const parts = all.map(
    ({ where, order }) => `(select ${columns} from audit_logs where ${where}${cursor} order by ${order} ${limit})`,
  )
  return ctx.sql.query<AuditRow>(
    `${plannedEachTime}select ${columns} from (${parts.join(' union all ')}) as found order by id desc ${limit}`,
    values,
  )
}

/** How many rows there are up to an id, counted no further than `most`. */
export async function countRows(ctx: Ctx<Backend>, filter: AuditFilter, upTo: string, most: number): Promise<number> {
  const { values, add, all } = branches(ctx.principal, filter)
  const [cursor, limit] = [`id <= ${add(upTo)}::uuid`, `limit ${add(most)}::int`]
  const parts = all.map(({ where }) => `(select 1 from audit_logs where ${where} and ${cursor} ${limit})`)
  const [row] = await ctx.sql.query<{ n: number }>(
    `${plannedEachTime}select count(*)::int as n from (select 1 from (${parts.join(' union all ')}) as found ${limit}) as counted`,
    values,
  )
  return row?.n ?? 0
}

export const presentRow = ({ created_at, ...row }: AuditRow) => ({ ...row, created_at: toIso(created_at) })
