import type { Ctx } from '../platform/context.ts'
import { maxTokenLength } from '../platform/jwt.ts'
import type { Person, Role } from '../platform/principal.ts'
import { END_USER_AUDIENCE } from '../sessions/issue.ts'
import { inOrderOfChoice } from './chosen-account.ts'
import { CONSOLE_APPLICATION_ID, CONSOLE_CLIENT_ID, CONSOLE_TENANT_ID } from './console.ts'

type Row = { user_id: string; account_id: string; role: Role; status: string; last_seen_at: Date; operator: boolean }

// Raw: the one read of every call with a cookie. The row decides, not the token.
const live = `
  select s.user_id, m.account_id, m.role, a.status, s.last_seen_at,
         exists (select 1 from operators o where o.person_id = s.user_id) as operator
  from sessions s
  join users u on u.tenant_id = s.tenant_id and u.id = s.user_id
  join members m on m.person_id = s.user_id
  join accounts a on a.id = m.account_id
  where s.tenant_id = $1 and s.id = $2::uuid and s.application_id = $3 and s.revoked_at is null and s.expires_at > $4
    and u.status <> 'disabled' and a.status <> 'disabled'
  order by ${inOrderOfChoice} limit 1`

const seenEveryMillis = 60_000

/** The session id and person that a token of the console names, if its signature is good; the row is not looked at. */
export async function readConsoleToken(
  ctx: Ctx,
  token: string,
): Promise<{ sessionId: string; personId: string } | null> {
  if (token.length > maxTokenLength) return null
  const claims = await ctx.deps.tokens.verify(token, 'JWT', ctx.now())
  const aud = claims?.aud
  const isConsoles = Array.isArray(aud) && aud[0] === CONSOLE_CLIENT_ID && aud[1] === END_USER_AUDIENCE
  return claims && isConsoles ? { sessionId: claims.jti, personId: String(claims.sub) } : null
}

/** The person of a dashboard cookie; null: bad, expired, ended, or of a disabled account or person. */
export async function personFromCookie(ctx: Ctx, cookie: string): Promise<Person | null> {
  const named = await readConsoleToken(ctx, cookie)
  if (!named) return null
  const now = ctx.now()
  const { sessionId } = named
  const [row] = await ctx.sql.query<Row>(live, [CONSOLE_TENANT_ID, sessionId, CONSOLE_APPLICATION_ID, now])
  if (!row || row.user_id !== named.personId) return null
  if (now.getTime() - row.last_seen_at.getTime() >= seenEveryMillis) {
    await ctx.sql.query('update sessions set last_seen_at = $3 where tenant_id = $1 and id = $2::uuid', [
      CONSOLE_TENANT_ID,
      sessionId,
      now,
    ])
  }
  const account = await ctx.deps.accounts.get(row.account_id)
  if (!account?.homeTenantId) return null
  return {
    kind: 'user',
    id: row.user_id,
    accountId: account.id,
    tenantId: account.homeTenantId,
    applicationId: null,
    bucket: sessionId,
    role: row.role,
    sessionId,
    admitted: row.status === 'active',
    operator: row.operator,
  }
}
