import { record } from '../audit/record.ts'
import { touch } from '../platform/cache.ts'
import type { Ctx } from '../platform/context.ts'

export type EndReason = 'owner' | 'self' | 'leak_report' | 'agent_revoked' | 'expired'

/** Makes every instance look again at a key and its agent, at commit. */
export async function forgetKey(ctx: Ctx, accountId: string, keyId: string, agentId: string): Promise<void> {
  const versions = await ctx.sql.query<{ hash: Uint8Array }>(
    'select hash from secret_key_versions where account_id = $1 and key_id = $2',
    [accountId, keyId],
  )
  for (const { hash } of versions) await touch(ctx, 'secret_key', Buffer.from(hash).toString('hex'))
  await touch(ctx, 'agent', agentId)
}

/** The account's home tenant, whose trail holds what belongs to the whole account; null once every tenant is gone. */
export async function homeOf(ctx: Ctx, accountId: string): Promise<string | null> {
  const [home] = await ctx.sql.query<{ id: string }>(
    'select id from tenants where account_id = $1 order by deleted_at is not null, created_at, id limit 1',
    [accountId],
  )
  return home?.id ?? null
}

export type EndedKey = { id: string; agent_id: string; name: string; preview: string }

/**
 * Ends keys of an account for good, in the caller's transaction: one conditional statement, so that of two that end the
 * same key one does. Every instance knows at commit, of tokens handed out with them too.
 * @param which SQL for `secret_keys k`, with parameters from $4 on
 * @returns what was ended now
 */
export async function endKeys(
  ctx: Ctx,
  { accountId, reason }: { accountId: string; reason: EndReason },
  which: { where: string; values: readonly unknown[] },
): Promise<EndedKey[]> {
  const ended = await ctx.sql.query<EndedKey>(
    `update secret_keys k set revoked_at = $2, revoked_reason = $3
     where k.account_id = $1 and k.revoked_at is null and ${which.where} returning k.id, k.agent_id, k.name, k.preview`,
    [accountId, ctx.now(), reason, ...which.values],
  )
  const home = ended.length > 0 ? await homeOf(ctx, accountId) : null
  const facts = { ...(home === null ? {} : { tenantId: home }), applicationId: null }
  for (const { id, agent_id, preview } of ended) {
    await ctx.sql.query(
      `update secret_key_versions set expires_at = $3
       where account_id = $1 and key_id = $2 and (expires_at is null or expires_at > $3)`,
      [accountId, id, ctx.now()],
    )
    await forgetKey(ctx, accountId, id, agent_id)
    if (reason === 'expired') record(ctx, 'secret_key.expired', { ...facts, metadata: { secret_key_id: id } })
    else record(ctx, 'secret_key.revoked', { ...facts, metadata: { secret_key_id: id, key_preview: preview, reason } })
  }
  return ended
}
