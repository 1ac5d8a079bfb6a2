import { personByAddress } from '../accounts/people.ts'
import { record } from '../audit/record.ts'
import { agentRefusedMail } from '../mails/agent-refused.ts'
import { agentVerificationMail } from '../mails/agent-verification.ts'
import type { Letter } from '../mails/compose.ts'
import type { Ctx } from '../platform/context.ts'
import { uuid7 } from '../platform/ids.ts'
import { queueMail, requireMail } from '../platform/mail.ts'
import { mintSecret, randomText } from '../platform/secrets.ts'
import { addSeconds } from '../platform/time.ts'
import { SYSTEM_TENANT } from '../platform/trail.ts'
import { homeTenantOf, mayAddKeys, oneAtATime } from './registration-account.ts'

export const TOKEN_SECONDS = 24 * 3600

const sent = {
  status: 'verification_sent' as const,
  message: 'If this email is valid, you will receive a verification email. Check your inbox.',
}

export type RegistrationRequest = {
  /** As `mailAddress` read it. */
  email: string
  /** 1 to 80 characters, without control and direction characters. */
  agent_name: string
}

/** Before anything is counted: whoever runs a server without mail is told so, and nobody's hour is used up. */
export async function expectMail(ctx: Ctx): Promise<void> {
  requireMail(ctx.deps)
}

/**
 * The first step of registering an agent by e-mail (agents.md §5.1), in the caller's transaction. Every address takes the
 * same way to the same answer, one that is known, waits, is blocked or new: one look-up, one row, one mail, one line in the
 * trail. What differs is what the mail says.
 * @returns `registration_secret` beside the documented members in strict mode, for every address alike
 * @throws 503 email_unavailable, from `expectMail`
 */
export async function requestRegistration(ctx: Ctx, { email, agent_name: agentName }: RegistrationRequest) {
  const { config, secrets } = ctx.deps
  const now = ctx.now()
  await oneAtATime(ctx, email)
  const known = await personByAddress(ctx, email)
  const home = await homeTenantOf(ctx, known?.accountId ?? null)
  const token = mintSecret('emt')
  const secret = config.EMAIL_VERIFY_STRICT ? randomText(43) : null
  const facts = { agentName, ip: ctx.request.ip, at: now }

  const refusal =
    known?.accountStatus === 'disabled' ? 'disabled' : !known && config.SIGNUPS === 'closed' ? 'closed' : null
  const letter: Letter = refusal
    ? agentRefusedMail(config, { ...facts, why: refusal })
    : agentVerificationMail(config, { ...facts, token, adds: known !== null && mayAddKeys(known) })

  await ctx.sql.query(
    `update agent_registrations set voided_at = $2::timestamptz
     where address = $1 and used_at is null and voided_at is null`,
    [email, now],
  )
  await ctx.sql.query(
    `insert into agent_registrations
       (id, address, agent_name, token_hash, secret_hash, ip_address, created_at, expires_at, voided_at)
     values ($1::uuid, $2, $3, $4::bytea, $5::bytea, $6, $7::timestamptz, $8::timestamptz, $9::timestamptz)`,
    [
      uuid7(now),
      email,
      agentName,
      secrets.hash(token),
      secret === null ? null : secrets.hash(secret),
      ctx.request.ip || null,
      now,
      addSeconds(now, TOKEN_SECONDS),
      refusal ? now : null,
    ],
  )
  await queueMail(ctx, { to: email, ...letter })
  record(ctx, 'agent.registration_requested', {
    tenantId: home ?? SYSTEM_TENANT,
    applicationId: null,
    metadata: { agent_name: agentName },
  })
  return secret === null ? sent : { ...sent, registration_secret: secret }
}
