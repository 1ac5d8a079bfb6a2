import { z } from 'zod'
import { cursorPage, cursorParameters } from '../platform/pages.ts'
import { command, query, router } from '../platform/procedures.ts'
import { timestamp } from '../platform/text.ts'
import { UserPath } from '../users/schema.ts'
import { OwnSession, Session } from './schema.ts'
import { listForUser, listOwn, logout, revoke, revokeAllForUser, validate } from './service.ts'

const SessionId = z.string().max(64, 'must be at most 64 characters')

export const sessionsRouter = router({
  validate: query({
    rest: 'GET /v1/sessions/validate',
    auth: 'end_user',
    policy: 'own_read',
    limit: ['session'],
    audits: [],
    errors: ['invalid_session_token', 'invalid_token_type', 'origin_not_allowed', 'tenant_inactive'],
    summary: 'Tell whether a session token is good, and whose it is.',
    input: z.strictObject({}),
    output: z
      .object({
        valid: z.literal(true),
        user_id: z.string(),
        external_user_id: z.string().meta({ description: 'Empty when the user is anonymous.' }),
        tenant_id: z.string(),
        app_id: z.string(),
        session_id: z.string(),
        is_anonymous: z.boolean(),
        expires_at: timestamp,
        custom_claims: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
      })
      .meta({ id: 'SessionValidation' }),
    run: validate,
  }),
  list: query({
    rest: 'GET /v1/sessions',
    auth: 'end_user',
    policy: 'own_read',
    limit: ['session'],
    audits: [],
    errors: ['invalid_session_token', 'invalid_token_type', 'origin_not_allowed', 'tenant_inactive'],
    list: 'cursor',
    summary: "List the user's own live sessions, newest first.",
    input: z.strictObject(cursorParameters),
    output: cursorPage(OwnSession),
    run: listOwn,
  }),
  logout: command({
    rest: 'POST /v1/sessions/{id}/logout',
    status: 204,
    auth: 'end_user',
    policy: 'own_write',
    limit: ['session'],
    hot: 'raw',
    audits: ['session.logout', 'authorization.denied'],
    errors: [
      'session_not_found',
      'invalid_session_token',
      'invalid_token_type',
      'origin_not_allowed',
      'tenant_inactive',
    ],
    sets: ['Clear-Site-Data'],
    summary: 'End the own session, by its id or as `current`.',
    input: z.strictObject({ id: SessionId.meta({ examples: ['current'] }) }),
    output: z.void(),
    run: logout,
  }),
  revoke: command({
    rest: 'DELETE /v1/sessions/{id}',
    status: 204,
    auth: ['admin', 'end_user'],
    policy: 'session_end',
    scope: 'sessions:write',
    limit: ['admin_write', 'admin_application', 'session'],
    idempotent: 'application',
    hot: 'raw',
    audits: ['session.revoked', 'authorization.denied'],
    errors: ['session_not_found', 'invalid_session_token', 'origin_not_allowed', 'tenant_inactive'],
    summary: 'End a session: any of the application for a backend, the own ones for an end user.',
    input: z.strictObject({ id: SessionId }),
    output: z.void(),
    run: revoke,
  }),
})

/** Sessions under a user, for the backend. */
export const userSessionsRouter = router({
  list: query({
    rest: 'GET /v1/users/{external_user_id}/sessions',
    auth: 'admin',
    policy: 'application_read',
    scope: 'sessions:read',
    limit: ['admin_read', 'admin_application'],
    audits: ['authorization.denied'],
    errors: ['user_not_found'],
    list: 'cursor',
    summary: "List a user's sessions, newest first.",
    input: z.strictObject({ external_user_id: UserPath, ...cursorParameters }),
    output: cursorPage(Session),
    run: listForUser,
  }),
  revoke_all: command({
    rest: 'DELETE /v1/users/{external_user_id}/sessions',
    status: 204,
    auth: 'admin',
    policy: 'application_write',
    scope: 'sessions:write',
    limit: ['admin_write', 'admin_application'],
    idempotent: 'application',
    hot: 'raw',
    audits: ['session.revoked', 'authorization.denied'],
    errors: ['user_not_found'],
    summary: 'End every live session of a user.',
    input: z.strictObject({ external_user_id: UserPath }),
    output: z.void(),
    run: revokeAllForUser,
  }),
})
