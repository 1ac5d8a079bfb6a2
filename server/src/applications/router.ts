import { z } from 'zod'
import { id } from '../platform/ids.ts'
import { cursorPage, cursorParameters } from '../platform/pages.ts'
import { command, query, router } from '../platform/procedures.ts'
import { displayText, timestamp } from '../platform/text.ts'
import { guardAllowedScopes } from './check-settings.ts'
import { create, guardNewApplication } from './create.ts'
import { activate, remove, suspend } from './lifecycle.ts'
import { get, list } from './read.ts'
import { rotateSecret } from './rotate-secret.ts'
import { Application, NewApplication, SettingsPatch } from './settings.ts'
import { update } from './update.ts'
import { rotateWebhookSecret } from './webhook-secret.ts'

const applicationId = z
  .string()
  .max(255, 'must be at most 255 characters')
  .meta({ examples: id('app').meta()?.examples ?? [] })

const secretOnce = z.string().meta({ description: 'Shown once.' })
const ApplicationWithWebhookSecret = Application.extend({
  webhook_signing_secret: secretOnce.optional().meta({ description: 'Shown once, when `webhook_url` is first set.' }),
}).meta({ id: 'ApplicationWithWebhookSecret' })

/** Seconds that what is replaced goes on working. */
const gracePeriod = (max: number, standard: number) =>
  z
    .number()
    .int()
    .min(0, `must be 0 to ${max}`)
    .max(max, `must be 0 to ${max}`)
    .default(standard)
    .meta({ description: 'Seconds that the previous secret goes on working; 0 ends it at once.' })

const Reasoned = z.strictObject({ id: applicationId, reason: displayText(1, 200).optional() })

export const applicationsRouter = router({
  create: command({
    rest: 'POST /v1/applications',
    status: 201,
    auth: 'manager',
    policy: 'application_create',
    scope: 'applications:write',
    limit: ['admin_write', 'admin_application'],
    idempotent: 'application',
    audits: ['application.created', 'authorization.denied'],
    errors: ['plan_limit_reached', 'claim_required', 'not_admitted'],
    secret: true,
    mcp: true,
    summary: 'Make an application, with a client secret that is shown once.',
    input: NewApplication,
    output: ApplicationWithWebhookSecret.extend({ client_secret: secretOnce }).meta({ id: 'CreatedApplication' }),
    guard: guardNewApplication,
    run: create,
  }),
  list: query({
    rest: 'GET /v1/applications',
    auth: 'manager',
    policy: 'tenant_read',
    scope: 'applications:read',
    limit: ['admin_read', 'admin_application'],
    audits: ['authorization.denied'],
    errors: ['application_not_found'],
    list: 'cursor',
    mcp: true,
    summary: 'List applications, oldest first.',
    input: z.strictObject({
      scope: z
        .enum(['tenant', 'account'])
        .default('tenant')
        .meta({ description: '`account` is for people: programs see their tenant.' }),
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
    auth: 'manager',
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
    auth: 'manager',
    policy: 'application_change',
    scope: 'applications:write',
    limit: ['admin_write', 'admin_application'],
    idempotent: 'application',
    audits: ['application.config_changed', 'authorization.denied'],
    errors: ['application_not_found', 'plan_limit_reached', 'claim_required', 'rp_id_in_use'],
    secret: true,
    mcp: true,
    summary: 'Change settings of an application, such as its allowed origins.',
    description:
      'Change settings of an application, such as its allowed origins. Of a setting that is an object, members left out stay as they are. The answer that sets `webhook_url` for the first time shows the signing secret.',
    input: SettingsPatch.extend({ id: applicationId }),
    output: ApplicationWithWebhookSecret,
    guard: guardAllowedScopes,
    run: update,
  }),
  rotate_secret: command({
    rest: 'POST /v1/applications/{id}/rotate-secret',
    auth: 'manager',
    policy: 'secret_rotation',
    scope: 'applications:write',
    limit: ['admin_write', 'admin_application', 'secret_rotation'],
    idempotent: 'application',
    audits: ['application.secret_rotated', 'authorization.denied'],
    errors: ['application_not_found', 'application_rotation_not_allowed'],
    secret: true,
    mcp: 'destructive',
    summary: 'Replace the client secret; the new one is shown once.',
    description:
      'Replace the client secret; the new one is shown once. The previous secret works until the grace period ends; at most two work at a time. Access tokens issued with it stay valid until they expire.',
    input: z.strictObject({ id: applicationId, grace_period_seconds: gracePeriod(3600, 900) }),
    output: z.object({
      application_id: z.string(),
      client_id: z.string(),
      new_client_secret: secretOnce,
      previous_secret_expires_at: timestamp,
      rotated_at: timestamp,
    }),
    run: rotateSecret,
  }),
  rotate_webhook_secret: command({
    rest: 'POST /v1/applications/{id}/webhook-secret/rotate',
    auth: 'manager',
    policy: 'application_change',
    scope: 'webhooks:write',
    limit: ['admin_write', 'admin_application', 'secret_rotation'],
    idempotent: 'application',
    audits: ['webhook.secret_rotated', 'authorization.denied'],
    errors: ['application_not_found', 'webhook_not_configured'],
    secret: true,
    summary: 'Replace the signing secret of webhooks; the new one is shown once.',
    description:
      'Replace the signing secret of webhooks; the new one is shown once. During the grace period both would sign. No webhooks are sent in this version.',
    input: z.strictObject({ id: applicationId, grace_period_seconds: gracePeriod(86_400, 86_400) }),
    output: z.object({
      application_id: z.string(),
      webhook_signing_secret: secretOnce,
      previous_secret_expires_at: timestamp,
    }),
    run: rotateWebhookSecret,
  }),
  suspend: command({
    rest: 'POST /v1/applications/{id}/suspend',
    auth: 'dashboard',
    policy: 'lifecycle',
    limit: ['admin_write', 'admin_application'],
    idempotent: 'application',
    audits: ['application.suspended', 'authorization.denied'],
    errors: ['application_not_found', 'invalid_state'],
    summary: 'Stop an application: its clients, browsers and end users are refused until it is activated.',
    input: Reasoned,
    output: Application,
    run: suspend,
  }),
  activate: command({
    rest: 'POST /v1/applications/{id}/activate',
    auth: 'dashboard',
    policy: 'lifecycle',
    limit: ['admin_write', 'admin_application'],
    idempotent: 'application',
    audits: ['application.activated', 'authorization.denied'],
    errors: ['application_not_found', 'invalid_state'],
    summary: 'Serve a suspended application again.',
    input: Reasoned,
    output: Application,
    run: activate,
  }),
  delete: command({
    rest: 'DELETE /v1/applications/{id}',
    status: 204,
    auth: 'dashboard',
    policy: 'lifecycle',
    limit: ['admin_write', 'admin_application'],
    idempotent: 'application',
    audits: ['application.deleted', 'authorization.denied'],
    errors: ['application_not_found'],
    summary: 'Delete an application: unreachable at once, erased with its users after 30 days.',
    input: z.strictObject({ id: applicationId }),
    output: z.void(),
    run: remove,
  }),
})
