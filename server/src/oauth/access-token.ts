import { LRUCache } from 'lru-cache'
import { agentFromToken } from '../agents/token.ts'
import { type HotApplication, isActive } from '../applications/hot.ts'
import type { Ctx } from '../platform/context.ts'
import { uuid7 } from '../platform/ids.ts'
import { type Claims, hasAudience, maxTokenLength, signJwt } from '../platform/jwt.ts'
import type { AccountAgent, Service } from '../platform/principal.ts'
import { seconds } from '../platform/time.ts'
import type { Scope } from '../scopes.ts'
import { announcePurge } from '../tenants/inactivity.ts'
import { toService } from './client-authentication.ts'

export const accessTokenTtlSeconds = 3600

/** What a token may be for: the API, the MCP endpoint, or, when nothing was asked, both. */
export const resources = (issuer: string): readonly string[] => [issuer, `${issuer}/mcp`]

/** Signs an access token (RFC 9068): `typ: at+jwt`, one hour, for one application. */
export function issueAccessToken(
  ctx: Ctx,
  application: HotApplication,
  scope: readonly Scope[],
  audience: string | readonly string[],
): string {
  const now = ctx.now()
  const iat = seconds(now)
  return signJwt(ctx.deps.keys.current(), 'at+jwt', {
    iss: ctx.deps.config.PUBLIC_URL,
    sub: application.clientId,
    aud: audience,
    client_id: application.clientId,
    tenant_id: application.tenantId,
    app_id: application.id,
    scope: scope.join(' '),
    iat,
    exp: iat + accessTokenTtlSeconds,
    jti: uuid7(now),
  })
}

// The parsed set of a scope text: clients ask for the same few again and again.
const parsedScopes = new LRUCache<string, ReadonlySet<string>>({ max: 1000 })

function scopeSet(text: string): ReadonlySet<string> {
  const known = parsedScopes.get(text)
  if (known) return known
  const parsed: ReadonlySet<string> = new Set(text.split(' ').filter(Boolean))
  parsedScopes.set(text, parsed)
  return parsed
}

export type AccessClaims = Claims & { client_id: string }

/**
 * The claims of an access token of ours that is in time and was not revoked, else null. What it is for, and whether those
 * it names are still there, is the caller's to check.
 */
export async function accessClaims(ctx: Ctx, token: string): Promise<AccessClaims | null> {
  if (token.length > maxTokenLength) return null
  const { tokens, revokedTokens } = ctx.deps
  const claims = await tokens.verify(token, 'at+jwt', ctx.now())
  if (!claims || typeof claims.client_id !== 'string') return null
  const revoked = await revokedTokens.get(claims.client_id)
  const isEnded = revoked?.has(claims.jti) || (typeof claims.family_id === 'string' && revoked?.has(claims.family_id))
  return isEnded ? null : (claims as AccessClaims)
}

/** The application that a token from client credentials works for, or null; a token of an agent's (`act`) is none. */
export async function applicationOf(ctx: Ctx, claims: AccessClaims): Promise<HotApplication | null> {
  if (claims.act !== undefined) return null
  const application = await ctx.deps.applications.byClientId.get(claims.client_id)
  return application && application.id === claims.app_id && isActive(application) ? application : null
}

/**
 * The principal of an access token, or null. Application, agent and account are looked at on every call, so suspending or
 * revoking one ends its tokens within the cache's second.
 * @param audience the resource that is asked, the API unless the surface says another: tokens for another are refused
 *   (RFC 8707 §2.2)
 */
export async function principalFromToken(
  ctx: Ctx,
  token: string,
  audience: string = ctx.request.resource ?? ctx.deps.config.PUBLIC_URL,
): Promise<Service | AccountAgent | null> {
  const claims = await accessClaims(ctx, token)
  if (!claims || !hasAudience(claims, audience)) return null
  const application = await applicationOf(ctx, claims)
  if (!application) return agentFromToken(ctx, claims)
  announcePurge(ctx, application)
  return toService(application, scopeSet(String(claims.scope ?? '')), claims.jti)
}
