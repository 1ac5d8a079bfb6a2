import { z } from 'zod'
import { query, router } from '../platform/procedures.ts'
import { timestamp } from '../platform/text.ts'
import { status } from './connection.ts'

const atMost = (about: string) =>
  z
    .number()
    .int()
    .nullable()
    .meta({ description: `${about}; null: no limit.` })

const Application = z.object({
  id: z.string(),
  tenant_id: z.string(),
  name: z.string(),
  status: z.enum(['active', 'suspended']),
})

export const connectionRouter = router({
  status: query({
    rest: 'GET /v1/connection',
    auth: 'manager',
    policy: 'connection',
    limit: ['admin_read', 'admin_application'],
    audits: [],
    errors: [],
    mcp: true,
    summary: 'Tell who is connected: scopes, applications in reach, limits of the plan, and when all would be purged.',
    input: z.strictObject({}),
    output: z
      .object({
        kind: z.enum(['service', 'agent', 'user']).meta({
          description: '`service`: an application with client credentials; `agent`: a secret key or its token.',
        }),
        id: z.string(),
        account_id: z.string(),
        scopes: z.array(z.string()).meta({ description: 'Empty for a person, whom a role limits.' }),
        role: z.enum(['owner', 'admin', 'viewer']).nullable(),
        applications: z.array(Application).meta({ description: 'Oldest first; the first hundred.' }),
        plan: z.string(),
        limits: z.object({
          users: atMost('Users of each tenant'),
          applications: atMost('Applications of the account'),
          origins: z.number().int().meta({ description: 'Origins of each application.' }),
          audit_retention_days: z.number().int(),
        }),
        purge_at: timestamp.nullable().meta({
          description: 'When an unclaimed tenant is purged if this call was its last; null: never.',
        }),
      })
      .meta({ id: 'Connection' }),
    run: status,
  }),
})
