import { z } from 'zod'
import { KeyDelivery } from '../keys/setup.ts'
import { mailAddress } from '../platform/mail-address.ts'
import { command } from '../platform/procedures.ts'
import { displayText, text } from '../platform/text.ts'
import { expectMail, requestRegistration } from './registration.ts'
import { reserveAttempt } from './registration-attempts.ts'
import { registrationPage } from './registration-page.ts'
import { verifyRegistration } from './verification.ts'

/** What a registration counts on; `POST /agent/identity` counts on the same. */
export const registrationLimits = ['agent_email_ip', 'agent_email', 'agent_email_day', 'agent_email_domain'] as const

export const AgentName = displayText(1, 80).meta({ examples: ['Production Agent'] })

export const RegistrationSent = z
  .object({
    status: z.literal('verification_sent'),
    message: z.string(),
    registration_secret: z
      .string()
      .optional()
      .meta({ description: 'On a strict server: has to come back with the token. Shown once.' }),
  })
  .meta({ id: 'RegistrationSent' })

const Verified = z.object({ status: z.literal('verified'), ...KeyDelivery.shape }).meta({ id: 'VerifiedAgent' })

const input = z.strictObject({
  token: text(1, 255).meta({ description: '`emt_…`, from the mail.' }),
  registration_secret: text(1, 255).optional().meta({ description: 'Needed on a strict server.' }),
})

const verification = {
  dialect: 'plain',
  auth: 'none',
  policy: 'open',
  limit: [],
  audits: [
    'user.created',
    'identifier.linked',
    'account.created',
    'tenant.provisioned',
    'application.created',
    'agent.registered',
    'secret_key.created',
    'agent.verification_failed',
    'agent.locked',
  ],
  errors: [
    'invalid_token',
    'token_used',
    'token_expired',
    'registration_secret_required',
    'not_admitted',
    'too_many_attempts',
  ],
  secret: true,
  page: registrationPage,
  input,
  output: Verified,
  guard: reserveAttempt,
  run: verifyRegistration,
} as const

const what = 'A new address gets an account; a known one gets one more key for its account. The key is shown once.'

/** Registration by e-mail, as members of the agents' router. */
export const registrationRoutes = {
  register: command({
    rest: 'POST /api/agents/register',
    dialect: 'plain',
    auth: 'none',
    policy: 'open',
    limit: registrationLimits,
    audits: ['agent.registration_requested'],
    errors: ['email_unavailable'],
    secret: true,
    summary: 'Ask for a mail whose token becomes a secret key.',
    description: 'Unauthenticated. The answer is the same for every address, whether it has an account or not.',
    input: z.strictObject({ email: mailAddress, agent_name: AgentName }),
    output: RegistrationSent,
    guard: expectMail,
    run: requestRegistration,
  }),
  verify: command({
    ...verification,
    rest: 'POST /api/agents/verify',
    summary: 'Turn the token from the mail into a secret key.',
    description: `${what} Failed attempts are counted: 5 for a token, 20 for an address in an hour.`,
  }),
  verify_link: command({
    ...verification,
    rest: 'GET /api/agents/verify',
    summary: 'The same with one GET, for programs that read the mail.',
    description: `${what} Browsers, prefetches and scanners of links get a page with a button instead, and use nothing up; \`HEAD\` does nothing.`,
  }),
}
