import type { Ctx } from '../platform/context.ts'
import type { AccountPrincipal } from '../platform/principal.ts'
import { type EndReason, endKeys } from './end.ts'
import { requireKey } from './find.ts'
import { ownKeyId } from './read.ts'

/** Ends a key for good, in the caller's transaction; repeating it changes nothing. @returns whether it ended now */
export async function revokeKey(
  ctx: Ctx,
  { accountId, keyId, reason }: { accountId: string; keyId: string; reason: EndReason },
): Promise<boolean> {
  const ended = await endKeys(ctx, { accountId, reason }, { where: 'k.id = $4', values: [keyId] })
  return ended.length > 0
}

/** A key within the caller's reach. @throws 404 key_not_found */
export async function revokeReachable(ctx: Ctx<AccountPrincipal>, input: { key_id: string }): Promise<undefined> {
  const { principal } = ctx
  const { id: keyId, account_id: accountId } = await requireKey(ctx, input.key_id)
  const isSelf = principal.kind === 'agent' && principal.keyId === keyId
  await revokeKey(ctx, { accountId, keyId, reason: isSelf ? 'self' : 'owner' })
  return undefined
}

/** The key that calls. @throws 401 unauthorized for a credential that is none and was handed out with none */
export async function revokeOwn(ctx: Ctx<AccountPrincipal>): Promise<undefined> {
  await revokeKey(ctx, { accountId: ctx.principal.accountId, keyId: ownKeyId(ctx), reason: 'self' })
  return undefined
}
