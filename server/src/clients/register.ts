import { record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { mint } from '../platform/ids.ts'
import { mintSecret } from '../platform/secrets.ts'
import { seconds } from '../platform/time.ts'
import { SYSTEM_TENANT } from '../platform/trail.ts'
import { agentScopeNames } from '../scopes.ts'
import { redirectUriProblem } from './redirect-uri.ts'

export const DEVICE_GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:device_code'
export const registrableGrants = ['authorization_code', 'refresh_token', DEVICE_GRANT_TYPE] as const

export type Registration = {
  redirect_uris?: string[] | undefined
  client_name?: string | undefined
  grant_types?: string[] | undefined
  response_types?: string[] | undefined
  token_endpoint_auth_method?: 'none' | 'client_secret_basic' | 'client_secret_post' | undefined
  scope?: string | undefined
  client_uri?: string | undefined
  logo_uri?: string | undefined
  software_id?: string | undefined
  software_version?: string | undefined
}

/** Anybody may have it kept for 30 days. */
const maxMetadata = 8192

const metadataError = (message: string) => new ApiError('invalid_client_metadata', { message })

/** @throws 400 invalid_redirect_uri, invalid_client_metadata */
function checked(input: Registration) {
  const grantTypes = [...new Set(input.grant_types ?? ['authorization_code', 'refresh_token'])]
  const unknown = grantTypes.find((grant) => !(registrableGrants as readonly string[]).includes(grant))
  if (unknown !== undefined) throw metadataError('grant_types: holds one that is not supported')
  if (input.response_types?.some((type) => type !== 'code')) throw metadataError('response_types: must be code')
  const redirectUris = [...new Set(input.redirect_uris ?? [])]
  for (const uri of redirectUris) {
    const problem = redirectUriProblem(uri)
    if (problem) throw new ApiError('invalid_redirect_uri', { message: `redirect_uris: ${problem}` })
  }
  if (grantTypes.includes('authorization_code') && redirectUris.length === 0) {
    throw new ApiError('invalid_redirect_uri', { message: 'redirect_uris: is required for authorization_code' })
  }
  const scopes = input.scope?.split(' ').filter(Boolean) ?? null
  if (scopes?.some((scope) => !(agentScopeNames as readonly string[]).includes(scope))) {
    throw metadataError('scope: holds one that is not supported')
  }
  const { client_uri, logo_uri, software_id, software_version } = input
  const size = JSON.stringify([redirectUris, client_uri, logo_uri, software_id, software_version]).length
  if (size > maxMetadata) throw metadataError(`the metadata must be at most ${maxMetadata} characters together`)
  return { grantTypes, redirectUris, scope: scopes && scopes.length > 0 ? scopes.join(' ') : null }
}

/**
 * `POST /oauth/register` (RFC 7591): anybody may register a client; it gets nothing by that but a name of its own, under
 * which people are asked. A guard has refused where the operator switched it off.
 * @throws 400 invalid_redirect_uri, invalid_client_metadata
 */
export async function register(ctx: Ctx, input: Registration) {
  const { grantTypes, redirectUris, scope } = checked(input)
  const authMethod = input.token_endpoint_auth_method ?? 'client_secret_basic'
  const now = ctx.now()
  const id = mint('cli')
  const secret = authMethod === 'none' ? null : mintSecret('sec')
  const { client_uri, logo_uri, software_id, software_version } = input
  const kept: Partial<Record<'client_uri' | 'logo_uri' | 'software_id' | 'software_version', string>> =
    Object.fromEntries(
      Object.entries({ client_uri, logo_uri, software_id, software_version }).filter(
        ([, value]) => value !== undefined,
      ),
    )
  await ctx.db.registeredClient.create({
    data: {
      id,
      name: input.client_name ?? null,
      redirectUris,
      grantTypes,
      authMethod,
      secretHash: secret === null ? null : new Uint8Array(ctx.deps.secrets.hash(secret)),
      scope,
      metadata: kept,
      createdAt: now,
    },
  })
  record(ctx, 'client.registered', {
    tenantId: SYSTEM_TENANT,
    applicationId: null,
    metadata: { client_id: id, client_name: input.client_name ?? null },
  })
  return {
    client_id: id,
    client_id_issued_at: seconds(now),
    ...(secret === null ? {} : { client_secret: secret, client_secret_expires_at: 0 as const }),
    ...(input.client_name === undefined ? {} : { client_name: input.client_name }),
    redirect_uris: redirectUris,
    grant_types: grantTypes,
    response_types: grantTypes.includes('authorization_code') ? ['code'] : [],
    token_endpoint_auth_method: authMethod,
    ...(scope === null ? {} : { scope }),
    ...kept,
  }
}

/** @throws 404 not_found where the operator switched it off: the metadata do not name it either */
export async function requireRegistration({ deps }: Ctx): Promise<void> {
  if (!deps.config.DYNAMIC_REGISTRATION) throw new ApiError('not_found')
}
