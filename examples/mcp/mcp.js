// The tools of the MCP server with `fetch` only: revision 2026-07-28 needs no handshake and no session.
//
//   TRYMELLON_URL=http://localhost:3000 TRYMELLON_SECRET_KEY=tm_key_… node mcp.js
//
// Without a secret key it asks for a token with the client credentials that `examples/agent` kept.
import { readFile } from 'node:fs/promises'

const url = process.env.TRYMELLON_URL ?? 'http://localhost:3000'
const file = process.env.CREDENTIALS_FILE ?? new URL('../agent/.credentials.json', import.meta.url)
const revision = '2026-07-28'

async function json(address, options) {
  const response = await fetch(address, options)
  if (!response.ok) throw new Error(`${address}: ${response.status} ${await response.text()}`)
  return response.json()
}

/** Where tokens for the endpoint come from: its 401 names the metadata, which names the authorization server. */
async function findTokenEndpoint() {
  const refused = await fetch(`${url}/mcp`, { method: 'POST' })
  const [, metadata] = /resource_metadata="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '') ?? []
  if (!metadata) throw new Error(`${url}/mcp answered ${refused.status} and named no metadata`)
  const { resource, authorization_servers: servers } = await json(metadata)
  const { token_endpoint: endpoint } = await json(`${servers[0]}/.well-known/oauth-authorization-server`)
  return { resource, endpoint }
}

async function getToken() {
  const { clientId, clientSecret } = JSON.parse(await readFile(file, 'utf8'))
  const { resource, endpoint } = await findTokenEndpoint()
  const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret, resource }
  const { access_token } = await json(endpoint, { method: 'POST', body: new URLSearchParams(form) })
  return access_token
}

const credential = process.env.TRYMELLON_SECRET_KEY ?? (await getToken())
let id = 0

/** One request. Everything about the client comes with it, and the headers repeat what proxies look at. */
async function ask(method, params = {}) {
  id += 1
  const about = {
    'io.modelcontextprotocol/protocolVersion': revision,
    'io.modelcontextprotocol/clientInfo': { name: 'example', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const { result, error } = await json(`${url}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${credential}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': revision,
      'mcp-method': method,
      ...(params.name ? { 'mcp-name': params.name } : {}),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta: about } }),
  })
  if (error) throw new Error(`${method}: ${error.code} ${error.message}`)
  return result
}

/** A tool's data; an error of the API comes as a result too, so that a model can read it. */
async function call(name, args = {}) {
  const { structuredContent, isError } = await ask('tools/call', { name, arguments: args })
  if (isError) throw new Error(`${name}: ${structuredContent.code}: ${structuredContent.message}`)
  return structuredContent
}

const { supportedVersions } = await ask('server/discover')
console.log(`1. the server speaks ${supportedVersions.join(', ')}`)

const { tools } = await ask('tools/list')
console.log(`2. tools for this credential: ${tools.map(({ name }) => name).join(', ')}`)

const { kind, applications, plan } = await call('connection_status')
const [application] = applications
console.log(`3. connected as ${kind}, plan ${plan}, application ${application.name}`)

// Repeated with the same key, as after a lost answer, the call makes one user.
const args = {
  application_id: application.id,
  external_user_id: `user_${Date.now()}`,
  idempotency_key: crypto.randomUUID(),
}
const [user, again] = [await call('users_create', args), await call('users_create', args)]
console.log(`4. user ${user.external_user_id}, made once: ${user.id === again.id}`)
