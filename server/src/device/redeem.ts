import { registerAgent } from '../agents/register.ts'
import { agentTokenSeconds, issueAgentToken } from '../agents/token.ts'
import { record } from '../audit/record.ts'
import { addRefreshToken, refreshAbsoluteSeconds } from '../authorization/family.ts'
import { CONSOLE_TENANT_ID } from '../console/console.ts'
import { mintKey } from '../keys/mint.ts'
import { setupCommands } from '../keys/setup.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError, Refusal } from '../platform/errors.ts'
import { uuid7 } from '../platform/ids.ts'
import { addSeconds } from '../platform/time.ts'
import type { DeviceClient } from './client.ts'
import { grantable } from './grantable.ts'

export type Approved = {
  id: string
  agent_id: string
  agent_name: string | null
  resource: string | null
  issue_secret_key: boolean
  claim_tenant_id: string | null
  person_id: string
  account_id: string
  granted_scopes: string[]
  application_ids: string[]
  key_expires_at: Date | null
  /** Whose trail holds what belongs to the whole account. */
  home: string | null
}

export const notAdmitted = (): Refusal => new Refusal('access_denied', { message: 'Account is not admitted' })

/**
 * The one change of state that decides (agents.md §4.2): of any number of polls one finds the request approved. It asks in
 * the same statement whether the approval still stands: the session that gave it was not ended, and the person, the
 * membership and the account are what they were (security 159).
 */
const redemption = `
  update device_requests d set
    redeemed_at = $2::timestamptz,
    status = case when
      exists (select 1 from accounts a where a.id = d.account_id and a.status = 'active')
      and exists (select 1 from members m where m.account_id = d.account_id and m.person_id = d.person_id
                  and m.role in ('admin', 'owner'))
      and exists (select 1 from users u where u.tenant_id = $3 and u.id = d.person_id and u.status <> 'disabled')
      and exists (select 1 from sessions s where s.tenant_id = $3 and s.id = d.session_id and s.revoked_at is null)
    then 'redeemed' else 'withdrawn' end
  where d.id = $1::uuid and d.status = 'approved' and d.expires_at > $2::timestamptz
  returning d.status, d.id, d.agent_id, d.agent_name, d.resource, d.issue_secret_key, d.claim_tenant_id, d.person_id,
    d.account_id, d.granted_scopes, d.application_ids, d.key_expires_at,
    (select t.id from tenants t where t.account_id = d.account_id order by t.deleted_at is not null, t.created_at, t.id limit 1) as home`

/**
 * Takes an approval, once.
 * @throws 400 invalid_grant when another poll has it; access_denied when it no longer stands, which is kept
 */
export async function takeApproval(ctx: Ctx, id: string): Promise<Approved> {
  const [row] = await ctx.sql.query<Approved & { status: string }>(redemption, [id, ctx.now(), CONSOLE_TENANT_ID])
  if (!row) throw new ApiError('invalid_grant')
  if (row.status !== 'redeemed') throw notAdmitted()
  return row
}

/**
 * Makes what a person approved, in the transaction of the redemption: an agent, its secret key where one was promised, and
 * a token. The key exists in readable form in this answer only.
 * @throws 400 invalid_scope when the client may no longer have what was granted (security 153)
 */
export async function deliver(ctx: Ctx, approved: Approved, client: DeviceClient) {
  const { agent_id: agentId, account_id: accountId, granted_scopes: scopes, application_ids: applicationIds } = approved
  const allowed: ReadonlySet<string> = grantable(client)
  if (!scopes.every((scope) => allowed.has(scope))) throw new ApiError('invalid_scope')
  const tenantId = approved.home ?? ''
  const name = approved.agent_name ?? client.name ?? 'Agent'
  const about = { accountId, tenantId, name, scopes, applicationIds }
  const method = 'device'
  await registerAgent(ctx, {
    ...about,
    id: agentId,
    method,
    clientId: client.clientId,
    approvedBy: approved.person_id,
  })
  const key = approved.issue_secret_key
    ? await mintKey(ctx, { ...about, agentId, expiresAt: approved.key_expires_at, source: method })
    : null
  record(ctx, 'device.redeemed', {
    tenantId,
    applicationId: null,
    metadata: { agent_id: agentId, secret_key_id: key?.keyId ?? null },
  })
  const family = {
    familyId: uuid7(ctx.now()),
    clientId: client.clientId,
    accountId,
    agentId,
    personId: approved.person_id,
    scopes,
    resource: approved.resource,
    endsAt: addSeconds(ctx.now(), refreshAbsoluteSeconds),
  }
  // The token names its family even where no refresh token is in it, as one from a code does (RFC 7009 §2.1).
  const access_token = issueAgentToken(ctx, { ...family, keyId: key?.keyId ?? null })
  // Only what can come back with a refresh token gets one.
  const isLasting = client.registered?.grantTypes.includes('refresh_token') && scopes.includes('offline_access')
  const refresh = isLasting ? await addRefreshToken(ctx, family) : null
  // In use, so that the purge of unused registrations leaves it alone.
  if (client.registered) {
    await ctx.sql.query('update registered_clients set last_used_at = $2 where id = $1', [client.clientId, ctx.now()])
  }
  return {
    ...(refresh === null ? {} : { refresh_token: refresh }),
    ...(key
      ? {
          secret_key: key.secretKey,
          key_preview: key.keyPreview,
          setup: setupCommands(ctx.deps.config, key.secretKey),
        }
      : {}),
    access_token,
    token_type: 'Bearer' as const,
    expires_in: agentTokenSeconds,
    scope: scopes.join(' '),
  }
}
