import { record } from '../audit/record.ts'
import { revokeKey } from '../keys/revoke.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import type { Backend } from '../platform/principal.ts'
import { revoke as endSession } from '../sessions/service.ts'
import { type Caller, isOwn, requireCaller } from './caller.ts'
import type { TokenQuestion } from './introspect.ts'
import { look, type Presented } from './presented.ts'
import { endFamily, revokeAccessToken } from './revoked-tokens.ts'

type Found = { caller: Caller; presented: Presented | null }

/** What was found out before the transaction, which may ask no cache: a load would wait for the transaction to end. */
const found = new WeakMap<TokenQuestion, Found>()

/**
 * Authenticates the caller and looks the token up, before anything is counted for the client or written.
 * @throws 400 invalid_request; 401 invalid_client
 */
export async function prepareRevocation(ctx: Ctx, input: TokenQuestion): Promise<void> {
  const caller = await requireCaller(ctx, input, { public: true })
  found.set(input, { caller, presented: await look(ctx, input.token) })
}

/** Whether this call ended the token; repeated, it did not. */
async function endToken(ctx: Ctx, { kind, facts, claims }: Presented): Promise<boolean> {
  if (kind === 'refresh_token') return endFamily(ctx, facts.jti, facts.client_id)
  return claims !== null && revokeAccessToken(ctx, claims)
}

async function end(ctx: Ctx, presented: Presented): Promise<void> {
  const { kind, facts, homeTenantId, applicationId, accountId } = presented
  if (kind === 'secret_key') {
    await revokeKey(ctx, { accountId, keyId: facts.jti, reason: 'self' })
  } else if (kind === 'session') {
    await endSession(ctx as Ctx<Backend>, { id: facts.jti })
  } else if (await endToken(ctx, presented)) {
    record(ctx, 'token.revoked', {
      ...(homeTenantId ? { tenantId: homeTenantId } : {}),
      applicationId,
      metadata: { client_id: facts.client_id },
    })
  }
}

/**
 * `POST /oauth/revoke` (RFC 7009): ends an access token, a refresh token with what came of it, a session token or a secret
 * key of the caller's own. A token that is unknown or ended already is as good as revoked.
 * @throws 400 invalid_grant for another client's token; a public client hears nothing of it
 */
export async function revoke(ctx: Ctx, input: TokenQuestion): Promise<undefined> {
  const { caller, presented } = found.get(input) as Found
  if (!presented) return undefined
  if (isOwn(caller, presented)) await end(ctx, presented)
  else if (caller.kind !== 'public') throw new ApiError('invalid_grant')
  return undefined
}
