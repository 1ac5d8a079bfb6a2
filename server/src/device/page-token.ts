import { addressKey } from '../platform/address.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import type { Person } from '../platform/principal.ts'
import { equal } from '../platform/secrets.ts'
import { addSeconds, fromMillis } from '../platform/time.ts'
import type { EnteredRequest } from './entered-code.ts'

/** Seconds that a page may be used which was opened elsewhere than where the request came from (agents.md §4.3). */
export const strangerSeconds = 300

export const isSameNetwork = (ctx: Ctx, request: Pick<EnteredRequest, 'ip_address'>): boolean =>
  addressKey(ctx.request.ip) === addressKey(request.ip_address)

/** Until when the page that is opened now can decide. */
export function pageEnd(ctx: Ctx, request: EnteredRequest): Date {
  const cap = addSeconds(ctx.now(), strangerSeconds)
  return isSameNetwork(ctx, request) || request.expires_at < cap ? request.expires_at : cap
}

const mac = (ctx: Ctx<Person>, { id }: EnteredRequest, until: number): Buffer =>
  ctx.deps.secrets.hash(`device page ${ctx.principal.sessionId} ${ctx.principal.accountId} ${id} ${until}`)

/** Binds a decision to this session in the account that is shown, this code and the life of this page (security 156). */
export function pageToken(ctx: Ctx<Person>, request: EnteredRequest): string {
  const until = pageEnd(ctx, request).getTime()
  return `${until}.${mac(ctx, request, until).toString('base64url')}`
}

/**
 * Requires the token of the page for this session and code.
 * @throws 403 invalid_csrf_token for one that is missing, forged, or of another session, account or code; 400 invalid_user_code for a page
 *   that was open for too long
 */
export function requirePageToken(ctx: Ctx<Person>, request: EnteredRequest, token: string | undefined): void {
  const [, digits, signature] = /^(\d{1,15})\.([0-9A-Za-z_-]{43})$/.exec(token ?? '') ?? []
  const until = Number(digits)
  if (!signature || !equal(Buffer.from(signature, 'base64url'), mac(ctx, request, until)))
    throw new ApiError('invalid_csrf_token')
  if (ctx.now() >= fromMillis(until)) throw new ApiError('invalid_user_code')
}
