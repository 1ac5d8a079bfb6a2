import { z } from 'zod'
import { query, router } from '../platform/procedures.ts'
import { UserPath } from '../users/schema.ts'
import { report } from './report.ts'
import { UserDataReport } from './schema.ts'

export const privacyRouter = router({
  report: query({
    rest: 'GET /v1/privacy/user-data/{external_user_id}',
    auth: 'admin',
    policy: 'application_read',
    scope: 'privacy:read',
    limit: ['admin_read', 'admin_application', 'admin_export'],
    audits: ['privacy.report.generated', 'authorization.denied'],
    errors: ['user_not_found'],
    mcp: true,
    summary: 'Read everything stored about one user, as of one moment.',
    description: `Read everything stored about one user, as of one moment: the answer to a request under Article 15 of the GDPR.

Left out are secrets, public keys and other evidence of registrations, and counters of the rate limits, which are kept under ids or hashes for at most a day. \`DELETE /v1/users/{external_user_id}\` erases all of it (Article 17). What neither reaches: the server's own log lines, whose paths hold external user ids; keep those no longer than you may.`,
    input: z.strictObject({ external_user_id: UserPath }),
    output: UserDataReport,
    run: report,
  }),
})
