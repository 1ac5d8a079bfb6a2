import { type JSONRPCMessage, type ListToolsResult, Server, type Transport } from '@modelcontextprotocol/server'
import { printable } from '../platform/text.ts'
import { version } from '../version.ts'
import { callTool, type Exchange } from './mcp-call.ts'
import { fault, firstIssue, isOurs, RpcError, rpcCodes } from './mcp-rpc.ts'
import { isFor, type Tool } from './mcp-tools.ts'

const instructions = `TryMellon: passkey sign-in for your users. The tools are its admin API; call connection_status first to see what this credential reaches.`

/** How long a client may keep the list: it changes with a new version or other scopes, and neither is told. */
const cacheMillis = 60_000

const pageSize = 100

/** One page of the tools that a caller may use. The cursor is the name after which it begins. */
function listTools(
  all: ReadonlyMap<string, Tool>,
  { context, principal }: Exchange,
  cursor: string | undefined,
): ListToolsResult {
  if (cursor !== undefined && !all.has(cursor)) throw new RpcError(rpcCodes.invalidParams, 'cursor: is not known')
  const usable = [...all.values()].filter((tool) => isFor(tool, principal, context.deps.policies))
  const rest = usable.map(({ listed }) => listed).filter(({ name }) => cursor === undefined || name > cursor)
  const page = rest.slice(0, pageSize)
  const last = page.at(-1)
  // JSON Schema, whose type says so less precisely than the library's.
  const tools = page as ListToolsResult['tools']
  return { tools, ...(rest.length > page.length && last ? { nextCursor: last.name } : {}) }
}

/**
 * The library calls it a fault of its own when a request has wrong parameters, and dumps what it found: that is the client's
 * mistake, told in one sentence. Whatever else it could not do stays in the log.
 */
function inOurWords(sent: JSONRPCMessage, { context: { deps, request } }: Exchange): JSONRPCMessage {
  if (!('error' in sent) || sent.error.code !== rpcCodes.internal || isOurs(sent.error.data)) return sent
  const wrong = firstIssue(sent.error.message)
  if (!wrong) deps.log.error({ request_id: request.id, operation: 'mcp', reason: sent.error.message }, 'internal_error')
  const { code, message, data } = wrong
    ? new RpcError(rpcCodes.invalidParams, wrong, { request_id: request.id })
    : fault(request.id)
  return { ...sent, error: { code, message, data } }
}

/** The protocol keeps nothing between two requests (agents.md §11.1), so neither does this. */
class RequestServer extends Server {
  readonly #exchange: Exchange

  constructor(exchange: Exchange) {
    const hint = { ttlMs: cacheMillis, cacheScope: 'private' as const }
    const name = exchange.context.deps.config.MCP_SERVER_NAME
    super(
      { name, title: 'TryMellon', version },
      { capabilities: { tools: {} }, instructions, cacheHints: { 'tools/list': hint, 'server/discover': hint } },
    )
    this.#exchange = exchange
  }

  override async connect(transport: Transport): Promise<void> {
    const send = transport.send.bind(transport)
    transport.send = (sent, options) => send(inOurWords(sent, this.#exchange), options)
    await super.connect(transport)
  }
}

/** The server of one request, with what it answers. */
export function serverOf(exchange: Exchange, tools: ReadonlyMap<string, Tool>): Server {
  const server = new RequestServer(exchange)
  server.setRequestHandler('tools/list', ({ params }) => listTools(tools, exchange, params?.cursor))
  server.setRequestHandler('tools/call', async ({ params }) => {
    const tool = tools.get(params.name)
    if (!tool) throw new RpcError(rpcCodes.invalidParams, `There is no tool called ${printable(params.name)}.`)
    return callTool(exchange, tool, params.arguments ?? {})
  })
  return server
}
