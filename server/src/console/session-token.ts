import type { Ctx } from '../platform/context.ts'
import type { EndUser } from '../platform/principal.ts'
import { endUserFromToken } from '../sessions/access.ts'
import { CONSOLE_APPLICATION_ID } from './console.ts'

/**
 * The end user of a session token, of any application but the console: a person's token is for the dashboard's cookie
 * alone, and the cookie holds one. As an end user's it would change passkeys without the proof that the dashboard asks for.
 * @throws what `endUserFromToken` throws
 */
export async function endUserOfApplication(ctx: Ctx, token: string): Promise<EndUser | null> {
  const found = await endUserFromToken(ctx, token)
  return found?.applicationId === CONSOLE_APPLICATION_ID ? null : found
}
