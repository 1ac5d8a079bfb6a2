import { z } from 'zod'
import { uuid } from '../platform/ids.ts'
import { cursorPage, cursorParameters } from '../platform/pages.ts'
import { query, router } from '../platform/procedures.ts'
import { timestamp } from '../platform/text.ts'
import { eventTable } from './event-table.ts'
import { eventNames } from './events.ts'
import { exportLogs } from './export.ts'
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
    description: `List the security events of the application, newest first: its own, those of its whole tenant, and those that concern everybody.\n\n${eventTable}`,
    exports: {
      formats: ['ndjson', 'csv'],
      item: AuditLog,
      // As http-api.md §3.5 names them; a test holds them against the members of a row.
      columns: 'id event success user_id ip_address metadata created_at category actor application_id request_id'.split(
        ' ',
      ),
      filename: 'audit-logs',
      limit: ['admin_export'],
      audits: ['audit.exported'],
      run: exportLogs,
    },
    input: z.strictObject({
      ...cursorParameters,
      format: z
        .enum(['json', 'ndjson', 'csv'], { error: 'must be json, ndjson or csv' })
        .default('json')
        .meta({ description: '`ndjson` and `csv` send the whole range, up to 1000000 rows, instead of a page.' }),
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
