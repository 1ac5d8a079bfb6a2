import { z } from 'zod'
import { grantNames, grants } from '../grants.ts'
import { command, router } from '../platform/procedures.ts'
import { assertionType } from './client-assertion.ts'
import { introspect } from './introspect.ts'
import { prepareRevocation, revoke } from './revoke.ts'
import { exchange } from './token.ts'
import { TokenAnswer } from './token-answer.ts'

const parameter = (max: number) => z.string({ error: 'must be a string' }).max(max, `must be at most ${max} characters`)

/** How clients authenticate in a body (RFC 6749 §2.3.1, RFC 7521 §4.2). */
const clientParameters = {
  client_id: parameter(2000).optional().meta({ description: '`cli_…`, or the `app_…` id of the same application.' }),
  client_secret: parameter(255).optional(),
  client_assertion_type: parameter(255)
    .optional()
    .meta({ examples: [assertionType] }),
  client_assertion: parameter(8192).optional().meta({
    description:
      '`private_key_jwt`: signed with a key of `client_jwks` or of the metadata document, for this issuer alone, used once.',
  }),
}

/** A JWT of ours is at most 8 KB; what is longer is no token, and no reason to refuse the question. */
const tokenParameters = {
  token: parameter(65_536),
  token_type_hint: parameter(255).optional().meta({ description: 'Ignored: every kind is looked for.' }),
}

const authentication =
  'The client authenticates with `Authorization: Basic`, or with `client_id` and `client_secret` or a `client_assertion` in the body.'

export const oauthRouter = router({
  token: command({
    rest: 'POST /oauth/token',
    dialect: 'oauth',
    browsers: 'listed',
    auth: 'none',
    policy: 'open',
    limit: ['oauth_token', 'oauth_token_ip'],
    hot: 'statement',
    // Of the device grant and of refresh tokens; client credentials write nothing.
    audits: ['agent.registered', 'secret_key.created', 'device.redeemed', 'refresh_token.reuse_detected'],
    errors: [
      'invalid_request',
      'invalid_client',
      'invalid_grant',
      'authorization_pending',
      'slow_down',
      'access_denied',
      'expired_token',
      'unsupported_grant_type',
      'unauthorized_client',
      'invalid_scope',
      'invalid_target',
    ],
    secret: true,
    summary: 'Exchange a grant for an access token (RFC 6749 §3.2).',
    description: `${authentication} Grants: ${grantNames.map((grant) => `\`${grant}\``).join(', ')}.`,
    // Unknown parameters are ignored (RFC 6749 §3.2).
    input: z.object({
      grant_type: parameter(255).meta({ examples: ['client_credentials'] }),
      ...clientParameters,
      scope: parameter(2000).optional().meta({ description: 'Space-separated; all allowed scopes if left out.' }),
      resource: parameter(2000).optional().meta({ description: 'RFC 8707: the resource that the token is for.' }),
      device_code: parameter(255).optional().meta({ description: 'For the device grant.' }),
      code: parameter(255).optional().meta({ description: 'For the authorization code grant.' }),
      redirect_uri: parameter(2000).optional(),
      code_verifier: parameter(255).optional().meta({ description: 'RFC 7636.' }),
      refresh_token: parameter(255).optional(),
    }),
    output: TokenAnswer,
    run: exchange(grants),
  }),
  introspect: command({
    rest: 'POST /oauth/introspect',
    dialect: 'oauth',
    auth: 'none',
    policy: 'open',
    limit: ['oauth_lookup', 'oauth_lookup_ip'],
    hot: 'statement',
    audits: [],
    errors: ['invalid_request', 'invalid_client'],
    secret: true,
    keys: true,
    summary: 'Ask whether a token is good, and what it is for (RFC 7662).',
    description: `${authentication} A secret key may ask too, as \`Authorization: Bearer\`. Access and refresh tokens, session tokens and secret keys.`,
    input: z.object({ ...tokenParameters, ...clientParameters }),
    output: z.object({
      active: z.boolean(),
      scope: z.string().optional(),
      client_id: z.string().optional(),
      sub: z.string().optional(),
      exp: z.number().int().optional().meta({ description: 'Absent for a secret key without an end.' }),
      iat: z.number().int().optional(),
      iss: z.string().optional(),
      aud: z.union([z.string(), z.array(z.string())]).optional(),
      token_type: z.enum(['Bearer', 'refresh_token']).optional(),
      jti: z.string().optional().meta({ description: 'Of a secret key: its id.' }),
      act: z.looseObject({ sub: z.string() }).optional().meta({ description: 'The agent that acts for `sub`.' }),
      allowed_ips: z
        .array(z.string())
        .optional()
        .meta({ description: 'Of a key with such a list, and of its tokens: accept it from these addresses alone.' }),
      tenant_id: z.string().optional(),
      app_id: z.string().optional(),
      account_id: z.string().optional(),
      user_id: z.string().optional().meta({ description: 'Of a session token.' }),
      external_user_id: z.string().optional(),
    }),
    run: introspect,
  }),
  revoke: command({
    rest: 'POST /oauth/revoke',
    dialect: 'oauth',
    browsers: 'listed',
    empty: true,
    auth: 'none',
    policy: 'open',
    limit: ['oauth_lookup', 'oauth_lookup_ip'],
    audits: ['token.revoked', 'session.revoked', 'secret_key.revoked'],
    errors: ['invalid_request', 'invalid_client', 'invalid_grant'],
    secret: true,
    keys: true,
    summary: 'End a token of the own client before its time (RFC 7009).',
    description: `${authentication} A secret key may call too, as \`Authorization: Bearer\`, and a public client with its \`client_id\`. A token that is unknown counts as revoked.`,
    input: z.object({ ...tokenParameters, ...clientParameters }),
    output: z.void(),
    guard: prepareRevocation,
    run: revoke,
  }),
})
