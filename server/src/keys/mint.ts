import { record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { mint } from '../platform/ids.ts'
import { mintSecret, preview } from '../platform/secrets.ts'

export type NewKey = {
  accountId: string
  /** The account's home tenant: the trail that says so. */
  tenantId: string
  agentId: string
  name: string
  /** `full_access` or single scopes. */
  scopes: readonly string[]
  /** Empty: every application of the account. */
  applicationIds: readonly string[]
  /** As `canonicalRanges` writes them; any address unless said. */
  allowedIps?: readonly string[]
  expiresAt: Date | null
  /** What led to it: `device`, `email`, `dashboard`, `agent`. */
  source: string
}

export type MintedKey = {
  keyId: string
  /** In this answer and nowhere else. */
  secretKey: string
  keyPreview: string
}

/** A new secret with what is stored of it. */
export function newVersion(ctx: Ctx) {
  const secretKey = mintSecret('tm_key')
  return { secretKey, keyPreview: preview(secretKey), hash: ctx.deps.secrets.hash(secretKey) }
}

/** Stores the keyed hash by which a secret is found (agents.md §6). */
export async function addVersion(
  ctx: Ctx,
  { accountId, keyId }: { accountId: string; keyId: string },
  { hash, keyPreview }: { hash: Buffer; keyPreview: string },
): Promise<void> {
  await ctx.sql.query(
    `insert into secret_key_versions (hash, account_id, key_id, pepper_id, preview, created_at)
     values ($1, $2, $3, $4, $5, $6)`,
    [hash, accountId, keyId, ctx.deps.secrets.pepperId, keyPreview, ctx.now()],
  )
}

/**
 * Mints a secret key for an agent, in the caller's transaction. The account's status is asked in the statement that makes
 * it, so that whoever is on the wait-list obtains none by any flow (agents.md §5.4).
 * @throws 403 not_admitted unless the account is active
 */
export async function mintKey(ctx: Ctx, key: NewKey): Promise<MintedKey> {
  const { accountId, tenantId, agentId, name, scopes, applicationIds, allowedIps = [], expiresAt, source } = key
  const keyId = mint('key')
  const version = newVersion(ctx)
  const made = await ctx.sql.query(
    `insert into secret_keys (account_id, id, agent_id, name, preview, scopes, application_ids, created_at, expires_at, allowed_ips)
     select a.id, $2, $3, $4, $5, $6::text[], $7::text[], $8::timestamptz, $9::timestamptz, $10::text[]
     from accounts a where a.id = $1 and a.status = 'active' for share of a returning 1`,
    [
      accountId,
      keyId,
      agentId,
      name,
      version.keyPreview,
      [...scopes],
      [...applicationIds],
      ctx.now(),
      expiresAt,
      [...allowedIps],
    ],
  )
  if (made.length === 0) throw new ApiError('not_admitted')
  await addVersion(ctx, { accountId, keyId }, version)
  record(ctx, 'secret_key.created', {
    tenantId,
    applicationId: null,
    metadata: { secret_key_id: keyId, key_preview: version.keyPreview, source },
  })
  return { keyId, secretKey: version.secretKey, keyPreview: version.keyPreview }
}
