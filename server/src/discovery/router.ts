import { TRPCError } from '@trpc/server'
import { z } from 'zod'
import { AgentName, RegistrationSent } from '../agents/registration-routes.ts'
import { agentsRouter } from '../agents/router.ts'
import { deviceRouter } from '../device/router.ts'
import { DeviceCode } from '../device/schema.ts'
import { AgentCredentials, onboardingRouter, Proof } from '../onboarding/router.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { mailAddress } from '../platform/mail-address.ts'
import { command, router } from '../platform/procedures.ts'
import { displayText, text } from '../platform/text.ts'
import { identityScopes, vendingAgentOf } from './identity.ts'

/** The operations behind this adapter: called as themselves, so that their limits, guards and trails are the same. */
const originals = router({ onboarding: onboardingRouter, agents: agentsRouter, device: deviceRouter })

const as = ({ deps, request, response }: Ctx) => originals.createCaller({ deps, request, response })

const Anonymous = z.strictObject({
  type: z.literal('anonymous'),
  name: displayText(1, 100).default('Agent'),
  proof: Proof.optional(),
})
const ServiceAuth = z.strictObject({
  type: z.literal('service_auth'),
  login_hint: mailAddress,
  agent_name: AgentName.default('Agent'),
})

/** @throws 400 validation_error, as for any input */
function read<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input)
  if (!parsed.success) throw new TRPCError({ code: 'BAD_REQUEST', cause: parsed.error })
  return parsed.data
}

async function anonymous(ctx: Ctx, input: unknown): Promise<z.input<typeof Identity>> {
  const { name, proof } = read(Anonymous, input)
  const made = await as(ctx).onboarding.provision_agent({ name, ...(proof ? { proof } : {}) })
  return {
    ...made,
    claim: { ...made.claim, token: made.claim.claim_token },
    id: await vendingAgentOf(ctx, made.tenantId),
    type: 'anonymous',
    scopes: identityScopes,
  }
}

async function serviceAuth(ctx: Ctx, input: unknown): Promise<z.input<typeof RegistrationSent>> {
  const { login_hint: email, agent_name } = read(ServiceAuth, input)
  return as(ctx).agents.register({ email, agent_name })
}

const Identity = AgentCredentials.extend({
  claim: AgentCredentials.shape.claim.extend({ token: z.string().meta({ description: 'The same as `claim_token`.' }) }),
  id: z.string().meta({ examples: ['agt_8YpZ3kQ1vT6mWc0RbN4xLd'] }),
  type: z.literal('anonymous'),
  scopes: z.object({ pre_claim: z.array(z.string()), post_claim: z.array(z.string()) }),
}).meta({ id: 'AnonymousIdentity' })

/** `/agent/identity`: other names for the ways to credentials, as `agent_auth` in the metadata announces them. */
export const agentIdentityRouter = router({
  create: command({
    rest: 'POST /agent/identity',
    dialect: 'plain',
    auth: 'none',
    policy: 'open',
    // What the original counts on is counted there.
    limit: ['onboarding_step'],
    hot: 'statement',
    audits: ['tenant.provisioned', 'application.created', 'agent.registered', 'agent.registration_requested'],
    errors: [
      'unsupported_identity_type',
      'free_ai_capacity_reached',
      'proof_required',
      'email_unavailable',
      'idempotency_key_reused',
    ],
    secret: true,
    summary: 'Get an identity by type: client credentials at once, or a secret key by e-mail.',
    description:
      '`anonymous` is `POST /v1/onboarding/ai`, `service_auth` is `POST /api/agents/register`: same services, same limits.',
    // Loose, because another type has other members; each known type is strict.
    input: z.looseObject({
      type: text(1, 64).meta({ examples: ['anonymous'] }),
      name: z.unknown().optional().meta({ description: '`anonymous`: as in `POST /v1/onboarding/ai`.' }),
      proof: z.unknown().optional().meta({ description: '`anonymous`: as in `POST /v1/onboarding/ai`.' }),
      login_hint: z.unknown().optional().meta({ description: '`service_auth`: the e-mail address.' }),
      agent_name: z.unknown().optional().meta({ description: '`service_auth`: shown in the mail.' }),
    }),
    output: z.union([Identity, RegistrationSent]),
    run: (ctx, input) => {
      if (input.type === 'anonymous') return anonymous(ctx, input)
      if (input.type === 'service_auth') return serviceAuth(ctx, input)
      throw new ApiError('unsupported_identity_type')
    },
  }),
  claim: command({
    rest: 'POST /agent/identity/claim',
    dialect: 'plain',
    auth: 'none',
    policy: 'open',
    limit: ['onboarding_step'],
    hot: 'statement',
    audits: ['device.requested'],
    errors: ['invalid_grant', 'already_claimed', 'unauthorized_client', 'invalid_client', 'invalid_request'],
    secret: true,
    summary: 'Get a code with which a person takes the tenant over.',
    description: '`POST /device/code` with `claim_token`: same service, same limits.',
    input: z.strictObject({ token: text(1, 255).meta({ description: '`clm_…`' }) }),
    output: DeviceCode,
    run: (ctx, { token }) => as(ctx).device.code({ claim_token: token }),
  }),
})
