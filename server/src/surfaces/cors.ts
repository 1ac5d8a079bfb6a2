import type { FastifyRequest } from 'fastify'

const allowedHeaders =
  'authorization, content-type, x-request-id, x-app-id, x-polling-token, x-test-authenticator, idempotency-key'
const exposedHeaders = 'x-request-id, retry-after, ratelimit, ratelimit-policy, idempotent-replayed'

/** The request's origin, if a browser could mean it; `null` is never reflected (security 94). */
function reflected(request: FastifyRequest): string | null {
  const { origin } = request.headers
  return typeof origin === 'string' && origin !== 'null' && origin !== '*' && origin.length <= 255 ? origin : null
}

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
