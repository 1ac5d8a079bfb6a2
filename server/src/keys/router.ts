import { z } from 'zod'
import { newKey } from '../agents/new-key.ts'
import { AddressRanges } from '../platform/address-list.ts'
import { cursorPage, cursorParameters } from '../platform/pages.ts'
import { command, query, router } from '../platform/procedures.ts'
import { displayText, timestamp } from '../platform/text.ts'
import { type AgentScope, agentScopeNames } from '../scopes.ts'
import { SecretKey } from './find.ts'
import { getKey, getOwnKey, listKeys } from './read.ts'
import { LeakAnswer, LeakReport, reportLeak, requireVouched } from './report-leak.ts'
import { revokeOwn, revokeReachable } from './revoke.ts'
import { rotateKey } from './rotate.ts'
import { KeyDelivery } from './setup.ts'

const keyId = z
  .string()
  .max(255, 'must be at most 255 characters')
  .meta({ examples: ['key_8YpZ3kQ1vT6mWc0RbN4xLd'] })

/** A key is no session: what asks for refresh tokens means nothing here. */
const keyScopes = agentScopeNames.filter((name) => name !== 'offline_access') as [AgentScope, ...AgentScope[]]

const StepUp = z
  .object({ session_id: z.uuid(), credential: z.looseObject({ id: z.string().max(2048) }) })
  .meta({ description: 'For a person: the proof of `POST /v1/dashboard/step-up` for `keys.create`.' })

const NewKey = z.strictObject({
  name: displayText(1, 80).meta({ examples: ['CI'] }),
  scopes: z
    .array(z.enum(keyScopes))
    .min(1, 'must name at least one scope')
    .max(keyScopes.length)
    .optional()
    .meta({ description: '`full_access` for a person unless said, the own ones for a program.' }),
  application_ids: z
    .array(z.string().max(255))
    .min(1, 'must name at least one application')
    .max(100, 'must be at most 100')
    .optional()
    .meta({ description: 'Every application unless said.' }),
  allowed_ips: AddressRanges.optional().meta({
    description:
      'Addresses and CIDR ranges that it may be used from, such as `192.0.2.0/24` or `2001:db8::/32`: any unless said, those of the own key for a program.',
  }),
  expires_at: z.iso
    .datetime({ offset: true, error: 'must be an RFC 3339 time such as 2026-04-07T12:00:00Z' })
    .optional()
    .meta({ description: 'Never unless said.' }),
  step_up: StepUp.optional(),
})

const limit = { read: ['admin_read', 'admin_application'], write: ['admin_write', 'admin_application'] } as const

export const keysRouter = router({
  list: query({
    rest: 'GET /v1/keys',
    auth: 'account',
    policy: 'account_read',
    scope: 'keys:read',
    limit: limit.read,
    audits: [],
    errors: [],
    list: 'cursor',
    mcp: true,
    summary: 'List secret keys, ended ones too, oldest first; never the keys themselves.',
    input: z.strictObject({
      limit: cursorParameters.limit,
      starting_after: keyId.optional().meta({ description: "Cursor: the previous page's `next_cursor`." }),
    }),
    output: cursorPage(SecretKey),
    run: listKeys,
  }),
  current: query({
    rest: 'GET /v1/keys/current',
    auth: 'account',
    policy: 'own_key',
    limit: limit.read,
    audits: [],
    errors: ['key_not_found'],
    summary: 'Read what is known of the secret key that calls.',
    input: z.strictObject({}),
    output: SecretKey,
    run: getOwnKey,
  }),
  get: query({
    rest: 'GET /v1/keys/{key_id}',
    auth: 'account',
    policy: 'account_read',
    scope: 'keys:read',
    limit: limit.read,
    audits: ['authorization.denied'],
    errors: ['key_not_found'],
    summary: 'Read what is known of one secret key.',
    input: z.strictObject({ key_id: keyId }),
    output: SecretKey,
    run: getKey,
  }),
  create: command({
    rest: 'POST /v1/keys',
    status: 201,
    auth: 'account',
    policy: 'account_write',
    scope: 'keys:write',
    limit: [...limit.write, 'secret_rotation'],
    idempotent: 'application',
    audits: ['agent.registered', 'secret_key.created', 'auth.failed', 'authorization.denied'],
    errors: [
      'step_up_required',
      'user_verification_required',
      'insufficient_scope',
      'forbidden',
      'application_not_found',
    ],
    secret: true,
    summary: 'Make a secret key; it is shown once, with the commands that connect clients.',
    description:
      'Make a secret key; it is shown once, with the commands that connect clients. A person needs a fresh passkey proof, and the key is that of a new agent; a program makes one for itself, of at most its own rights and life.',
    input: NewKey,
    output: SecretKey.extend(KeyDelivery.pick({ secret_key: true, setup: true }).shape).meta({
      id: 'CreatedSecretKey',
    }),
    run: newKey,
  }),
  rotate: command({
    rest: 'POST /v1/keys/{key_id}/rotate',
    auth: 'account',
    policy: 'key_rotation',
    limit: [...limit.write, 'secret_rotation'],
    audits: ['secret_key.rotated', 'authorization.denied'],
    errors: ['key_not_found', 'rotation_in_progress', 'insufficient_scope'],
    secret: true,
    summary: 'Replace a secret key; the new one is shown once, the one before works until the grace period ends.',
    description:
      'Replace a secret key; the new one is shown once, the one before works until the grace period ends. A key may replace itself; another one needs the scope `keys:write`, and no rights that the caller lacks. At most two versions work at a time.',
    input: z.strictObject({
      key_id: keyId,
      grace_period_seconds: z
        .number()
        .int()
        .min(0, 'must be 0 to 604800')
        .max(604_800, 'must be 0 to 604800')
        .default(86_400)
        .meta({ description: 'Seconds that the previous secret goes on working; 0 ends it at once.' }),
    }),
    output: KeyDelivery.extend({ previous_expires_at: timestamp }).meta({ id: 'RotatedSecretKey' }),
    run: rotateKey,
  }),
  revoke_current: command({
    rest: 'DELETE /v1/keys/current',
    status: 204,
    auth: 'account',
    policy: 'own_key',
    limit: limit.write,
    audits: ['secret_key.revoked'],
    errors: [],
    summary: 'End the secret key that calls, everywhere within a second.',
    input: z.strictObject({}),
    output: z.void(),
    run: revokeOwn,
  }),
  revoke: command({
    rest: 'DELETE /v1/keys/{key_id}',
    status: 204,
    auth: 'account',
    policy: 'account_write',
    scope: 'keys:write',
    limit: limit.write,
    audits: ['secret_key.revoked', 'authorization.denied'],
    errors: ['key_not_found'],
    mcp: true,
    summary: 'End a secret key for good, with the tokens handed out with it, everywhere within a second.',
    input: z.strictObject({ key_id: keyId }),
    output: z.void(),
    run: revokeReachable,
  }),
  report_leak: command({
    rest: 'POST /v1/keys/report-leak',
    status: 202,
    auth: 'none',
    policy: 'open',
    limit: ['leak_report'],
    audits: ['secret_key.leak_reported', 'secret_key.revoked'],
    errors: ['invalid_signature'],
    secret: true,
    signedArray: 'reports',
    maxBodyBytes: 1_048_576,
    summary: 'Report a leaked secret key or client secret: it is ended at once.',
    description:
      "Report a leaked secret key or client secret: it is ended at once, and its owner gets a mail. Whoever has the whole secret may report it; the answer never says whether it was one of ours. GitHub's secret scanning sends a JSON array of `{token, type, url, source}` instead, signed in `Github-Public-Key-Signature`, and gets an array of `{token_hash, token_type, label}`, without an envelope.",
    input: LeakReport,
    output: LeakAnswer,
    guard: requireVouched,
    run: reportLeak,
  }),
})
