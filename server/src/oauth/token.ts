import type { HotApplication } from '../applications/hot.ts'
import { parseBasic } from '../platform/authenticate.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { announcePurge } from '../tenants/inactivity.ts'
import { accessTokenTtlSeconds, issueAccessToken, resources } from './access-token.ts'
import { authenticateClient } from './client-authentication.ts'
import { defaultScopes, requestedScopes } from './scopes.ts'

export type TokenRequest = {
  grant_type: string
  client_id?: string | undefined
  client_secret?: string | undefined
  scope?: string | undefined
  resource?: string | undefined
}

const badRequest = (message: string) => new ApiError('invalid_request', { message })

/** RFC 6749 §5.2: whoever tried the header gets its challenge back. */
const refused = (basic: boolean) =>
  new ApiError('invalid_client', { headers: basic ? { 'www-authenticate': 'Basic realm="oauth"' } : {} })

/** Client authentication by header or body, never both (RFC 6749 §2.3). */
export async function requireClient(
  ctx: Ctx,
  input: Pick<TokenRequest, 'client_id' | 'client_secret'>,
): Promise<HotApplication> {
  const { authorization, authorizationCount } = ctx.request
  if (authorizationCount > 1) throw badRequest('Authorization: must be sent once')
  if (authorization !== null) {
    if (input.client_secret !== undefined)
      throw badRequest('client_secret: must not be sent in the body beside an Authorization header')
    const basic = /^basic /i.test(authorization) ? parseBasic(authorization.slice(6).trim()) : null
    if (!basic) throw refused(true)
    if (input.client_id !== undefined && input.client_id !== basic.id)
      throw badRequest('client_id: differs from the Authorization header')
    const application = await authenticateClient(ctx, basic.id, basic.secret)
    if (!application) throw refused(true)
    return application
  }
  if (input.client_id === undefined || input.client_secret === undefined) throw refused(false)
  const application = await authenticateClient(ctx, input.client_id, input.client_secret)
  if (!application) throw refused(false)
  return application
}

function audience(issuer: string, resource: string | undefined): string | readonly string[] {
  const known = resources(issuer)
  if (resource === undefined) return known
  if (!known.includes(resource)) throw new ApiError('invalid_target')
  return resource
}

/**
 * `POST /oauth/token`. Writes nothing: the client's row is cached and the token is signed, not stored.
 * @throws invalid_request, unsupported_grant_type, invalid_client, invalid_scope, invalid_target
 */
export async function token(ctx: Ctx, input: TokenRequest) {
  if (input.grant_type !== 'client_credentials') throw new ApiError('unsupported_grant_type')
  const application = await requireClient(ctx, input)
  ctx.response.tenantId = application.tenantId
  ctx.deps.activity.touch(application.tenantId)
  announcePurge(ctx, application)
  const scope = input.scope === undefined ? defaultScopes(application) : requestedScopes(application, input.scope)
  if (!scope) throw new ApiError('invalid_scope')
  return {
    access_token: issueAccessToken(ctx, application, scope, audience(ctx.deps.config.PUBLIC_URL, input.resource)),
    token_type: 'Bearer' as const,
    expires_in: accessTokenTtlSeconds,
    // RFC 6749 §5.1: said only when it differs from what was asked; nothing asked, nothing said.
    ...(input.scope !== undefined && input.scope !== scope.join(' ') ? { scope: scope.join(' ') } : {}),
  }
}
