import { z } from 'zod'
import { uuid } from '../platform/ids.ts'
import { cursorPage, cursorParameters } from '../platform/pages.ts'
import { query, router } from '../platform/procedures.ts'
import { timestamp } from '../platform/text.ts'
import { eventNames } from './events.ts'
import { list } from './service.ts'

const moment = z.iso.datetime({ offset: true, error: 'must be an RFC 3339 time such as 2026-04-07T12:00:00Z' })

export const AuditLog = z
  .object({
    id: z.string(),
    event: z.string(),
    category: z.string(),
    success: z.boolean(),
    user_id: z.string().nullable(),
    application_id: z.string().nullable(),
    ip_address: z.string().nullable(),
    request_id: z.string().nullable(),
    actor: z.record(z.string(), z.unknown()),
    metadata: z.record(z.string(), z.unknown()),
    created_at: timestamp,
  })
  .meta({ id: 'AuditLog' })

export const auditLogsRouter = router({
  list: query({
    rest: 'GET /v1/audit-logs',
    auth: 'admin',
    policy: 'application_read',
    scope: 'audit:read',
    limit: ['admin_read', 'admin_application'],
    audits: [],
    errors: [],
    list: 'cursor',
    mcp: true,
    summary: 'List the security events of the application, newest first.',
    input: z.strictObject({
      ...cursorParameters,
      event: z.enum(eventNames, { error: 'must be an audit event' }).optional(),
      success: z.boolean({ error: 'must be true or false' }).optional(),
      user_id: uuid.optional(),
      from: moment.optional().meta({ description: 'Earliest time, inclusive.' }),
      to: moment.optional().meta({ description: 'Latest time, exclusive.' }),
    }),
    output: cursorPage(AuditLog),
    run: list,
  }),
})
