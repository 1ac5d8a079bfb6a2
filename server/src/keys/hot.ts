import { addressKey } from '../platform/address.ts'
import { type AddressList, addressList } from '../platform/address-list.ts'
import type { Cache, Caches } from '../platform/cache.ts'
import type { Ctx } from '../platform/context.ts'
import type { Sql } from '../platform/db.ts'
import { ApiError } from '../platform/errors.ts'
import type { AccountAgent } from '../platform/principal.ts'
import { hasValidChecksum } from '../platform/secrets.ts'
import { toIso } from '../platform/time.ts'
import { expandScopes } from '../scopes.ts'
import { mayCall } from './address.ts'
import { endOf, idleEndOf, isNear } from './life.ts'

/** What a request with a secret key needs to know of it, in one cached row. */
export type HotKey = {
  /** Keyed hash of the secret, in hex. */
  hash: string
  accountId: string
  keyId: string
  agentId: string
  scopes: ReadonlySet<string>
  /** Empty: every application of the account. */
  applicationIds: readonly string[]
  /** Where it may be used from. */
  allowed: AddressList
  /** Of this secret: a key has two of them for a while after a rotation. */
  madeAt: Date
  /** End of the overlap, once a newer secret took over. */
  replacedAt: Date | null
  expiresAt: Date | null
  /** As it was when the row was loaded; what was used since is in `keyUse`. */
  lastUsedAt: Date
}

type Row = {
  account_id: string
  key_id: string
  agent_id: string
  scopes: string[]
  application_ids: string[]
  allowed_ips: string[]
  made_at: Date
  replaced_at: Date | null
  expires_at: Date | null
  last_used_at: Date
}

// Raw: the one statement of a request with a key, by the primary key of its secret.
const byHash = `
  select v.account_id, v.key_id, k.agent_id, k.scopes, k.application_ids, k.allowed_ips, v.created_at as made_at,
         v.expires_at as replaced_at, k.expires_at, coalesce(k.last_used_at, k.created_at) as last_used_at
  from secret_key_versions v
  join secret_keys k on k.account_id = v.account_id and k.id = v.key_id
  join agents g on g.account_id = k.account_id and g.id = k.agent_id
  where v.hash = $1 and k.revoked_at is null and g.revoked_at is null`

/** `secret_key`: a key that was not revoked, by the keyed hash of its secret in hex. */
export const createHotKeys = (caches: Caches, sql: Sql): Cache<HotKey> =>
  caches.create('secret_key', {
    async load(hash) {
      const [row] = await sql.query<Row>(byHash, [Buffer.from(hash, 'hex')])
      if (!row) return null
      return {
        hash,
        accountId: row.account_id,
        keyId: row.key_id,
        agentId: row.agent_id,
        scopes: expandScopes(row.scopes),
        applicationIds: row.application_ids,
        allowed: addressList(row.allowed_ips),
        madeAt: row.made_at,
        replacedAt: row.replaced_at,
        expiresAt: row.expires_at,
        lastUsedAt: row.last_used_at,
      }
    },
  })

const isOver = (end: Date | null, now: Date): boolean => end !== null && end <= now

/** The key of a secret that may be used now; null: malformed, unknown, replaced, expired, idle for too long, revoked. */
async function liveKey(ctx: Ctx, secret: string): Promise<HotKey | null> {
  // Refused before any look-up: what has no valid checksum was never minted here (agents.md §6).
  if (!hasValidChecksum(secret, 'tm_key')) return null
  const { config, secretKeys, secrets, keyUse } = ctx.deps
  const key = await secretKeys.get(secrets.hash(secret).toString('hex'))
  if (!key) return null
  const now = ctx.now()
  const end = endOf(key, config)
  const idleEnd = idleEndOf(keyUse.lastUse(key.keyId, key.lastUsedAt), config)
  return isOver(key.replacedAt, now) || isOver(end, now) || isOver(idleEnd, now) ? null : key
}

/**
 * Counts a wrong key against its address. Only wrong keys meet this limit, so nobody is locked out by somebody else's.
 * @throws 429 rate_limit_exceeded
 */
async function countFailure({ deps: { limits }, request }: Ctx): Promise<null> {
  const verdict = await limits.count('secret_key_failures', addressKey(request.ip))
  if (verdict.ok) return null
  throw new ApiError('rate_limit_exceeded', { retryAfter: verdict.retryAfter, headers: limits.headers([verdict]) })
}

type Found = { key: HotKey; agent: AccountAgent }

async function find(ctx: Ctx, secret: string): Promise<Found | null> {
  const key = await liveKey(ctx, secret)
  const account = key && (await ctx.deps.accounts.get(key.accountId))
  if (!key || !account?.homeTenantId || account.status !== 'active') return null
  const { accountId, agentId, keyId } = key
  const agent: AccountAgent = {
    kind: 'agent',
    id: agentId,
    accountId,
    tenantId: account.homeTenantId,
    applicationId: null,
    bucket: keyId,
    scopes: key.scopes,
    keyId,
    secretHash: key.hash,
    applicationIds: key.applicationIds,
    allowedIps: key.allowed.ranges,
  }
  return { key, agent }
}

/**
 * The agent behind a secret key that calls, for its whole account; its use is noted, off the request path, and the answer
 * tells when the key ends soon.
 * @returns null: malformed, unknown, expired, revoked, of an account that is not active, or from an address that the key does
 *   not allow, which only the account's trail tells apart
 * @throws 429 rate_limit_exceeded after too many wrong keys from one address
 */
export async function agentFromKey(ctx: Ctx, secret: string): Promise<AccountAgent | null> {
  const found = await find(ctx, secret)
  const isGood = found && (await mayCall(ctx, { ...found.key, tenantId: found.agent.tenantId }))
  if (!found || !isGood) return countFailure(ctx)
  const { agent, key } = found
  const { accountId, agentId, keyId } = key
  ctx.deps.keyUse.note({ accountId, agentId, keyId, ip: ctx.request.ip, userAgent: ctx.request.userAgent })
  const end = endOf(key, ctx.deps.config)
  if (end && isNear(end, ctx.now())) ctx.response.headers['x-key-expires-at'] = toIso(end)
  return agent
}

/**
 * The agent behind a secret key that somebody asks about: that is no use of it, so nothing is noted and the address of
 * whoever asks says nothing of whoever holds it.
 * @returns null, and throws, as `agentFromKey`
 */
export async function agentBehindKey(ctx: Ctx, secret: string): Promise<AccountAgent | null> {
  const found = await find(ctx, secret)
  return found ? found.agent : countFailure(ctx)
}
