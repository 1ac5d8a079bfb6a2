import type { HotApplication } from '../applications/hot.ts'
import type { Ctx } from '../platform/context.ts'
import type { EndUser, Publishable } from '../platform/principal.ts'
import { mayRegister } from './registration-policy.ts'
import { type SignedInRow, signedInColumns } from './signed-in-user.ts'

export type Caller = Publishable | EndUser

export type KnownUser = SignedInRow & { status: string; ever: boolean; locked_until: Date | null }

/** The user a registration is about, with whether it ever had a passkey or a session. @param lock holds it against a rival */
export async function findTarget(
  ctx: Ctx<Caller>,
  by: { externalUserId: string } | { id: string },
  lock = false,
): Promise<KnownUser | null> {
  const [row] = await ctx.sql.query<KnownUser>(
    `select ${signedInColumns}, u.status, u.locked_until, u.authenticated_at is not null as ever from users u
     where u.tenant_id = $1 and u.application_id = $2 and ${'id' in by ? 'u.id = $3::uuid' : 'u.external_user_id = $3'}${lock ? ' for update of u' : ''}`,
    [ctx.principal.tenantId, ctx.principal.applicationId, 'id' in by ? by.id : by.externalUserId],
  )
  return row ?? null
}

export const isAllowed = (
  application: HotApplication,
  facts: { bySession: boolean; anonymous: boolean },
  user: KnownUser | null,
) =>
  mayRegister({
    policy: application.settings.registration_policy,
    anonymousSignup: application.settings.anonymous_signup,
    ...facts,
    user: user && { disabled: user.status === 'disabled', everHadPasskey: user.ever },
  })
