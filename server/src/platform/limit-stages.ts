import { hash } from 'node:crypto'
import { addressKey, networkKey } from './address.ts'
import { parseBasic } from './authenticate.ts'
import type { Ctx } from './context.ts'
import type { LimitFact, LimitKey, LimitStage } from './limits.ts'
import { freeMailDomain, mailboxOf } from './mail-address.ts'
import type { Endpoint } from './procedures.ts'

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

const member = (input: unknown, name: string): string | null =>
  input && typeof input === 'object' && name in input ? text((input as Record<string, unknown>)[name]) : null

function clientId(ctx: Ctx, input: unknown): string | null {
  const header = ctx.request.authorization
  const basic = header && /^basic /i.test(header) ? parseBasic(header.slice(6).trim()) : null
  return basic?.id ?? member(input, 'client_id')
}

/** A customer's own id of a user does not outlive the user in the limiter's table. */
const hashed = (name: string | null): string | null => name && hash('sha256', name, 'base64url').slice(0, 22)

const mailbox = (input: unknown): string | null => {
  const address = member(input, 'email')
  return address && mailboxOf(address)
}

const freeMail = (input: unknown): string | null => {
  const address = member(input, 'email')
  return address && freeMailDomain(address)
}

/** An address can be guessed from a plain hash of it, so only its keyed hash is in the limiter's table. */
const keyed = ({ deps }: Ctx, name: string | null): string | null =>
  name && deps.secrets.hash(`bucket ${name}`).toString('base64url').slice(0, 22)

function fact(ctx: Ctx, input: unknown, name: LimitFact): string | null {
  const { principal, request } = ctx
  switch (name) {
    case 'address':
      return addressKey(request.ip)
    case 'network':
      return networkKey(request.ip)
    case 'principal':
      return principal.bucket
    case 'backend':
      // An end user's calls on a shared route must not use up what the backend may do.
      if ('application' in principal) return principal.applicationId
      return 'accountId' in principal ? principal.accountId : null
    case 'application':
      return principal.applicationId ?? ('accountId' in principal ? principal.accountId : null)
    case 'account':
      return 'accountId' in principal ? principal.accountId : null
    case 'session':
      return principal.kind === 'end_user' ? principal.sessionId : null
    case 'user':
      if (principal.kind === 'end_user' || principal.kind === 'user') return principal.id
      return hashed(member(input, 'external_user_id'))
    case 'mailbox':
      return keyed(ctx, mailbox(input))
    case 'free_mail':
      return freeMail(input)
    case 'client':
      return clientId(ctx, input)
    case 'server':
      return 'server'
    default:
      return null
  }
}

/** The bucket that a row's facts make of this call; null when one is missing, which skips the row. */
export function bucketOf(ctx: Ctx, input: unknown): (key: LimitKey) => string | null {
  return (key) => {
    const parts = key.split('+').map((name) => fact(ctx, input, name as LimitFact))
    return parts.includes(null) ? null : parts.join(' ')
  }
}

/**
 * Counts the call on the endpoint's rows of one stage, outside any transaction: a hit stands when the command rolls back.
 * @returns gives the points back for outcomes that the row names
 * @throws 429 rate_limit_exceeded; 503 service_unavailable when the store is away and the operation writes
 */
export async function applyLimits(
  ctx: Ctx,
  endpoint: Pick<Endpoint, 'limit'>,
  stage: LimitStage,
  write: boolean,
  input: unknown,
) {
  const { limits } = ctx.deps
  const names = limits.at(stage, endpoint.limit)
  const refundable: [string, string][] = []
  if (names.length > 0) {
    const bucket = bucketOf(ctx, input)
    const verdicts = await limits.consume(names, bucket, { write })
    const all = [...(ctx.response.verdicts ?? []), ...verdicts]
    ctx.response.verdicts = all
    if (all.length > 0) Object.assign(ctx.response.headers, limits.headers(all))
    for (const name of names) {
      const id = bucket(limits.row(name).key)
      if (id !== null) refundable.push([name, id])
    }
  }
  return async (code: string): Promise<void> => {
    for (const [name, id] of refundable) {
      if (limits.row(name).refund?.includes(code)) await limits.refund(name, id)
    }
  }
}
