import { addressKey } from '../platform/address.ts'
import type { AddressList } from '../platform/address-list.ts'
import { denial } from '../platform/authorize.ts'
import type { Ctx } from '../platform/context.ts'
import { writeTrail } from '../platform/trail.ts'

/**
 * Whether a key, or a token handed out with it, may be used from the caller's address (agents.md §6). The caller hears no
 * more than of a bad credential; the key's account finds a denial in its trail, one a minute for each key and address.
 * An allowed call costs no statement. Not to be asked inside a transaction.
 * @param tenantId the account's home tenant
 * @throws 503 service_unavailable when it may not and the store of the limits is away
 */
export async function mayCall(
  ctx: Ctx,
  { keyId, allowed, tenantId }: { keyId: string; allowed: AddressList; tenantId: string },
): Promise<boolean> {
  const { ip } = ctx.request
  if (allowed.allows(ip)) return true
  const first = await ctx.deps.limits.count('key_address_trail', `${keyId} ${addressKey(ip)}`)
  if (!first.ok) return false
  const facts = { policy: 'key_address', resourceType: 'secret_key', resourceId: keyId, resourceTenantId: tenantId }
  ctx.trail.push({ ...denial(ctx, facts), tenantId })
  await writeTrail(ctx, ctx.sql)
  return false
}
