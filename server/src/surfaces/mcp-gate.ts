import type { FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import type { AddressResolver } from '../platform/address.ts'
import { authenticate } from '../platform/authenticate.ts'
import { type Ctx, type Deps, type RequestContext, systemContext } from '../platform/context.ts'
import { ApiError, invalid } from '../platform/errors.ts'
import { anonymous, type Manager } from '../platform/principal.ts'
import { factsOf } from './facts.ts'
import type { Exchange } from './mcp-call.ts'

/** The resource that tokens for the endpoint name, whatever path it is reached by. */
export const resourceOf = ({ PUBLIC_URL }: Config): string => `${PUBLIC_URL}/mcp`

const loopBack: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/** A host name without its port, as it may be compared; null for what is none. */
const hostName = (header: string | undefined): string | null =>
  /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/.exec(header?.toLowerCase() ?? '')?.[1] ?? null

const isLoopBack = (host: string): boolean => loopBack.includes(host === '::1' ? '[::1]' : host.toLowerCase())

/**
 * A page of a stranger's that has its own name resolve to this server sends that name; other pages send their origin. Both
 * are refused before any credential is looked at (agents.md §11.2).
 * @throws 403 forbidden
 */
export function checkCaller({ config }: Deps, { headers }: FastifyRequest): void {
  const host = hostName(headers.host)
  const isOurs =
    host !== null && (host === new URL(config.PUBLIC_URL).hostname || (isLoopBack(config.HOST) && isLoopBack(host)))
  if (!isOurs) throw new ApiError('forbidden', { message: 'This host is not served here.' })
  const { origin } = headers
  if (origin === undefined || origin === config.PUBLIC_ORIGIN || config.MCP_ALLOWED_ORIGINS.includes(origin)) return
  throw new ApiError('forbidden', { message: 'Pages of this origin may not call the MCP server.' })
}

const isBearer = (header: string | null): boolean => header !== null && /^bearer /i.test(header)

/**
 * Who calls, from a bearer credential for this resource: cookies and passwords open nothing here.
 * @throws 401 unauthorized; 400 for a credential in two places; 429; 503
 */
export async function openExchange(deps: Deps, addresses: AddressResolver, request: FastifyRequest): Promise<Exchange> {
  const facts = factsOf(request, addresses, deps)
  const context: RequestContext = {
    deps,
    request: {
      ...facts,
      resource: resourceOf(deps.config),
      cookie: null,
      pageCookie: null,
      idempotencyKey: null,
    },
    response: { headers: {} },
  }
  const { authorization, keyInUrl } = facts
  const inQuery = Boolean(keyInUrl) || Object.hasOwn(request.query as object, 'access_token')
  const ctx: Ctx = { ...systemContext(deps, 'mcp'), ...context, principal: anonymous }
  if (authorization !== null && inQuery) {
    if (keyInUrl) await deps.checks.keyInUrl(ctx, keyInUrl)
    throw invalid('Authorization', 'must be the only place of the credential')
  }
  if (authorization !== null && !isBearer(authorization)) throw new ApiError('unauthorized')
  ctx.principal = await authenticate(ctx, ['manager'])
  const { tenantId } = ctx.principal
  if (tenantId) deps.activity.touch(tenantId)
  return { context, principal: ctx.principal as Manager, refusal: null }
}
