import { z } from 'zod'
import { id } from '../platform/ids.ts'
import { cursorPage, cursorParameters } from '../platform/pages.ts'
import { command, query, router } from '../platform/procedures.ts'
import { get, list, update } from './service.ts'
import { Application, SettingsPatch } from './settings.ts'

const applicationId = z
  .string()
  .max(255, 'must be at most 255 characters')
  .meta({ examples: id('app').meta()?.examples ?? [] })

export const applicationsRouter = router({
  list: query({
    rest: 'GET /v1/applications',
    auth: 'admin',
    policy: 'tenant_read',
    scope: 'applications:read',
    limit: ['admin_read', 'admin_application'],
    audits: [],
    errors: [],
    list: 'cursor',
    mcp: true,
    summary: 'List the applications of the tenant, oldest first.',
    input: z.strictObject({
      scope: z.enum(['tenant', 'account']).default('tenant'),
      limit: cursorParameters.limit,
      starting_after: z
        .string()
        .max(255)
        .optional()
        .meta({ description: "Cursor: the previous page's `next_cursor`." }),
    }),
    output: cursorPage(Application),
    run: list,
  }),
  get: query({
    rest: 'GET /v1/applications/{id}',
    auth: 'admin',
    policy: 'tenant_read',
    scope: 'applications:read',
    limit: ['admin_read', 'admin_application'],
    audits: ['authorization.denied'],
    errors: ['application_not_found'],
    mcp: true,
    summary: 'Read one application and its settings.',
    input: z.strictObject({ id: applicationId }),
    output: Application,
    run: get,
  }),
  update: command({
    rest: 'PATCH /v1/applications/{id}',
    auth: 'admin',
    policy: 'application_write',
    scope: 'applications:write',
    limit: ['admin_write', 'admin_application'],
    idempotent: 'application',
    audits: ['application.config_changed', 'authorization.denied'],
    errors: ['application_not_found', 'plan_limit_reached', 'rp_id_in_use'],
    mcp: true,
    summary: 'Change settings of an application, such as its allowed origins.',
    input: SettingsPatch.extend({ id: applicationId }),
    output: Application,
    run: update,
  }),
})
