import { z } from 'zod'
import { displayText, timestamp } from '../platform/text.ts'
import { toIso } from '../platform/time.ts'

export const CredentialId = z
  .string()
  .max(64, 'must be at most 64 characters')
  .meta({ examples: ['cred_8YpZ3kQ1vT6mWc0RbN4xLd'] })

export const Alias = displayText(1, 100)

/** A passkey as its owner and the backend see it: no public key, no counter. */
export const Credential = z
  .object({
    credential_id: z.string(),
    status: z.enum(['active', 'revoked']),
    alias: z.string().nullable(),
    transports: z.array(z.string()),
    attestation_type: z.string(),
    aaguid: z.string(),
    backup_eligible: z.boolean(),
    backup_state: z.boolean(),
    created_at: timestamp,
    last_used_at: timestamp.nullable(),
  })
  .meta({ id: 'Credential' })

type Row = {
  id: string
  status: string
  alias: string | null
  transports: string[]
  attestationType: string
  aaguid: string
  backupEligible: boolean
  backupState: boolean
  createdAt: Date
  lastUsedAt: Date | null
}

export const shownColumns = {
  id: true,
  status: true,
  alias: true,
  transports: true,
  attestationType: true,
  aaguid: true,
  backupEligible: true,
  backupState: true,
  createdAt: true,
  lastUsedAt: true,
} as const

export function present(row: Row): z.input<typeof Credential> {
  return {
    credential_id: row.id,
    status: row.status === 'revoked' ? 'revoked' : 'active',
    alias: row.alias,
    transports: row.transports,
    attestation_type: row.attestationType,
    aaguid: row.aaguid,
    backup_eligible: row.backupEligible,
    backup_state: row.backupState,
    created_at: toIso(row.createdAt),
    last_used_at: row.lastUsedAt && toIso(row.lastUsedAt),
  }
}
