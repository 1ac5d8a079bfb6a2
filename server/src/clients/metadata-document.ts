import { z } from 'zod'
import type { Ctx } from '../platform/context.ts'
import { displayText } from '../platform/text.ts'
import type { OauthClient } from './client.ts'
import { publishedJson } from './fetched.ts'
import { type KeySource, readKeySet } from './key-set.ts'
import { redirectUriProblem } from './redirect-uri.ts'
import { DEVICE_GRANT_TYPE } from './register.ts'

/** What is read of a client id metadata document (agents.md §9.2); the rest is ignored. */
const Document = z.looseObject({
  client_id: z.string(),
  client_name: displayText(1, 80).optional().catch(undefined),
  redirect_uris: z
    .array(z.string().refine((uri) => redirectUriProblem(uri) === null))
    .min(1)
    .max(20),
  token_endpoint_auth_method: z.enum(['none', 'private_key_jwt']).default('none'),
  jwks: z.unknown().optional(),
  jwks_uri: z.unknown().optional(),
  grant_types: z.array(z.string()).default(['authorization_code', 'refresh_token']),
  scope: z.string().max(2000).optional(),
  client_secret: z.undefined().optional(),
  client_secret_expires_at: z.undefined().optional(),
})

/** A URL that may be a client id: https with a path, and nothing that a browser or a proxy would read differently. */
export function isDocumentUrl(text: string): boolean {
  if (text.length > 2000 || !text.startsWith('https://') || !URL.canParse(text)) return false
  const url = new URL(text)
  const segments = text.slice('https://'.length).split(/[?#]/)[0]?.split('/').slice(1) ?? []
  return (
    url.href === text &&
    url.pathname !== '/' &&
    !text.includes('#') &&
    url.username === '' &&
    url.password === '' &&
    !segments.some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment))
  )
}

/**
 * Where the keys of a client stand that signs assertions (agents.md §9.2): `jwks` or, on the document's own host,
 * `jwks_uri`; both is one too many (RFC 7591 §2). null: neither, or not as it must be.
 */
function keySource(url: string, { jwks, jwks_uri: uri }: { jwks?: unknown; jwks_uri?: unknown }): KeySource | null {
  if (uri === undefined) {
    const keys = jwks === undefined ? null : readKeySet(jwks)
    return keys && { keys }
  }
  if (jwks !== undefined || typeof uri !== 'string' || uri.length > 2000 || !URL.canParse(uri)) return null
  const { protocol, hostname, username, password, hash } = new URL(uri)
  const isPlain = protocol === 'https:' && username === '' && password === '' && hash === ''
  return isPlain && hostname === new URL(url).hostname ? { uri } : null
}

function read(url: string, json: unknown): OauthClient | null {
  const parsed = Document.safeParse(json)
  if (!parsed.success || parsed.data.client_id !== url) return null
  const { client_name, redirect_uris, token_endpoint_auth_method: authMethod, grant_types, scope } = parsed.data
  const keys = authMethod === 'private_key_jwt' ? keySource(url, parsed.data) : null
  if (authMethod === 'private_key_jwt' && !keys) return null
  const grants = grant_types.filter((grant) =>
    ['authorization_code', 'refresh_token', DEVICE_GRANT_TYPE].includes(grant),
  )
  return {
    id: url,
    name: client_name ?? null,
    redirectUris: redirect_uris,
    grantTypes: grants,
    authMethod,
    secretHash: null,
    keys,
    scope: scope ?? null,
  }
}

const published = publishedJson('client metadata', read)

/**
 * The client that a metadata document describes; null: no such document, one that breaks the rules, or one that cannot be
 * read now. Not to be called inside a transaction.
 * @param isEnough whether a copy holds what is looked for; one that does not is fetched anew, once a minute at most
 */
export async function metadataDocument(
  ctx: Ctx,
  url: string,
  isEnough?: (client: OauthClient) => boolean,
): Promise<OauthClient | null> {
  return isDocumentUrl(url) ? published(ctx, url, isEnough) : null
}
