import { z } from 'zod'
import { addressRouter } from '../addresses/router.ts'
import { membersRouter, pendingRouter } from '../members/router.ts'
import { command, query, router } from '../platform/procedures.ts'
import { choose } from './choose.ts'
import { passkeyRoutes } from './passkey-routes.ts'
import { show } from './show.ts'

const Tenant = z.object({ id: z.string(), name: z.string() })

export const accountRouter = router({
  passkeys: passkeyRoutes,
  address: addressRouter,
  get: query({
    rest: 'GET /v1/account',
    auth: 'dashboard',
    policy: 'account_people',
    limit: ['dashboard_session'],
    audits: [],
    errors: [],
    summary: 'Read the own account: its plan, its tenants, and the own role in it.',
    input: z.strictObject({}),
    output: z
      .object({
        id: z.string(),
        name: z.string(),
        status: z.enum(['active', 'waitlisted']),
        plan: z.string(),
        role: z.enum(['owner', 'admin', 'viewer']),
        user_id: z.string().meta({ description: "The person's own id." }),
        email: z.string().nullable().meta({ description: "The person's own address." }),
        email_verified: z
          .boolean()
          .meta({ description: 'Whether the person proved it; until then it identifies nobody.' }),
        operator: z.boolean().meta({ description: 'Whether the person acts for whoever runs the server.' }),
        accounts: z
          .array(z.object({ id: z.string(), name: z.string(), role: z.enum(['owner', 'admin', 'viewer']) }))
          .meta({ description: 'Every account that the person belongs to, this one too, in the order of joining.' }),
        tenants: z.array(Tenant).meta({ description: 'Oldest first.' }),
      })
      .meta({ id: 'Account' }),
    run: show,
  }),
  choose: command({
    rest: 'POST /v1/account/choose',
    status: 204,
    auth: 'dashboard',
    policy: 'account_people',
    limit: ['dashboard_session'],
    hot: 'raw',
    audits: [],
    errors: ['account_not_found'],
    summary: 'Go on in another account that the person belongs to, in all sessions.',
    input: z.strictObject({ account_id: z.string().max(255, 'must be at most 255 characters') }),
    output: z.void(),
    run: choose,
  }),
  members: membersRouter,
  invitations: pendingRouter,
})
