import type { HotApplication } from '../applications/hot.ts'
import { parseBasic } from '../platform/authenticate.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { announcePurge } from '../tenants/inactivity.ts'
import { assertionType, authenticateByAssertion } from './client-assertion.ts'
import { authenticateClient } from './client-authentication.ts'

/** The built-in public client: agents without an application of their own use it (agents.md §4.1). */
export const AGENT_CLIENT_ID = 'cli_agent'

/** How a client says who it is beside an `Authorization` header (RFC 6749 §2.3, RFC 7521 §4.2). */
export type ClientParameters = {
  client_id?: string | undefined
  client_secret?: string | undefined
  client_assertion_type?: string | undefined
  client_assertion?: string | undefined
}

const badRequest = (message: string) => new ApiError('invalid_request', { message })

/** RFC 6749 §5.2: whoever tried the header gets its challenge back. */
export const clientRefused = (challenge?: string) =>
  new ApiError('invalid_client', { headers: challenge ? { 'www-authenticate': challenge } : {} })

/**
 * A client authenticates in one place (RFC 6749 §2.3).
 * @throws 400 invalid_request
 */
export function requireOnePlace(ctx: Ctx, input: ClientParameters): void {
  const { authorization, authorizationCount } = ctx.request
  if (authorizationCount > 1) throw badRequest('Authorization: must be sent once')
  const inBody = input.client_secret !== undefined || input.client_assertion !== undefined
  if (authorization !== null && inBody) throw badRequest('client_secret: must not be sent beside Authorization')
  if (input.client_secret !== undefined && input.client_assertion !== undefined)
    throw badRequest('client_assertion: must not be sent beside client_secret')
}

async function byHeader(ctx: Ctx, authorization: string, clientId: string | undefined): Promise<HotApplication> {
  const basic = /^basic /i.test(authorization) ? parseBasic(authorization.slice(6).trim()) : null
  if (!basic) throw clientRefused('Basic realm="oauth"')
  if (clientId !== undefined && clientId !== basic.id)
    throw badRequest('client_id: differs from the Authorization header')
  const application = await authenticateClient(ctx, basic.id, basic.secret)
  if (!application) throw clientRefused('Basic realm="oauth"')
  return application
}

async function inBody(ctx: Ctx, input: ClientParameters): Promise<HotApplication | null> {
  const { client_id: clientId, client_secret: secret, client_assertion: assertion } = input
  if (assertion !== undefined) {
    if (input.client_assertion_type !== assertionType)
      throw badRequest(`client_assertion_type: must be ${assertionType}`)
    return authenticateByAssertion(ctx, assertion, clientId)
  }
  return clientId === undefined || secret === undefined ? null : authenticateClient(ctx, clientId, secret)
}

/**
 * The application whose client this request proves to come from: `client_secret_basic`, `client_secret_post` or
 * `private_key_jwt`. To be asked before a transaction begins: it looks into caches.
 * @throws 400 invalid_request for two ways at once; 401 invalid_client; 429 rate_limit_exceeded after too many failures
 */
export async function requireClient(ctx: Ctx, input: ClientParameters): Promise<HotApplication> {
  requireOnePlace(ctx, input)
  const { authorization } = ctx.request
  const application =
    authorization === null ? await inBody(ctx, input) : await byHeader(ctx, authorization, input.client_id)
  if (!application) throw clientRefused()
  ctx.response.tenantId = application.tenantId
  ctx.deps.activity.touch(application.tenantId)
  announcePurge(ctx, application)
  return application
}
