import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { denied } from '../resources.ts'
import { uuidPath } from './schema.ts'

export type UserRow = {
  id: string
  external_user_id: string | null
  status: string
  metadata: Record<string, string | number | boolean>
  custom_claims: Record<string, string | number | boolean>
  created_at: Date
  updated_at: Date
  authenticated_at: Date | null
}

const columns = 'id, external_user_id, status, metadata, custom_claims, created_at, updated_at, authenticated_at'

/** A user of the principal's application by path value, or null. Raw: every user route begins here. */
export async function findUser(ctx: Ctx, path: string): Promise<UserRow | null> {
  const { tenantId, applicationId } = ctx.principal
  const internal = uuidPath.exec(path)?.[1]
  const [row] = await ctx.sql.query<UserRow>(
    internal
      ? `select ${columns} from users where tenant_id = $1 and application_id = $2 and id = $3::uuid`
      : `select ${columns} from users where tenant_id = $1 and application_id = $2 and external_user_id = $3`,
    [tenantId, applicationId, internal ?? path],
  )
  return row ?? null
}

/**
 * @throws 404 user_not_found, the same for a missing user and one of another application. An internal id may be somebody
 *   else's, so that is recorded as a denial; an external id is a name in the application's own list.
 */
export async function requireUser(ctx: Ctx, path: string): Promise<UserRow> {
  const user = await findUser(ctx, path)
  if (user) return user
  const internal = uuidPath.exec(path)?.[1]
  throw internal ? await denied(ctx, 'user', internal, 'own_application') : new ApiError('user_not_found')
}
