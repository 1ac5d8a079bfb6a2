import type { HotApplication } from '../applications/hot.ts'
import type { Ctx } from '../platform/context.ts'
import { uuid7 } from '../platform/ids.ts'
import { addSeconds, seconds } from '../platform/time.ts'
import type { Claims } from '../users/custom-claims.ts'

/** Namespace of the customer's own claims in a session token (http-api.md §1.3). */
export const CLAIMS_NAMESPACE = 'https://trymellon.dev/claims'

/** The second audience of every session token, for whoever does not know the client id. */
export const END_USER_AUDIENCE = 'end-user'

export type SessionSubject = { userId: string; externalUserId: string | null; claims: Claims }

export type NewSession = { id: string; token: string; expiresAt: Date; values: unknown[] }

export const sessionColumns =
  'tenant_id, id, application_id, user_id, method, credential_id, ip_address, user_agent, created_at, last_seen_at, expires_at'

const casts = ['', '::uuid', '', '::uuid', '', '', '', '', '::timestamptz', '::timestamptz', '::timestamptz']
export const sessionWidth = casts.length

/** `$n, $n+1::uuid, …` for a session whose values begin at parameter `first`. */
export const sessionPlaceholders = (first: number): string => casts.map((cast, i) => `$${first + i}${cast}`).join(', ')

/**
 * A session before it is stored: its row's values, and its token, whose `jti` is the row's id. The caller inserts the row
 * in the statement or transaction that proves the sign-in.
 */
export function newSession(
  ctx: Ctx,
  application: HotApplication,
  subject: SessionSubject,
  how: { method: string; credentialId: string | null },
): NewSession {
  const now = ctx.now()
  const id = uuid7(now)
  const ttl = application.settings.session_ttl_seconds
  const expiresAt = addSeconds(now, ttl)
  const iat = seconds(now)
  const token = ctx.deps.keys.sign('JWT', {
    iss: ctx.deps.config.PUBLIC_URL,
    sub: subject.userId,
    aud: [application.clientId, END_USER_AUDIENCE],
    tenant_id: application.tenantId,
    app_id: application.id,
    user_id: subject.userId,
    ...(subject.externalUserId === null ? {} : { external_user_id: subject.externalUserId }),
    iat,
    exp: iat + ttl,
    jti: id,
    ...(Object.keys(subject.claims).length === 0 ? {} : { [CLAIMS_NAMESPACE]: subject.claims }),
  })
  const { ip, userAgent } = ctx.request
  const values = [
    application.tenantId,
    id,
    application.id,
    subject.userId,
    how.method,
    how.credentialId,
    ip || null,
    userAgent,
    now,
    now,
    expiresAt,
  ]
  return { id, token, expiresAt, values }
}
