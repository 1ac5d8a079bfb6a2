import { z } from 'zod'
import { TokenAnswer } from '../oauth/token-answer.ts'
import { Authentication, AuthenticationResponse } from '../passkeys/schema.ts'
import { id, uuid } from '../platform/ids.ts'
import { cursorPage, cursorParameters } from '../platform/pages.ts'
import { command, query, router } from '../platform/procedures.ts'
import { displayText } from '../platform/text.ts'
import { agentScopeNames } from '../scopes.ts'
import { requestCode } from './code.ts'
import { approve, deny, withdraw } from './decide.ts'
import { denyRequest, listRequests, WaitingRequest } from './requests.ts'
import { DeviceCode, DeviceRequest, flag, UserCode } from './schema.ts'
import { challenge, show } from './show.ts'
import { DEVICE_GRANT, pollDevice } from './token.ts'

const parameter = (max: number) => z.string({ error: 'must be a string' }).max(max, `must be at most ${max} characters`)

const clientParameters = {
  client_id: parameter(2000).optional().meta({ description: '`cli_agent`, the public client, if left out.' }),
  client_secret: parameter(255).optional(),
  client_assertion_type: parameter(255).optional(),
  client_assertion: parameter(8192).optional(),
}

const pageErrors = ['invalid_user_code', 'not_admitted', 'rate_limit_exceeded'] as const
const CsrfToken = z
  .string()
  .max(100)
  .optional()
  .meta({ description: 'From `device.request`, for this session and code.' })

export const deviceRouter = router({
  code: command({
    rest: 'POST /device/code',
    dialect: 'oauth',
    auth: 'none',
    policy: 'open',
    limit: ['device_code'],
    hot: 'statement',
    audits: ['device.requested'],
    errors: [
      'invalid_request',
      'invalid_client',
      'unauthorized_client',
      'invalid_scope',
      'invalid_target',
      'invalid_grant',
      'already_claimed',
    ],
    secret: true,
    summary: 'Ask a person for access: a code to show, and one to poll with (RFC 8628 §3.1).',
    description:
      'Without a body: for the whole account, as `cli_agent`. With `claim_token`, or the client’s authentication and `claim=true`: a person takes the tenant over.',
    // Unknown parameters are ignored (RFC 6749 §3.2).
    input: z.object({
      ...clientParameters,
      scope: parameter(2000).optional().meta({ description: 'Space-separated; `full_access` if left out.' }),
      resource: parameter(2000).optional().meta({ description: 'RFC 8707: the resource that the token is for.' }),
      agent_name: displayText(1, 80).optional().meta({ description: 'Shown as unverified.' }),
      claim_token: parameter(255).optional(),
      claim: flag,
      issue_secret_key: flag,
    }),
    output: DeviceCode,
    run: requestCode,
  }),
  token: command({
    rest: 'POST /device/token',
    dialect: 'oauth',
    auth: 'none',
    policy: 'open',
    limit: ['oauth_token_ip'],
    hot: 'statement',
    audits: ['agent.registered', 'secret_key.created', 'device.redeemed'],
    errors: [
      'invalid_request',
      'invalid_client',
      'invalid_grant',
      'invalid_scope',
      'unauthorized_client',
      'unsupported_grant_type',
      'authorization_pending',
      'slow_down',
      'access_denied',
      'expired_token',
    ],
    secret: true,
    summary: 'Poll for what a person approved: a secret key and a token, once (RFC 8628 §3.4).',
    input: z.object({
      grant_type: parameter(255).meta({ examples: [DEVICE_GRANT] }),
      device_code: parameter(255).optional(),
      ...clientParameters,
    }),
    output: TokenAnswer,
    run: pollDevice,
  }),
  request: command({
    rest: 'POST /v1/device/request',
    auth: 'dashboard',
    policy: 'account_people',
    limit: ['dashboard_session'],
    hot: 'statement',
    audits: ['device.code_failed'],
    errors: [...pageErrors],
    summary: 'Show who asks behind a user code, and what it would get.',
    description: 'For the approval page. The code is in the body, so that no log holds it. Decides nothing.',
    input: z.strictObject({ user_code: UserCode }),
    output: DeviceRequest,
    run: show,
  }),
  challenge: command({
    rest: 'POST /v1/device/challenge',
    auth: 'dashboard',
    policy: 'account_decision',
    limit: ['dashboard_session'],
    hot: 'statement',
    audits: [],
    errors: [...pageErrors],
    summary: 'Start the passkey proof that one approval needs.',
    input: z.strictObject({ user_code: UserCode }),
    output: Authentication,
    run: challenge,
  }),
  approve: command({
    rest: 'POST /device/approve',
    dialect: 'oauth',
    auth: 'dashboard',
    policy: 'account_decision',
    limit: ['dashboard_session'],
    hot: 'statement',
    audits: ['device.approved', 'agent.claimed', 'auth.failed'],
    errors: [...pageErrors, 'invalid_csrf_token', 'step_up_required', 'user_verification_required'],
    secret: true,
    summary: 'Let a program into the account, or take its tenant over, with a passkey.',
    input: z.strictObject({
      user_code: UserCode,
      csrf_token: CsrfToken,
      session_id: uuid.optional().meta({ description: 'From `device.challenge`.' }),
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
        .meta({ description: 'What the key reaches; every application if left out.' }),
      expires_at: z.iso
        .datetime({ error: 'must be a time in UTC' })
        .optional()
        .meta({ description: 'When the key ends; never if left out.' }),
    }),
    output: z.object({ status: z.literal('approved') }),
    run: approve,
  }),
  withdraw: command({
    rest: 'POST /v1/device/withdraw',
    status: 204,
    auth: 'dashboard',
    policy: 'account_people',
    limit: ['dashboard_session'],
    hot: 'raw',
    audits: ['agent.revoked'],
    errors: [],
    summary: 'Take an approval back before the program has used it; repeating it changes nothing.',
    input: z.strictObject({ agent_id: id('agt') }),
    output: z.void(),
    run: withdraw,
  }),
  requests: router({
    list: query({
      rest: 'GET /v1/device/requests',
      auth: 'dashboard',
      policy: 'account_people',
      limit: ['admin_read'],
      audits: [],
      errors: ['not_admitted'],
      list: 'cursor',
      summary: 'List the programs that wait for this person, newest first.',
      description:
        'Undecided requests whose code this person has entered or that a client of the account makes, and those that this person approved and no program has collected. Never a code: approving needs the one that the program shows.',
      input: z.strictObject(cursorParameters),
      output: cursorPage(WaitingRequest),
      run: listRequests,
    }),
    deny: command({
      rest: 'DELETE /v1/device/requests/{request_id}',
      status: 204,
      auth: 'dashboard',
      policy: 'account_decision',
      limit: ['dashboard_session'],
      hot: 'raw',
      audits: ['device.denied', 'authorization.denied'],
      errors: ['device_request_not_found'],
      summary: 'Turn a program of that list away, for good; also after approving it, until it has collected.',
      input: z.strictObject({ request_id: uuid }),
      output: z.void(),
      run: denyRequest,
    }),
  }),
  deny: command({
    rest: 'POST /device/deny',
    dialect: 'oauth',
    auth: 'dashboard',
    policy: 'account_people',
    limit: ['dashboard_session'],
    hot: 'statement',
    audits: ['device.denied'],
    errors: [...pageErrors, 'invalid_csrf_token'],
    summary: 'Turn a program away, for good.',
    input: z.strictObject({ user_code: UserCode, csrf_token: CsrfToken }),
    output: z.object({ status: z.literal('denied') }),
    run: deny,
  }),
})
