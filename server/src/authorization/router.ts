import { z } from 'zod'
import { Authentication, AuthenticationResponse } from '../passkeys/schema.ts'
import { id, uuid } from '../platform/ids.ts'
import { command, router } from '../platform/procedures.ts'
import { agentScopeNames } from '../scopes.ts'
import { allow, challengeRequest, refuse, showRequest } from './decide.ts'

const text = (max: number) => z.string().max(max, `must be at most ${max} characters`).optional()

/** The parameters of the page's own address, as they came. */
const parameters = {
  response_type: text(255),
  client_id: text(2000),
  redirect_uri: text(2000),
  code_challenge: text(255),
  code_challenge_method: text(255),
  // Given back unchanged, however much a client keeps in it: the address that it came in is the bound.
  state: text(16_000),
  scope: text(2000),
  resource: text(2000),
  prompt: text(255),
}
const CsrfToken = text(100).meta({ description: 'From `authorization.request`, for this session and request.' })
const Redirect = z.object({ redirect_to: z.string().meta({ format: 'uri', description: 'Where the browser goes.' }) })

const page = {
  auth: 'dashboard',
  limit: ['authorize'],
  hot: 'statement',
  errors: ['invalid_authorization_request'],
} as const

/** The consent page's calls (agents.md §9.1); programs begin at `GET /oauth/authorize`. */
export const authorizationRouter = router({
  request: command({
    ...page,
    rest: 'POST /v1/oauth/authorization/request',
    policy: 'account_decision',
    audits: [],
    summary: 'Consent page: show which client asks, and for what.',
    input: z.strictObject(parameters),
    output: z
      .object({
        client_name: z.string().nullable().meta({ description: 'What it calls itself; verified by nobody.' }),
        client_host: z.string().nullable().meta({ description: 'Of the metadata document that describes it.' }),
        redirect_host: z.string(),
        loopback_only: z.boolean().meta({ description: 'Any program of the own machine can pose as this client.' }),
        scopes: z.array(z.object({ scope: z.string(), about: z.string() })),
        resource: z.string(),
        account: z.object({ name: z.string().nullable(), person: z.string().nullable() }),
        applications: z.array(z.object({ id: z.string(), name: z.string() })),
        csrf_token: z.string(),
      })
      .meta({ id: 'AuthorizationRequest' }),
    run: showRequest,
  }),
  challenge: command({
    ...page,
    rest: 'POST /v1/oauth/authorization/challenge',
    policy: 'account_decision',
    audits: [],
    summary: 'Consent page: start the passkey proof that one consent needs.',
    input: z.strictObject(parameters),
    output: Authentication,
    run: challengeRequest,
  }),
  allow: command({
    ...page,
    rest: 'POST /v1/oauth/authorization/allow',
    policy: 'account_decision',
    audits: ['oauth.consent_granted', 'agent.registered', 'auth.failed'],
    errors: [...page.errors, 'invalid_csrf_token', 'step_up_required', 'user_verification_required'],
    secret: true,
    summary: 'Consent page: let a client in, with a passkey.',
    input: z.strictObject({
      ...parameters,
      csrf_token: CsrfToken,
      session_id: uuid.optional().meta({ description: 'From `authorization.challenge`.' }),
      credential: AuthenticationResponse.optional(),
      scopes: z
        .array(z.enum(agentScopeNames))
        .max(agentScopeNames.length)
        .optional()
        .meta({ description: 'Fewer than were asked for; all if left out.' }),
      application_ids: z
        .array(id('app'))
        .max(200)
        .optional()
        .meta({ description: 'What it reaches; every application if left out.' }),
    }),
    output: Redirect,
    run: allow,
  }),
  deny: command({
    ...page,
    rest: 'POST /v1/oauth/authorization/deny',
    policy: 'account_decision',
    audits: ['oauth.consent_denied'],
    errors: [...page.errors, 'invalid_csrf_token'],
    summary: 'Consent page: turn a client away.',
    input: z.strictObject({ ...parameters, csrf_token: CsrfToken }),
    output: Redirect,
    run: refuse,
  }),
})
