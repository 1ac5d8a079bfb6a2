import type { z } from 'zod'
import { record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { mint, uuid7 } from '../platform/ids.ts'
import type { Backend } from '../platform/principal.ts'
import { planLimitReached } from '../tenants/limit-reached.ts'
import { limitsOf } from '../tenants/plans.ts'
import { checkClaims } from './custom-claims.ts'
import { failure, tally } from './import-batches.ts'
import type { ImportAnswer, ImportBody, ImportResult } from './import-schema.ts'
import type { NewUser } from './schema.ts'

type Row = z.output<typeof NewUser>
type Made = { id: string; row: Row; identifierId: string | null }
type Known = { users: Map<string, string>; emails: Set<string>; userCount: number }

/** Tries of one batch: each but the last lost a race against a change that was committed meanwhile. */
const TRIES = 10

/** What there is already of a batch: its names, its addresses, and how many users the tenant has. */
async function look(ctx: Ctx<Backend>, rows: readonly Row[]): Promise<Known> {
  const { tenantId, applicationId } = ctx.principal
  const found = await ctx.sql.query<{ kind: 'user' | 'email' | 'count'; name: string; value: string }>(
    `select 'user' as kind, external_user_id as name, id::text as value from users
       where tenant_id = $1 and application_id = $2 and external_user_id = any($3::text[])
     union all select 'email', value, '' from identifiers
       where tenant_id = $1 and application_id = $2 and type = 'email' and value = any($4::text[])
     union all select 'count', '', user_count::text from tenants where id = $1`,
    [
      tenantId,
      applicationId,
      rows.map((row) => row.external_user_id),
      rows.flatMap((row) => (row.email === undefined ? [] : [row.email])),
    ],
  )
  const of = (kind: string) => found.filter((row) => row.kind === kind)
  return {
    users: new Map(of('user').map(({ name, value }) => [name, value])),
    emails: new Set(of('email').map(({ name }) => name)),
    userCount: Number(of('count')[0]?.value ?? 0),
  }
}

/** What each row becomes, as if they were created one after the other; a refused one takes nothing from those after it. */
function decide(ctx: Ctx<Backend>, rows: readonly Row[], { users, emails, userCount }: Known) {
  const { plan, settings } = ctx.principal.application
  const max = limitsOf(plan).users ?? Number.POSITIVE_INFINITY
  const made: Made[] = []

  function refuse(row: Row): void {
    if (userCount + made.length >= max) throw planLimitReached(plan, 'users', userCount + made.length)
    if (row.email !== undefined && emails.has(row.email)) {
      throw new ApiError('identity_link_email_already_taken_in_tenant')
    }
  }
  function one(row: Row): z.output<typeof ImportResult> {
    const name = row.external_user_id
    checkClaims(row.custom_claims, settings.custom_claims_schema, 'server')
    const known = users.get(name)
    if (known !== undefined) return { external_user_id: name, status: 'exists', user_id: known }
    refuse(row)
    const id = uuid7(ctx.now())
    made.push({ id, row, identifierId: row.email === undefined ? null : mint('idf') })
    users.set(name, id)
    if (row.email !== undefined) emails.add(row.email)
    return { external_user_id: name, status: 'created', user_id: id }
  }
  const results = rows.map((row) => {
    try {
      return one(row)
    } catch (error) {
      if (error instanceof ApiError) return failure(row.external_user_id, error)
      throw error
    }
  })
  return { results, made, max }
}

/**
 * Writes the new users in the order of every other creation (users, tenant, identifiers), rows of one table sorted, so
 * that no two creations wait for each other.
 * @returns false when something was taken since `look`, and the writes are to be undone
 */
async function write(ctx: Ctx<Backend>, made: readonly Made[], max: number): Promise<boolean> {
  const { tenantId, applicationId } = ctx.principal
  const now = ctx.now()
  const users = await ctx.sql.query(
    `insert into users (tenant_id, id, application_id, external_user_id, status, metadata, custom_claims, created_at, updated_at)
     select $1, r.id, $2, r.name, 'active', r.metadata, r.claims, $3::timestamptz, $3::timestamptz
     from jsonb_to_recordset($4::jsonb) as r(id uuid, name text, metadata jsonb, claims jsonb) order by r.name
     on conflict (tenant_id, application_id, external_user_id) do nothing returning id`,
    [
      tenantId,
      applicationId,
      now,
      JSON.stringify(
        made.map(({ id, row }) => ({
          id,
          name: row.external_user_id,
          metadata: row.metadata,
          claims: row.custom_claims,
        })),
      ),
    ],
  )
  if (users.length < made.length) return false
  const [counted] = await ctx.sql.query<{ user_count: number }>(
    'update tenants set user_count = user_count + $2::int where id = $1 returning user_count',
    [tenantId, made.length],
  )
  if (!counted || counted.user_count > max) return false
  const linked = made.flatMap(({ id, identifierId, row }) =>
    identifierId === null ? [] : [{ id: identifierId, user_id: id, value: row.email, verified: row.email_verified }],
  )
  if (linked.length === 0) return true
  const identifiers = await ctx.sql.query(
    `insert into identifiers (tenant_id, id, application_id, user_id, type, value, verified, linked_at)
     select $1, r.id, $2, r.user_id, 'email', r.value, r.verified, $3::timestamptz
     from jsonb_to_recordset($4::jsonb) as r(id text, user_id uuid, value text, verified boolean) order by r.value
     on conflict (tenant_id, application_id, type, value) do nothing returning id`,
    [tenantId, applicationId, now, JSON.stringify(linked)],
  )
  return identifiers.length === linked.length
}

/**
 * Makes up to 100 users in the caller's transaction. What is wrong with one of them is its result and leaves nothing of
 * it; one that exists is left as it is. Nothing is locked while looking: a batch that lost a race is undone to the
 * savepoint and decided anew, so that the plan's limit and the results are exact.
 * @throws 503 service_unavailable when it lost `TRIES` races
 */
export async function importUsers(
  ctx: Ctx<Backend>,
  { users: rows }: z.output<typeof ImportBody>,
): Promise<z.output<typeof ImportAnswer>> {
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const { results, made, max } = decide(ctx, rows, await look(ctx, rows))
    if (made.length > 0) {
      if (attempt === 1) await ctx.sql.query('savepoint batch')
      if (!(await write(ctx, made, max))) {
        await ctx.sql.query('rollback to savepoint batch')
        continue
      }
    }
    for (const { id, identifierId } of made) {
      record(ctx, 'user.created', { userId: id, metadata: { source: 'import' } })
      if (identifierId === null) continue
      const metadata = { identifier_id: identifierId, identifier_type: 'email' }
      record(ctx, 'identifier.linked', { userId: id, metadata })
    }
    const answer = tally(results)
    const { created, existing, failed } = answer
    record(ctx, 'users.imported', { metadata: { created, existing, failed } })
    return answer
  }
  throw new ApiError('service_unavailable', { retryAfter: 1 })
}
