import type { FastifyRequest } from 'fastify'
import type { AddressResolver } from '../platform/address.ts'
import type { Deps, RequestFacts } from '../platform/context.ts'
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

const cookies = {
  cookie: /(?:^|;\s*)(__Host-)?tm_session=([0-9A-Za-z_.-]{1,4096})(?=;|$)/g,
  pageCookie: /(?:^|;\s*)(__Host-)?tm_onboarding=([0-9A-Za-z_]{1,100})(?=;|$)/g,
}

/** A name without `__Host-` can be set by every other host of the site, so it is ours only where there is no https (security 229). */
function cookieOf(name: keyof typeof cookies, header: string | undefined, { config }: Deps): string | null {
  for (const [, prefix, value] of header?.matchAll(cookies[name]) ?? []) {
    if (value && (prefix || config.PUBLIC_ORIGIN.startsWith('http:'))) return value
  }
  return null
}

const keyPattern = /tm(?:_|%5f)key(?:_|%5f)[0-9a-z]{49}/i

/** A secret key in the query, however its underscores are written. */
function keyInQuery(url: string): string | null {
  const query = url.indexOf('?')
  const found = query === -1 ? null : keyPattern.exec(url.slice(query))
  return found?.[0].replace(/%5f/gi, '_') ?? null
}

/** What decisions may use of a request; nothing else of it reaches a slice. */
export function factsOf(request: FastifyRequest, addresses: AddressResolver, deps: Deps): RequestFacts {
  const { headers } = request
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
    cookie: cookieOf('cookie', headers.cookie, deps),
    pageCookie: cookieOf('pageCookie', headers.cookie, deps),
  }
}
