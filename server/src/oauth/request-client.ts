import { type HotApplication, isActive } from '../applications/hot.ts'
import { parseBasic } from '../platform/authenticate.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { announcePurge } from '../tenants/inactivity.ts'
import { assertionType, authenticateByAssertion, type Claimant, claimantOf, type Signer } from './client-assertion.ts'
import { authenticateClient, findApplication } from './client-authentication.ts'

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

/**
 * The assertion of a request; undefined: none.
 * @throws 400 invalid_request for one of a type that is not known
 */
export function assertionIn(input: ClientParameters): string | undefined {
  if (input.client_assertion !== undefined && input.client_assertion_type !== assertionType)
    throw badRequest(`client_assertion_type: must be ${assertionType}`)
  return input.client_assertion
}

/** The id that a request gives, in its header, its body or its assertion; of which nothing is proven. undefined: none. */
export function namedClient({ request }: Ctx, input: ClientParameters): string | undefined {
  const basic = /^basic +(.*)$/i.exec(request.authorization ?? '')?.[1]
  if (basic !== undefined) return parseBasic(basic.trim())?.id ?? input.client_id
  const { client_id: id, client_assertion: assertion } = input
  return id ?? (assertion === undefined ? undefined : claimantOf(assertion)?.clientId)
}

/** Whether a request brings nothing that could prove who it is of. */
export const provesNothing = ({ request }: Ctx, input: ClientParameters): boolean =>
  input.client_secret === undefined && input.client_assertion === undefined && request.authorization === null

async function byHeader(ctx: Ctx, authorization: string, clientId: string | undefined): Promise<HotApplication> {
  const basic = /^basic /i.test(authorization) ? parseBasic(authorization.slice(6).trim()) : null
  if (!basic) throw clientRefused('Basic realm="oauth"')
  if (clientId !== undefined && clientId !== basic.id)
    throw badRequest('client_id: differs from the Authorization header')
  const application = await authenticateClient(ctx, basic.id, basic.secret)
  if (!application) throw clientRefused('Basic realm="oauth"')
  return application
}

async function signingApplication(ctx: Ctx, { clientId }: Claimant): Promise<Signer<HotApplication> | null> {
  const application = await findApplication(ctx, clientId)
  if (!application || !isActive(application)) return null
  return { client: application, clientId: application.clientId, keys: application.settings.client_jwks }
}

async function inBody(ctx: Ctx, input: ClientParameters): Promise<HotApplication | null> {
  const { client_id: clientId, client_secret: secret } = input
  const assertion = assertionIn(input)
  if (assertion !== undefined)
    return authenticateByAssertion(ctx, assertion, clientId, (claimant) => signingApplication(ctx, claimant))
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
