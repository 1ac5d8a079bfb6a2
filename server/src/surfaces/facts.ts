import type { FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import type { AddressResolver } from '../platform/address.ts'
import type { RequestFacts } from '../platform/context.ts'
import { mint } from '../platform/ids.ts'

const one = (value: string | string[] | undefined): string | null => (typeof value === 'string' ? value : null)

const acceptable = /^[0-9A-Za-z_-]{8,128}$/

/** `X-Request-Id` if it is well formed, else a new one. */
export const requestIdOf = (header: string | string[] | undefined): string => {
  const sent = one(header)
  return sent !== null && acceptable.test(sent) ? sent : mint('req')
}

/** Node keeps the first of two `Authorization` headers silently; the raw list tells. */
function countAuthorization(raw: readonly string[]): number {
  let count = 0
  for (let i = 0; i < raw.length; i += 2)
    if (raw[i]?.length === 13 && raw[i]?.toLowerCase() === 'authorization') count++
  return count
}

/**
 * Behind https only the names that no other host of the site can set (security 229): a neighbour's plain `tm_session` would
 * put the person into a session of the neighbour's. Without https there is no such name.
 */
const cookiePatterns = {
  secure: {
    session: /(?:^|;\s*)__Host-tm_session=([0-9A-Za-z_.-]{1,4096})(?=;|$)/,
    page: /(?:^|;\s*)__Host-tm_onboarding=([0-9A-Za-z_]{1,100})(?=;|$)/,
  },
  plain: {
    session: /(?:^|;\s*)(?:__Host-)?tm_session=([0-9A-Za-z_.-]{1,4096})(?=;|$)/,
    page: /(?:^|;\s*)(?:__Host-)?tm_onboarding=([0-9A-Za-z_]{1,100})(?=;|$)/,
  },
}

const keyPattern = /tm(?:_|%5f)key(?:_|%5f)[0-9a-z]{49}/i

/** A secret key in the query, however its underscores are written. */
function keyInQuery(url: string): string | null {
  const query = url.indexOf('?')
  const found = query === -1 ? null : keyPattern.exec(url.slice(query))
  return found?.[0].replace(/%5f/gi, '_') ?? null
}

/** What decisions may use of a request; nothing else of it reaches a slice. */
export function factsOf(
  request: FastifyRequest,
  addresses: AddressResolver,
  { PUBLIC_URL }: Pick<Config, 'PUBLIC_URL'>,
): RequestFacts {
  const { headers } = request
  const cookies = cookiePatterns[PUBLIC_URL.startsWith('https://') ? 'secure' : 'plain']
  return {
    id: request.id,
    ip: addresses.resolve(request.socket.remoteAddress ?? '', one(headers['x-forwarded-for']) ?? undefined),
    method: request.method,
    origin: one(headers.origin),
    authorization: one(headers.authorization),
    authorizationCount: headers.authorization === undefined ? 0 : countAuthorization(request.raw.rawHeaders),
    userAgent: one(headers['user-agent'])?.slice(0, 512) ?? null,
    idempotencyKey: one(headers['idempotency-key']),
    testAuthenticator: one(headers['x-test-authenticator']),
    appId: one(headers['x-app-id']),
    keyInUrl: keyInQuery(request.url),
    cookie: headers.cookie === undefined ? null : (cookies.session.exec(headers.cookie)?.[1] ?? null),
    pageCookie: headers.cookie === undefined ? null : (cookies.page.exec(headers.cookie)?.[1] ?? null),
  }
}
