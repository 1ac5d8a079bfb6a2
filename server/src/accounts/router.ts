import { z } from 'zod'
import { query, router } from '../platform/procedures.ts'
import { passkeyRoutes } from './passkey-routes.ts'
import { show } from './show.ts'

const Tenant = z.object({ id: z.string(), name: z.string() })

export const accountRouter = router({
  passkeys: passkeyRoutes,
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
        email: z.string().nullable().meta({ description: "The person's own address." }),
        tenants: z.array(Tenant).meta({ description: 'Oldest first.' }),
      })
      .meta({ id: 'Account' }),
    run: show,
  }),
})
