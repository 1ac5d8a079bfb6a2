import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import type { ClientParameters } from './request-client.ts'

export type TokenRequest = ClientParameters & {
  grant_type: string
  scope?: string | undefined
  resource?: string | undefined
  device_code?: string | undefined
  code?: string | undefined
  redirect_uri?: string | undefined
  code_verifier?: string | undefined
  refresh_token?: string | undefined
}

/** One way to a token: authenticates the client by itself, since not every grant wants the same of it. */
export type Grant<T> = (ctx: Ctx, input: TokenRequest) => Promise<T>

/**
 * `POST /oauth/token`: looks the grant up and leaves the rest to it.
 * @throws unsupported_grant_type, and what the grant throws
 */
export const exchange =
  <T>(grants: Readonly<Record<string, Grant<T>>>): Grant<T> =>
  async (ctx, input) => {
    const grant = Object.hasOwn(grants, input.grant_type) ? grants[input.grant_type] : undefined
    if (!grant) throw new ApiError('unsupported_grant_type')
    return grant(ctx, input)
  }
