import { agentBehindToken } from '../agents/token.ts'
import type { HotApplication } from '../applications/hot.ts'
import type { Ctx } from '../platform/context.ts'
import { maxTokenLength } from '../platform/jwt.ts'
import { sessionBehind } from '../sessions/access.ts'
import { type AccessClaims, accessClaims, applicationOf } from './access-token.ts'
import { allowedIpsOf, ofAgent, refreshToken, secretKey } from './presented-agent.ts'

/** What introspection says of a credential that is good now (RFC 7662 §2.2). */
export type Facts = {
  sub: string
  client_id: string
  iss: string
  aud: string | string[]
  iat: number
  exp?: number
  jti: string
  /** Said of a refresh token, so that no resource server takes it for an access token. */
  token_type: 'Bearer' | 'refresh_token'
  scope?: string
  tenant_id?: string
  app_id?: string
  account_id?: string
  act?: { sub: string }
  /** Where the key may be used from, or the one that the token was handed out with; left out: anywhere. */
  allowed_ips?: string[]
  user_id?: string
  external_user_id?: string
}

/** A credential of ours that somebody showed and that is good now, with whose it is. */
export type Presented = {
  kind: 'access_token' | 'refresh_token' | 'session' | 'secret_key'
  facts: Facts
  claims: AccessClaims | null
  accountId: string
  /** null: of an agent, which belongs to an account and to none of its tenants. */
  tenantId: string | null
  applicationId: string | null
  /** Where the row of its end is written. */
  homeTenantId: string | null
  /** A refresh token that was used: it is good for nothing but ending what came of it. */
  isReplaced?: boolean
  /** Of an agent: its id, its key, and the applications that it reaches; empty: all. */
  agent: { id: string; keyId: string | null; applicationIds: readonly string[] } | null
}

export type Owner = Omit<Presented, 'kind' | 'facts' | 'claims'>

const ofApplication = ({ id, tenantId, accountId }: HotApplication): Owner => ({
  accountId,
  tenantId,
  applicationId: id,
  homeTenantId: tenantId,
  agent: null,
})

type Behind = { owner: Owner; limits: Pick<Facts, 'allowed_ips'> }

async function behind(ctx: Ctx, claims: AccessClaims): Promise<Behind | null> {
  const application = await applicationOf(ctx, claims)
  if (application) return { owner: ofApplication(application), limits: {} }
  const agent = await agentBehindToken(ctx, claims)
  return agent && { owner: ofAgent(agent), limits: allowedIpsOf(agent) }
}

async function accessToken(ctx: Ctx, token: string): Promise<Presented | null> {
  const claims = await accessClaims(ctx, token)
  const found = claims && (await behind(ctx, claims))
  if (!claims || !found) return null
  const { sub, client_id, iss, iat, exp, jti, scope, tenant_id, app_id, account_id, act, aud } = claims
  const optional = { scope, tenant_id, app_id, account_id, act }
  const known = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined))
  const facts: Facts = {
    sub,
    client_id,
    iss,
    aud: aud as Facts['aud'],
    iat,
    exp,
    jti,
    token_type: 'Bearer',
    ...known,
    ...found.limits,
  }
  return { kind: 'access_token', facts, claims, ...found.owner }
}

async function session(ctx: Ctx, token: string): Promise<Presented | null> {
  const found = await sessionBehind(ctx, token)
  if (!found) return null
  const { claims, application, row } = found
  const { sub, iss, iat, exp, jti } = claims
  const facts: Facts = {
    sub,
    client_id: application.clientId,
    iss,
    aud: [...(claims.aud as string[])],
    iat,
    exp,
    jti,
    token_type: 'Bearer',
    tenant_id: application.tenantId,
    app_id: application.id,
    user_id: row.user_id,
    ...(row.external_user_id === null ? {} : { external_user_id: row.external_user_id }),
  }
  return { kind: 'session', facts, claims: null, ...ofApplication(application) }
}

/**
 * What a token is, whatever the hint said (RFC 7662 §2.1), or null for one that is not good now: unknown, malformed,
 * expired, revoked, or of somebody who ended. Looks into caches, so it comes before a transaction.
 */
export async function look(ctx: Ctx, token: string): Promise<Presented | null> {
  if (token.length > maxTokenLength) return null
  if (token.startsWith('tm_key_')) return secretKey(ctx, token)
  if (token.startsWith('rt_')) return refreshToken(ctx, token)
  return (await accessToken(ctx, token)) ?? session(ctx, token)
}
