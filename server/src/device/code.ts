import { record } from '../audit/record.ts'
import { resources } from '../oauth/access-token.ts'
import type { ClientParameters } from '../oauth/request-client.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { mint, uuid7 } from '../platform/ids.ts'
import { mintSecret } from '../platform/secrets.ts'
import { addSeconds } from '../platform/time.ts'
import { SYSTEM_TENANT } from '../platform/trail.ts'
import { unitOfWork } from '../platform/unit-of-work.ts'
import { type ClaimCodeParameters, claimOf, requireClaimRoom, type TenantToClaim } from './claim-code.ts'
import { type DeviceClient, requireDeviceClient } from './client.ts'
import { requestedScopes } from './grantable.ts'
import { codeSeconds, liveCodes } from './guessing.ts'
import { pollInterval } from './polling.ts'
import { qrText } from './qr.ts'
import { hashUserCode } from './secrets.ts'
import { formatUserCode, newUserCode } from './user-code.ts'

export type CodeRequest = ClientParameters &
  ClaimCodeParameters & {
    scope?: string | undefined
    resource?: string | undefined
    agent_name?: string | undefined
    issue_secret_key?: boolean | undefined
  }

type NewRequest = {
  client: DeviceClient
  scopes: readonly string[]
  resource: string | null
  agentName: string | null
  claim: TenantToClaim | null
  issueSecretKey: boolean
}

const isOut = `select 1 from device_requests where status = 'pending' and expires_at > $1 limit ${liveCodes}`

/** @throws 503 temporarily_unavailable while as many codes are live as the arithmetic of guessing allows */
async function requireRoom(ctx: Ctx): Promise<void> {
  const [row] = await ctx.sql.query<{ n: number }>(`select count(*)::int as n from (${isOut}) as live`, [ctx.now()])
  if ((row?.n ?? 0) >= liveCodes) throw new ApiError('service_unavailable', { retryAfter: 60 })
}

const insert = `
  insert into device_requests (id, device_hash, user_hash, client_id, agent_id, agent_name, scopes, resource,
    issue_secret_key, claim_tenant_id, ip_address, user_agent, created_at, expires_at, interval, status)
  values ($1::uuid, $2, $3, $4, $5, $6, $7::text[], $8, $9, $10, $11, $12, $13::timestamptz, $14::timestamptz, $15, 'pending')
  on conflict do nothing returning 1`

/** Stores the request under a code that no live one has: of 25 thousand million, the first is nearly always free. */
async function store(ctx: Ctx, request: NewRequest) {
  const { client, scopes, resource, agentName, claim, issueSecretKey } = request
  const now = ctx.now()
  const [deviceCode, agentId] = [mintSecret('dvc'), claim?.agentId ?? mint('agt')]
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const userCode = newUserCode()
    const stored = await ctx.sql.query(insert, [
      uuid7(now),
      ctx.deps.secrets.hash(deviceCode),
      hashUserCode(ctx, userCode),
      client.clientId,
      agentId,
      agentName,
      [...scopes],
      resource,
      issueSecretKey,
      claim?.tenantId ?? null,
      ctx.request.ip,
      ctx.request.userAgent,
      now,
      addSeconds(now, codeSeconds),
      pollInterval,
    ])
    if (stored.length > 0) return { deviceCode, userCode: formatUserCode(userCode) }
  }
  throw new Error('five user codes in a row were taken')
}

/**
 * `POST /device/code`: a code for a person to enter, and one for the program to poll with, for 15 minutes (RFC 8628 §3.1).
 * With `claim_token`, or a client's authentication and `claim=true`, it is about taking over the tenant. Only keyed hashes
 * are stored.
 * @throws 401 invalid_client; 400 unauthorized_client, invalid_scope, invalid_target, and for claims invalid_grant,
 *   already_claimed; 429 for a fourth live claim code or the eleventh of a day; 503 temporarily_unavailable
 */
export async function requestCode(ctx: Ctx, input: CodeRequest) {
  const client = await requireDeviceClient(ctx, input)
  const claim = await claimOf(ctx, client, input)
  const scopes = claim ? [] : requestedScopes(client, input.scope)
  if (!scopes) throw new ApiError('invalid_scope')
  const resource = input.resource ?? null
  if (resource !== null && !resources(ctx.deps.config.PUBLIC_URL).includes(resource))
    throw new ApiError('invalid_target')
  const issue = unitOfWork(ctx, 'raw', null, async (tx) => {
    await requireRoom(tx)
    if (claim) await requireClaimRoom(tx, claim.tenantId)
    const agentName = input.agent_name ?? null
    // Clients that registered themselves are used to tokens, and get a key only if they ask for one (agents.md §4.2).
    const issueSecretKey = claim === null && (client.registered === null || input.issue_secret_key === true)
    const stored = await store(tx, { client, scopes, resource, agentName, claim, issueSecretKey })
    record(tx, 'device.requested', {
      tenantId: claim?.tenantId ?? client.application?.tenantId ?? SYSTEM_TENANT,
      applicationId: client.application?.id ?? null,
      metadata: { client_name: agentName ?? client.name, requester_ip: ctx.request.ip },
    })
    return stored
  })
  const { deviceCode, userCode } = await issue.catch(async (error: unknown) => {
    // No code, so none of the day's: whoever asks while three are live may ask again when one has ended.
    if (claim) await ctx.deps.limits.refund('claim_code', claim.tenantId)
    throw error
  })
  const page = `${ctx.deps.config.PUBLIC_URL}/device`
  const complete = `${page}?code=${userCode}`
  return {
    device_code: deviceCode,
    user_code: userCode,
    verification_uri: page,
    verification_uri_complete: complete,
    expires_in: codeSeconds,
    interval: pollInterval,
    qr_code: qrText(complete),
  }
}
