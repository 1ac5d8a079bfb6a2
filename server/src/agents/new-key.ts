import { type Purpose, requireStepUp, type StepUpProof } from '../console/step-up.ts'
import { presentKey, requireKey } from '../keys/find.ts'
import { mintKey } from '../keys/mint.ts'
import { setupCommands } from '../keys/setup.ts'
import { canonicalRanges, isNarrower } from '../platform/address-list.ts'
import { denyOperation } from '../platform/authorize.ts'
import type { Ctx } from '../platform/context.ts'
import { invalid, Refusal } from '../platform/errors.ts'
import type { AccountAgent, AccountPrincipal, Person } from '../platform/principal.ts'
import { fromMillis } from '../platform/time.ts'
import { denied } from '../resources.ts'
import { expandScopes } from '../scopes.ts'
import { registerAgent } from './register.ts'

export type KeyRequest = {
  name: string
  scopes?: readonly string[] | undefined
  application_ids?: readonly string[] | undefined
  allowed_ips?: readonly string[] | undefined
  expires_at?: string | undefined
  step_up?: StepUpProof | undefined
}

const purpose: Purpose = 'keys.create'

/** What a person may not hand out: what their role does not reach (http-api.md §1.1). */
const beyond = ({ role }: Person): readonly string[] => (role === 'owner' ? [] : ['billing:read', 'billing:write'])

/** @throws 403 insufficient_scope, recorded, where the result would hold what the maker lacks */
function requireRights(ctx: Ctx<AccountPrincipal>, scopes: readonly string[]): void {
  const { principal } = ctx
  const wanted = [...expandScopes(scopes)]
  const lacks =
    principal.kind === 'agent'
      ? wanted.filter((scope) => !principal.scopes.has(scope))
      : wanted.filter((scope) => beyond(principal).includes(scope))
  if (lacks.length === 0) return
  denyOperation(ctx, 'rights')
  const headers = { 'www-authenticate': `Bearer error="insufficient_scope", scope="${lacks.join(' ')}"` }
  throw new Refusal('insufficient_scope', { message: `The credential lacks ${lacks.join(' ')}.`, headers })
}

/** @throws 404 application_not_found for one of another account, or beyond the maker's own */
async function requireApplications(ctx: Ctx<AccountPrincipal>, ids: readonly string[], own: readonly string[]) {
  const rows = await ctx.sql.query<{ id: string }>(
    `select a.id from applications a join tenants t on t.id = a.tenant_id
     where t.account_id = $1 and a.id = any($2::text[]) and a.status <> 'deleted'`,
    [ctx.principal.accountId, [...ids]],
  )
  const known = new Set(rows.map(({ id }) => id).filter((id) => own.length === 0 || own.includes(id)))
  const missing = ids.find((id) => !known.has(id))
  if (missing !== undefined) throw await denied(ctx, 'application', missing, 'account')
}

/**
 * Where the key may be used from: no further than the maker's own.
 * @throws 403 forbidden, recorded
 */
function addressesOfNew(ctx: Ctx<AccountPrincipal>, asked: readonly string[] | undefined): readonly string[] {
  const own = ctx.principal.kind === 'agent' ? ctx.principal.allowedIps : []
  const wanted = asked === undefined ? own : canonicalRanges(asked)
  if (isNarrower(wanted, own)) return wanted
  denyOperation(ctx, 'rights')
  throw new Refusal('forbidden', { message: 'allowed_ips: must lie within those of this credential.' })
}

/** When the key ends: a key with an end makes none that outlives it. @throws 400 validation_error for a time gone by */
async function endOfNew(ctx: Ctx<AccountPrincipal>, text: string | undefined): Promise<Date | null> {
  const { principal } = ctx
  const asked = text === undefined ? null : fromMillis(Date.parse(text))
  if (asked && asked <= ctx.now()) throw invalid('expires_at', 'must be in the future')
  if (principal.kind !== 'agent' || principal.keyId === null) return asked
  const { expires_at: own } = await requireKey(ctx, principal.keyId)
  return own && (!asked || own < asked) ? own : asked
}

/** Whom the key is for: an agent makes another for itself, a person for a new agent of that name. */
async function holder(
  ctx: Ctx<AccountPrincipal>,
  rights: { name: string; scopes: readonly string[]; applicationIds: readonly string[] },
): Promise<string> {
  const { principal } = ctx
  if (principal.kind === 'agent') return principal.id
  const { accountId, tenantId, id: approvedBy } = principal
  const facts = { accountId, tenantId, method: 'dashboard' as const, clientId: null, approvedBy }
  return (await registerAgent(ctx, { ...facts, ...rights })).agentId
}

const defaults = (principal: AccountPrincipal): readonly string[] =>
  principal.kind === 'agent' ? rightsOf(principal) : ['full_access']

/** The narrowest list that stands for what an agent may do. */
const rightsOf = ({ scopes }: AccountAgent): readonly string[] =>
  scopes.has('full_access') ? ['full_access'] : [...scopes].filter((scope) => scope !== 'offline_access')

/**
 * Makes a secret key: a person with a fresh passkey proof, an agent with at most its own rights (agents.md §6). It is in the
 * answer and nowhere else.
 * @throws 400 validation_error; 401 step_up_required, user_verification_required; 403 insufficient_scope, forbidden, not_admitted;
 *   404 application_not_found
 */
export async function newKey(ctx: Ctx<AccountPrincipal>, input: KeyRequest) {
  const { principal } = ctx
  const { accountId, tenantId } = principal
  if (principal.kind === 'user') await requireStepUp({ ...ctx, principal }, purpose, input.step_up ?? {})
  const own = principal.kind === 'agent' ? principal.applicationIds : []
  const scopes = input.scopes ?? defaults(principal)
  const applicationIds = input.application_ids ?? own
  const expiresAt = await endOfNew(ctx, input.expires_at)
  requireRights(ctx, scopes)
  const allowedIps = addressesOfNew(ctx, input.allowed_ips)
  await requireApplications(ctx, applicationIds, own)
  const rights = { name: input.name, scopes, applicationIds }
  const agentId = await holder(ctx, rights)
  const source = principal.kind === 'agent' ? 'agent' : 'dashboard'
  const { keyId, secretKey } = await mintKey(ctx, {
    accountId,
    tenantId,
    agentId,
    ...rights,
    allowedIps,
    expiresAt,
    source,
  })
  const row = await requireKey(ctx, keyId)
  return { ...presentKey(ctx, row), secret_key: secretKey, setup: setupCommands(ctx.deps.config, secretKey) }
}
