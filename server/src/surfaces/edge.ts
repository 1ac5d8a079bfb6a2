import { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ErrorCode } from '../errors.ts'
import { type AddressResolver, addressKey } from '../platform/address.ts'
import type { Deps } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { monotonic } from '../platform/time.ts'
import { factsOf } from './facts.ts'
import { factsOfRoute, sendError } from './rest.ts'

/** Fastify's own refusals, in our codes. */
const codes: Record<string, () => ApiError> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => new ApiError('payload_too_large'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => new ApiError('unsupported_media_type'),
  FST_ERR_BAD_URL: () => new ApiError('validation_error', { message: 'The path is not valid percent-encoding.' }),
  FST_ERR_MAX_PARAM_LENGTH: () => new ApiError('not_found'),
  // The method QUERY, which no route serves, looked at before routes are.
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: () => new ApiError('not_found'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    new ApiError('validation_error', { message: 'Content-Length: does not match the body' }),
}

const headersOfAll = (request: FastifyRequest) => ({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff' })

/** For paths that the router cannot read: they come by none of the hooks and handlers below. */
export function refuseUnreadable(deps: Deps) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    reply.headers(headersOfAll(request))
    sendError(deps, request, reply, (codes[error.code] ?? (() => error))())
  }
}

/** Milliseconds that a connection gets. The check is how often the others are looked at. */
export const patience = { headers: 15_000, request: 30_000, idle: 60_000, check: 2_000 }

const broken: Record<string, { line: string; code: ErrorCode; message: string }> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    line: '408 Request Timeout',
    code: 'validation_error',
    message: 'The request was not sent in time.',
  },
  HPE_HEADER_OVERFLOW: {
    line: '431 Request Header Fields Too Large',
    code: 'payload_too_large',
    message: 'The headers are too large.',
  },
}
const unreadable = {
  line: '400 Bad Request',
  code: 'validation_error',
  message: 'The request is not valid HTTP.',
} as const

/** Whether an answer has begun: another one would land in the middle of it. What Node's own handler asks for, too. */
function isAnswering(socket: Socket): boolean {
  const answer: unknown = Reflect.get(socket, '_httpMessage')
  return answer instanceof ServerResponse && answer.headersSent
}

/** Answers bytes that are no request, in our words, and closes: nothing after them on this connection can be trusted. */
export function refuseBroken(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  if (isAnswering(socket)) {
    socket.destroySoon()
    return
  }
  const { line, code, message } = broken[error.code ?? ''] ?? unreadable
  const body = JSON.stringify({ ok: false, error: { code, message } })
  const head = [
    'content-type: application/json',
    'x-content-type-options: nosniff',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  if (socket.writable) socket.end(`HTTP/1.1 ${line}\r\n${head.join('\r\n')}\r\nconnection: close\r\n\r\n${body}`)
  socket.destroySoon()
}

/** What is true of every answer: raw bodies, request id, security headers, one log line, errors in our words. */
export function registerEdge(http: FastifyInstance, deps: Deps, addresses: AddressResolver): void {
  http.removeAllContentTypeParsers()
  // Bytes only: the route's dialect decides what they may be, and no other parser can accept them first.
  http.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  // Read as it comes, by the one route that takes it; others refuse it unread.
  http.addContentTypeParser('application/x-ndjson', (_request, payload, done) => done(null, payload))

  http.addHook('onRequest', async (request, reply) => {
    reply.headers(headersOfAll(request))
  })

  if (deps.log.isLevelEnabled('info')) {
    const started = new WeakMap<object, number>()
    http.addHook('onRequest', async (request) => void started.set(request, monotonic()))
    http.addHook('onResponse', async (request, reply) => {
      const { operation } = factsOfRoute(request)
      const ms = Math.round((monotonic() - (started.get(request) ?? 0)) * 10) / 10
      // The path without its query: nothing secret belongs there, and nothing is written if it is there all the same.
      const path = request.url.split('?', 1)[0]
      deps.log.info(
        { request_id: request.id, operation, method: request.method, path, status: reply.statusCode, ms },
        'request',
      )
    })
  }

  http.setErrorHandler((error, request, reply) => {
    const known = codes[(error as { code?: string }).code ?? '']
    sendError(deps, request, reply, known ? known() : error)
  })
  http.setNotFoundHandler(async (request, reply) => {
    const key = addressKey(factsOf(request, addresses, deps).ip)
    const verdicts = await deps.limits.consume(['not_found'], () => key, { write: false })
    reply.headers(deps.limits.headers(verdicts))
    return sendError(deps, request, reply, new ApiError('not_found'))
  })
}
