import type { z } from 'zod'
import { openAccount } from '../../accounts/open.ts'
import { correctAddress, makePerson } from '../../accounts/people.ts'
import { record } from '../../audit/record.ts'
import { openFirstSession } from '../../passkeys/first-session.ts'
import { start as startRegistration } from '../../passkeys/registration.ts'
import { finishHosted } from '../../passkeys/registration-finish.ts'
import type { RegisterFinish } from '../../passkeys/schema.ts'
import type { Ctx } from '../../platform/context.ts'
import { ApiError } from '../../platform/errors.ts'
import { uuid7 } from '../../platform/ids.ts'
import { mintSecret } from '../../platform/secrets.ts'
import { writeTrail } from '../../platform/trail.ts'
import { pageCookie } from './cookie.ts'
import { checkPerson, metadataOf, type Person, shownAs } from './person.ts'
import { atApplication } from './place.ts'
import { type OnboardingRow, onboardingTtlSeconds, requireStep } from './session.ts'

/** A maintainer is a user of the console before there is a passkey; an end user is made with it. */
async function settlePerson(ctx: Ctx, row: OnboardingRow, { email }: Person): Promise<string> {
  if (row.person_id !== null) {
    // Typed anew after a prompt that was cancelled: mails go to what was said last.
    if (row.user_role === 'maintainer' && email) await correctAddress(ctx, row.person_id, email)
    return row.person_id
  }
  return row.user_role === 'maintainer' ? makePerson(ctx, { address: email ?? '', verified: false }) : uuid7(ctx.now())
}

/**
 * The user's external id. Of an end user it is the id that we made: whoever opens a page must not choose the id of a user
 * whom the application knows by it.
 */
async function externalIdOf(ctx: Ctx, row: OnboardingRow, personId: string): Promise<string> {
  if (row.user_role === 'app_user') return personId
  const { externalUserId } = await ctx.db.user.findUniqueOrThrow({
    where: { tenantId_id: { tenantId: row.tenant_id, id: personId } },
    select: { externalUserId: true },
  })
  return externalUserId ?? ''
}

/**
 * Takes who it is, and answers with the options for a passkey. The first call binds the sign-up to this browser by a
 * cookie; a further one, after a prompt that was cancelled, gives a new challenge.
 */
export async function giveData(ctx: Ctx, input: { id: string } & Person) {
  const row = await requireStep(ctx, input.id, ['pending_data', 'pending_passkey'])
  checkPerson(row.user_role, input)
  const personId = await settlePerson(ctx, row, input)
  const secret = row.page_hash === null ? mintSecret('onp') : null
  await ctx.db.hostedOnboarding.update({
    where: { id: row.id },
    data: {
      status: 'pending_passkey',
      companyName: input.company_name ?? null,
      displayName: input.display_name ?? null,
      address: input.email ?? null,
      personId,
      ...(secret ? { pageHash: new Uint8Array(ctx.deps.secrets.hash(secret)) } : {}),
    },
  })
  if (secret) {
    ctx.response.headers['set-cookie'] = pageCookie(ctx.deps.config.PUBLIC_URL, secret, onboardingTtlSeconds)
  }
  const external_user_id = await externalIdOf(ctx, row, personId)
  const started = await startRegistration(await atApplication(ctx, row), { external_user_id }, personId)
  return {
    session_id: row.id,
    status: 'pending_passkey' as const,
    ceremony_id: started.session_id,
    challenge: { ...started.challenge, user: { ...started.challenge.user, ...shownAs(input) } },
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

/** Stores the passkey, and an end user with it; for a maintainer then account, tenant and ownership in one transaction. */
export async function registerPasskey(ctx: Ctx, input: Finish) {
  const { database } = ctx.deps
  const row = await requireStep(ctx, input.id, ['pending_passkey'])
  const personId = row.person_id
  if (personId === null) throw new ApiError('invalid_state')
  // The ceremony has its own transaction, as everywhere: its challenge must stay burnt whatever comes after.
  const finish = { session_id: input.ceremony_id, credential: input.credential }
  await finishHosted(await atApplication(ctx, row), finish, {
    userId: personId,
    metadata: metadataOf(row),
  })
  const done = { session_id: row.id, status: 'pending_passkey' as const, user_id: personId }
  if (row.user_role === 'app_user') return { ...done, tenant_id: row.tenant_id }
  const tenantId = await database.transaction(async (db, sql) => {
    const tx = { ...ctx, db, sql, trail: [] }
    await sql.query('select 1 from hosted_onboardings where id = $1 for update', [row.id])
    const home = await settleAccount(tx, row, personId)
    await writeTrail(tx, sql)
    return home
  })
  return { ...done, tenant_id: tenantId }
}

/** Who has got a passkey by now, and that passkey. @throws 409 invalid_state while there is none */
async function requireSignedUp(ctx: Ctx, { tenant_id, person_id }: OnboardingRow) {
  const [found] = await ctx.sql.query<{
    user_id: string
    external_user_id: string | null
    custom_claims: Record<string, string | number | boolean>
    credential_id: string
    uv_initialized: boolean
  }>(
    `select u.id as user_id, u.external_user_id, u.custom_claims, c.id as credential_id, c.uv_initialized
     from users u join credentials c on c.tenant_id = u.tenant_id and c.user_id = u.id and c.status = 'active'
     where u.tenant_id = $1 and u.id = $2::uuid and u.status <> 'disabled' order by c.created_at, c.id limit 1`,
    [tenant_id, person_id],
  )
  if (!found) throw new ApiError('invalid_state', { message: 'The passkey is still to be registered.' })
  return found
}

/**
 * Ends the sign-up with a session token. The page of a maintainer exchanges it for the dashboard's cookie; that of an end
 * user drops it: it never stands in an address, and on the application's site the new passkey signs in.
 */
export async function completeOnboarding(ctx: Ctx, input: { id: string }) {
  const row = await requireStep(ctx, input.id, ['pending_passkey'])
  const user = await requireSignedUp(ctx, row)
  const there = await atApplication(ctx, row)
  const isMaintainer = row.user_role === 'maintainer'
  const tenantId = isMaintainer ? await settleAccount(ctx, row, user.user_id) : row.tenant_id
  await ctx.db.hostedOnboarding.update({ where: { id: row.id }, data: { status: 'completed' } })
  const passkey = { id: user.credential_id, userVerified: user.uv_initialized }
  const token = await openFirstSession(there, there.principal.application, user, passkey, {})
  record(ctx, 'onboarding.completed', {
    tenantId,
    applicationId: isMaintainer ? null : row.application_id,
    userId: isMaintainer ? null : user.user_id,
    metadata: { onboarding_id: row.id, user_role: row.user_role },
  })
  return {
    session_id: row.id,
    status: 'completed' as const,
    user_id: user.user_id,
    tenant_id: tenantId,
    session_token: token,
    ...(row.return_url === null ? {} : { return_url: row.return_url }),
  }
}
