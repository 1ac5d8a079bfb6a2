import type { Ctx } from '../platform/context.ts'
import { isWithin, requireCaller } from './caller.ts'
import { look } from './presented.ts'
import type { ClientParameters } from './request-client.ts'

export type TokenQuestion = ClientParameters & { token: string; token_type_hint?: string | undefined }

/**
 * `POST /oauth/introspect` (RFC 7662). Whatever is not good now, or not of the caller's tenant or account, is only said to be
 * inactive.
 * @throws 400 invalid_request; 401 invalid_client
 */
export async function introspect(ctx: Ctx, input: TokenQuestion) {
  const caller = await requireCaller(ctx, input, { public: false })
  const presented = await look(ctx, input.token)
  const isShown = presented && !presented.isReplaced && isWithin(caller, presented)
  return isShown ? { active: true, ...presented.facts } : { active: false }
}
