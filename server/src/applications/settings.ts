import { z } from 'zod'
import { displayText } from '../platform/text.ts'
import { Origin, rpIdProblem } from './origins.ts'

const unique = <T extends z.ZodType>(item: T, max: number) =>
  z
    .array(item)
    .max(max, `must have at most ${max} entries`)
    .refine((all) => new Set(all).size === all.length, 'must not repeat an entry')

const ClaimRule = z.strictObject({
  type: z.enum(['string', 'number', 'boolean']),
  client_settable: z.boolean().optional(),
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
    description: 'Exact URLs that a ceremony may hand back as `redirect_url`.',
  }),
  registration_policy: z.enum(['open', 'preregistered', 'ticket']),
  anonymous_signup: z.boolean(),
  user_verification: z.enum(['required', 'preferred']),
  reveal_user_existence: z.boolean().meta({ description: 'Start routes may say that a user has no passkey.' }),
  session_ttl_seconds: z.number().int().min(300, 'must be 300 to 86400').max(86_400, 'must be 300 to 86400'),
  custom_claims_schema: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/, 'must be a claim name'), ClaimRule)
    .refine((rules) => Object.keys(rules).length <= 30, 'must have at most 30 keys'),
  replay_policy: z.enum(['reject', 'flag']).meta({ description: 'What a sign count that goes back leads to.' }),
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
  replay_policy: 'reject',
}

/** What is stored, completed by the defaults: a row holds only what was once set. */
export const readSettings = (stored: unknown): Settings => ({ ...defaults, ...(stored as Partial<Settings>) })

export const allowedOrigins = unique(Origin, 20)

/** A change: any setting, at least one. */
export const SettingsPatch = z.strictObject({
  name: displayText(1, 100).optional(),
  allowed_origins: allowedOrigins.optional(),
  ...(z.object(fields).partial().shape as { [K in keyof typeof fields]: z.ZodOptional<(typeof fields)[K]> }),
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
