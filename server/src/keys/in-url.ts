import { denial } from '../platform/authorize.ts'
import type { Ctx } from '../platform/context.ts'
import { hasValidChecksum } from '../platform/secrets.ts'
import { writeTrail } from '../platform/trail.ts'

/**
 * Flags a key that somebody put into an address, where proxies and logs have seen it: a row in its account's trail
 * (agents.md §6). The key goes on working, since anybody could have sent it there.
 */
export async function flagKeyInUrl(ctx: Ctx, secret: string): Promise<void> {
  if (!hasValidChecksum(secret, 'tm_key')) return
  const { secretKeys, accounts, secrets } = ctx.deps
  const key = await secretKeys.get(secrets.hash(secret).toString('hex'))
  const account = key && (await accounts.get(key.accountId))
  if (!key || !account?.homeTenantId) return
  const tenantId = account.homeTenantId
  const facts = { policy: 'key_in_url', resourceType: 'secret_key', resourceId: key.keyId, resourceTenantId: tenantId }
  ctx.trail.push({ ...denial(ctx, facts), tenantId })
  await writeTrail(ctx, ctx.sql)
}
