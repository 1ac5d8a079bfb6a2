import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import type { AccountPrincipal, Agent, User } from '../platform/principal.ts'
import { writeTrail } from '../platform/trail.ts'
import { denied } from '../resources.ts'

/** Ids named in a refusal: an account may have many. */
const named = 20

/**
 * The application that somebody with a whole account works for in this call (http-api.md §1.2, agents.md §2): the one in
 * `X-App-Id`, which may be left out where exactly one is in reach.
 * @throws 403 not_admitted; 400 validation_error naming X-App-Id, with the reachable ids; 404 application_not_found, as for one that is missing
 */
export async function chooseApplication(ctx: Ctx, caller: AccountPrincipal): Promise<Agent | User> {
  const { accounts, applications } = ctx.deps
  const account = await accounts.get(caller.accountId)
  // A person on the wait-list may look at the account, and at nothing else.
  if (account?.status !== 'active') throw new ApiError('not_admitted')
  const limited = caller.kind === 'agent' && caller.applicationIds.length > 0 ? new Set(caller.applicationIds) : null
  const reachable = account.applications.filter(({ id }) => !limited || limited.has(id))
  const asked = ctx.request.appId
  if (asked === null && reachable.length !== 1) {
    const ids = reachable.slice(0, named).map(({ id }) => id)
    throw new ApiError('validation_error', {
      message: `X-App-Id: ${ids.length === 0 ? 'there is no application to work for' : 'must name one of several applications'}`,
      details: [{ path: 'X-App-Id', message: 'is required', application_ids: ids }],
    })
  }
  const chosen = asked === null ? reachable[0] : reachable.find(({ id }) => id === asked)
  const application = chosen && (await applications.byClientId.get(chosen.clientId))
  if (!application) {
    ctx.principal = caller
    const refusal = await denied(ctx, 'application', asked ?? '', 'account')
    await writeTrail(ctx, ctx.sql)
    throw refusal
  }
  return { ...caller, tenantId: application.tenantId, applicationId: application.id, application }
}
