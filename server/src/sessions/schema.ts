import { z } from 'zod'
import { timestamp } from '../platform/text.ts'
import { toIso } from '../platform/time.ts'

export const Session = z
  .object({
    id: z.string(),
    user_id: z.string(),
    external_user_id: z.string().nullable(),
    method: z.string(),
    credential_id: z.string().nullable(),
    ip_address: z.string().nullable(),
    user_agent: z.string().nullable(),
    dbsc: z.enum(['none', 'bound']),
    created_at: timestamp,
    last_seen_at: timestamp,
    expires_at: timestamp,
    revoked_at: timestamp.nullable(),
  })
  .meta({ id: 'Session' })

/** One of the user's own sessions. */
export const OwnSession = Session.extend({ current: z.boolean() }).meta({ id: 'OwnSession' })

export type SessionRow = {
  id: string
  user_id: string
  external_user_id: string | null
  method: string
  credential_id: string | null
  ip_address: string | null
  user_agent: string | null
  created_at: Date
  last_seen_at: Date
  expires_at: Date
  revoked_at: Date | null
}

export const sessionView = (row: SessionRow): z.input<typeof Session> => ({
  ...row,
  dbsc: 'none',
  created_at: toIso(row.created_at),
  last_seen_at: toIso(row.last_seen_at),
  expires_at: toIso(row.expires_at),
  revoked_at: row.revoked_at && toIso(row.revoked_at),
})
