import { z } from 'zod'
import { command, query, router } from '../platform/procedures.ts'
import { displayText } from '../platform/text.ts'
import { getTenant, updateTenant } from './change.ts'
import { deleteTenant } from './delete.ts'
import { Tenant } from './find.ts'

const id = z
  .string()
  .max(255, 'must be at most 255 characters')
  .meta({ examples: ['org_8YpZ3kQ1vT6mWc0RbN4xLd'] })

const limit = { read: ['admin_read', 'admin_application'], write: ['admin_write', 'admin_application'] } as const

/** The tenants of an account, for its people (http-api.md §3.20). */
export const tenantsRouter = router({
  get: query({
    rest: 'GET /v1/tenants/{id}',
    auth: 'dashboard',
    policy: 'account_people',
    limit: limit.read,
    audits: [],
    errors: ['tenant_not_found'],
    summary: 'Read a tenant of the account.',
    input: z.strictObject({ id }),
    output: Tenant,
    run: getTenant,
  }),
  update: command({
    rest: 'PATCH /v1/tenants/{id}',
    auth: 'dashboard',
    policy: 'account_decision',
    limit: limit.write,
    idempotent: 'application',
    hot: 'raw',
    audits: ['tenant.updated'],
    errors: ['tenant_not_found'],
    summary: 'Give a tenant another name.',
    input: z.strictObject({ id, name: displayText(1, 100) }),
    output: Tenant,
    run: updateTenant,
  }),
  delete: command({
    rest: 'DELETE /v1/tenants/{id}',
    status: 204,
    auth: 'dashboard',
    policy: 'account_owner',
    limit: limit.write,
    idempotent: 'application',
    hot: 'raw',
    audits: ['tenant.deleted', 'agent.revoked', 'secret_key.revoked', 'oauth.consent_revoked'],
    errors: ['tenant_not_found'],
    summary: 'Delete a tenant with everything in it: unreachable at once, purged after 30 days.',
    description:
      'Delete a tenant with everything in it: unreachable at once, purged after 30 days. Agents and keys that reach nothing else end with it.',
    input: z.strictObject({
      id,
      confirm: z
        .string()
        .max(255, 'must be at most 255 characters')
        .meta({ description: 'The id of the tenant again.' }),
    }),
    output: z.void(),
    run: deleteTenant,
  }),
})
