import type { Ctx } from '../platform/context.ts'
import type { EndUser } from '../platform/principal.ts'

/** The principal of a session token, or null. */
export async function endUserFromToken(_ctx: Ctx, _token: string): Promise<EndUser | null> {
  return null
}
