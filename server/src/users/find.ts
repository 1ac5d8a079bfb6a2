import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { denied } from '../resources.ts'
import { uuidPath } from './schema.ts'

export type UserRow = {
  id: string
  external_user_id: string | null
  /** `active` or `disabled`; see `statusOf` for what is shown. */
  status: string
  locked_until: Date | null
  metadata: Record<string, string | number | boolean>
  custom_claims: Record<string, string | number | boolean>
  created_at: Date
  updated_at: Date
  authenticated_at: Date | null
}

const columns =
  'id, external_user_id, status, locked_until, metadata, custom_claims, created_at, updated_at, authenticated_at'

/** `lock` holds the row until the transaction ends. */
type Hold = { lock?: boolean }

/** A user of the principal's application by path value, or null. Raw: every user route begins here. */
export async function findUser(ctx: Ctx, path: string, { lock = false }: Hold = {}): Promise<UserRow | null> {
  const { tenantId, applicationId } = ctx.principal
  const internal = uuidPath.exec(path)?.[1]
  const [row] = await ctx.sql.query<UserRow>(
    `select ${columns} from users where tenant_id = $1 and application_id = $2
       and ${internal ? 'id = $3::uuid' : 'external_user_id = $3'}${lock ? ' for update' : ''}`,
    [tenantId, applicationId, internal ?? path],
  )
  return row ?? null
}

/**
 * @throws 404 user_not_found, the same for a missing user and one of another application. An internal id may be somebody
 *   else's, so that is recorded as a denial; an external id is a name in the application's own list.
 */
export async function requireUser(ctx: Ctx, path: string, hold: Hold = {}): Promise<UserRow> {
  const user = await findUser(ctx, path, hold)
  if (user) return user
  const internal = uuidPath.exec(path)?.[1]
  throw internal ? await denied(ctx, 'user', internal, 'own_application') : new ApiError('user_not_found')
}
