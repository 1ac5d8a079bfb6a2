import { z } from 'zod'
import { displayText } from '../platform/text.ts'
import { scopeNames } from '../scopes.ts'
import { ClientKeys } from './client-jwks.ts'
import { Origin, rpIdProblem } from './origins.ts'
import { httpsUrl, httpsUrlProblem, webhookEvents, webhookUrlProblem } from './webhook-settings.ts'

const unique = <T extends z.ZodType>(item: T, max: number) =>
  z
    .array(item)
    .max(max, `must have at most ${max} entries`)
    .refine((all) => new Set(all).size === all.length, 'must not repeat an entry')

const ClaimRule = z.strictObject({
  type: z.enum(['string', 'number', 'boolean']),
  client_settable: z.boolean().optional(),
})

const whole = (min: number, max: number) => {
  const range = `must be ${min} to ${max}`
  return z.number().int().min(min, range).max(max, range)
}

/** Said of a setting whose feature is not served yet. */
const later = (feature: string, about = '') => ({ description: `${about}Stored; takes effect with ${feature}.` })

const Enrollment = z.strictObject({
  enabled: z.boolean(),
  ticket_ttl_seconds: whole(30, 300),
  max_active_tickets: whole(1, 100),
})

const Lockout = z.strictObject({
  soft_failures: whole(3, 20),
  soft_seconds: whole(60, 86_400),
  hard_failures: whole(5, 100),
  hard_seconds: whole(300, 604_800),
})
const lockoutAbout = {
  description:
    'Failed sign-ins that lock a user, and for how long: `soft` within 15 minutes, `hard` within 24 hours of the first.',
}

const ActingAs = z.strictObject({
  enabled: z.boolean(),
  max_ttl_seconds: whole(60, 3600),
  delegation_enabled: z.boolean(),
})

/** The settings that exist by now, each as it is stored and shown (http-api.md §3.3). */
const fields = {
  display_name: displayText(1, 100).nullable().meta({ description: 'Shown by authenticators; the name if null.' }),
  allowed_top_origins: unique(Origin, 20).meta({ description: 'Sites that may embed the ceremonies in a frame.' }),
  related_origins: unique(Origin, 20).meta({ description: 'Served at `/.well-known/webauthn` of the `rp_id`.' }),
  rp_id: z
    .string()
    .max(253, 'must be at most 253 characters')
    .superRefine((value, issues) => {
      const problem = rpIdProblem(value)
      if (problem) issues.addIssue({ code: 'custom', message: problem })
    })
    .nullable()
    .meta({ description: "Null: the host of the request's origin." }),
  success_urls: unique(z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }).max(2000), 20).meta({
    description: 'Exact URLs that a ceremony may hand back as `redirect_url`, and the hosted page may lead to.',
  }),
  registration_policy: z.enum(['open', 'preregistered', 'ticket']),
  anonymous_signup: z.boolean(),
  user_verification: z.enum(['required', 'preferred']),
  reveal_user_existence: z.boolean().meta({ description: 'Start routes may say that a user has no passkey.' }),
  session_ttl_seconds: whole(300, 86_400),
  custom_claims_schema: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/, 'must be a claim name'), ClaimRule)
    .refine((rules) => Object.keys(rules).length <= 30, 'must have at most 30 keys'),
  lockout: Lockout.meta(lockoutAbout),
  replay_policy: z.enum(['reject', 'flag']).meta({ description: 'What a sign count that goes back leads to.' }),
  email_fallback_enabled: z.boolean().meta(later('e-mail codes')),
  enrollment: Enrollment.meta(later('enrollment tickets')),
  bridge_enabled: z.boolean().meta(later('bridges')),
  cross_device_enabled: z.boolean().meta(later('sign-in on another device')),
  qr_base_url: httpsUrl(httpsUrlProblem)
    .nullable()
    .meta(later('sign-in on another device', 'On an allowed origin; null: the hosted page. ')),
  allowed_chain_ids: unique(z.number().int().min(1, 'must be a positive whole number'), 20).meta(
    later('sign-in with Ethereum'),
  ),
  dbsc_mode: z.enum(['off', 'optional', 'require']).meta(later('device-bound sessions')),
  acting_as: ActingAs.meta(later('acting-as')),
  webhook_url: httpsUrl(webhookUrlProblem)
    .nullable()
    .meta(later('webhooks', 'The first one makes the signing secret, which that answer shows once. ')),
  webhook_events: unique(z.enum(webhookEvents), webhookEvents.length)
    .nullable()
    .meta(later('webhooks', 'Null: all of them. ')),
  webhook_legacy_signature: z.boolean().meta(later('webhooks')),
  device_flow: z.boolean().meta({ description: 'Whether its client may ask people for access by device codes.' }),
  client_jwks: ClientKeys.meta({
    description:
      'Public keys (RFC 7517; ES256, RS256, EdDSA) of a backend that authenticates with `private_key_jwt` instead of a client secret.',
  }),
  allowed_scopes: unique(z.enum(scopeNames), scopeNames.length).meta({
    description:
      'What tokens of the application may be granted; changed from the dashboard only. Tokens issued before keep their scopes until they expire.',
  }),
} as const

export const Settings = z.object(fields)
export type Settings = z.output<typeof Settings>

export const defaults: Settings = {
  display_name: null,
  allowed_top_origins: [],
  related_origins: [],
  rp_id: null,
  success_urls: [],
  registration_policy: 'open',
  anonymous_signup: true,
  user_verification: 'preferred',
  reveal_user_existence: false,
  session_ttl_seconds: 86_400,
  custom_claims_schema: {},
  lockout: { soft_failures: 5, soft_seconds: 1800, hard_failures: 10, hard_seconds: 86_400 },
  replay_policy: 'reject',
  email_fallback_enabled: false,
  enrollment: { enabled: true, ticket_ttl_seconds: 120, max_active_tickets: 20 },
  bridge_enabled: false,
  cross_device_enabled: true,
  qr_base_url: null,
  allowed_chain_ids: [1],
  dbsc_mode: 'off',
  acting_as: { enabled: false, max_ttl_seconds: 900, delegation_enabled: false },
  webhook_url: null,
  webhook_events: null,
  webhook_legacy_signature: false,
  client_jwks: [],
  device_flow: true,
  allowed_scopes: scopeNames.filter((scope) => scope !== 'acting_as:write'),
}

type Change<T> = { [K in keyof T]?: T[K] | undefined }

/** The members given take the place of the ones there; a member that is undefined was not given. */
const over = <T extends object>(base: T, change: Change<T> | undefined): T => ({
  ...base,
  ...Object.fromEntries(Object.entries(change ?? {}).filter(([, value]) => value !== undefined)),
})

/** Settings that are objects: a change names some of their members, and the others stay. */
type Nested = 'lockout' | 'enrollment' | 'acting_as'
export type SettingsChange = Change<Omit<Settings, Nested>> & { [K in Nested]?: Change<Settings[K]> | undefined }

/** Settings with a change in them. */
export const changed = (before: Settings, { lockout, enrollment, acting_as, ...rest }: SettingsChange): Settings => ({
  ...over(before, rest),
  lockout: over(before.lockout, lockout),
  enrollment: over(before.enrollment, enrollment),
  acting_as: over(before.acting_as, acting_as),
})

/** The settings that a change names, with their new values: what is stored. */
export const givenOf = (change: SettingsChange, after: Settings): Partial<Settings> => {
  const names = new Set(Object.entries(change).flatMap(([name, value]) => (value === undefined ? [] : [name])))
  return Object.fromEntries(Object.entries(after).filter(([name]) => names.has(name)))
}

/** What is stored, completed by the defaults: a row holds only what was once set. */
export const readSettings = (stored: unknown): Settings => changed(defaults, stored as SettingsChange)

const anySetting = {
  ...(z.object(fields).partial().shape as { [K in keyof typeof fields]: z.ZodOptional<(typeof fields)[K]> }),
  lockout: Lockout.partial()
    .optional()
    .meta({ description: `${lockoutAbout.description} Members left out stay.` }),
  enrollment: Enrollment.partial().optional().meta(later('enrollment tickets', 'Members left out stay. ')),
  acting_as: ActingAs.partial().optional().meta(later('acting-as', 'Members left out stay. ')),
}

export const allowedOrigins = unique(Origin, 20)

/** A new application: its name, at least one origin, and any setting. */
export const NewApplication = z.strictObject({
  name: displayText(1, 100),
  allowed_origins: allowedOrigins.min(1, 'must have at least one entry'),
  ...anySetting,
})
export type NewApplication = z.output<typeof NewApplication>

/** A change: any setting, at least one. */
export const SettingsPatch = z.strictObject({
  name: displayText(1, 100).optional(),
  allowed_origins: allowedOrigins.optional(),
  ...anySetting,
  confirm_rp_id_change: z.literal(true).optional(),
})
export type SettingsPatch = z.output<typeof SettingsPatch>

export const Application = z
  .object({
    id: z.string(),
    tenant_id: z.string(),
    client_id: z.string(),
    publishable_key: z.string(),
    name: z.string(),
    status: z.enum(['active', 'suspended']),
    plan: z.string(),
    created_at: z.string().meta({ format: 'date-time' }),
    updated_at: z.string().meta({ format: 'date-time' }),
    allowed_origins: z.array(z.string()),
    ...fields,
    display_name: z.string(),
  })
  .meta({ id: 'Application' })
