import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AddressResolver } from '../platform/address.ts'
import type { Lines } from '../platform/batches.ts'
import type { Deps, RequestContext } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { isExport } from '../platform/exports.ts'
import type { Dialect, Endpoint } from '../platform/procedures.ts'
import { printable } from '../platform/text.ts'
import { checkText, mediaType, parseFormBody, parseJsonBody } from './body.ts'
import { formType, withPage } from './browser-pages.ts'
import { type CrossOrigin, corsHeaders, isAnswered, listedHeaders, listedPreflight, preflightHeaders } from './cors.ts'
import { encodeError, encodeSuccess } from './dialects.ts'
import { sendExport } from './exports.ts'
import { factsOf } from './facts.ts'
import { ndjson, readLines } from './lines.ts'
import { countAnswer } from './meter.ts'
import type { Operation } from './operations.ts'
import { coerceQuery } from './query.ts'
import { reportError } from './report-error.ts'
import { signedBody } from './signed.ts'

/** Routes that answer a browser on another origin: those of publishable keys and session tokens. */
const crossOriginOf = ({ auth, endpoint }: Operation): CrossOrigin =>
  endpoint.browsers ?? auth.some((kind) => kind === 'publishable' || kind === 'end_user')

function addCors({ config }: Deps, request: FastifyRequest, reply: FastifyReply, crossOrigin: CrossOrigin): void {
  if (!isAnswered(request, crossOrigin, config.MCP_ALLOWED_ORIGINS)) return
  reply.headers(crossOrigin === 'listed' ? listedHeaders(request) : corsHeaders(request))
}

const toRoute = (path: string) => path.replace(/\{(\w+)\}/g, ':$1')

/** What a route says about itself to the error handlers. */
export type RouteFacts = { dialect: Dialect; crossOrigin: CrossOrigin; operation?: string }

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
    const { signedArray } = endpoint
    const body = parseJsonBody(bytes, { object: !signedArray, ...maxBytes(endpoint) })
    return (signedArray && Array.isArray(body) ? { [signedArray]: body } : body) as Record<string, unknown>
  }
  if (ok && type === formType && (dialect === 'oauth' || endpoint.page) && Buffer.isBuffer(bytes)) {
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
  const error = reportError(deps, request.id, operation, thrown)
  const answer = encodeError(dialect, error, deps.config.PUBLIC_URL)
  addCors(deps, request, reply, crossOrigin)
  if (isNeverKept(dialect, request.url) || request.headers.authorization) reply.headers(noStore(dialect, request.url))
  return reply.code(answer.status).headers(answer.headers).type('application/json').send(JSON.stringify(answer.body))
}

/** Whose every answer old caches are told about too (agents.md §1). */
const isNeverKept = (dialect: Dialect, path: string): boolean =>
  dialect === 'oauth' || dialect === 'plain' || /^\/v1\/keys(?:[/?]|$)/.test(path)

const noStore = (dialect: Dialect, path: string): Record<string, string> =>
  isNeverKept(dialect, path) ? { 'cache-control': 'no-store', pragma: 'no-cache' } : { 'cache-control': 'no-store' }

function handler(deps: Deps, addresses: AddressResolver, operation: Operation) {
  const { dialect, status, endpoint } = operation
  const crossOrigin = crossOriginOf(operation)
  const cached = operation.auth.includes('none') && !endpoint.secret ? {} : noStore(dialect, operation.path)
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const context: RequestContext = {
      deps,
      request: factsOf(request, addresses, deps),
      response: { headers: {}, streams: true },
    }
    let data: unknown
    try {
      // Read by the procedure only once its gates have passed: no credential is a 401 before any validation.
      data = await operation.call(context, () => {
        context.request.signed = signedBody(request, operation)
        return readInput(request, operation)
      })
    } catch (error) {
      reply.headers(context.response.headers)
      const answer = sendError(deps, request, reply, error)
      countAnswer(context, reply.statusCode)
      return answer
    }
    countAnswer(context, status)
    reply.code(status).headers(cached).headers(context.response.headers)
    addCors(deps, request, reply, crossOrigin)
    if (isExport(data)) return sendExport(deps, request, reply, data)
    const body = endpoint.empty ? null : encodeSuccess(context.response.bare ? 'plain' : dialect, status, data)
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
        facts: { dialect: operation.dialect, crossOrigin: crossOriginOf(operation), operation: operation.name },
      },
      ...(operation.endpoint.maxBodyBytes === undefined ? {} : { bodyLimit: operation.endpoint.maxBodyBytes }),
      handler: withPage(deps, addresses, operation, handler(deps, addresses, operation)),
    })
  }
  for (const [route, group] of paths) {
    const crossOrigin = group.map(crossOriginOf).find((which) => which !== false) ?? false
    const served = new Set<string>(group.map(({ method }) => method))
    if (served.has('GET')) served.add('HEAD')
    if (crossOrigin === true) served.add('OPTIONS')
    const facts: RouteFacts = { dialect: group[0]?.dialect ?? 'envelope', crossOrigin }
    if (crossOrigin) {
      app.options(route, { config: { facts } }, async (request, reply) => {
        if (crossOrigin !== 'listed') return reply.code(204).headers(preflightHeaders(request)).send()
        if (isAnswered(request, crossOrigin, deps.config.MCP_ALLOWED_ORIGINS))
          return reply.code(204).headers(listedPreflight(request)).send()
        throw new ApiError('method_not_allowed', { headers: { allow: [...served].join(', ') } })
      })
    }
    refuseOthers(app, route, served, facts, crossOrigin === 'listed' ? ['OPTIONS'] : [])
  }
}

/**
 * 405 with `Allow` for every method that a known path does not serve.
 * @param except methods with a handler of their own, which are served to some only
 */
export function refuseOthers(
  app: FastifyInstance,
  route: string,
  served: ReadonlySet<string>,
  facts: RouteFacts,
  except: readonly string[] = [],
): void {
  const allow = [...served].join(', ')
  app.route({
    method: allMethods.filter((method) => !served.has(method) && !except.includes(method)),
    url: route,
    exposeHeadRoute: false,
    config: { facts },
    handler: async () => {
      throw new ApiError('method_not_allowed', { headers: { allow } })
    },
  })
}
