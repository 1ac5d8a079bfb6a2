import { z } from 'zod'
import { command, query, router } from '../platform/procedures.ts'
import { displayText } from '../platform/text.ts'
import { expectRoom } from './capacity.ts'
import { hostedOnboarding } from './hosted/router.ts'
import { availability, provisionAgent } from './service.ts'

const Limits = z.object({ maxUsers: z.number().int(), maxApps: z.number().int() })

const puzzle = {
  bits: z.number().int().min(1, 'must be 1 to 64').max(64, 'must be 1 to 64'),
  salt: z.string().max(100, 'must be at most 100 characters'),
  exp: z.number().int().meta({ description: 'Until when, in seconds since 1970.' }),
}
export const Proof = z.strictObject({
  ...puzzle,
  solution: z.string().min(1).max(100, 'must be at most 100 characters'),
})

/** The published answer, in its own spelling. */
export const AgentCredentials = z
  .object({
    tenantId: z.string().meta({ examples: ['org_8YpZ3kQ1vT6mWc0RbN4xLd'] }),
    clientId: z.string().meta({ examples: ['cli_8YpZ3kQ1vT6mWc0RbN4xLd'] }),
    clientSecret: z.string().meta({ description: 'Shown once.' }),
    publishableKey: z.string().meta({ description: 'The same value as `clientId`; for `TryMellon.create()`.' }),
    applicationId: z.string().meta({ examples: ['app_8YpZ3kQ1vT6mWc0RbN4xLd'] }),
    limits: Limits,
    inactivity_purge_after_days: z.number().int(),
    claim: z
      .object({
        claim_url: z.string().meta({ description: 'For a person, who takes the tenant over there with a passkey.' }),
        claim_token: z.string().meta({ description: 'For `POST /device/code`. Shown once.' }),
      })
      .meta({ description: 'How a person takes the tenant over; its credentials go on working.' }),
  })
  .meta({ id: 'AgentCredentials' })

export const onboardingRouter = router({
  ...hostedOnboarding,
  provision_agent: command({
    rest: 'POST /v1/onboarding/ai',
    dialect: 'plain',
    auth: 'none',
    policy: 'open',
    limit: ['onboarding_ai', 'onboarding_ai_net', 'onboarding_ai_instance'],
    idempotent: 'address',
    audits: ['tenant.provisioned', 'application.created', 'agent.registered'],
    errors: ['free_ai_capacity_reached', 'proof_required'],
    secret: true,
    summary: 'Get a tenant, an application and client credentials with one call (the vending machine).',
    description: 'Unauthenticated; once an hour an address. The client secret is shown once.',
    input: z.strictObject({
      name: displayText(1, 100).meta({ examples: ['My Agent Name'] }),
      proof: Proof.optional().meta({ description: 'Where `GET` announces a `challenge`; usable once.' }),
    }),
    output: AgentCredentials,
    guard: expectRoom,
    run: provisionAgent,
  }),
  availability: query({
    rest: 'GET /v1/onboarding/ai',
    dialect: 'plain',
    auth: 'none',
    policy: 'open',
    limit: ['onboarding_step'],
    audits: [],
    errors: [],
    summary: 'Look whether the vending machine would answer, without using up the hour.',
    input: z.strictObject({}),
    output: z.object({
      available: z.boolean(),
      limits: Limits,
      inactivity_purge_after_days: z.number().int(),
      rate_limit: z.object({ count: z.number().int(), window_seconds: z.number().int() }),
      retry_after: z.number().int().optional(),
      challenge: z
        .object({ alg: z.literal('sha256-leading-zero-bits'), ...puzzle })
        .optional()
        .meta({ description: 'Find `solution` so that SHA-256 of `salt:solution` begins with `bits` zero bits.' }),
    }),
    run: availability,
  }),
})
