import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Deps } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { type RpcId, refusalBody, retryAfter } from './mcp-rpc.ts'
import { reportError } from './report-error.ts'

/** What a client is told to bring: where that stands (null on the path for clients that must not know), and scopes. */
export type Challenge = { metadata: string | null; scopes: string }

/** A credential that came twice, which RFC 6750 §3.1 has a word for. */
const isAboutCredential = ({ details }: ApiError): boolean =>
  Array.isArray(details) && details[0]?.path === 'Authorization'

/**
 * `WWW-Authenticate` (RFC 6750 §3, RFC 9728 §5.1), or null where the answer asks for no other credential. Whoever sent none
 * is told no error.
 */
function challengeOf(error: ApiError, { metadata, scopes }: Challenge): string | null {
  const said = /error="(\w+)"(?:, scope="([^"]*)")?/.exec(error.headers['www-authenticate'] ?? '')
  const reason = isAboutCredential(error) ? 'invalid_request' : said?.[1]
  if (error.status !== 401 && !reason) return null
  const parts = [
    ...(reason ? [`error="${reason}"`] : []),
    ...(metadata ? [`resource_metadata="${metadata}"`] : []),
    `scope="${said?.[2] ?? scopes}"`,
  ]
  return `Bearer ${parts.join(', ')}`
}

/** Fastify's own refusals of a body, before any handler. */
function known(thrown: unknown): unknown {
  const status = thrown instanceof Error && 'statusCode' in thrown ? Number(thrown.statusCode) : 500
  if (thrown instanceof ApiError || status >= 500) return thrown
  return new ApiError(status === 413 ? 'payload_too_large' : 'validation_error')
}

/** Answers no in the status, with a message for clients that look there. Faults go to the log, and say nothing outside. */
export function refuse(
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  thrown: unknown,
  challenge: Challenge,
  about: { id?: RpcId; code?: number } = {},
): FastifyReply {
  const error = reportError(deps, request.id, 'mcp', known(thrown))
  const wait = retryAfter(error)
  const wanted = challengeOf(error, challenge)
  reply.headers({
    ...error.headers,
    ...(wait === undefined ? {} : { 'retry-after': String(wait) }),
    ...(wanted ? { 'www-authenticate': wanted } : {}),
  })
  const body = refusalBody(error, about.id, request.id, about.code)
  return reply.code(error.status).type('application/json').send(JSON.stringify(body))
}
