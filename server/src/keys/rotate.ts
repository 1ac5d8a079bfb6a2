import { record } from '../audit/record.ts'
import { isNarrower } from '../platform/address-list.ts'
import { unauthorized } from '../platform/authenticate.ts'
import { denyOperation } from '../platform/authorize.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError, Refusal } from '../platform/errors.ts'
import type { AccountAgent, AccountPrincipal } from '../platform/principal.ts'
import { addSeconds, toIso } from '../platform/time.ts'
import { expandScopes } from '../scopes.ts'
import { forgetKey } from './end.ts'
import { type KeyRow, requireKey, statusOf } from './find.ts'
import { addVersion, newVersion } from './mint.ts'
import { setupCommands } from './setup.ts'

function refuse(ctx: Ctx, policy: string, options: ConstructorParameters<typeof Refusal>[1]): Refusal {
  denyOperation(ctx, policy)
  return new Refusal('insufficient_scope', options)
}

/**
 * A key may replace itself; another one needs `keys:write`, and no rights that it lacks itself: the answer holds them.
 * @throws 403 insufficient_scope, recorded
 */
function requireRight(ctx: Ctx, agent: AccountAgent): void {
  if (agent.scopes.has('keys:write')) return
  const headers = { 'www-authenticate': 'Bearer error="insufficient_scope", scope="keys:write"' }
  throw refuse(ctx, 'scope', { message: 'The credential lacks the scope keys:write.', headers })
}

function requireNarrower(ctx: Ctx, agent: AccountAgent, row: KeyRow): void {
  const wider = [...expandScopes(row.scopes)].filter((scope) => !agent.scopes.has(scope))
  if (wider.length === 0 && isNarrower(row.allowed_ips, agent.allowedIps)) return
  if (wider.length === 0) {
    denyOperation(ctx, 'rights')
    throw new Refusal('forbidden', { message: 'The key may be used from more addresses than this credential.' })
  }
  const headers = { 'www-authenticate': `Bearer error="insufficient_scope", scope="${wider.join(' ')}"` }
  throw refuse(ctx, 'rights', { message: 'The key may do more than this credential.', headers })
}

/** A key with an end gets none that outlives it: not by making one, and not by replacing one. */
async function requireBriefer(ctx: Ctx<AccountPrincipal>, agent: AccountAgent, row: KeyRow): Promise<void> {
  if (agent.keyId === null) return
  const { expires_at: own } = await requireKey(ctx, agent.keyId)
  if (!own || (row.expires_at && row.expires_at <= own)) return
  throw refuse(ctx, 'rights', { message: 'The key may be used for longer than this credential.' })
}

/**
 * Whoever replaced a secret without overlap has ended it: nobody may replace the next one with it, who was let in a moment
 * before. @throws 401 unauthorized
 */
async function requireLive(ctx: Ctx, { secretHash }: AccountAgent): Promise<void> {
  if (secretHash === undefined) return
  const [live] = await ctx.sql.query(
    'select 1 from secret_key_versions where hash = $1 and (expires_at is null or expires_at > $2)',
    [Buffer.from(secretHash, 'hex'), ctx.now()],
  )
  if (!live) throw unauthorized(true)
}

/**
 * Replaces the secret of a key. The one before works until the overlap ends; no more than two live. Which of two rotations
 * at once comes first is decided by the statement that replaces the newest secret: it finds none the second time.
 * @throws 404 key_not_found, also for an ended one; 403 insufficient_scope, forbidden; 409 rotation_in_progress
 */
export async function rotateKey(ctx: Ctx<AccountPrincipal>, input: { key_id: string; grace_period_seconds: number }) {
  const { principal } = ctx
  const isSelf = principal.kind === 'agent' && principal.keyId === input.key_id
  if (principal.kind === 'agent' && !isSelf) requireRight(ctx, principal)
  const row = await requireKey(ctx, input.key_id)
  if (principal.kind === 'agent' && !isSelf) {
    requireNarrower(ctx, principal, row)
    await requireBriefer(ctx, principal, row)
  }
  if (statusOf(ctx, row) !== 'active') throw new ApiError('key_not_found')
  const { account_id: accountId, id: keyId } = row
  const now = ctx.now()
  const replacedAt = addSeconds(now, input.grace_period_seconds)
  const version = newVersion(ctx)
  const [newest] = await ctx.sql.query<{ hash: Uint8Array }>(
    `select v.hash from secret_key_versions v where v.account_id = $1 and v.key_id = $2 and v.expires_at is null
       and not exists (select 1 from secret_key_versions o
                       where o.account_id = $1 and o.key_id = $2 and o.expires_at > $3)`,
    [accountId, keyId, now],
  )
  if (!newest) throw new ApiError('rotation_in_progress')
  // After the newest was read: if that one replaced the caller's, this sees it.
  if (isSelf) await requireLive(ctx, principal)
  // The key's row first, as whoever revokes it does: the new secret is either seen by that, or never made.
  const [kept] = await ctx.sql.query(
    `update secret_keys set preview = $3 where account_id = $1 and id = $2 and revoked_at is null returning 1`,
    [accountId, keyId, version.keyPreview],
  )
  if (!kept) throw new ApiError('key_not_found')
  const [replaced] = await ctx.sql.query(
    `update secret_key_versions set expires_at = $3 where hash = $1 and key_id = $2 and expires_at is null returning 1`,
    [newest.hash, keyId, replacedAt],
  )
  if (!replaced) throw new ApiError('rotation_in_progress')
  await addVersion(ctx, { accountId, keyId }, version)
  await forgetKey(ctx, accountId, keyId, row.agent_id)
  record(ctx, 'secret_key.rotated', {
    metadata: { secret_key_id: keyId, key_preview: version.keyPreview, reason: isSelf ? 'self' : 'owner' },
  })
  return {
    secret_key: version.secretKey,
    key_preview: version.keyPreview,
    setup: setupCommands(ctx.deps.config, version.secretKey),
    previous_expires_at: toIso(replacedAt),
  }
}
