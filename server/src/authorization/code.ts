import { registerAgent } from '../agents/register.ts'
import { record } from '../audit/record.ts'
import { touch } from '../platform/cache.ts'
import type { Ctx } from '../platform/context.ts'
import { mintSecret } from '../platform/secrets.ts'
import { addSeconds } from '../platform/time.ts'
import { type AuthorizeRequest, answerUrl } from './request.ts'

export const codeSeconds = 60

export type Consenting = { accountId: string; personId: string; tenantId: string }

type Granted = { scopes: readonly string[]; applicationIds: readonly string[] }

/** Stores a code, in the caller's transaction; returns where the browser takes it. */
async function issueCode(
  ctx: Ctx,
  request: AuthorizeRequest,
  { accountId, personId }: Consenting,
  agentId: string,
  scopes: readonly string[],
): Promise<string> {
  const code = mintSecret('ac')
  const now = ctx.now()
  await ctx.sql.query(
    `insert into authorization_codes (hash, client_id, redirect_uri, code_challenge, account_id, agent_id, person_id, scopes, resource, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7::uuid, $8::text[], $9, $10, $11)`,
    [
      ctx.deps.secrets.hash(code),
      request.client.id,
      request.redirectUri,
      request.codeChallenge,
      accountId,
      agentId,
      personId,
      [...scopes],
      request.resource,
      now,
      addSeconds(now, codeSeconds),
    ],
  )
  await ctx.sql.query('update registered_clients set last_used_at = $2 where id = $1', [request.client.id, now])
  return answerUrl(ctx.deps.config.PUBLIC_URL, request, { code })
}

/** The agent of this person and client (agents.md §2: one for each), if it was not revoked. */
const known = `
  select id, scopes, resource from agents
  where account_id = $1 and approved_by = $2::uuid and client_id = $3 and method = 'oauth' and revoked_at is null
  order by created_at desc limit 1`

type Agent = { id: string; scopes: string[]; resource: string | null }

/**
 * The consent that a person gave before to the same client, for at least these scopes and this resource. The whole account,
 * and clients that any program of the machine can pose as, are asked about every time (agents.md §9.1).
 */
export async function rememberedAgent(ctx: Ctx, request: AuthorizeRequest, who: Consenting): Promise<string | null> {
  if (request.toLoopback || request.scopes.includes('full_access') || request.prompt === 'consent') return null
  const [agent] = await ctx.sql.query<Agent>(known, [who.accountId, who.personId, request.client.id])
  const covers =
    agent && agent.resource === request.resource && request.scopes.every((scope) => agent.scopes.includes(scope))
  return covers ? agent.id : null
}

/** A code on a consent that stands, without asking again. In the caller's transaction. */
export const codeFromConsent = (
  ctx: Ctx,
  request: AuthorizeRequest,
  who: Consenting,
  agentId: string,
): Promise<string> => issueCode(ctx, request, who, agentId, request.scopes)

/** Stores a consent with its agent, and a code for it, in the caller's transaction. */
export async function consent(ctx: Ctx, request: AuthorizeRequest, who: Consenting, granted: Granted): Promise<string> {
  const { client, resource } = request
  const scopes = [...granted.scopes]
  const applicationIds = [...granted.applicationIds]
  // One agent for each person and client, also of consents that are given at once: the first has none to lock.
  const pair = `consent ${who.accountId} ${who.personId} ${client.id}`
  await ctx.sql.query('select pg_advisory_xact_lock(hashtextextended($1::text, 0))::text', [pair])
  const [earlier] = await ctx.sql.query<Agent>(`${known} for update`, [who.accountId, who.personId, client.id])
  const agentId = earlier
    ? earlier.id
    : (
        await registerAgent(ctx, {
          accountId: who.accountId,
          tenantId: who.tenantId,
          name: client.name ?? client.id,
          method: 'oauth',
          scopes,
          applicationIds,
          clientId: client.id,
          approvedBy: who.personId,
        })
      ).agentId
  await ctx.sql.query(
    'update agents set scopes = $3::text[], application_ids = $4::text[], resource = $5 where account_id = $1 and id = $2',
    [who.accountId, agentId, scopes, applicationIds, resource],
  )
  await touch(ctx, 'agent', agentId)
  record(ctx, 'oauth.consent_granted', {
    tenantId: who.tenantId,
    applicationId: null,
    metadata: { client_id: client.id, scopes, resource, agent_id: agentId },
  })
  return issueCode(ctx, request, who, agentId, scopes)
}
