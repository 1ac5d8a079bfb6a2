import type { Ctx } from './context.ts'
import { ApiError, invalid } from './errors.ts'
import {
  type AccountAgent,
  type AccountPrincipal,
  type Agent,
  type AuthKind,
  anonymous,
  type EndUser,
  type Person,
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
  accessToken(ctx: Ctx, token: string): Promise<Service | AccountAgent | null>
  /** null: unknown client or wrong secret; throws rate_limit_exceeded after too many failures */
  clientSecret(ctx: Ctx, clientId: string, secret: string): Promise<Service | null>
  /** null: bad, expired or revoked; throws origin_not_allowed, tenant_inactive */
  sessionToken(ctx: Ctx, token: string): Promise<EndUser | null>
  /** null: unknown, expired or revoked */
  secretKey(ctx: Ctx, key: string): Promise<AccountAgent | null>
  /** Flags a secret key that was sent in the query, before it is refused. */
  keyInUrl(ctx: Ctx, key: string): Promise<void>
  /** null: unknown, expired or ended */
  dashboardSession(ctx: Ctx, cookie: string): Promise<Person | null>
  /**
   * The application that somebody with an account works for now: named in `X-App-Id`, or the only one in reach.
   * @throws 400 validation_error naming X-App-Id; 404 application_not_found
   */
  chooseApplication(ctx: Ctx, caller: AccountPrincipal): Promise<Agent | User>
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

const backendKinds: ReadonlySet<AuthKind> = new Set(['admin', 'account', 'dashboard', 'manager'])

/** Whether a backend's credential is looked at; on routes for people alone the policy refuses the others with 403. */
const forBackends = (kinds: readonly AuthKind[]): boolean => kinds.some((kind) => backendKinds.has(kind))

/** Who acts for an account does so for one application where the endpoint is about one, else as a whole. */
async function inReach(ctx: Ctx, caller: AccountPrincipal, kinds: readonly AuthKind[]): Promise<Principal> {
  return kinds.includes('admin') ? ctx.deps.checks.chooseApplication(ctx, caller) : caller
}

async function fromBearer(ctx: Ctx, token: string, kinds: readonly AuthKind[]): Promise<Principal> {
  const { checks } = ctx.deps
  const endUserOnly = kinds.includes('end_user') && !forBackends(kinds)
  if (token.startsWith('cli_')) {
    if (kinds.includes('publishable')) return checks.publishable(ctx, token)
    throw unauthorized(true, endUserOnly ? 'invalid_token_type' : 'unauthorized')
  }
  if (token.startsWith('tm_key_') && forBackends(kinds)) {
    const agent = await checks.secretKey(ctx, token)
    if (agent) return inReach(ctx, agent, kinds)
    throw unauthorized(true)
  }
  const type = jwtType(token)
  if (type === 'at+jwt') {
    if (!forBackends(kinds))
      throw unauthorized(true, kinds.includes('end_user') ? 'invalid_token_type' : 'unauthorized')
    const found = await checks.accessToken(ctx, token)
    if (found) return found.kind === 'agent' ? inReach(ctx, found, kinds) : found
  } else if (type === 'JWT' && kinds.includes('end_user')) {
    const endUser = await checks.sessionToken(ctx, token)
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
async function fromCookie(ctx: Ctx, cookie: string, kinds: readonly AuthKind[]): Promise<Principal> {
  const { method, origin } = ctx.request
  const person = await ctx.deps.checks.dashboardSession(ctx, cookie)
  if (!person) throw unauthorized(true)
  if (method !== 'GET' && method !== 'HEAD' && origin !== ctx.deps.config.PUBLIC_ORIGIN) throw new ApiError('forbidden')
  return inReach(ctx, person, kinds)
}

/**
 * Turns the `Authorization` header into a principal of one of the kinds that the endpoint accepts (http-api.md §1.2).
 * @throws 401 unauthorized, invalid_session_token or invalid_token_type; what the checks throw; 400 for two headers
 */
export async function authenticate(ctx: Ctx, kinds: readonly AuthKind[]): Promise<Principal> {
  if (ctx.request.authorizationCount > 1) throw invalid('Authorization', 'must be sent once')
  const { authorization: header, cookie } = ctx.request
  // Open to anybody: only a publishable key says more, where one is asked for, and what else is sent is not looked at.
  if (kinds.includes('none') && !(kinds.includes('publishable') && /^bearer +cli_/i.test(header ?? '')))
    return anonymous
  if (ctx.request.keyInUrl) {
    await ctx.deps.checks.keyInUrl(ctx, ctx.request.keyInUrl)
    throw unauthorized(true)
  }
  if (!header && cookie !== null && forBackends(kinds)) return fromCookie(ctx, cookie, kinds)
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
