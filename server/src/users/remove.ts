import { record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import type { Backend } from '../platform/principal.ts'
import { foldUser } from '../usage/fold.ts'
import { requireUser } from './find.ts'
import { blankDenials, forgetLimits, type Whose } from './traces.ts'

/** Rows of one table that are about a user: the condition beside the tenant's, and its values from `$2` on. */
type Rows = { where: string; values: (whose: Whose) => readonly unknown[] }

const ofUser: Rows = { where: 'user_id = $2::uuid', values: ({ userId }) => [userId] }

/**
 * Every table whose rows about a user are deleted, in the order of deletion, each condition by an index of its own: what
 * an erasure costs depends on the user alone, not on the size of the tenant. A test compares this list with the schema.
 * Credentials come before sessions: a sign-in updates its credential and inserts its session in one statement, so it
 * either waits here and finds no credential, or its session is seen and deleted.
 */
export const userTables = {
  // The user it made, by the id that was decided when it began.
  hosted_onboardings: [{ where: 'person_id = $2::uuid', values: ({ userId }) => [userId] }],
  ceremonies: [
    ofUser,
    // A registration begun before there was this user knows it by the name alone.
    {
      where: `user_id is null and application_id = $2 and facts ->> 'externalUserId' = $3`,
      values: ({ applicationId, name }) => [applicationId, name],
    },
  ],
  credentials: [ofUser],
  sessions: [ofUser],
  active_users: [ofUser],
  idempotency_records: [
    ofUser,
    // The user's own keys are told apart by the user's id.
    { where: 'scope = $2', values: ({ applicationId, userId }) => [`${applicationId} ${userId}`] },
    // The answer to an import names many users, so it is found by what it says.
    {
      where: `scope = $2 and operation like 'users.import%'
        and (position(convert_to($3, 'UTF8') in body) > 0 or position(convert_to($4, 'UTF8') in body) > 0)`,
      values: ({ applicationId, userId, name }) => [
        applicationId,
        userId,
        name === null ? userId : `"external_user_id":${JSON.stringify(name)},`,
      ],
    },
  ],
  audit_logs: [
    ofUser,
    // What the user did where nobody's account was named. Denials are treated below.
    {
      where: `user_id is null and actor ->> 'kind' = 'end_user' and actor ->> 'id' = $2 and event <> 'authorization.denied'`,
      values: ({ userId }) => [userId],
    },
  ],
} as const satisfies Record<string, readonly Rows[]>

/** What a user has in tables of other things; a test compares both lists with the schema. */
export const tracedTables = ['users', 'identifiers', 'directory', 'rate_limits'] as const

type Table = keyof typeof userTables

async function empty(ctx: Ctx, table: Table, whose: Whose): Promise<string[]> {
  const named = table === 'credentials' || table === 'sessions'
  const ids: string[] = []
  for (const { where, values } of userTables[table]) {
    const gone = await ctx.sql.query<{ id: string }>(
      `delete from ${table} where tenant_id = $1 and ${where}${named ? ' returning id' : ''}`,
      [whose.tenantId, ...values(whose)],
    )
    for (const { id } of gone) ids.push(id)
  }
  return ids
}

/**
 * Erases a user and everything about it (GDPR Article 17), then records `user.deleted` without personal data.
 * The user's row is taken first: a sign-in or registration that races with the erasure finds no user and loses.
 *
 * Denials that name the user stay, without the name: they are evidence of whoever was asked for. Not reached are the log
 * lines of this server, whose request paths hold the external id; copies of the database; and, where limits are counted
 * in Redis, counters under the ids of the user and its sessions, which end within 15 minutes.
 * @throws 404 user_not_found
 */
export async function remove(ctx: Ctx<Backend>, input: { external_user_id: string }) {
  const { tenantId, applicationId } = ctx.principal
  const user = await requireUser(ctx, input.external_user_id)
  const whose: Whose = { tenantId, applicationId, userId: user.id, name: user.external_user_id }
  const taken = await ctx.sql.query('delete from users where tenant_id = $1 and id = $2::uuid returning id', [
    tenantId,
    user.id,
  ])
  // Another erasure won the race; it has recorded the event.
  if (taken.length === 0) return undefined
  await foldUser(ctx.sql, tenantId, user.id)
  const gone = { credentials: [] as string[], sessions: [] as string[] }
  for (const table of Object.keys(userTables) as Table[]) {
    const ids = await empty(ctx, table, whose)
    if (table === 'credentials' || table === 'sessions') gone[table] = ids
  }
  await ctx.sql.query(`delete from directory where tenant_id = $1 and kind = 'webauthn' and id = any($2::text[])`, [
    tenantId,
    gone.credentials,
  ])
  await blankDenials(ctx, whose, [user.id, ...gone.credentials, ...gone.sessions])
  await forgetLimits(ctx, whose, gone.sessions)
  for (const id of gone.sessions) ctx.deps.tokens.forget(id)
  // The order of every creation, tenant before identifiers: one that wants the same address would wait for this erasure
  // while it holds the tenant, which this erasure would wait for.
  await ctx.sql.query('update tenants set user_count = user_count - 1 where id = $1', [tenantId])
  await ctx.sql.query('delete from identifiers where tenant_id = $1 and user_id = $2::uuid', [tenantId, user.id])
  record(ctx, 'user.deleted', {
    applicationId,
    metadata: { credentials: gone.credentials.length, sessions: gone.sessions.length },
  })
  return undefined
}
