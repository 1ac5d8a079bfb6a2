import { z } from 'zod'
import { command, router } from '../platform/procedures.ts'
import { token } from './token.ts'

const parameter = (max: number) => z.string({ error: 'must be a string' }).max(max, `must be at most ${max} characters`)

export const oauthRouter = router({
  token: command({
    rest: 'POST /oauth/token',
    dialect: 'oauth',
    auth: 'none',
    policy: 'open',
    limit: ['oauth_token', 'oauth_token_ip'],
    hot: 'statement',
    audits: [],
    errors: [
      'invalid_request',
      'invalid_client',
      'unsupported_grant_type',
      'unauthorized_client',
      'invalid_scope',
      'invalid_target',
    ],
    secret: true,
    summary: 'Exchange client credentials for an access token (RFC 6749 §4.4).',
    description:
      'The client authenticates with `Authorization: Basic`, or with `client_id` and `client_secret` in the body.',
    // Unknown parameters are ignored (RFC 6749 §3.2).
    input: z.object({
      grant_type: parameter(255).meta({ examples: ['client_credentials'] }),
      client_id: parameter(255).optional().meta({ description: '`cli_…`, or the `app_…` id of the same application.' }),
      client_secret: parameter(255).optional(),
      scope: parameter(2000).optional().meta({ description: 'Space-separated; all allowed scopes if left out.' }),
      resource: parameter(2000).optional().meta({ description: 'RFC 8707: the resource that the token is for.' }),
    }),
    output: z.object({
      access_token: z.string(),
      token_type: z.literal('Bearer'),
      expires_in: z.number().int(),
      scope: z.string().optional(),
    }),
    run: token,
  }),
})
