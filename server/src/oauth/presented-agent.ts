import { agentBehindToken } from '../agents/token.ts'
import { agentBehindKey } from '../keys/hot.ts'
import { endOf } from '../keys/life.ts'
import type { Ctx } from '../platform/context.ts'
import type { AccountAgent } from '../platform/principal.ts'
import { hasValidChecksum } from '../platform/secrets.ts'
import { seconds } from '../platform/time.ts'
import { resources } from './access-token.ts'
import type { Facts, Owner, Presented } from './presented.ts'
import { AGENT_CLIENT_ID } from './request-client.ts'

export const ofAgent = ({ id, accountId, tenantId, keyId, applicationIds }: AccountAgent): Owner => ({
  accountId,
  tenantId: null,
  applicationId: null,
  homeTenantId: tenantId,
  agent: { id, keyId, applicationIds },
})

/** Said to whoever is shown a credential, since only they know from where. */
export const allowedIpsOf = ({ allowedIps }: AccountAgent): Pick<Facts, 'allowed_ips'> =>
  allowedIps.length > 0 ? { allowed_ips: [...allowedIps] } : {}

type KeyRow = {
  client_id: string | null
  scopes: string[]
  created_at: Date
  replaced_at: Date | null
  expires_at: Date | null
}

// Raw: joins by keyed hash. Whether the key is good is decided elsewhere; this is what is said of it.
const byHash = `
  select a.client_id, k.scopes, v.created_at, v.expires_at as replaced_at, k.expires_at
  from secret_key_versions v
  join secret_keys k on k.account_id = v.account_id and k.id = v.key_id
  join agents a on a.account_id = k.account_id and a.id = k.agent_id
  where v.hash = $1`

/** A secret key that is good now. */
export async function secretKey(ctx: Ctx, key: string): Promise<Presented | null> {
  const agent = await agentBehindKey(ctx, key)
  const [row] = agent ? await ctx.sql.query<KeyRow>(byHash, [ctx.deps.secrets.hash(key)]) : []
  if (!agent || !row) return null
  const { config } = ctx.deps
  const ends = [row.replaced_at, endOf({ expiresAt: row.expires_at, madeAt: row.created_at }, config)]
  const exp = Math.min(...ends.flatMap((end) => (end ? [seconds(end)] : [])))
  const facts: Facts = {
    sub: agent.id,
    client_id: row.client_id ?? AGENT_CLIENT_ID,
    iss: config.PUBLIC_URL,
    aud: [...resources(config.PUBLIC_URL)],
    iat: seconds(row.created_at),
    ...(Number.isFinite(exp) ? { exp } : {}),
    // The key's id: nothing of the key itself is ever said (agents.md §10).
    jti: String(agent.keyId),
    token_type: 'Bearer',
    scope: row.scopes.join(' '),
    account_id: agent.accountId,
    ...allowedIpsOf(agent),
  }
  return { kind: 'secret_key', facts, claims: null, ...ofAgent(agent) }
}

type RefreshRow = {
  family_id: string
  client_id: string
  account_id: string
  agent_id: string
  person_id: string
  scopes: string[]
  resource: string | null
  created_at: Date
  expires_at: Date
  used_at: Date | null
}

// Raw: by the keyed hash, like every secret.
const refreshByHash = `
  select family_id, client_id, account_id, agent_id, person_id, scopes, resource, created_at, expires_at, used_at
  from refresh_tokens where hash = $1 and expires_at > $2`

/** A refresh token, used or not, whose grant still stands. */
export async function refreshToken(ctx: Ctx, token: string): Promise<Presented | null> {
  if (!hasValidChecksum(token, 'rt')) return null
  const { secrets, config } = ctx.deps
  const [row] = await ctx.sql.query<RefreshRow>(refreshByHash, [secrets.hash(token), ctx.now()])
  if (!row) return null
  const facts: Facts = {
    sub: row.person_id,
    client_id: row.client_id,
    iss: config.PUBLIC_URL,
    aud: row.resource ?? [...resources(config.PUBLIC_URL)],
    iat: seconds(row.created_at),
    exp: seconds(row.expires_at),
    jti: row.family_id,
    token_type: 'refresh_token',
    scope: row.scopes.join(' '),
    account_id: row.account_id,
    act: { sub: row.agent_id },
  }
  const agent = await agentBehindToken(ctx, { ...facts, exp: seconds(row.expires_at) })
  return agent && { kind: 'refresh_token', facts, claims: null, isReplaced: row.used_at !== null, ...ofAgent(agent) }
}
