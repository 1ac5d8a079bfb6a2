import type { Answer, Call, Tenant, TestApp } from './harness.ts'

export const current = '2026-07-28'
export const previous = '2025-11-25'

/** Headers and body of one JSON-RPC message as a client of a revision sends it. */
export type Sent = Required<Pick<Call, 'headers'>> & { body: Record<string, unknown> }

const accept = 'application/json, text/event-stream'
let lastId = 0

/** A request as clients of 2025-11-25 send it, the handshake done. */
export function olderRequest(method: string, params?: object): Sent {
  lastId += 1
  return {
    headers: { accept, 'mcp-protocol-version': previous },
    body: { jsonrpc: '2.0', id: lastId, method, ...(params ? { params } : {}) },
  }
}

/** A request as clients of 2026-07-28 send it: everything about the client comes with it. */
export function currentRequest(method: string, params: Record<string, unknown> = {}): Sent {
  lastId += 1
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': current,
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  return {
    headers: {
      accept,
      'mcp-protocol-version': current,
      'mcp-method': method,
      ...(typeof params.name === 'string' ? { 'mcp-name': params.name } : {}),
    },
    body: { jsonrpc: '2.0', id: lastId, method, params: { ...params, _meta } },
  }
}

export type Credential = { token?: string | undefined; headers?: Record<string, string> }

/** One POST to the endpoint. Credentials are a token, or headers. */
export const post = (
  server: TestApp,
  { headers, body }: Sent,
  credential: Credential = {},
  { path = '/mcp', host = 'auth.example.com' } = {},
): Promise<Answer> =>
  server.call('POST', path, {
    body,
    headers: { host, ...headers, ...credential.headers },
    ...(credential.token === undefined ? {} : { token: credential.token }),
  })

/** A tool call in the current revision. */
export const callTool = (server: TestApp, credential: Credential, name: string, args: object = {}): Promise<Answer> =>
  post(server, currentRequest('tools/call', { name, arguments: args }), credential)

/** An agent's secret key for the tenant's account, as headers without a chosen application. */
export async function keyOf(
  server: TestApp,
  tenant: Tenant,
  scopes: readonly string[] = ['full_access'],
): Promise<{ headers: Record<string, string> }> {
  const { authorization } = await server.present(tenant, { kind: 'agent', scopes })
  return { headers: { authorization: authorization as string } }
}
