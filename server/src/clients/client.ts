import type { ClientKey } from '../applications/client-jwks.ts'
import type { Ctx } from '../platform/context.ts'
import { type KeySource, keysOf } from './key-set.ts'
import { metadataDocument } from './metadata-document.ts'

/** A client that no application of ours stands behind: it says about itself what it wants. */
export type OauthClient = {
  /** `cli_…` of one that registered itself, or the URL of its metadata document. */
  id: string
  /** Its own word; shown as unverified. */
  name: string | null
  redirectUris: readonly string[]
  grantTypes: readonly string[]
  authMethod: 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'
  secretHash: Uint8Array | null
  /** Of one that signs assertions. */
  keys: KeySource | null
  /** What a request without `scope` asks for. */
  scope: string | null
}

type Row = {
  id: string
  name: string | null
  redirect_uris: string[]
  grant_types: string[]
  auth_method: OauthClient['authMethod']
  secret_hash: Uint8Array | null
  scope: string | null
}

async function registered(ctx: Ctx, id: string): Promise<OauthClient | null> {
  const [row] = await ctx.sql.query<Row>(
    'select id, name, redirect_uris, grant_types, auth_method, secret_hash, scope from registered_clients where id = $1',
    [id],
  )
  if (!row) return null
  return {
    id: row.id,
    name: row.name,
    redirectUris: row.redirect_uris,
    grantTypes: row.grant_types,
    authMethod: row.auth_method,
    secretHash: row.secret_hash,
    keys: null,
    scope: row.scope,
  }
}

const registeredId = /^cli_[0-9A-Za-z]{22}$/

/** The client of an id: one that registered itself, or the metadata document at a URL; null: neither. */
export async function findOauthClient(ctx: Ctx, id: string): Promise<OauthClient | null> {
  if (registeredId.test(id)) return registered(ctx, id)
  return id.startsWith('https://') ? metadataDocument(ctx, id) : null
}

/**
 * The client of a metadata document with the public keys that it signs with; keys that lack the one looked for are fetched
 * anew, once a minute at most. Not to be called inside a transaction.
 * @returns null: no such document; without keys: it said that it would not sign, or they cannot be read now
 */
export async function findSigningClient(
  ctx: Ctx,
  id: string,
  isWanted: (key: ClientKey) => boolean,
): Promise<{ client: OauthClient; keys: readonly ClientKey[] } | null> {
  const holds = ({ keys }: OauthClient) => keys === null || 'uri' in keys || keys.keys.some(isWanted)
  const client = id.startsWith('https://') ? await metadataDocument(ctx, id, holds) : null
  return client && { client, keys: await keysOf(ctx, client.keys, isWanted) }
}
