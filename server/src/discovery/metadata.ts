import { assertionAlgorithms } from '../oauth/client-assertion.ts'
import { agentScopeNames } from '../scopes.ts'
import { agentAuth } from './agent-auth.ts'
import type { Served } from './served.ts'

const confidential = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']

/** Endpoints that are named when they are served, with how clients authenticate there. */
const lookups = [
  { name: 'introspection', route: 'POST /oauth/introspect', path: '/oauth/introspect', methods: confidential },
  { name: 'revocation', route: 'POST /oauth/revoke', path: '/oauth/revoke', methods: [...confidential, 'none'] },
] as const

/**
 * Authorization server metadata (RFC 8414 §2), also where OpenID Connect Discovery looks. A member stands here only if the
 * endpoint behind it answers; no member is empty or null (§3.2).
 */
export function authorizationServerMetadata(served: Served) {
  const { issuer, has, grants } = served
  return {
    issuer,
    token_endpoint: `${issuer}/oauth/token`,
    ...(has('POST /device/code') ? { device_authorization_endpoint: `${issuer}/device/code` } : {}),
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    ...(has('GET /oauth/authorize')
      ? {
          authorization_endpoint: `${issuer}/oauth/authorize`,
          response_types_supported: ['code'],
          response_modes_supported: ['query'],
          code_challenge_methods_supported: ['S256'],
          authorization_response_iss_parameter_supported: true,
          client_id_metadata_document_supported: true,
        }
      : {}),
    ...(has('POST /oauth/register') ? { registration_endpoint: `${issuer}/oauth/register` } : {}),
    scopes_supported: agentScopeNames,
    grant_types_supported: grants,
    token_endpoint_auth_methods_supported: [...confidential, 'none'],
    token_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    ...Object.fromEntries(
      lookups
        .filter(({ route }) => has(route))
        .flatMap(({ name, path, methods }) => [
          [`${name}_endpoint`, `${issuer}${path}`],
          [`${name}_endpoint_auth_methods_supported`, methods],
          [`${name}_endpoint_auth_signing_alg_values_supported`, assertionAlgorithms],
        ]),
    ),
    service_documentation: `${issuer}/docs`,
    agent_auth: agentAuth(served),
  }
}
