import { z } from 'zod'
import { credentialsRouter } from '../credentials/router.ts'
import { cursorPage, cursorParameters } from '../platform/pages.ts'
import { command, query, router } from '../platform/procedures.ts'
import { userSessionsRouter } from '../sessions/router.ts'
import { revokeAll } from '../sessions/service.ts'
import { ExportedUser, exportUsers } from './export.ts'
import { importUsers } from './import.ts'
import { importBatches } from './import-batches.ts'
import { ImportAnswer, ImportBody } from './import-schema.ts'
import { list } from './list.ts'
import { remove } from './remove.ts'
import { CreatedUser, NewUser, User, UserListItem, UserPatch, UserPath } from './schema.ts'
import { create, get } from './service.ts'
import { unlock } from './unlock.ts'
import { update } from './update.ts'

export const usersRouter = router({
  create: command({
    rest: 'POST /v1/users',
    status: 201,
    auth: 'admin',
    policy: 'application_write',
    scope: 'users:write',
    limit: ['admin_write', 'admin_application'],
    idempotent: 'application',
    hot: 'raw',
    audits: ['user.created', 'identifier.linked'],
    errors: [
      'user_exists',
      'plan_limit_reached',
      'identity_link_email_already_taken_in_tenant',
      'session_custom_claim_not_whitelisted',
      'session_custom_claims_limit_exceeded',
    ],
    mcp: true,
    summary: 'Create a user before the first passkey.',
    input: NewUser,
    output: CreatedUser,
    run: create,
  }),
  get: query({
    rest: 'GET /v1/users/{external_user_id}',
    auth: 'admin',
    policy: 'application_read',
    scope: 'users:read',
    limit: ['admin_read', 'admin_application'],
    audits: ['authorization.denied'],
    errors: ['user_not_found'],
    mcp: true,
    summary: 'Read one user.',
    input: z.strictObject({ external_user_id: UserPath }),
    output: User,
    run: get,
  }),
  list: query({
    rest: 'GET /v1/users',
    auth: 'admin',
    policy: 'application_read',
    scope: 'users:read',
    limit: ['admin_read', 'admin_application'],
    audits: [],
    errors: [],
    list: 'cursor',
    mcp: true,
    summary: 'List the users of the application, oldest first.',
    exports: {
      formats: ['ndjson'],
      item: ExportedUser,
      columns: ['user_id', 'external_user_id', 'status', 'created_at', 'identifiers'],
      filename: 'users',
      limit: ['admin_export'],
      audits: ['users.exported'],
      run: exportUsers,
    },
    input: z.strictObject({
      ...cursorParameters,
      format: z
        .enum(['json', 'ndjson'], { error: 'must be json or ndjson' })
        .default('json')
        .meta({ description: '`ndjson` sends every user with its identifiers, instead of a page.' }),
    }),
    output: cursorPage(UserListItem),
    run: list,
  }),
  import: command({
    rest: 'POST /v1/migration/users/import',
    auth: 'admin',
    policy: 'application_write',
    scope: 'migration:write',
    limit: ['admin_write', 'admin_application', 'import'],
    idempotent: 'application',
    hot: 'raw',
    audits: ['user.created', 'identifier.linked', 'users.imported'],
    errors: [],
    maxBodyBytes: 1024 * 1024,
    batches: importBatches,
    summary: 'Import users from another system, up to 100 in one body or 10,000 line by line.',
    description: [
      'What is wrong with one user is its result, and the others are imported; one that exists is left as it is. Line by line',
      'each batch is remembered on its own under an `Idempotency-Key`, so that a retry goes on where a connection was cut.',
      'Read the lines of the answer while you send; the last one is `{"error":…}` when the rest could not be worked on.',
    ].join(' '),
    input: ImportBody,
    output: ImportAnswer,
    run: importUsers,
  }),
  update: command({
    rest: 'PATCH /v1/users/{external_user_id}',
    auth: 'admin',
    policy: 'application_write',
    scope: 'users:write',
    limit: ['admin_write', 'admin_application'],
    idempotent: 'application',
    hot: 'raw',
    audits: ['user.updated', 'session.revoked', 'authorization.denied'],
    errors: ['user_not_found', 'session_custom_claim_not_whitelisted', 'session_custom_claims_limit_exceeded'],
    mcp: true,
    summary: "Disable or enable a user, or replace the user's metadata or custom claims.",
    description: 'At least one field. Disabling ends every session; enabling brings none back.',
    input: UserPatch,
    output: User,
    run: (ctx, input) => update(ctx, input, revokeAll),
  }),
  unlock: command({
    rest: 'POST /v1/users/{external_user_id}/unlock',
    auth: 'admin',
    policy: 'application_write',
    scope: 'users:write',
    limit: ['admin_write', 'admin_application'],
    idempotent: 'application',
    hot: 'raw',
    audits: ['user.unlocked', 'authorization.denied'],
    errors: ['user_not_found'],
    mcp: true,
    summary: "End a user's lockout, and forget the failed sign-ins that lead to one.",
    input: z.strictObject({ external_user_id: UserPath }),
    output: User,
    run: unlock,
  }),
  delete: command({
    rest: 'DELETE /v1/users/{external_user_id}',
    status: 204,
    auth: 'admin',
    policy: 'application_write',
    scope: 'users:write',
    limit: ['admin_write', 'admin_application'],
    idempotent: 'application',
    hot: 'raw',
    audits: ['user.deleted', 'authorization.denied'],
    errors: ['user_not_found'],
    mcp: true,
    summary: 'Erase a user with all passkeys, sessions and audit rows; this cannot be undone.',
    input: z.strictObject({ external_user_id: UserPath }),
    output: z.void(),
    run: remove,
  }),
  credentials: credentialsRouter,
  sessions: userSessionsRouter,
})
