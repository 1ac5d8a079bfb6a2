import type { z } from 'zod'
import { openAccount } from '../../accounts/open.ts'
import { makePerson } from '../../accounts/people.ts'
import { record } from '../../audit/record.ts'
import { atConsole } from '../../console/at-console.ts'
import { CONSOLE_TENANT_ID, consoleApplication } from '../../console/console.ts'
import { start as startRegistration } from '../../passkeys/registration.ts'
import { finish as finishRegistration } from '../../passkeys/registration-finish.ts'
import type { RegisterFinish } from '../../passkeys/schema.ts'
import type { Ctx } from '../../platform/context.ts'
import { ApiError } from '../../platform/errors.ts'
import { mintSecret } from '../../platform/secrets.ts'
import { writeTrail } from '../../platform/trail.ts'
import { newSession, sessionColumns, sessionPlaceholders } from '../../sessions/issue.ts'
import { pageCookie } from './cookie.ts'
import { type OnboardingRow, onboardingTtlSeconds, requireStep } from './session.ts'

async function externalIdOf(ctx: Ctx, personId: string): Promise<string> {
  const { externalUserId } = await ctx.db.user.findUniqueOrThrow({
    where: { tenantId_id: { tenantId: CONSOLE_TENANT_ID, id: personId } },
    select: { externalUserId: true },
  })
  return externalUserId ?? ''
}

/**
 * Takes who it is, and answers with the options for a passkey. The first call binds the sign-up to this browser by a
 * cookie; a further one, after a prompt that was cancelled, gives a new challenge.
 */
export async function giveData(ctx: Ctx, input: { id: string; company_name: string; email: string }) {
  const row = await requireStep(ctx, input.id, ['pending_data', 'pending_passkey'])
  const personId = row.person_id ?? (await makePerson(ctx, { address: input.email, verified: false }))
  const secret = row.page_hash === null ? mintSecret('onp') : null
  await ctx.db.hostedOnboarding.update({
    where: { id: row.id },
    data: {
      status: 'pending_passkey',
      companyName: input.company_name,
      address: input.email,
      personId,
      ...(secret ? { pageHash: new Uint8Array(ctx.deps.secrets.hash(secret)) } : {}),
    },
  })
  if (secret) {
    ctx.response.headers['set-cookie'] = pageCookie(ctx.deps.config.PUBLIC_URL, secret, onboardingTtlSeconds)
  }
  const started = await startRegistration(await atConsole(ctx), {
    external_user_id: await externalIdOf(ctx, personId),
  })
  // What the person sees in the list of passkeys: the address, not the name we made.
  const user = { ...started.challenge.user, name: input.email, displayName: input.email }
  return {
    session_id: row.id,
    status: 'pending_passkey' as const,
    ceremony_id: started.session_id,
    challenge: { ...started.challenge, user },
  }
}

/** The account of the person, made once: after a fault between the passkey and this, the next step makes it. */
async function settleAccount(ctx: Ctx, row: OnboardingRow, personId: string): Promise<string> {
  const known = await ctx.db.member.findFirst({
    where: { personId },
    select: { account: { select: { tenants: { select: { id: true }, orderBy: { createdAt: 'asc' }, take: 1 } } } },
  })
  const [home] = known?.account.tenants ?? []
  if (home) return home.id
  const name = row.company_name ?? ''
  return (await openAccount(ctx, { name, owner: { personId }, method: 'hosted_onboarding' })).tenantId
}

type Finish = { id: string } & Pick<z.output<typeof RegisterFinish>, 'credential'> & { ceremony_id: string }

/** Stores the passkey; then account, tenant and ownership in one transaction. */
export async function registerPasskey(ctx: Ctx, input: Finish) {
  const { database } = ctx.deps
  const row = await requireStep(ctx, input.id, ['pending_passkey'])
  const personId = row.person_id
  if (personId === null) throw new ApiError('invalid_state')
  // The ceremony has its own transaction, as everywhere: its challenge must stay burnt whatever comes after.
  await finishRegistration(await atConsole(ctx), { session_id: input.ceremony_id, credential: input.credential })
  const tenantId = await database.transaction(async (db, sql) => {
    const tx = { ...ctx, db, sql, trail: [] }
    await sql.query('select 1 from hosted_onboardings where id = $1 for update', [row.id])
    const home = await settleAccount(tx, row, personId)
    await writeTrail(tx, sql)
    return home
  })
  return { session_id: row.id, status: 'pending_passkey' as const, user_id: personId, tenant_id: tenantId }
}

/** Ends the sign-up with a session token of the console, which the page exchanges for the dashboard's cookie. */
export async function completeOnboarding(ctx: Ctx, input: { id: string }) {
  const row = await requireStep(ctx, input.id, ['pending_passkey'])
  const personId = row.person_id
  const person =
    personId &&
    (await ctx.db.user.findUnique({ where: { tenantId_id: { tenantId: CONSOLE_TENANT_ID, id: personId } } }))
  const application = await consoleApplication(ctx)
  if (!person || person.authenticatedAt === null) {
    throw new ApiError('invalid_state', { message: 'The passkey is still to be registered.' })
  }
  const tenantId = await settleAccount(ctx, row, person.id)
  await ctx.db.hostedOnboarding.update({ where: { id: row.id }, data: { status: 'completed' } })
  const subject = { userId: person.id, externalUserId: person.externalUserId, claims: {} }
  const session = newSession(ctx, application, subject, { method: 'passkey', credentialId: null })
  await ctx.sql.query(`insert into sessions (${sessionColumns}) values (${sessionPlaceholders(1)})`, session.values)
  record(ctx, 'onboarding.completed', {
    tenantId,
    applicationId: null,
    metadata: { onboarding_id: row.id, user_role: row.user_role },
  })
  return {
    session_id: row.id,
    status: 'completed' as const,
    user_id: person.id,
    tenant_id: tenantId,
    session_token: session.token,
    ...(row.return_url === null ? {} : { return_url: row.return_url }),
  }
}
