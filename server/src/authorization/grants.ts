import { createHash } from 'node:crypto'
import { agentTokenSeconds, issueAgentToken } from '../agents/token.ts'
import { record } from '../audit/record.ts'
import { resources } from '../oauth/access-token.ts'
import type { ClientParameters } from '../oauth/request-client.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError, Refusal } from '../platform/errors.ts'
import { uuid7 } from '../platform/ids.ts'
import { equal, hasValidChecksum } from '../platform/secrets.ts'
import { addSeconds } from '../platform/time.ts'
import { unitOfWork } from '../platform/unit-of-work.ts'
import { expandScopes } from '../scopes.ts'
import { requireOauthClient } from './client.ts'
import { addRefreshToken, endFamily, type Family, lockFamilyOf, refreshAbsoluteSeconds } from './family.ts'

export type CodeRequest = ClientParameters & {
  code?: string | undefined
  redirect_uri?: string | undefined
  code_verifier?: string | undefined
  resource?: string | undefined
}
export type RefreshRequest = ClientParameters & {
  refresh_token?: string | undefined
  scope?: string | undefined
  resource?: string | undefined
}

type CodeRow = {
  client_id: string
  redirect_uri: string
  code_challenge: string
  account_id: string
  agent_id: string
  person_id: string
  scopes: string[]
  resource: string | null
  expires_at: Date
  family_id: string | null
}

const required = (name: string) => new ApiError('invalid_request', { message: `${name}: is required` })

/** Whose trail holds what becomes of a consent, and what it grants now. */
type Standing = { home: string; scopes: string[] }

/** Whether the consent still stands: nobody revoked the agent, and the account may be used. */
async function stands(ctx: Ctx, accountId: string, agentId: string): Promise<Standing | null> {
  const [row] = await ctx.sql.query<Standing>(
    `select g.scopes, (select t.id from tenants t where t.account_id = a.id order by t.deleted_at is not null, t.created_at, t.id limit 1) as home
     from agents g join accounts a on a.id = g.account_id
     where g.account_id = $1 and g.id = $2 and g.revoked_at is null and a.status = 'active'`,
    [accountId, agentId],
  )
  return row ?? null
}

/** @throws 400 invalid_target for one that is unknown, or not the one that was consented to */
function audience(ctx: Ctx, granted: string | null, asked: string | undefined): string | null {
  if (asked === undefined) return granted
  if (!resources(ctx.deps.config.PUBLIC_URL).includes(asked)) throw new ApiError('invalid_target')
  if (granted !== null && asked !== granted) throw new ApiError('invalid_target')
  return asked
}

function answer(ctx: Ctx, family: Family, scopes: readonly string[], resource: string | null, refresh: string | null) {
  return {
    access_token: issueAgentToken(ctx, { ...family, keyId: null, scopes, resource }),
    token_type: 'Bearer' as const,
    expires_in: agentTokenSeconds,
    scope: scopes.join(' '),
    ...(refresh === null ? {} : { refresh_token: refresh }),
  }
}

const matches = (challenge: string, verifier: string): boolean =>
  /^[0-9A-Za-z._~-]{43,128}$/.test(verifier) &&
  equal(createHash('sha256').update(verifier).digest(), Buffer.from(challenge, 'base64url'))

/**
 * The authorization code grant (RFC 6749 §4.1.3, RFC 7636 §4.6): a code is used once. A second use ends what the first one
 * led to.
 * @throws invalid_request; invalid_client; invalid_grant; invalid_target
 */
export async function redeemCode(ctx: Ctx, input: CodeRequest) {
  const { code, code_verifier: verifier } = input
  if (code === undefined) throw required('code')
  if (verifier === undefined) throw required('code_verifier')
  const client = await requireOauthClient(ctx, input)
  if (!hasValidChecksum(code, 'ac')) throw new ApiError('invalid_grant')
  const hash = ctx.deps.secrets.hash(code)
  return unitOfWork(ctx, 'raw', null, async (tx) => {
    const [row] = await tx.sql.query<CodeRow>(
      `select client_id, redirect_uri, code_challenge, account_id, agent_id, person_id, scopes, resource, expires_at, family_id
       from authorization_codes where hash = $1 and client_id = $2 for update`,
      [hash, client.id],
    )
    if (!row) throw new ApiError('invalid_grant')
    if (row.family_id !== null) {
      await endFamily(tx, row.family_id, client.id)
      throw new Refusal('invalid_grant')
    }
    const familyId = uuid7(tx.now())
    // Used up, whatever comes: who has the code without the verifier gets one guess.
    await tx.sql.query('update authorization_codes set family_id = $2::uuid where hash = $1', [hash, familyId])
    const redirect = input.redirect_uri ?? row.redirect_uri
    const standing = await stands(tx, row.account_id, row.agent_id)
    const isGood = row.expires_at > tx.now() && redirect === row.redirect_uri && matches(row.code_challenge, verifier)
    if (!isGood || !standing) throw new Refusal('invalid_grant')
    const family: Family = {
      familyId,
      clientId: client.id,
      accountId: row.account_id,
      agentId: row.agent_id,
      personId: row.person_id,
      scopes: row.scopes,
      resource: row.resource,
      endsAt: addSeconds(tx.now(), refreshAbsoluteSeconds),
    }
    const resource = audience(tx, row.resource, input.resource)
    const isLasting = row.scopes.includes('offline_access') && client.grantTypes.includes('refresh_token')
    return answer(tx, family, row.scopes, resource, isLasting ? await addRefreshToken(tx, family) : null)
  })
}

type RefreshRow = {
  family_id: string
  account_id: string
  agent_id: string
  person_id: string
  scopes: string[]
  resource: string | null
  expires_at: Date
  ends_at: Date
  used_at: Date | null
}

/** @returns the scopes of the new access token; null: wider than what was consented to */
function narrowed(granted: readonly string[], asked: string | undefined): readonly string[] | null {
  if (asked === undefined) return granted
  const covered = expandScopes(granted)
  const list = [...new Set(asked.split(' ').filter(Boolean))]
  return list.length > 0 && list.every((scope) => covered.has(scope)) ? list : null
}

/**
 * What a refresh token may still lead to: whoever consented to less since, meant the client and not the one token, and the
 * dashboard says so.
 */
function stillGranted(scopes: readonly string[], granted: readonly string[]): string[] {
  const now = expandScopes(granted)
  return scopes.every((scope) => now.has(scope))
    ? [...scopes]
    : [...expandScopes(scopes)].filter((scope) => now.has(scope))
}

/**
 * The refresh grant (RFC 6749 §6; RFC 9700 §4.14.2): the token is replaced at every use. Two who hold the same one cannot
 * both be the client, so the second use of one ends its whole family.
 * @throws invalid_request; invalid_client; invalid_grant; invalid_scope; invalid_target
 */
export async function refresh(ctx: Ctx, input: RefreshRequest) {
  const { refresh_token: token } = input
  if (token === undefined) throw required('refresh_token')
  const client = await requireOauthClient(ctx, input)
  if (!hasValidChecksum(token, 'rt')) throw new ApiError('invalid_grant')
  const hash = ctx.deps.secrets.hash(token)
  return unitOfWork(ctx, 'raw', null, async (tx) => {
    await lockFamilyOf(tx, hash)
    const [row] = await tx.sql.query<RefreshRow>(
      `select family_id, account_id, agent_id, person_id, scopes, resource, expires_at, ends_at, used_at
       from refresh_tokens where hash = $1 and client_id = $2 for update`,
      [hash, client.id],
    )
    const standing = row && (await stands(tx, row.account_id, row.agent_id))
    if (!row || !standing || row.expires_at <= tx.now()) throw new ApiError('invalid_grant')
    if (row.used_at !== null) {
      await endFamily(tx, row.family_id, client.id)
      record(tx, 'refresh_token.reuse_detected', {
        tenantId: standing.home,
        applicationId: null,
        metadata: { client_id: client.id, agent_id: row.agent_id },
      })
      throw new Refusal('invalid_grant')
    }
    const left = stillGranted(row.scopes, standing.scopes)
    if (left.length === 0) throw new ApiError('invalid_grant')
    const scopes = narrowed(left, input.scope)
    if (!scopes) throw new ApiError('invalid_scope')
    const resource = audience(tx, row.resource, input.resource)
    await tx.sql.query('update refresh_tokens set used_at = $2 where hash = $1', [hash, tx.now()])
    const family: Family = {
      familyId: row.family_id,
      clientId: client.id,
      accountId: row.account_id,
      agentId: row.agent_id,
      personId: row.person_id,
      scopes: row.scopes,
      resource: row.resource,
      endsAt: row.ends_at,
    }
    return answer(tx, family, scopes, resource, await addRefreshToken(tx, family))
  })
}
