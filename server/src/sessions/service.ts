import { record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import { badCursor, toPage } from '../platform/pages.ts'
import type { Backend, EndUser, Principal } from '../platform/principal.ts'
import { toIso } from '../platform/time.ts'
import { denied } from '../resources.ts'
import { requireUser } from '../users/find.ts'
import { type SessionRow, sessionView } from './schema.ts'

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Whether the token is good, and whose it is; the gate has read the row already. */
export async function validate(ctx: Ctx<EndUser>) {
  const { principal } = ctx
  return {
    valid: true as const,
    user_id: principal.id,
    external_user_id: principal.externalUserId ?? '',
    tenant_id: principal.tenantId,
    app_id: principal.applicationId,
    session_id: principal.sessionId,
    is_anonymous: principal.externalUserId === null,
    expires_at: toIso(principal.expiresAt),
    custom_claims: { ...principal.claims },
  }
}

type Page = { limit: number; starting_after?: string | undefined }

/** Sessions of one user, newest first. @param liveOnly leaves out what is revoked or expired */
async function listOf(
  ctx: Ctx<Backend | EndUser>,
  userId: string,
  page: Page,
  liveOnly: boolean,
): Promise<SessionRow[]> {
  const { tenantId, applicationId } = ctx.principal
  if (page.starting_after) {
    const [known] = await ctx.sql.query<{ mine: boolean }>(
      'select user_id = $2::uuid as mine from sessions where tenant_id = $1 and id = $3::uuid',
      [tenantId, userId, page.starting_after],
    )
    // A session that was cleared away still marks a place, so that pages stay right; ids are time-ordered.
    if (known && !known.mine) throw badCursor()
  }
  return ctx.sql.query<SessionRow>(
    `select s.id, s.user_id, u.external_user_id, s.method, s.credential_id, s.ip_address, s.user_agent, s.created_at,
            s.last_seen_at, s.expires_at, s.revoked_at
     from sessions s join users u on u.tenant_id = s.tenant_id and u.id = s.user_id
     where s.tenant_id = $1 and s.user_id = $2::uuid and s.application_id = $3 and ($4::uuid is null or s.id < $4::uuid)
       and (not $5::boolean or (s.revoked_at is null and s.expires_at > $6))
     order by s.id desc limit $7::int`,
    [tenantId, userId, applicationId, page.starting_after ?? null, liveOnly, ctx.now(), page.limit + 1],
  )
}

/** The end user's own live sessions. */
export async function listOwn(ctx: Ctx<EndUser>, input: Page) {
  const rows = await listOf(ctx, ctx.principal.id, input, true)
  return toPage(
    rows,
    input.limit,
    (row) => row.id,
    (row) => ({ ...sessionView(row), current: row.id === ctx.principal.sessionId }),
  )
}

/** A user's sessions for the backend, ended ones included until they are cleared away. */
export async function listForUser(ctx: Ctx<Backend>, input: Page & { external_user_id: string }) {
  const user = await requireUser(ctx, input.external_user_id)
  const rows = await listOf(ctx, user.id, input, false)
  return toPage(rows, input.limit, (row) => row.id, sessionView)
}

type Ended = { found: boolean; fresh: boolean; userId: string | null }

/** Ends a session; the conditional update is the decision, so that a repeated call writes no second event. */
async function end(ctx: Ctx, sessionId: string, ownerId: string | null): Promise<Ended> {
  const { tenantId, applicationId } = ctx.principal
  if (!uuidPattern.test(sessionId)) return { found: false, fresh: false, userId: null }
  const [row] = await ctx.sql.query<{ user_id: string; fresh: boolean }>(
    `with known as (select id, user_id, revoked_at from sessions
                    where tenant_id = $1 and id = $2::uuid and application_id = $3 and ($4::uuid is null or user_id = $4::uuid) for update),
          gone as (update sessions s set revoked_at = $5 from known
                   where s.tenant_id = $1 and s.id = known.id and known.revoked_at is null returning s.id)
     select user_id, exists (select 1 from gone) as fresh from known`,
    [tenantId, sessionId, applicationId, ownerId, ctx.now()],
  )
  if (row) ctx.deps.tokens.forget(sessionId)
  return { found: row !== undefined, fresh: row?.fresh ?? false, userId: row?.user_id ?? null }
}

/** Ends the own session, by its id or as `current`. */
export async function logout(ctx: Ctx<EndUser>, input: { id: string }) {
  const id = input.id === 'current' ? ctx.principal.sessionId : input.id
  const ended = await end(ctx, id, ctx.principal.id)
  if (!ended.found) throw await denied(ctx, 'session', id, 'own_user')
  if (ended.fresh) record(ctx, 'session.logout', { userId: ended.userId, metadata: { session_id: id } })
  // Only for pages of this server: elsewhere it would clear storage that is not ours.
  if (ctx.request.origin === ctx.deps.config.PUBLIC_ORIGIN)
    ctx.response.headers['clear-site-data'] = '"cookies", "storage"'
  return undefined
}

/** Ends a session: any of the application for the backend, the own ones for an end user. */
export async function revoke(ctx: Ctx<Backend | EndUser>, input: { id: string }) {
  const { principal } = ctx
  const own = principal.kind === 'end_user'
  const ended = await end(ctx, input.id, own ? principal.id : null)
  if (!ended.found) throw await denied(ctx, 'session', input.id, own ? 'own_user' : 'own_application')
  if (ended.fresh) {
    const by = own ? 'user' : 'admin'
    record(ctx, 'session.revoked', { userId: ended.userId, metadata: { session_id: input.id, by, reason: 'revoked' } })
  }
  return undefined
}

/** Ends every live session of a user, with an event for each. */
export async function revokeAll(
  ctx: Ctx<Principal & { tenantId: string }>,
  userId: string,
  facts: { by: string; reason: string },
) {
  const rows = await ctx.sql.query<{ id: string }>(
    `update sessions set revoked_at = $3 where tenant_id = $1 and user_id = $2::uuid and revoked_at is null and expires_at > $3 returning id`,
    [ctx.principal.tenantId, userId, ctx.now()],
  )
  for (const { id } of rows) {
    ctx.deps.tokens.forget(id)
    record(ctx, 'session.revoked', { userId, metadata: { session_id: id, ...facts } })
  }
}

export async function revokeAllForUser(ctx: Ctx<Backend>, input: { external_user_id: string }) {
  const user = await requireUser(ctx, input.external_user_id)
  // The user before the sessions, as everywhere: two of these, or one beside a user being disabled, must not cross.
  await ctx.sql.query('select 1 from users where tenant_id = $1 and id = $2::uuid for no key update', [
    ctx.principal.tenantId,
    user.id,
  ])
  await revokeAll(ctx, user.id, { by: 'admin', reason: 'revoked' })
  return undefined
}
