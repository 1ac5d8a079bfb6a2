import { z } from 'zod'
import { CreationOptions, RegistrationResponse } from '../../passkeys/schema.ts'
import { uuid } from '../../platform/ids.ts'
import { command, query } from '../../platform/procedures.ts'
import { displayText, emailAddress } from '../../platform/text.ts'
import { checkStart, startOnboarding } from './start.ts'
import { onboardingPage, onboardingStatus } from './status.ts'
import { completeOnboarding, giveData, registerPasskey } from './steps.ts'

const Sid = z
  .string()
  .max(64, 'must be at most 64 characters')
  .meta({ examples: ['onb_8YpZ3kQ1vT6mWc0RbN4xLd'] })
const Url = z.string().max(2000, 'must be at most 2000 characters')
const HostedUrl = z.string().meta({ format: 'uri', description: 'The page for the person.' })
const Status = z.enum(['pending_data', 'pending_passkey', 'completed', 'expired', 'failed'])
const Role = z
  .enum(['maintainer', 'app_user'])
  .meta({ description: 'Who signs up: the owner of a new account, or an end user of the application.' })
const person = {
  company_name: displayText(1, 100).optional().meta({ description: 'Of a maintainer.' }),
  display_name: displayText(1, 100).optional().meta({ description: 'Of an end user.' }),
  email: emailAddress.optional(),
}
const step = z.literal('pending_passkey')

const hosted = { auth: 'none', policy: 'open', limit: ['onboarding_step'] } as const
/** Also with the publishable key of an application, whose pages may be anywhere. */
const begun = { auth: ['none', 'publishable'], policy: 'hosted_sign_up' } as const
const stepErrors = ['onboarding_not_found', 'invalid_state', 'forbidden', 'tenant_inactive'] as const

/** Signing up on the hosted page (http-api.md §3.19). */
export const hostedOnboarding = {
  start: command({
    ...begun,
    rest: 'POST /v1/onboarding/start',
    status: 201,
    limit: ['onboarding_hosted'],
    audits: [],
    errors: [
      'signups_closed',
      'invalid_return_url',
      'invalid_refresh_url',
      'unauthorized',
      'registration_not_allowed',
      'plan_limit_reached',
      'origin_not_allowed',
      'tenant_inactive',
    ],
    summary: 'Begin a sign-up on the hosted page, for a person who will own an account or for an end user.',
    description:
      'An `app_user` is begun with the publishable key, from a page of the application. The passkey is made for the RP ID of that page (`rp_id`, else its host), which the hosted page must be able to use: our host must be that domain or belong to it, or `rp_id` is set, `related_origins` lists our origin and `https://<rp_id>/.well-known/webauthn` serves it. Otherwise 400 `validation_error` names `rp_id`.',
    input: z.strictObject({
      user_role: Role,
      return_url: Url.optional().meta({
        description:
          "Where the person goes in the end: one of `success_urls`; of a maintainer on this server, or in the operator's list.",
      }),
      refresh_url: Url.optional().meta({
        description: 'Where a page that has expired leads; listed like `return_url`.',
      }),
      prefill: z.strictObject(person).optional().meta({ description: 'Shown on the page; never trusted.' }),
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
    ...begun,
    rest: 'GET /v1/onboarding/{id}/status',
    limit: ['onboarding_step'],
    audits: [],
    errors: ['onboarding_not_found', 'origin_not_allowed', 'tenant_inactive'],
    summary: 'Tell how far a sign-up is; whoever has its id may ask.',
    input: z.strictObject({ id: Sid }),
    output: z.object({
      status: Status,
      hosted_url: HostedUrl.optional(),
      onboarding_url: HostedUrl.optional(),
      expires_in: z.number().int().optional(),
    }),
    run: onboardingStatus,
  }),
  page: query({
    ...hosted,
    rest: 'GET /v1/onboarding/{id}/page',
    audits: [],
    errors: ['onboarding_not_found'],
    summary: 'Hosted page: what it shows, and what its form begins with.',
    input: z.strictObject({ id: Sid }),
    output: z.object({
      status: Status,
      user_role: Role,
      application: z
        .object({ name: z.string(), site: z.string().meta({ description: 'Domain that the passkey is for.' }) })
        .optional(),
      prefill: z.object({ company_name: z.string(), display_name: z.string(), email: z.string() }).partial(),
      refresh_url: z.string().optional(),
    }),
    run: onboardingPage,
  }),
  data: command({
    ...hosted,
    rest: 'POST /v1/onboarding/{id}/data',
    audits: ['registration.started', 'user.created'],
    errors: [...stepErrors, 'registration_not_allowed', 'plan_limit_reached'],
    sets: ['Set-Cookie'],
    summary: 'Hosted page: say who it is, and get the options for a passkey.',
    description: 'Of a maintainer `company_name` and `email`; of an end user `display_name`, `email` or both.',
    input: z.strictObject({ id: Sid, ...person }),
    output: z.object({ session_id: z.string(), status: step, ceremony_id: z.string(), challenge: CreationOptions }),
    run: giveData,
  }),
  register_passkey: command({
    ...hosted,
    rest: 'POST /v1/onboarding/{id}/register-passkey',
    hot: 'statement',
    audits: [
      'passkey.registered',
      'user.created',
      'auth.failed',
      'account.created',
      'tenant.provisioned',
      'application.created',
    ],
    errors: [
      ...stepErrors,
      'session_expired',
      'challenge_mismatch',
      'verification_failed',
      'credential_exists',
      'registration_not_allowed',
      'plan_limit_reached',
      'user_locked',
      'signups_closed',
    ],
    summary: 'Hosted page: store the passkey; open the account, or make the end user.',
    input: z.strictObject({ id: Sid, ceremony_id: uuid, credential: RegistrationResponse }),
    output: z.object({ session_id: z.string(), status: step, user_id: z.string(), tenant_id: z.string() }),
    run: registerPasskey,
  }),
  complete: command({
    ...hosted,
    rest: 'POST /v1/onboarding/{id}/complete',
    audits: ['onboarding.completed', 'auth.success'],
    errors: [...stepErrors, 'signups_closed'],
    secret: true,
    summary: 'Hosted page: end the sign-up with a session token, of the dashboard or of the application.',
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
