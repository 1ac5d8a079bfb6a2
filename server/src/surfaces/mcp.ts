import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AddressResolver } from '../platform/address.ts'
import { wellKnownUrl } from '../platform/base-path.ts'
import type { Deps } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { scopeNames, scopesAfterClaim } from '../scopes.ts'
import { isAnswered, listedHeaders, listedPreflight } from './cors.ts'
import type { Exchange } from './mcp-call.ts'
import { checkCaller, openExchange, resourceOf } from './mcp-gate.ts'
import { isOneMessage, isToolCall, maxBytes, readMessage, standardRequest } from './mcp-message.ts'
import { type Challenge, refuse } from './mcp-refuse.ts'
import { idOf, rpcCodes } from './mcp-rpc.ts'
import { toolsOf } from './mcp-tools.ts'
import type { Operation } from './operations.ts'
import type { RouteFacts } from './rest.ts'

const facts: RouteFacts = { dialect: 'plain', crossOrigin: 'listed', operation: 'mcp' }

/** Clients in a browser send what the protocol has them send. */
const preflight = (request: FastifyRequest): Record<string, string> => ({
  ...listedPreflight(request),
  'access-control-allow-headers':
    'accept, authorization, content-type, last-event-id, mcp-method, mcp-name, mcp-protocol-version, mcp-session-id, x-app-id, x-request-id',
})

/** A library of its own and the schemas of every tool: loaded when somebody comes, once. */
function lazily(operations: readonly Operation[]) {
  const load = async () => {
    const { createMcpServer } = await import('./mcp-server.ts')
    const tools = toolsOf(operations)
    return { tools, serve: createMcpServer(tools) }
  }
  let loaded: ReturnType<typeof load> | undefined
  return () => {
    loaded ??= load()
    return loaded
  }
}

/**
 * The MCP server (agents.md §11): Streamable HTTP without sessions, whose tools are the operations with the MCP flag. Host
 * and origin are looked at first, then the credential, before a byte of the body is read. A second path is for clients that
 * would begin OAuth wherever a 401 names metadata.
 */
export function registerMcp(
  http: FastifyInstance,
  deps: Deps,
  addresses: AddressResolver,
  operations: readonly Operation[],
): void {
  const { config, limits } = deps
  const resource = resourceOf(config)
  const flagged = operations.filter(({ endpoint }) => endpoint.mcp)
  // What every client can be granted: one that asks for all of it must not fail over what only agents hold.
  const needed = new Set(flagged.flatMap(({ endpoint }) => endpoint.scope ?? []))
  const scopes = scopeNames.filter((scope) => needed.has(scope) && !scopesAfterClaim.has(scope)).join(' ')
  const metadata = wellKnownUrl(config, 'oauth-protected-resource', '/mcp')
  const load = lazily(operations)
  const exchanges = new WeakMap<FastifyRequest, Exchange>()
  const isListed = (request: FastifyRequest) => isAnswered(request, 'listed', config.MCP_ALLOWED_ORIGINS)

  async function countRequest({ context, principal }: Exchange): Promise<void> {
    const verdicts = await limits.consume(['mcp'], () => principal.bucket, { write: false })
    Object.assign(context.response.headers, limits.headers(verdicts))
  }

  async function answer(request: FastifyRequest, reply: FastifyReply, exchange: Exchange, challenge: Challenge) {
    let message: unknown
    try {
      message = readMessage(request)
    } catch (error) {
      return refuse(deps, request, reply, error, challenge, { code: rpcCodes.parse })
    }
    const id = idOf(message)
    try {
      const { tools, serve } = await load()
      if (!isToolCall(message, tools)) await countRequest(exchange)
      if (!isOneMessage(message)) {
        const error = new ApiError('validation_error', {
          message: 'The body must be one JSON-RPC message, not a batch.',
        })
        return refuse(deps, request, reply, error, challenge, { code: rpcCodes.invalidRequest })
      }
      const answered = await serve(standardRequest(request, resource), message, exchange)
      // Headers that do not fit, a notification, a foreign application: such a call never came to the tool's own limits.
      if (isToolCall(message, tools) && !exchange.isCounted) await countRequest(exchange)
      const text = await answered.text()
      reply.headers(exchange.context.response.headers)
      if (exchange.refusal) return refuse(deps, request, reply, exchange.refusal, challenge, { id })
      const type = answered.headers.get('content-type')
      if (type) reply.type(type)
      return reply.code(answered.status).send(text === '' ? undefined : text)
    } catch (error) {
      return refuse(deps, request, reply, error, challenge, { id })
    }
  }

  function register(url: string, challenge: Challenge): void {
    http.route({
      method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
      url,
      bodyLimit: maxBytes,
      config: { facts },
      errorHandler: (error, request, reply) => refuse(deps, request, reply, error, challenge),
      onRequest: async (request, reply) => {
        reply.header('cache-control', 'no-store')
        if (isListed(request)) reply.headers(listedHeaders(request))
        checkCaller(deps, request)
        if (request.method === 'OPTIONS' && isListed(request)) return reply.code(204).headers(preflight(request)).send()
        exchanges.set(request, await openExchange(deps, addresses, request))
      },
      handler: async (request, reply) => {
        const exchange = exchanges.get(request) as Exchange
        if (request.method === 'POST') return answer(request, reply, exchange, challenge)
        await countRequest(exchange)
        reply.headers(exchange.context.response.headers)
        throw new ApiError('method_not_allowed', { headers: { allow: 'POST' } })
      },
    })
  }

  register('/mcp', { metadata, scopes })
  register('/mcp/key', { metadata: null, scopes })
}
