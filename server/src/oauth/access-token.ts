import { LRUCache } from 'lru-cache'
import { type HotApplication, isActive } from '../applications/hot.ts'
import type { Ctx } from '../platform/context.ts'
import { uuid7 } from '../platform/ids.ts'
import { hasAudience, maxTokenLength, signJwt } from '../platform/jwt.ts'
import type { Service } from '../platform/principal.ts'
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

/**
 * The principal of an access token, or null. The application is looked at on every call, so a suspended or deleted one
 * ends its tokens within the cache's second.
 */
export async function serviceFromToken(ctx: Ctx, token: string): Promise<Service | null> {
  if (token.length > maxTokenLength) return null
  const { config, applications, tokens } = ctx.deps
  const claims = await tokens.verify(token, 'at+jwt', ctx.now())
  if (!claims || !hasAudience(claims, config.PUBLIC_URL) || typeof claims.client_id !== 'string') return null
  const application = await applications.byClientId.get(claims.client_id)
  if (!application || application.id !== claims.app_id || !isActive(application)) return null
  announcePurge(ctx, application)
  return toService(application, scopeSet(String(claims.scope ?? '')), claims.jti)
}
