import { z } from 'zod'
import { credentialsRouter } from '../credentials/router.ts'
import { cursorPage, cursorParameters } from '../platform/pages.ts'
import { command, query, router } from '../platform/procedures.ts'
import { userSessionsRouter } from '../sessions/router.ts'
import { remove } from './remove.ts'
import { CreatedUser, NewUser, User, UserListItem, UserPath } from './schema.ts'
import { create, get, list } from './service.ts'

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
    input: z.strictObject(cursorParameters),
    output: cursorPage(UserListItem),
    run: list,
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
