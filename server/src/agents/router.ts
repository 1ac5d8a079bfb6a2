import { z } from 'zod'
import { cursorPage, cursorParameters } from '../platform/pages.ts'
import { command, query, router } from '../platform/procedures.ts'
import { Agent, getAgent, listAgents } from './find.ts'
import { registrationRoutes } from './registration-routes.ts'
import { revokeAgent } from './revoke.ts'

const agentId = z
  .string()
  .max(255, 'must be at most 255 characters')
  .meta({ examples: ['agt_8YpZ3kQ1vT6mWc0RbN4xLd'] })

export const agentsRouter = router({
  ...registrationRoutes,
  list: query({
    rest: 'GET /v1/agents',
    auth: 'account',
    policy: 'account_read',
    scope: 'keys:read',
    limit: ['admin_read', 'admin_application'],
    audits: [],
    errors: [],
    list: 'cursor',
    summary: 'List the programs with access to the account, revoked ones too, oldest first.',
    input: z.strictObject({
      limit: cursorParameters.limit,
      starting_after: agentId.optional().meta({ description: "Cursor: the previous page's `next_cursor`." }),
    }),
    output: cursorPage(Agent),
    run: listAgents,
  }),
  get: query({
    rest: 'GET /v1/agents/{agent_id}',
    auth: 'account',
    policy: 'account_read',
    scope: 'keys:read',
    limit: ['admin_read', 'admin_application'],
    audits: ['authorization.denied'],
    errors: ['agent_not_found'],
    summary: 'Read what is known of one program.',
    input: z.strictObject({ agent_id: agentId }),
    output: Agent,
    run: getAgent,
  }),
  revoke: command({
    rest: 'DELETE /v1/agents/{agent_id}',
    status: 204,
    auth: 'account',
    policy: 'account_write',
    scope: 'keys:write',
    limit: ['admin_write', 'admin_application'],
    audits: ['agent.revoked', 'secret_key.revoked', 'oauth.consent_revoked', 'authorization.denied'],
    errors: ['agent_not_found'],
    summary: 'End the access of a program: all its keys and tokens, everywhere within a second.',
    input: z.strictObject({ agent_id: agentId }),
    output: z.void(),
    run: revokeAgent,
  }),
})
