import type { HotApplication } from '../applications/hot.ts'
import { record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import { newSession, sessionColumns, sessionPlaceholders, sessionWidth } from '../sessions/issue.ts'
import { markActive } from '../usage/active-user.ts'
import { periodOf } from '../usage/period.ts'
import type { Claims } from '../users/custom-claims.ts'
import type { SignedInRow } from './signed-in-user.ts'

const behindSession = (nth: number) => `$${sessionWidth + nth}`
const openSession = `
  with opened as (insert into sessions (${sessionColumns}) values (${sessionPlaceholders(1)}) returning id)
  ${markActive([behindSession(1), behindSession(2), behindSession(3)], 'from opened')}`

/**
 * The session that follows a new passkey, in the caller's transaction, with its month of activity and `auth.success`.
 * @param claims the client's own, already checked; those of the user win
 * @returns its token
 */
export async function openFirstSession(
  ctx: Ctx,
  application: HotApplication,
  user: Pick<SignedInRow, 'user_id' | 'external_user_id' | 'custom_claims'>,
  passkey: { id: string; userVerified: boolean },
  claims: Claims,
): Promise<string> {
  const userId = user.user_id
  const subject = { userId, externalUserId: user.external_user_id, claims: { ...claims, ...user.custom_claims } }
  const session = newSession(ctx, application, subject, { method: 'passkey', credentialId: passkey.id })
  await ctx.sql.query(openSession, [...session.values, application.tenantId, userId, periodOf(ctx.now())])
  record(ctx, 'auth.success', {
    userId,
    metadata: {
      method: 'passkey',
      credential_id: passkey.id,
      session_id: session.id,
      user_verified: passkey.userVerified,
    },
  })
  return session.token
}
