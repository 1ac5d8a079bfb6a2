import type { z } from 'zod'
import { statusOf } from '../lockout/state.ts'
import { toIso } from '../platform/time.ts'
import type { UserRow } from './find.ts'
import type { User } from './schema.ts'

/** A user as every admin answer shows it. */
export const present = (row: UserRow, now: Date): z.input<typeof User> => ({
  id: row.id,
  external_user_id: row.external_user_id,
  status: statusOf({ status: row.status, lockedUntil: row.locked_until }, now),
  created_at: toIso(row.created_at),
  updated_at: toIso(row.updated_at),
  metadata: row.metadata,
  custom_claims: row.custom_claims,
})
