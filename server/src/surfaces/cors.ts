import type { FastifyRequest } from 'fastify'

const allowedHeaders =
  'authorization, content-type, x-request-id, x-app-id, x-polling-token, x-test-authenticator, idempotency-key'
const exposedHeaders = 'x-request-id, retry-after, ratelimit, ratelimit-policy, idempotent-replayed'

/** The request's origin, if a browser could mean it; `null` is never reflected (security 94). */
function reflected(request: FastifyRequest): string | null {
  const { origin } = request.headers
  return typeof origin === 'string' && origin !== 'null' && origin !== '*' && origin.length <= 255 ? origin : null
}

/**
 * Which origins a route answers: none; any, because its application's list decides (`true`); or those that the operator
 * lists in MCP_ALLOWED_ORIGINS, for MCP clients that run in a browser (agents.md §8.3).
 */
export type CrossOrigin = boolean | 'listed'

/** Whether the request's origin is one that the route answers, as far as this can be known before the request is read. */
export function isAnswered(request: FastifyRequest, crossOrigin: CrossOrigin, listed: readonly string[]): boolean {
  const origin = reflected(request)
  return crossOrigin === 'listed' ? origin !== null && listed.includes(origin) : crossOrigin
}

/** Headers of a real answer to a listed origin, without credentials mode. */
export const listedHeaders = (request: FastifyRequest): Record<string, string> => ({
  ...corsHeaders(request),
  'access-control-expose-headers': `${exposedHeaders}, www-authenticate`,
})

/** The preflight of the OAuth endpoints. */
export const listedPreflight = (request: FastifyRequest): Record<string, string> => ({
  ...preflightHeaders(request),
  'access-control-allow-methods': 'POST',
  'access-control-allow-headers': 'authorization, content-type, mcp-protocol-version, x-request-id',
})

/** Headers of a real answer, refused ones included, so that the page can read why (http-api.md §1.5). */
export function corsHeaders(request: FastifyRequest): Record<string, string> {
  const origin = reflected(request)
  if (origin === null) return { vary: 'Origin' }
  return { vary: 'Origin', 'access-control-allow-origin': origin, 'access-control-expose-headers': exposedHeaders }
}

/** A preflight names no key, so it cannot know the application: the real request is what gets checked. */
export function preflightHeaders(request: FastifyRequest): Record<string, string> {
  const origin = reflected(request)
  if (origin === null) return { vary: 'Origin' }
  return {
    vary: 'Origin',
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'GET, POST, PATCH, DELETE',
    'access-control-allow-headers': allowedHeaders,
    'access-control-max-age': '600',
  }
}
