import type { HotApplication } from '../applications/hot.ts'
import { findOauthClient } from '../clients/client.ts'
import type { Ctx } from '../platform/context.ts'
import type { AccountAgent } from '../platform/principal.ts'
import { findApplication, toService } from './client-authentication.ts'
import type { Presented } from './presented.ts'
import { requireOauthClient } from './registered-client.ts'
import {
  AGENT_CLIENT_ID,
  type ClientParameters,
  clientRefused,
  namedClient,
  provesNothing,
  requireClient,
  requireOnePlace,
} from './request-client.ts'

/** Who asks about a token or ends one: an application's client, a secret key, a registered client, or a public one. */
export type Caller =
  | { kind: 'client'; application: HotApplication }
  | { kind: 'agent'; agent: AccountAgent }
  | { kind: 'registered'; clientId: string }
  | { kind: 'public'; clientId: string }

async function fromKey(ctx: Ctx, value: string): Promise<AccountAgent> {
  const agent = value.startsWith('tm_key_') ? await ctx.deps.checks.secretKey(ctx, value) : null
  if (!agent) throw clientRefused('Bearer error="invalid_token"')
  return agent
}

/**
 * A client that no application stands behind: the built-in one, one that registered itself, or a metadata document. A public
 * one says its name and proves nothing (RFC 7009 §2.1); whether it is one, its registration or its document says.
 * @returns null: none of these, so an application's or nobody
 */
async function withoutApplication(ctx: Ctx, input: ClientParameters): Promise<Caller | null> {
  const id = namedClient(ctx, input)
  if (id === undefined) return null
  if (id === AGENT_CLIENT_ID && provesNothing(ctx, input)) return { kind: 'public', clientId: id }
  if ((await findApplication(ctx, id)) || !(await findOauthClient(ctx, id))) return null
  const { authMethod } = await requireOauthClient(ctx, input)
  return { kind: authMethod === 'none' ? 'public' : 'registered', clientId: id }
}

/**
 * Authenticates the caller of introspection or revocation, and acts as it from then on. To be asked before a transaction.
 * @param options.public whether a public client may call
 * @throws 400 invalid_request; 401 invalid_client; 429 rate_limit_exceeded after too many failures
 */
export async function requireCaller(ctx: Ctx, input: ClientParameters, options: { public: boolean }): Promise<Caller> {
  requireOnePlace(ctx, input)
  const bearer = /^bearer +(.*)$/i.exec(ctx.request.authorization ?? '')?.[1]
  if (bearer !== undefined) {
    const agent = await fromKey(ctx, bearer.trim())
    ctx.principal = agent
    ctx.response.tenantId = agent.tenantId
    return { kind: 'agent', agent }
  }
  const other = await withoutApplication(ctx, input)
  if (other?.kind === 'public' && !options.public) throw clientRefused()
  if (other) return other
  const application = await requireClient(ctx, input)
  ctx.principal = toService(application, new Set(), application.clientId)
  return { kind: 'client', application }
}

const reaches = (applicationIds: readonly string[], id: string | null): boolean =>
  applicationIds.length === 0 || (id !== null && applicationIds.includes(id))

/** Whether a credential is within the caller's tenant or account; of another one nothing is said (RFC 7662 §4). */
export function isWithin(caller: Caller, { facts, accountId, tenantId, applicationId, agent }: Presented): boolean {
  if (caller.kind === 'public') return false
  if (caller.kind === 'registered') return facts.client_id === caller.clientId
  if (caller.kind === 'agent') {
    if (caller.agent.accountId !== accountId) return false
    const { id, applicationIds } = caller.agent
    return agent === null ? reaches(applicationIds, applicationId) : agent.id === id || applicationIds.length === 0
  }
  const { application } = caller
  if (agent === null) return tenantId === application.tenantId
  return accountId === application.accountId && reaches(agent.applicationIds, application.id)
}

/** Whether a credential was issued to the caller itself, which alone may end it (RFC 7009 §2.1). */
export function isOwn(caller: Caller, { facts, agent }: Presented): boolean {
  if (caller.kind === 'agent') return agent?.id === caller.agent.id
  return facts.client_id === (caller.kind === 'client' ? caller.application.clientId : caller.clientId)
}
