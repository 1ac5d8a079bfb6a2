import { record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { anonymous, type Person, type Role } from '../platform/principal.ts'
import { newSession, sessionColumns, sessionPlaceholders } from '../sessions/issue.ts'
import { inOrderOfChoice } from './chosen-account.ts'
import { CONSOLE_APPLICATION_ID, CONSOLE_TENANT_ID, consoleApplication } from './console.ts'
import { endedCookie, sessionCookie } from './cookie.ts'
import { readConsoleToken } from './person.ts'

/** Refuses whatever is not a page of this server: the answer sets a cookie. A guard. @throws 403 forbidden */
export async function requireOwnOrigin(ctx: Ctx): Promise<void> {
  if (ctx.request.origin !== ctx.deps.config.PUBLIC_ORIGIN) throw new ApiError('forbidden')
}

/** A sign-in that was exchanged: whose it was, and how they proved it. */
export type SignIn = { user_id: string; external_user_id: string | null; method: string; credential_id: string | null }

/**
 * Ends the session that signed in: what the page's script has seen is worth nothing afterwards (security 229). null: it is
 * none of the console's, or over.
 */
export async function endSignIn(ctx: Ctx, token: string): Promise<SignIn | null> {
  const named = await readConsoleToken(ctx, token)
  if (!named) return null
  const [row] = await ctx.sql.query<SignIn>(
    `update sessions s set revoked_at = $4 from users u
     where s.tenant_id = $1 and s.id = $2::uuid and s.application_id = $3 and s.revoked_at is null and s.expires_at > $4
       and u.tenant_id = s.tenant_id and u.id = s.user_id and u.status <> 'disabled'
     returning s.user_id, u.external_user_id, s.method, s.credential_id`,
    [CONSOLE_TENANT_ID, named.sessionId, CONSOLE_APPLICATION_ID, ctx.now()],
  )
  return row ?? null
}

type Membership = { account_id: string; role: Role; status: string; home: string | null }

/**
 * Opens a dashboard session with a cookie, for a person whose sign-in has been ended.
 * @returns the tenant whose trail tells of it: that of the account that the session acts in
 * @throws 403 forbidden for whoever is no member of an account
 */
export async function openDashboard(ctx: Ctx, ended: SignIn): Promise<string> {
  const application = await consoleApplication(ctx)
  const [member] = await ctx.sql.query<Membership>(
    `select m.account_id, m.role, a.status,
            (select t.id from tenants t where t.account_id = a.id
             order by t.deleted_at is not null, t.created_at, t.id limit 1) as home
     from members m join accounts a on a.id = m.account_id
     where m.person_id = $1::uuid order by (a.status = 'disabled'), ${inOrderOfChoice} limit 1`,
    [ended.user_id],
  )
  if (member?.status === 'disabled') {
    throw new ApiError('forbidden', { message: 'The account of this person is disabled.' })
  }
  if (!member?.home) throw new ApiError('forbidden', { message: 'This person is no member of an account.' })
  const session = newSession(
    ctx,
    application,
    { userId: ended.user_id, externalUserId: ended.external_user_id, claims: {} },
    { method: ended.method, credentialId: ended.credential_id },
  )
  await ctx.sql.query(`insert into sessions (${sessionColumns}) values (${sessionPlaceholders(1)})`, session.values)
  const { PUBLIC_URL } = ctx.deps.config
  ctx.response.headers['set-cookie'] = sessionCookie(
    PUBLIC_URL,
    session.token,
    application.settings.session_ttl_seconds,
  )
  ctx.principal = { ...anonymous, actor: { kind: 'user', id: ended.user_id } }
  record(ctx, 'dashboard.session.opened', {
    tenantId: member.home,
    applicationId: null,
    metadata: { session_id: session.id, credential_id: ended.credential_id },
  })
  return member.home
}

/**
 * Exchanges the session token of the console for a cookie with a new session.
 * @throws 401 invalid_session_token; 403 forbidden from another origin, or for whoever is no member of an account
 */
export async function openSession(ctx: Ctx, input: { session_token: string }): Promise<undefined> {
  const ended = await endSignIn(ctx, input.session_token)
  if (!ended) throw new ApiError('invalid_session_token')
  await openDashboard(ctx, ended)
  return undefined
}

/** Ends the own dashboard session, and what of it the browser keeps. */
export async function closeSession(ctx: Ctx<Person>) {
  const { sessionId } = ctx.principal
  const ended = await ctx.sql.query(
    'update sessions set revoked_at = $3 where tenant_id = $1 and id = $2::uuid and revoked_at is null returning 1',
    [CONSOLE_TENANT_ID, sessionId, ctx.now()],
  )
  ctx.deps.tokens.forget(sessionId)
  ctx.response.headers['set-cookie'] = endedCookie(ctx.deps.config.PUBLIC_URL)
  ctx.response.headers['clear-site-data'] = '"cookies", "storage"'
  if (ended.length > 0) record(ctx, 'session.logout', { metadata: { session_id: sessionId } })
  return undefined
}
