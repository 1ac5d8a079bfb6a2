import type { z } from 'zod'
import { auditRow } from '../audit/record.ts'
import { statusOf } from '../lockout/state.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import type { Backend } from '../platform/principal.ts'
import { plannedEachTime } from '../platform/sql.ts'
import { fromMillis, toIso } from '../platform/time.ts'
import { trailColumns, trailPlaceholders, trailValues } from '../platform/trail.ts'
import { requireUser } from '../users/find.ts'
import { type Part, type PartName, parts, profile } from './parts.ts'
import type { ElementOf, ProfileData, UserDataReport } from './schema.ts'

const object = (shows: Part['shows']): string =>
  `json_build_object(${Object.entries(shows)
    .map(([member, sql]) => `'${member}', ${sql}`)
    .join(', ')})`

const rowsOf = (name: string, { table, where, everywhere, shows }: Part): string[] =>
  where.map(
    (clause) =>
      `select '${name}' as part, ${object(shows)} as data from ${table} t where ${everywhere ? '' : 't.tenant_id = $1 and '}${clause}`,
  )

/**
 * One statement, so that the report is one consistent snapshot, and with its audit row or not at all. The user's row is
 * locked against erasure: a report that loses the race finds nobody, and leaves no row of somebody who is erased. Nothing
 * else waits for that lock. One row for each element: a document of everything would have to be held at once. Planned each
 * time: what a user has in each table decides the indexes, and a plan for all reads what the whole tenant has.
 */
const statement = `${plannedEachTime}
  with owner as (
    select id, external_user_id, status, created_at, updated_at, metadata, custom_claims, authenticated_at,
           locked_until, soft_failures, soft_since, hard_failures, hard_since
    from users where tenant_id = $1 and id = $2::uuid and application_id = $3 for key share),
  noted as (insert into audit_logs (${trailColumns}) select ${trailPlaceholders(5)} from owner)
  select 'user' as part, ${object(profile.shows)} as data from owner t
  ${Object.entries(parts)
    .flatMap(([name, part]) => rowsOf(name, part))
    .map((select) => `union all ${select}`)
    .join('\n  ')}`

type Data = { user: ProfileData } & { [P in PartName]: ElementOf<P> }
type RowOf<P extends keyof Data> = { part: P; data: Data[P] }
type Row = { [P in keyof Data]: RowOf<P> }[keyof Data]

const pick = <P extends keyof Data>(rows: readonly Row[], part: P): Data[P][] =>
  rows.filter((row): row is Row & RowOf<P> => row.part === part).map(({ data }) => data)

/** Sorted here: sorting all of it in the database would spill to its disk. */
const newestFirst = <E>(rows: E[], key: (row: E) => string): E[] => rows.sort((a, b) => (key(a) < key(b) ? 1 : -1))

/**
 * Everything stored about a user of the application (GDPR Article 15).
 * @throws 404 user_not_found
 */
export async function report(
  ctx: Ctx<Backend>,
  input: { external_user_id: string },
): Promise<z.input<typeof UserDataReport>> {
  const { tenantId, applicationId } = ctx.principal
  const user = await requireUser(ctx, input.external_user_id)
  const event = auditRow(ctx, 'privacy.report.generated', { userId: user.id })
  const now = ctx.now()
  const rows = await ctx.sql.query<Row>(statement, [
    tenantId,
    user.id,
    applicationId,
    user.external_user_id,
    ...trailValues(ctx, event),
  ])
  const [owner] = pick(rows, 'user')
  if (!owner) throw new ApiError('user_not_found')
  const until = owner.lockout.locked_until
  const lockedUntil = until === null ? null : fromMillis(Date.parse(until))
  return {
    generated_at: toIso(now),
    user: { ...owner, status: statusOf({ status: owner.status, lockedUntil }, now) },
    credentials: newestFirst(pick(rows, 'credentials'), (row) => row.created_at),
    identifiers: newestFirst(pick(rows, 'identifiers'), (row) => row.linked_at),
    sessions: newestFirst(pick(rows, 'sessions'), (row) => row.id),
    dbsc_sessions: [],
    acting_as: [],
    enrollment_tickets: [],
    action_challenges: [],
    webhook_deliveries: [],
    onboardings: newestFirst(pick(rows, 'onboardings'), (row) => row.created_at),
    ceremonies: newestFirst(pick(rows, 'ceremonies'), (row) => row.id),
    active_months: newestFirst(pick(rows, 'active_months'), (row) => row.period),
    idempotency_records: newestFirst(pick(rows, 'idempotency_records'), (row) => row.created_at),
    audit_logs: newestFirst(pick(rows, 'audit_logs'), (row) => row.id),
  }
}
