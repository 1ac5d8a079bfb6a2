import type { z } from 'zod'
import type { HotApplication } from '../applications/hot.ts'
import { auditRow } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError, invalid } from '../platform/errors.ts'
import { uuid7 } from '../platform/ids.ts'
import { toIso } from '../platform/time.ts'
import { planLimitReached } from '../tenants/limit-reached.ts'
import { limitsOf } from '../tenants/plans.ts'
import { offeredAlgorithms } from './algorithms.ts'
import { encodeBase64Url } from './base64url.ts'
import { applicationOf, begin, bindings, browserTimeoutMillis, type RegistrationFacts } from './ceremony.ts'
import { type Caller, findTarget, isAllowed } from './registration-target.ts'
import type { RegisterStart } from './schema.ts'
import { userHandle } from './user-handle.ts'

/** A tenant that is full is told so before its user meets the authenticator; the finish decides. */
export async function requirePlace(ctx: Ctx, application: HotApplication): Promise<void> {
  const max = limitsOf(application.plan).users
  if (max === null) return
  const [tenant] = await ctx.sql.query<{ user_count: number }>('select user_count from tenants where id = $1', [
    application.tenantId,
  ])
  if (tenant && tenant.user_count >= max) throw planLimitReached(application.plan, 'users', tenant.user_count)
}

/** What the authenticator already holds for this user: it refuses to make a second one. */
async function excluded(ctx: Ctx<Caller>, userId: string, rpId: string) {
  const rows = await ctx.sql.query<{ webauthn_id: Uint8Array; transports: string[] }>(
    `select webauthn_id, transports from credentials
     where tenant_id = $1 and user_id = $2::uuid and rp_id = $3 and status = 'active' order by id limit 100`,
    [ctx.principal.tenantId, userId, rpId],
  )
  return rows.map(({ webauthn_id: id, transports }) => ({
    type: 'public-key' as const,
    id: encodeBase64Url(id),
    transports,
  }))
}

/**
 * Starts a registration: a new user's first passkey by name, or another one with the user's own session.
 * @param newUserId what a new user's id will be, where it has been decided before
 */
export async function start(ctx: Ctx<Caller>, input: z.output<typeof RegisterStart>, newUserId?: string) {
  const application = await applicationOf(ctx)
  const { principal } = ctx
  const bound = bindings(ctx, application)
  const { rpId, userVerification } = bound
  const bySession = principal.kind === 'end_user'
  if (bySession && input.external_user_id !== undefined && input.external_user_id !== principal.externalUserId) {
    throw invalid('external_user_id', 'must be that of the session, or be left out')
  }
  const name = bySession ? principal.externalUserId : (input.external_user_id ?? null)
  const user = bySession
    ? await findTarget(ctx, { id: principal.id })
    : name === null
      ? null
      : await findTarget(ctx, { externalUserId: name })
  const anonymous = !bySession && name === null
  if (!isAllowed(application, { bySession, anonymous }, user)) throw new ApiError('registration_not_allowed')
  if (!user) await requirePlace(ctx, application)

  const algorithms = offeredAlgorithms()
  const facts: RegistrationFacts = {
    ...bound,
    kind: 'registration',
    userId: user?.user_id ?? newUserId ?? uuid7(ctx.now()),
    externalUserId: name,
    bySession,
    attachment: input.authenticator_type ?? null,
    algorithms,
    conditional: input.mediation === 'conditional',
    extensions: ['credProps'],
  }
  const userId = user?.user_id ?? null
  const started = auditRow(ctx, 'registration.started', { userId, metadata: { method: 'passkey', anonymous } })
  const begun = await begin(ctx, facts, userId, started)
  const shown = name ?? input.display_name ?? 'Passkey'
  return {
    session_id: begun.id,
    expires_at: toIso(begun.expiresAt),
    challenge: {
      rp: { id: rpId, name: application.settings.display_name ?? application.name },
      user: { id: encodeBase64Url(userHandle(facts.userId)), name: shown, displayName: input.display_name ?? shown },
      challenge: encodeBase64Url(begun.challenge),
      pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key' as const, alg })),
      timeout: browserTimeoutMillis,
      excludeCredentials: userId ? await excluded(ctx, userId, rpId) : [],
      authenticatorSelection: {
        ...(input.authenticator_type ? { authenticatorAttachment: input.authenticator_type } : {}),
        residentKey: 'required' as const,
        requireResidentKey: true,
        userVerification,
      },
      attestation: 'none' as const,
      extensions: { credProps: true },
    },
  }
}
