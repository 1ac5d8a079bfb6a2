import { z } from 'zod'
import { NewUser } from './schema.ts'

/** Users of one transaction, and of one JSON body (http-api.md §3.20). */
export const IMPORT_SIZE = 100

export const ImportBody = z.strictObject({
  users: z
    .array(NewUser)
    .min(1, 'must have at least one user')
    .max(IMPORT_SIZE, `must have at most ${IMPORT_SIZE} users`),
  invite: z
    .literal(false, 'must be false: invitations are not sent yet')
    .default(false)
    .meta({ description: 'Only `false`: no invitations are sent.' }),
})

export const ImportResult = z
  .object({
    external_user_id: z.string().nullable().meta({ description: 'Null for a line that has none that can be read.' }),
    status: z.enum(['created', 'exists', 'failed']),
    user_id: z.string().optional(),
    error: z.object({ code: z.string(), message: z.string() }).optional(),
  })
  .meta({ id: 'ImportResult' })

export const ImportAnswer = z.object({
  results: z.array(ImportResult).meta({ description: 'One for each user, in their order.' }),
  created: z.number().int(),
  existing: z.number().int(),
  failed: z.number().int(),
})
