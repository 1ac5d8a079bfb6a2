import { z } from 'zod'
import { query, router } from '../platform/procedures.ts'
import { get } from './service.ts'

const count = (description: string) => z.number().int().meta({ description })

export const Usage = z
  .object({
    tenant_id: z.string(),
    period: z.string(),
    api_calls: count('Answered calls of `/v1` and `/oauth`, without 429 and 5xx.'),
    active_users: count('Distinct users who signed in during the month.'),
    qr_sessions: count('Sign-ins begun for another device.'),
    emails_sent: count('E-mails sent to users.'),
    users_total: count('Users there are now.'),
  })
  .meta({ id: 'Usage' })

export const usageRouter = router({
  get: query({
    rest: 'GET /v1/usage',
    auth: 'admin',
    policy: 'application_read',
    scope: 'usage:read',
    limit: ['admin_read', 'admin_application'],
    audits: [],
    errors: [],
    mcp: true,
    summary: 'Count the calls and active users of a month.',
    description: `Count the calls and active users of the tenant in a month (UTC), the running one included; kept for 25 months.

Users are exact at any moment. A call is counted within two seconds of its answer; a server that is killed, not stopped, loses at most those two seconds of calls.`,
    input: z.strictObject({
      period: z
        .string({ error: (issue) => (issue.input === undefined ? 'is required' : 'must be a month, YYYY-MM') })
        .regex(/^\d{4}-(?:0[1-9]|1[0-2])$/, 'must be a month, YYYY-MM')
        .meta({ description: 'Month in UTC, `YYYY-MM`.', examples: ['2026-04'] }),
    }),
    output: Usage,
    run: get,
  }),
})
