import { mayCall } from '../keys/address.ts'
import { endOf } from '../keys/life.ts'
import type { AddressList } from '../platform/address-list.ts'
import type { Ctx } from '../platform/context.ts'
import { uuid7 } from '../platform/ids.ts'
import { type Claims, signJwt } from '../platform/jwt.ts'
import type { AccountAgent } from '../platform/principal.ts'
import { seconds } from '../platform/time.ts'
import { expandScopes } from '../scopes.ts'

export const agentTokenSeconds = 3600

export type AgentGrant = {
  agentId: string
  /** The secret key handed out with it, with which it ends; null: none was. */
  keyId: string | null
  accountId: string
  /** Who consented. */
  personId: string
  clientId: string
  /** `full_access` or single scopes. */
  scopes: readonly string[]
  /** The refresh tokens that it belongs to: it ends with them. */
  familyId?: string
  /** What it is for; nothing: the API and the MCP endpoint. */
  resource?: string | readonly string[] | null | undefined
}

/**
 * Signs an access token (RFC 9068) for an agent with a person's consent: `sub` is the person, `act.sub` the agent
 * (agents.md §2), one hour.
 */
export function issueAgentToken(ctx: Ctx, grant: AgentGrant): string {
  const now = ctx.now()
  const iat = seconds(now)
  const issuer = ctx.deps.config.PUBLIC_URL
  return signJwt(ctx.deps.keys.current(), 'at+jwt', {
    iss: issuer,
    sub: grant.personId,
    aud: grant.resource ?? [issuer, `${issuer}/mcp`],
    client_id: grant.clientId,
    act: { sub: grant.agentId, kind: 'agent' },
    account_id: grant.accountId,
    ...(grant.keyId === null ? {} : { key_id: grant.keyId }),
    ...(grant.familyId === undefined ? {} : { family_id: grant.familyId }),
    scope: grant.scopes.join(' '),
    iat,
    exp: iat + agentTokenSeconds,
    jti: uuid7(now),
  })
}

/** The agent that a token names, or null: it is no agent's. */
export function agentIdOf({ act }: Claims): string | null {
  const sub = typeof act === 'object' && act !== null && 'sub' in act ? act.sub : null
  return typeof sub === 'string' && sub.startsWith('agt_') ? sub : null
}

type Found = { agent: AccountAgent; allowed: AddressList | null }

async function find({ deps, now }: Ctx, claims: Claims): Promise<Found | null> {
  const id = agentIdOf(claims)
  const { agents, accounts, config } = deps
  const agent = id === null ? null : await agents.get(id)
  if (!agent || agent.accountId !== claims.account_id) return null
  const keyId = typeof claims.key_id === 'string' ? claims.key_id : null
  const key = keyId === null ? null : agent.keys.get(keyId)
  if (key === undefined) return null
  const end = key && endOf(key, config)
  const account = await accounts.get(agent.accountId)
  if ((end && end <= now()) || !account?.homeTenantId || account.status !== 'active') return null
  const principal: AccountAgent = {
    kind: 'agent',
    id: agent.id,
    accountId: account.id,
    tenantId: account.homeTenantId,
    applicationId: null,
    bucket: claims.jti,
    scopes: expandScopes(
      String(claims.scope ?? '')
        .split(' ')
        .filter(Boolean),
    ),
    keyId,
    applicationIds: key && key.applicationIds.length > 0 ? key.applicationIds : agent.applicationIds,
    allowedIps: key ? key.allowed.ranges : [],
    personId: claims.sub,
  }
  return { agent: principal, allowed: key ? key.allowed : null }
}

/**
 * The principal of an access token whose `act.sub` is an agent and that calls; its use is noted. Agent, key and account are
 * looked at on every call, so revoking any of them ends the token on every instance within the cache's second.
 * @param claims of a token that was verified, is in time, was not revoked and is for the resource that is asked
 * @returns null: no agent's token; agent or key revoked or expired; account not active; from an address that the key behind
 *   it does not allow
 */
export async function agentFromToken(ctx: Ctx, claims: Claims): Promise<AccountAgent | null> {
  const found = await find(ctx, claims)
  if (!found) return null
  const { agent, allowed } = found
  const { id: agentId, accountId, tenantId, keyId } = agent
  if (keyId !== null && allowed && !(await mayCall(ctx, { keyId, allowed, tenantId }))) return null
  ctx.deps.keyUse.note({ accountId, agentId, keyId: null, ip: ctx.request.ip, userAgent: ctx.request.userAgent })
  return agent
}

/** The same of a token that somebody asks about, which is no use of it, wherever it is asked from. */
export async function agentBehindToken(ctx: Ctx, claims: Claims): Promise<AccountAgent | null> {
  return (await find(ctx, claims))?.agent ?? null
}
