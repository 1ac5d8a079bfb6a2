import { scopeNames } from '../scopes.ts'

/**
 * Authorization server metadata (RFC 8414 §2). A member stands here only if the endpoint behind it answers; no member is
 * empty or null (§3.2).
 * @param issuer `PUBLIC_URL`, byte for byte
 */
export function authorizationServerMetadata(issuer: string) {
  return {
    issuer,
    token_endpoint: `${issuer}/oauth/token`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    scopes_supported: scopeNames,
    // `response_types_supported` comes with the authorization endpoint: there is none yet, and §3.2 forbids an empty array.
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    service_documentation: `${issuer}/docs`,
  }
}
