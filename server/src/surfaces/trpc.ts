import type { AnyRouter } from '@trpc/server'
import { fastifyTRPCPlugin } from '@trpc/server/adapters/fastify'
import type { FastifyInstance } from 'fastify'
import type { AddressResolver } from '../platform/address.ts'
import type { Deps, RequestContext } from '../platform/context.ts'
import { toApiError } from './dialects.ts'
import { factsOf } from './facts.ts'

/** `/trpc` for first-party callers: the same procedures through tRPC's stock adapter, without CORS. */
export async function registerTrpc(
  http: FastifyInstance,
  deps: Deps,
  addresses: AddressResolver,
  router: AnyRouter,
): Promise<void> {
  await http.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    await scope.register(fastifyTRPCPlugin, {
      prefix: '/trpc',
      trpcOptions: {
        router,
        createContext: ({
          req,
          res,
        }: {
          req: Parameters<typeof factsOf>[0]
          res: { headers(all: object): void }
        }): RequestContext => {
          res.headers({ 'cache-control': 'no-store' })
          return { deps, request: factsOf(req, addresses), response: { headers: {} } }
        },
        onError: ({ error, path }: { error: unknown; path: string | undefined }) => {
          const known = toApiError(error)
          if (known.status >= 500) deps.log.error({ err: known.cause ?? known, operation: path }, known.errorCode)
        },
      },
    })
  })
}
