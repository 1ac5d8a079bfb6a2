import { agentScopeNames } from '../scopes.ts'

/** Protected resource metadata (RFC 9728 §2) of the API (`''`) or the MCP endpoint (`/mcp`). */
export const protectedResource = (issuer: string, path: '' | '/mcp') => ({
  resource: `${issuer}${path}`,
  authorization_servers: [issuer],
  bearer_methods_supported: ['header'],
  // Staying signed in is between the client and the authorization server.
  scopes_supported: agentScopeNames.filter((scope) => scope !== 'offline_access'),
  resource_name: 'TryMellon',
  resource_documentation: `${issuer}/docs`,
})
