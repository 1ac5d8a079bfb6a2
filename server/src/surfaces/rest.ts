import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AddressResolver } from '../platform/address.ts'
import type { Lines } from '../platform/batches.ts'
import type { Deps, RequestContext } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { isExport } from '../platform/exports.ts'
import type { Dialect, Endpoint } from '../platform/procedures.ts'
import { toApiError } from '../platform/public-error.ts'
import { printable } from '../platform/text.ts'
import { checkText, mediaType, parseFormBody, parseJsonBody } from './body.ts'
import { corsHeaders, preflightHeaders } from './cors.ts'
import { encodeError, encodeSuccess } from './dialects.ts'
import { sendExport } from './exports.ts'
import { factsOf } from './facts.ts'
import { ndjson, readLines } from './lines.ts'
import { countAnswer } from './meter.ts'
import type { Operation } from './operations.ts'
import { coerceQuery } from './query.ts'

/** Routes that answer a browser on another origin: those of publishable keys and session tokens. */
const isCrossOrigin = (operation: Operation) =>
  operation.auth.some((kind) => kind === 'publishable' || kind === 'end_user')

const toRoute = (path: string) => path.replace(/\{(\w+)\}/g, ':$1')

/** What a route says about itself to the error handlers. */
export type RouteFacts = { dialect: Dialect; crossOrigin: boolean; operation?: string }

declare module 'fastify' {
  interface FastifyContextConfig {
    facts?: RouteFacts
  }
}

export const factsOfRoute = (request: FastifyRequest): RouteFacts =>
  request.routeOptions.config?.facts ?? {
    dialect: request.url.startsWith('/oauth/') ? 'oauth' : 'envelope',
    crossOrigin: false,
  }

/** The body as an object, by the types this dialect takes; an absent one is `{}`, and validation names what is missing. */
function readBody(request: FastifyRequest, { dialect, endpoint }: Operation): Record<string, unknown> {
  const bytes = request.body
  const { type, ok } = mediaType(request.headers['content-type'])
  if (Buffer.isBuffer(bytes) ? bytes.length === 0 : !(bytes instanceof Readable)) return {}
  if (ok && type === 'application/json' && Buffer.isBuffer(bytes)) {
    return parseJsonBody(bytes, { object: true, ...maxBytes(endpoint) }) as Record<string, unknown>
  }
  if (ok && type === 'application/x-www-form-urlencoded' && dialect === 'oauth' && Buffer.isBuffer(bytes)) {
    return parseFormBody(bytes)
  }
  const expected = dialect === 'oauth' ? 'application/json or application/x-www-form-urlencoded' : 'application/json'
  throw new ApiError('unsupported_media_type', { message: `The body must be sent as ${expected}.` })
}

const maxBytes = ({ maxBodyBytes }: Endpoint) => (maxBodyBytes === undefined ? {} : { maxBytes: maxBodyBytes })

/** A streamed body, where the operation takes one and this is one. */
function linesOf(request: FastifyRequest, { batches }: Endpoint): Lines | null {
  const { body, headers } = request
  const { type, ok } = mediaType(headers['content-type'])
  if (!batches || !ok || type !== ndjson || !(body instanceof Readable)) return null
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') throw new ApiError('unsupported_media_type')
  if (Number(headers['content-length'] ?? 0) > batches.maxBytes) throw new ApiError('payload_too_large')
  const wantsLines = /(?:^|,)\s*application\/x-ndjson\s*(?:$|[;,])/i.test(String(headers.accept ?? ''))
  return { kind: 'lines', lines: readLines(body, batches.maxBytes), wantsLines }
}

/** An empty OAuth parameter counts as omitted, in JSON as in a form (RFC 6749 §3.1). */
const withoutEmpty = (body: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== ''))

function readInput(request: FastifyRequest, operation: Operation): Record<string, unknown> | Lines {
  const lines = linesOf(request, operation.endpoint)
  if (lines) return lines

  const { dialect, pathParameters } = operation
  const input: Record<string, unknown> = Object.create(null)
  const sent = operation.method === 'GET' ? {} : readBody(request, operation)
  Object.assign(input, dialect === 'oauth' ? withoutEmpty(sent) : sent)
  const query = request.query as Record<string, string | string[]>
  if (operation.method === 'GET') Object.assign(input, coerceQuery(query, operation.input))
  else if (dialect !== 'oauth') {
    const [stray] = Object.keys(query)
    if (stray !== undefined) throw unknownField(stray)
  }
  const params = request.params as Record<string, string>
  for (const name of pathParameters) {
    if (Object.hasOwn(input, name)) throw unknownField(name)
    checkText(name, params[name] as string)
    input[name] = params[name]
  }
  return input
}

function unknownField(name: string): ApiError {
  const path = printable(name)
  return new ApiError('validation_error', {
    message: `${path}: is not a known field`,
    details: [{ path, message: 'is not a known field' }],
  })
}

/** Writes an error in the dialect of the route; faults go to the log with their cause, and say nothing outside. */
export function sendError(deps: Deps, request: FastifyRequest, reply: FastifyReply, thrown: unknown): FastifyReply {
  const { dialect, crossOrigin, operation } = factsOfRoute(request)
  const error = toApiError(thrown)
  // A client that went away while it was sending has nobody to answer, and nothing is wrong here.
  const isAborted = thrown instanceof Error && thrown.message === 'aborted'
  if (error.errorCode === 'internal_error') {
    deps.log.error({ err: error.cause ?? error, request_id: request.id, operation }, error.errorCode)
  } else if (error.status >= 500 && !isAborted) {
    const reason = error.cause instanceof Error ? error.cause.message : undefined
    deps.log.warn({ reason, request_id: request.id, operation }, error.errorCode)
  }
  const answer = encodeError(dialect, error, deps.config.PUBLIC_URL)
  if (crossOrigin) reply.headers(corsHeaders(request))
  if (dialect === 'oauth' || dialect === 'plain' || request.headers.authorization) reply.headers(noStore(dialect))
  return reply.code(answer.status).headers(answer.headers).type('application/json').send(JSON.stringify(answer.body))
}

const noStore = (dialect: Dialect): Record<string, string> =>
  dialect === 'oauth' || dialect === 'plain'
    ? { 'cache-control': 'no-store', pragma: 'no-cache' }
    : { 'cache-control': 'no-store' }

function handler(deps: Deps, addresses: AddressResolver, operation: Operation) {
  const { dialect, status, endpoint } = operation
  const crossOrigin = isCrossOrigin(operation)
  const cached = operation.auth.includes('none') && !endpoint.secret ? {} : noStore(dialect)
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const context: RequestContext = {
      deps,
      request: factsOf(request, addresses),
      response: { headers: {}, streams: true },
    }
    let data: unknown
    try {
      // Read by the procedure only once its gates have passed: no credential is a 401 before any validation.
      data = await operation.call(context, () => readInput(request, operation))
    } catch (error) {
      reply.headers(context.response.headers)
      const answer = sendError(deps, request, reply, error)
      countAnswer(context, reply.statusCode)
      return answer
    }
    countAnswer(context, status)
    reply.code(status).headers(cached).headers(context.response.headers)
    if (crossOrigin) reply.headers(corsHeaders(request))
    if (isExport(data)) return sendExport(deps, request, reply, data)
    const body = encodeSuccess(dialect, status, data)
    return body === null ? reply.send() : reply.type('application/json').send(JSON.stringify(body))
  }
}

const allMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

/** Registers the operations as routes, the preflights of cross-origin paths, and 405 with `Allow` for the rest of each path. */
export function registerRest(
  app: FastifyInstance,
  deps: Deps,
  addresses: AddressResolver,
  operations: readonly Operation[],
): void {
  const paths = new Map<string, Operation[]>()
  for (const operation of operations) {
    const route = toRoute(operation.path)
    // Paths whose parameters have different names share a route in the router; they must share the list too.
    paths.set(route, [...(paths.get(route) ?? []), operation])
    app.route({
      method: operation.method,
      url: route,
      config: {
        facts: { dialect: operation.dialect, crossOrigin: isCrossOrigin(operation), operation: operation.name },
      },
      ...(operation.endpoint.maxBodyBytes === undefined ? {} : { bodyLimit: operation.endpoint.maxBodyBytes }),
      handler: handler(deps, addresses, operation),
    })
  }
  for (const [route, group] of paths) {
    const crossOrigin = group.some(isCrossOrigin)
    const served = new Set<string>(group.map(({ method }) => method))
    if (served.has('GET')) served.add('HEAD')
    if (crossOrigin) served.add('OPTIONS')
    const facts: RouteFacts = { dialect: group[0]?.dialect ?? 'envelope', crossOrigin }
    if (crossOrigin) {
      app.options(route, { config: { facts } }, async (request, reply) =>
        reply.code(204).headers(preflightHeaders(request)).send(),
      )
    }
    refuseOthers(app, route, served, facts)
  }
}

/** 405 with `Allow` for every method that a known path does not serve. */
export function refuseOthers(
  app: FastifyInstance,
  route: string,
  served: ReadonlySet<string>,
  facts: RouteFacts,
): void {
  const allow = [...served].join(', ')
  app.route({
    method: allMethods.filter((method) => !served.has(method)),
    url: route,
    exposeHeadRoute: false,
    config: { facts },
    handler: async () => {
      throw new ApiError('method_not_allowed', { headers: { allow } })
    },
  })
}
