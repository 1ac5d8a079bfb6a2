import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
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
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => new ApiError('validation_error', { message: 'Content-Length: does not match the body' }),
}

const headersOfAll = (request: FastifyRequest) => ({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff' })

/** For paths that the router cannot read: they come by none of the hooks and handlers below. */
export function refuseUnreadable(deps: Deps) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    reply.headers(headersOfAll(request))
    sendError(deps, request, reply, (codes[error.code] ?? (() => error))())
  }
}

/** What is true of every answer: raw bodies, request id, security headers, one log line, errors in our words. */
export function registerEdge(http: FastifyInstance, deps: Deps, addresses: AddressResolver): void {
  http.removeAllContentTypeParsers()
  // Bytes only: the route's dialect decides what they may be, and no other parser can accept them first.
  http.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

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
      deps.log.info({ request_id: request.id, operation, method: request.method, path, status: reply.statusCode, ms }, 'request')
    })
  }

  http.setErrorHandler((error, request, reply) => {
    const known = codes[(error as { code?: string }).code ?? '']
    sendError(deps, request, reply, known ? known() : error)
  })
  http.setNotFoundHandler(async (request, reply) => {
    const key = addressKey(factsOf(request, addresses).ip)
    const verdicts = await deps.limits.consume(['not_found'], () => key, { write: false })
    reply.headers(deps.limits.headers(verdicts))
    return sendError(deps, request, reply, new ApiError('not_found'))
  })
}
