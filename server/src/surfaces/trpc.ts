import type { AnyRouter } from '@trpc/server'
import { fastifyTRPCPlugin } from '@trpc/server/adapters/fastify'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { AddressResolver } from '../platform/address.ts'
import type { Deps, RequestContext } from '../platform/context.ts'
import { invalid } from '../platform/errors.ts'
import { toApiError } from '../platform/public-error.ts'
import { parseJsonBody } from './body.ts'
import { encodeError } from './dialects.ts'
import { factsOf } from './facts.ts'
import { countAnswer } from './meter.ts'

/** What the edge of REST asks of a body holds here too: tRPC's own parser quotes what it cannot read. */
function checkInput(request: FastifyRequest): void {
  // The adapter makes a URL of it, which is our fault when it throws (RFC 9112 §3.2).
  if (/[^\w.:[\]-]/.test(request.headers.host ?? '')) throw invalid('Host', 'is not a host')
  const { body, query } = request
  if (typeof body === 'string' && body !== '') parseJsonBody(Buffer.from(body))
  const input = (query as Record<string, unknown>).input
  if (typeof input === 'string' && input !== '') parseJsonBody(Buffer.from(input))
}

/**
 * `/trpc` for first-party callers: the same procedures through tRPC's stock adapter, without CORS and without batches,
 * which would be many answers for one request's limits.
 */
export async function registerTrpc(
  http: FastifyInstance,
  deps: Deps,
  addresses: AddressResolver,
  router: AnyRouter,
): Promise<void> {
  await http.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addHook('preHandler', async (request) => checkInput(request))
    await scope.register(fastifyTRPCPlugin, {
      prefix: '/trpc',
      trpcOptions: {
        router,
        allowBatching: false,
        createContext: ({ req }: { req: FastifyRequest }): RequestContext => ({
          deps,
          request: factsOf(req, addresses, deps),
          response: { headers: {} },
        }),
        responseMeta({ ctx, errors }: { ctx?: RequestContext; errors: unknown[] }) {
          const [thrown] = errors
          const answer = thrown ? encodeError('envelope', toApiError(thrown), deps.config.PUBLIC_URL) : null
          // Where the answer's status is decided; the adapter asks once a call.
          if (ctx) countAnswer(ctx, answer?.status ?? 200)
          const headers = { 'cache-control': 'no-store', ...ctx?.response.headers, ...answer?.headers }
          return { headers: new Headers(headers), ...(answer ? { status: answer.status } : {}) }
        },
        onError: ({ error, path }: { error: unknown; path: string | undefined }) => {
          const known = toApiError(error)
          if (known.status >= 500) deps.log.error({ err: known.cause ?? known, operation: path }, known.errorCode)
        },
      },
    })
  })
}
