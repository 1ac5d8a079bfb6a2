import type { AuthKind } from '../platform/principal.ts'
import type { SecurityRequirement } from './openapi-document.ts'
import type { Operation } from './operations.ts'

/**
 * The ways to authenticate (http-api.md §1.2).
 * @param scopes every scope with what it opens
 */
export const securitySchemes = (publicUrl: string, scopes: Readonly<Record<string, string>>) => ({
  client_credentials: {
    type: 'oauth2',
    description:
      'An access token from `POST /oauth/token`, one hour long, sent as `Authorization: Bearer`. For backends.',
    flows: { clientCredentials: { tokenUrl: `${publicUrl}/oauth/token`, scopes: { ...scopes } } },
  },
  basic: {
    type: 'http',
    scheme: 'basic',
    description: 'Client id and client secret, with the default scopes of the application.',
  },
  secret_key: {
    type: 'http',
    scheme: 'bearer',
    description: 'A secret key `tm_key_…` of an account, within its scopes and applications. For agents.',
  },
  dashboard_session: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-tm_session',
    description: 'A member of the account, signed in to the dashboard of the same server.',
  },
  publishable_key: {
    type: 'http',
    scheme: 'bearer',
    description:
      'The publishable key `cli_…` of an application, from one of its `allowed_origins`. For browsers; never an admin route.',
  },
  session_token: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: "The session token of a signed-in end user: that user's own session and passkeys.",
  },
})

const requirements: Record<AuthKind, (scope: string[]) => SecurityRequirement[]> = {
  none: () => [],
  admin: (scope): SecurityRequirement[] => [
    { client_credentials: scope },
    { basic: [] },
    { secret_key: [] },
    { dashboard_session: [] },
  ],
  account: (): SecurityRequirement[] => [{ secret_key: [] }, { dashboard_session: [] }],
  dashboard: () => [{ dashboard_session: [] }],
  manager: (scope): SecurityRequirement[] => [
    { client_credentials: scope },
    { basic: [] },
    { secret_key: [] },
    { dashboard_session: [] },
  ],
  publishable: () => [{ publishable_key: [] }],
  end_user: () => [{ session_token: [] }],
}

/** OAuth endpoints authenticate the client themselves, by header or body (RFC 6749 §2.3.1). */
export const authenticatesClient = ({ dialect, input }: Operation) =>
  dialect === 'oauth' && input.properties?.client_secret !== undefined

/** What one operation asks for: one entry for each way, none at all for open ones. */
export function securityOf(operation: Operation): SecurityRequirement[] {
  if (authenticatesClient(operation)) {
    return [{ basic: [] }, ...(operation.endpoint.keys ? [{ secret_key: [] }] : []), {}]
  }
  const scope = operation.endpoint.scope === undefined ? [] : [operation.endpoint.scope]
  const ways = operation.auth.flatMap((kind) => requirements[kind](scope))
  return operation.auth.includes('none') && ways.length > 0 ? [...ways, {}] : ways
}
