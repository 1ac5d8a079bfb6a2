import { z } from 'zod'
import { pageParameters } from '../platform/pages.ts'
import { command, query, router } from '../platform/procedures.ts'
import { UserPath } from '../users/schema.ts'
import { Credential, CredentialId } from './schema.ts'
import { list, revoke } from './service.ts'

export const credentialsRouter = router({
  list: query({
    rest: 'GET /v1/users/{external_user_id}/credentials',
    auth: 'admin',
    policy: 'application_read',
    scope: 'credentials:read',
    limit: ['admin_read', 'admin_application'],
    audits: ['authorization.denied'],
    errors: ['user_not_found'],
    list: 'page',
    mcp: true,
    summary: "List a user's passkeys with their status.",
    input: z.strictObject({ external_user_id: UserPath, ...pageParameters }),
    output: z.object({
      credentials: z.array(Credential),
      pagination: z.object({ page: z.number().int(), limit: z.number().int(), total: z.number().int() }),
    }),
    run: list,
  }),
  revoke: command({
    rest: 'DELETE /v1/users/{external_user_id}/credentials/{credential_id}',
    status: 204,
    auth: 'admin',
    policy: 'application_write',
    scope: 'credentials:write',
    limit: ['admin_write', 'admin_application'],
    idempotent: 'application',
    hot: 'raw',
    audits: ['credential.revoked', 'authorization.denied'],
    errors: ['user_not_found', 'credential_not_found'],
    mcp: true,
    summary: 'Revoke one passkey; the others of the user stay active.',
    input: z.strictObject({ external_user_id: UserPath, credential_id: CredentialId }),
    output: z.void(),
    run: revoke,
  }),
})
