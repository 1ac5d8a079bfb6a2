import {
  type AuthInfo,
  createMcpHandler,
  isLegacyRequest,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import type { Exchange } from './mcp-call.ts'
import { serverOf } from './mcp-handlers.ts'
import type { Tool } from './mcp-tools.ts'

/** The exchange rides on what the library passes through untouched. */
const carrying = (exchange: Exchange): AuthInfo => ({ token: '', clientId: '', scopes: [], extra: { exchange } })
const carried = (info: AuthInfo | undefined): Exchange => info?.extra?.exchange as Exchange

const accepts = (request: Request, type: string): boolean => request.headers.get('accept')?.includes(type) ?? false

/** One JSON object, unless the client takes streams only. */
const wantsStream = (request: Request): boolean =>
  accepts(request, 'text/event-stream') && !accepts(request, 'application/json') && !accepts(request, '*/*')

/** What the older revisions' transport asks of clients, which it would refuse for less. */
const taken = 'application/json, text/event-stream'

export type Serve = (request: Request, message: unknown, exchange: Exchange) => Promise<Response>

/**
 * Serves protocol revision 2026-07-28 and, by their handshake, the older ones, on one endpoint and without sessions.
 * @param tools by name, in the order of the list
 */
export function createMcpServer(tools: ReadonlyMap<string, Tool>): Serve {
  const factory = ({ authInfo }: { authInfo?: AuthInfo }) => serverOf(carried(authInfo), tools)
  const current = {
    json: createMcpHandler(factory, { legacy: 'reject' }),
    stream: createMcpHandler(factory, { legacy: 'reject', responseMode: 'sse' }),
  }

  async function serveOlder(request: Request, message: unknown, exchange: Exchange): Promise<Response> {
    const enableJsonResponse = !wantsStream(request)
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse })
    const server = serverOf(exchange, tools)
    await server.connect(transport)
    request.headers.set('accept', taken)
    return transport.handleRequest(request, { parsedBody: message, authInfo: carrying(exchange) })
  }

  return async (request, message, exchange) => {
    if (await isLegacyRequest(request, message)) return serveOlder(request, message, exchange)
    const handler = wantsStream(request) ? current.stream : current.json
    return handler.fetch(request, { parsedBody: message, authInfo: carrying(exchange) })
  }
}
