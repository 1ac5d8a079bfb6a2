import { z } from 'zod'
import { timestamp } from '../platform/text.ts'

const scalars = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
const object = z.record(z.string(), z.unknown())

/** Of a feature that stores nothing about users yet. */
const none = z.array(object).meta({ description: 'Empty in this version.' })

const ReportedUser = z.object({
  id: z.string(),
  external_user_id: z.string().nullable(),
  status: z.enum(['active', 'locked', 'disabled']),
  created_at: timestamp,
  updated_at: timestamp,
  metadata: scalars,
  custom_claims: scalars,
  authenticated_at: timestamp.nullable().meta({ description: 'When the first session or passkey was made.' }),
  lockout: z
    .object({
      locked_until: timestamp.nullable(),
      soft_failures: z.number().int(),
      soft_since: timestamp.nullable(),
      hard_failures: z.number().int(),
      hard_since: timestamp.nullable(),
    })
    .meta({ description: 'Failed sign-ins of the two windows, and the lock they led to.' }),
})

const ReportedCredential = z.object({
  credential_id: z.string(),
  status: z.string(),
  alias: z.string().nullable(),
  transports: z.array(z.string()),
  attestation_type: z.string(),
  aaguid: z.string(),
  backup_eligible: z.boolean(),
  backup_state: z.boolean(),
  created_at: timestamp,
  last_used_at: timestamp.nullable(),
  revoked_at: timestamp.nullable(),
  webauthn_id: z.string().meta({ description: "The authenticator's own id of the passkey, base64url." }),
  rp_id: z.string(),
  algorithm: z.number().int(),
  sign_count: z.number().int(),
  attachment: z.string().nullable(),
  discoverable: z.boolean().nullable(),
  uv_initialized: z.boolean(),
  extensions: object,
})

const ReportedIdentifier = z.object({
  id: z.string(),
  type: z.string(),
  value: z.string(),
  verified: z.boolean(),
  linked_at: timestamp,
})

const ReportedSession = z.object({
  id: z.string(),
  method: z.string(),
  credential_id: z.string().nullable(),
  ip_address: z.string().nullable(),
  user_agent: z.string().nullable(),
  created_at: timestamp,
  last_seen_at: timestamp,
  expires_at: timestamp,
  revoked_at: timestamp.nullable(),
})

const ReportedOnboarding = z.object({
  id: z.string(),
  status: z.string(),
  display_name: z.string().nullable(),
  email: z.string().nullable(),
  origin: z.string().nullable(),
  created_at: timestamp,
  expires_at: timestamp,
})

const ReportedCeremony = z.object({
  id: z.string(),
  kind: z.string(),
  external_user_id: z.string().nullable(),
  rp_id: z.string().nullable(),
  credential_ids: z.array(z.string()).meta({ description: 'Passkeys that were offered, by `webauthn_id`.' }),
  created_at: timestamp,
  expires_at: timestamp,
})

const ReportedReplay = z.object({
  operation: z.string(),
  key: z.string(),
  status: z.number().int().nullable(),
  created_at: timestamp,
  expires_at: timestamp,
})

const ReportedEvent = z.object({
  id: z.string(),
  event: z.string(),
  category: z.string(),
  success: z.boolean(),
  ip_address: z.string().nullable(),
  user_agent: z.string().nullable(),
  request_id: z.string().nullable(),
  actor: object,
  metadata: object,
  created_at: timestamp,
})

/** Everything stored about one user (http-api.md §3.5). */
export const UserDataReport = z
  .object({
    generated_at: timestamp,
    user: ReportedUser,
    credentials: z.array(ReportedCredential).meta({ description: 'Revoked ones too.' }),
    identifiers: z.array(ReportedIdentifier),
    sessions: z.array(ReportedSession).meta({ description: 'Ended ones too, until they are cleared away.' }),
    dbsc_sessions: none,
    acting_as: none,
    enrollment_tickets: none,
    action_challenges: none,
    webhook_deliveries: none,
    onboardings: z
      .array(ReportedOnboarding)
      .meta({ description: 'The sign-up on the hosted page, for as long as it is kept: half an hour.' }),
    ceremonies: z.array(ReportedCeremony).meta({ description: 'Registrations and sign-ins under way.' }),
    active_months: z
      .array(z.object({ period: z.string().meta({ examples: ['2026-04'] }) }))
      .meta({ description: 'Months in which the user signed in, as usage counts them.' }),
    idempotency_records: z
      .array(ReportedReplay)
      .meta({ description: 'Answers about the user that are kept for 24 hours for repeated requests.' }),
    audit_logs: z
      .array(ReportedEvent)
      .meta({ description: 'Who another person was that did something to the user is left out.' }),
  })
  .meta({ id: 'UserDataReport' })

type Report = z.input<typeof UserDataReport>

/** What the database says of the user itself: the status shown depends on the time. */
export type ProfileData = Omit<Report['user'], 'status'> & { status: string }

/** An element of one of the report's arrays. */
export type ElementOf<P extends keyof Report> = Report[P] extends (infer E)[] ? E : never
