import type { Ctx } from './context.ts'
import { ApiError, invalid } from './errors.ts'
import {
  type Agent,
  type AuthKind,
  anonymous,
  type EndUser,
  type Principal,
  type Publishable,
  type Service,
  type User,
} from './principal.ts'

/** What this file needs of the slices: each looks at one kind of credential. */
export interface CredentialChecks {
  /** @throws origin_not_allowed for an unknown key as for an unlisted origin; tenant_inactive */
  publishable(ctx: Ctx, key: string): Promise<Publishable>
  /** null: bad, expired, revoked, or of a suspended application */
  accessToken(ctx: Ctx, token: string): Promise<Service | null>
  /** null: unknown client or wrong secret; throws rate_limit_exceeded after too many failures */
  clientSecret(ctx: Ctx, clientId: string, secret: string): Promise<Service | null>
  /** null: bad, expired or revoked; throws origin_not_allowed, tenant_inactive */
  sessionToken(ctx: Ctx, token: string): Promise<EndUser | null>
  /** null: unknown, expired or revoked */
  secretKey?(ctx: Ctx, key: string): Promise<Agent | null>
  /** null: unknown, expired or ended */
  dashboardSession?(ctx: Ctx, cookie: string): Promise<User | null>
}

export const unauthorized = (
  sent: boolean,
  code: 'unauthorized' | 'invalid_session_token' | 'invalid_token_type' = 'unauthorized',
) => new ApiError(code, { headers: { 'www-authenticate': sent ? 'Bearer error="invalid_token"' : 'Bearer' } })

/** Reads `Basic` credentials, percent-encoded (RFC 6749 §2.3.1) or raw: the alphabet of ids and secrets makes both one. */
export function parseBasic(value: string): { id: string; secret: string } | null {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(value)) return null
  const text = Buffer.from(value, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 1) return null
  try {
    return { id: decodeURIComponent(text.slice(0, colon)), secret: decodeURIComponent(text.slice(colon + 1)) }
  } catch {
    return null
  }
}

/** The `typ` of a JWT's header, or null if the text is no JWT; decides nothing but which check to run. */
function jwtType(token: string): string | null {
  const dot = token.indexOf('.')
  if (dot < 2 || dot > 2048 || token.length > 8192) return null
  try {
    const header: unknown = JSON.parse(Buffer.from(token.slice(0, dot), 'base64url').toString('utf8'))
    return header && typeof header === 'object' && 'typ' in header && typeof header.typ === 'string'
      ? header.typ
      : 'JWT'
  } catch {
    return null
  }
}

/** Whether a backend's credential is looked at; on routes for people alone the policy refuses the others with 403. */
const forBackends = (kinds: readonly AuthKind[]): boolean => kinds.includes('admin') || kinds.includes('dashboard')

async function fromBearer(ctx: Ctx, token: string, kinds: readonly AuthKind[]): Promise<Principal> {
  const endUserOnly = kinds.includes('end_user') && !forBackends(kinds)
  if (token.startsWith('cli_')) {
    if (kinds.includes('publishable')) return ctx.deps.checks.publishable(ctx, token)
    throw unauthorized(true, endUserOnly ? 'invalid_token_type' : 'unauthorized')
  }
  if (token.startsWith('tm_key_') && forBackends(kinds)) {
    const agent = await ctx.deps.checks.secretKey?.(ctx, token)
    if (agent) return agent
    throw unauthorized(true)
  }
  const type = jwtType(token)
  if (type === 'at+jwt') {
    if (!forBackends(kinds))
      throw unauthorized(true, kinds.includes('end_user') ? 'invalid_token_type' : 'unauthorized')
    const service = await ctx.deps.checks.accessToken(ctx, token)
    if (service) return service
  } else if (type === 'JWT' && kinds.includes('end_user')) {
    const endUser = await ctx.deps.checks.sessionToken(ctx, token)
    if (endUser) return endUser
    throw unauthorized(true, 'invalid_session_token')
  }
  throw unauthorized(true, endUserOnly ? 'invalid_session_token' : 'unauthorized')
}

/**
 * A person's cookie travels without the page's doing, so every change must come from the server's own pages
 * (http-api.md §1.2).
 * @throws 403 forbidden
 */
async function fromCookie(ctx: Ctx, cookie: string): Promise<Principal> {
  const { method, origin } = ctx.request
  const user = await ctx.deps.checks.dashboardSession?.(ctx, cookie)
  if (!user) throw unauthorized(true)
  if (method !== 'GET' && method !== 'HEAD' && origin !== ctx.deps.config.PUBLIC_URL) throw new ApiError('forbidden')
  return user
}

/**
 * Turns the `Authorization` header into a principal of one of the kinds that the endpoint accepts (http-api.md §1.2).
 * @throws 401 unauthorized, invalid_session_token or invalid_token_type; what the checks throw; 400 for two headers
 */
export async function authenticate(ctx: Ctx, kinds: readonly AuthKind[]): Promise<Principal> {
  if (ctx.request.authorizationCount > 1) throw invalid('Authorization', 'must be sent once')
  if (kinds.includes('none')) return anonymous
  const { authorization: header, cookie } = ctx.request
  if (!header && cookie !== null && forBackends(kinds)) return fromCookie(ctx, cookie)
  if (!header) throw unauthorized(false)
  const space = header.indexOf(' ')
  const scheme = header.slice(0, space).toLowerCase()
  const value = header.slice(space + 1).trim()
  if (scheme === 'bearer' && value) return fromBearer(ctx, value, kinds)
  if (scheme === 'basic' && forBackends(kinds)) {
    const basic = parseBasic(value)
    const service = basic && (await ctx.deps.checks.clientSecret(ctx, basic.id, basic.secret))
    if (service) return service
  }
  throw unauthorized(true)
}
