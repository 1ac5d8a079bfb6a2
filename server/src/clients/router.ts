import { z } from 'zod'
import { command, router } from '../platform/procedures.ts'
import { displayText } from '../platform/text.ts'
import { register, requireRegistration } from './register.ts'

const text = (max: number) => z.string({ error: 'must be a string' }).max(max, `must be at most ${max} characters`)
const Uri = text(2000)

/** Unknown members are ignored (RFC 7591 §2). */
const Metadata = z.object({
  redirect_uris: z.array(Uri).max(20, 'must have at most 20 entries').optional(),
  client_name: displayText(1, 80).optional().meta({ description: 'Shown as unverified.' }),
  grant_types: z.array(text(255)).max(10).optional(),
  response_types: z.array(text(255)).max(10).optional(),
  token_endpoint_auth_method: z.enum(['none', 'client_secret_basic', 'client_secret_post']).optional(),
  scope: text(2000).optional(),
  client_uri: Uri.optional(),
  logo_uri: Uri.optional().meta({ description: 'Kept, and never fetched or shown.' }),
  software_id: text(255).optional(),
  software_version: text(255).optional(),
})

export const clientsRouter = router({
  register: command({
    rest: 'POST /oauth/register',
    status: 201,
    dialect: 'oauth',
    browsers: 'listed',
    auth: 'none',
    policy: 'open',
    limit: ['client_register'],
    audits: ['client.registered'],
    errors: ['invalid_redirect_uri', 'invalid_client_metadata', 'not_found'],
    secret: true,
    summary: 'Register an OAuth client (RFC 7591), for clients without a metadata document.',
    description:
      'Register an OAuth client (RFC 7591), for clients without a metadata document. What nobody lets in within 30 days is deleted.',
    input: Metadata,
    output: z.object({
      client_id: z.string(),
      client_id_issued_at: z.number().int(),
      client_secret: z.string().optional().meta({ description: 'Shown once.' }),
      client_secret_expires_at: z.literal(0).optional(),
      client_name: z.string().optional(),
      redirect_uris: z.array(z.string()),
      grant_types: z.array(z.string()),
      response_types: z.array(z.string()),
      token_endpoint_auth_method: z.string(),
      scope: z.string().optional(),
      client_uri: z.string().optional(),
      logo_uri: z.string().optional(),
      software_id: z.string().optional(),
      software_version: z.string().optional(),
    }),
    guard: requireRegistration,
    run: register,
  }),
})
