import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { accessTokenTtlSeconds, issueAccessToken, resources } from './access-token.ts'
import { AGENT_CLIENT_ID, requireClient } from './request-client.ts'
import { defaultScopes, requestedScopes } from './scopes.ts'
import type { TokenRequest } from './token.ts'

function audience(issuer: string, resource: string | undefined): string | readonly string[] {
  const known = resources(issuer)
  if (resource === undefined) return known
  if (!known.includes(resource)) throw new ApiError('invalid_target')
  return resource
}

/**
 * RFC 6749 §4.4. Writes nothing: the client's row is cached and the token is signed, not stored.
 * @throws invalid_client, unauthorized_client, invalid_scope, invalid_target
 */
export async function clientCredentials(ctx: Ctx, input: TokenRequest) {
  // A public client has nothing to authenticate with, so this grant is not for it (RFC 6749 §4.4).
  if (input.client_id === AGENT_CLIENT_ID) throw new ApiError('unauthorized_client')
  const application = await requireClient(ctx, input)
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
