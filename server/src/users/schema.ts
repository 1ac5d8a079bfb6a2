import { z } from 'zod'
import { text, timestamp } from '../platform/text.ts'

/** A path value that names a user by the internal id. */
export const uuidPath = /^id:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/

/**
 * The customer's own id of a user, compared exactly. Not in the form that means an internal id in a path: whoever may
 * choose an external id would otherwise have the backend read or erase somebody else.
 */
export const ExternalUserId = text(1, 255)
  .refine((value) => !uuidPath.test(value), 'must not have the form id:<uuid>')
  .meta({ examples: ['user_123'] })

/** The path value: an external id, or `id:<uuid>` for a user that has none. */
export const UserPath = text(1, 258).meta({
  description: 'The external user id, or `id:<uuid>` with the internal id.',
  examples: ['user_123'],
})

const scalar = z.union([z.string(), z.number(), z.boolean()], { error: 'must be a string, number or boolean' })
const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

export const Metadata = z
  .record(z.string().min(1).max(64, 'must be at most 64 characters'), scalar)
  .refine((value) => Object.keys(value).length <= 20, 'must have at most 20 keys')
  .refine((value) => bytes(value) <= 2048, 'must be at most 2048 bytes')

/** Its limits are the slice's own codes, so they are checked by `users/custom-claims.ts`. */
export const CustomClaims = z.record(z.string().min(1).max(64), scalar)

/** One address, no quoted local part, the domain in lower case (http-api.md §2.2). */
export const Email = z
  .string()
  .max(254, 'must be at most 254 characters')
  .regex(/^[^\s@",:;<>()[\]\\]+@[^\s@",:;<>()[\]\\]+$/, 'must be one e-mail address')
  .pipe(z.email('must be one e-mail address'))
  .transform((address) => {
    const at = address.lastIndexOf('@')
    return address.slice(0, at) + address.slice(at).toLowerCase()
  })
  .pipe(z.string())

export const NewUser = z.strictObject({
  external_user_id: ExternalUserId,
  email: Email.optional(),
  email_verified: z.boolean().default(false),
  metadata: Metadata.default({}),
  custom_claims: CustomClaims.default({}),
})

/** Whoever locks is the server: that status is shown, never set. */
export const UserPatch = z.strictObject({
  external_user_id: UserPath,
  status: z
    .enum(['active', 'disabled'])
    .optional()
    .meta({ description: '`disabled` ends every session, and the user cannot sign in.' }),
  metadata: Metadata.optional().meta({ description: 'Replaces what is there.' }),
  custom_claims: CustomClaims.optional().meta({ description: 'Replaces what is there.' }),
})

export const UserStatus = z.enum(['active', 'locked', 'disabled'])

export const CreatedUser = z
  .object({
    id: z.string(),
    external_user_id: z.string(),
    status: UserStatus,
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'CreatedUser' })

export const User = z
  .object({
    id: z.string(),
    external_user_id: z.string().nullable(),
    status: UserStatus,
    created_at: timestamp,
    updated_at: timestamp,
    metadata: z.record(z.string(), scalar),
    custom_claims: z.record(z.string(), scalar),
  })
  .meta({ id: 'User' })

export const UserListItem = z
  .object({ id: z.string(), external_user_id: z.string().nullable(), status: UserStatus, created_at: timestamp })
  .meta({ id: 'UserListItem' })
