import { z } from 'zod'
import { CreationOptions, RegistrationResponse } from '../../passkeys/schema.ts'
import { uuid } from '../../platform/ids.ts'
import { command, query } from '../../platform/procedures.ts'
import { displayText, emailAddress } from '../../platform/text.ts'
import { checkStart, onboardingStatus, startOnboarding } from './start.ts'
import { completeOnboarding, giveData, registerPasskey } from './steps.ts'

const Sid = z
  .string()
  .max(64, 'must be at most 64 characters')
  .meta({ examples: ['onb_8YpZ3kQ1vT6mWc0RbN4xLd'] })
const Url = z.string().max(2000, 'must be at most 2000 characters')
const HostedUrl = z.string().meta({ format: 'uri', description: 'The page for the person.' })
const step = z.literal('pending_passkey')

const hosted = {
  auth: 'none',
  policy: 'open',
  limit: ['onboarding_step'],
} as const

/** Signing up on the hosted page (http-api.md §3.19). */
export const hostedOnboarding = {
  start: command({
    rest: 'POST /v1/onboarding/start',
    status: 201,
    auth: 'none',
    policy: 'open',
    limit: ['onboarding_hosted'],
    audits: [],
    errors: ['signups_closed', 'invalid_return_url', 'invalid_refresh_url'],
    summary: 'Begin a sign-up on the hosted page, for a person who will own an account.',
    input: z.strictObject({
      user_role: z.literal('maintainer'),
      return_url: Url.optional().meta({ description: "On this server, or in the operator's list." }),
      refresh_url: Url.optional(),
      prefill: z
        .strictObject({ company_name: displayText(1, 100).optional(), email: emailAddress.optional() })
        .optional()
        .meta({ description: 'Shown on the page; never trusted.' }),
    }),
    output: z.object({
      session_id: z.string(),
      hosted_url: HostedUrl,
      onboarding_url: HostedUrl,
      expires_in: z.number().int(),
    }),
    guard: checkStart,
    run: startOnboarding,
  }),
  status: query({
    ...hosted,
    rest: 'GET /v1/onboarding/{id}/status',
    audits: [],
    errors: ['onboarding_not_found'],
    summary: 'Tell how far a sign-up is; whoever has its id may ask.',
    input: z.strictObject({ id: Sid }),
    output: z.object({
      status: z.enum(['pending_data', 'pending_passkey', 'completed', 'expired', 'failed']),
      hosted_url: HostedUrl.optional(),
      onboarding_url: HostedUrl.optional(),
      expires_in: z.number().int().optional(),
    }),
    run: onboardingStatus,
  }),
  data: command({
    ...hosted,
    rest: 'POST /v1/onboarding/{id}/data',
    audits: ['registration.started', 'user.created'],
    errors: ['onboarding_not_found', 'invalid_state', 'forbidden'],
    sets: ['Set-Cookie'],
    summary: 'Hosted page: say who it is, and get the options for a passkey.',
    input: z.strictObject({ id: Sid, company_name: displayText(1, 100), email: emailAddress }),
    output: z.object({ session_id: z.string(), status: step, ceremony_id: z.string(), challenge: CreationOptions }),
    run: giveData,
  }),
  register_passkey: command({
    ...hosted,
    rest: 'POST /v1/onboarding/{id}/register-passkey',
    hot: 'statement',
    audits: [
      'passkey.registered',
      'auth.success',
      'auth.failed',
      'account.created',
      'tenant.provisioned',
      'application.created',
    ],
    errors: [
      'onboarding_not_found',
      'invalid_state',
      'forbidden',
      'session_expired',
      'verification_failed',
      'credential_exists',
      'registration_not_allowed',
      'signups_closed',
    ],
    summary: 'Hosted page: store the passkey, and open the account.',
    input: z.strictObject({ id: Sid, ceremony_id: uuid, credential: RegistrationResponse }),
    output: z.object({ session_id: z.string(), status: step, user_id: z.string(), tenant_id: z.string() }),
    run: registerPasskey,
  }),
  complete: command({
    ...hosted,
    rest: 'POST /v1/onboarding/{id}/complete',
    audits: ['onboarding.completed'],
    errors: ['onboarding_not_found', 'invalid_state', 'forbidden', 'signups_closed'],
    secret: true,
    summary: 'Hosted page: end the sign-up with a session token for the dashboard.',
    input: z.strictObject({ id: Sid }),
    output: z.object({
      session_id: z.string(),
      status: z.literal('completed'),
      user_id: z.string(),
      tenant_id: z.string(),
      session_token: z.string(),
      return_url: z.string().optional(),
    }),
    run: completeOnboarding,
  }),
}
