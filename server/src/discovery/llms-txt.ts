import type { Served } from './served.ts'

/** `GET /llms.txt`: what this is, and where the rest stands. No word of a tenant's is in it. */
export function llmsTxt({ issuer, has }: Served): string {
  const links: [title: string, path: string, about: string, served: boolean][] = [
    ['Getting access', '/auth.md', 'for an agent that knows only this address: credentials, tokens, first calls', true],
    ['API description', '/openapi.json', 'every operation, with its errors, limits and scopes (OpenAPI 3.1)', true],
    ['API reference', '/docs', 'the same for people', true],
    ['MCP server', '/mcp', 'the admin API as tools, over Streamable HTTP', has('POST /mcp')],
    ['Authorization server', '/.well-known/oauth-authorization-server', 'OAuth endpoints and grants (RFC 8414)', true],
    ['Token keys', '/.well-known/jwks.json', 'public keys that verify tokens (RFC 7517)', true],
  ]
  const lines = links.filter(([, , , served]) => served)
  return `# TryMellon

> Passkey sign-in for your users, and credentials of their own for agents: a server that gives an agent a tenant, an
> application and an API with one call, and takes them back when nobody uses them.

Agents authenticate with \`Authorization: Bearer\` and an access token or a secret key. Start with <${issuer}/auth.md>.

## Links

${lines.map(([title, path, about]) => `- [${title}](${issuer}${path}): ${about}`).join('\n')}
`
}
