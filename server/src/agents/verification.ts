import { mintKey } from '../keys/mint.ts'
import { setupCommands } from '../keys/setup.ts'
import type { Ctx } from '../platform/context.ts'
import { Refusal } from '../platform/errors.ts'
import { SYSTEM_TENANT } from '../platform/trail.ts'
import { registerAgent } from './register.ts'
import { accountOf, oneAtATime } from './registration-account.ts'
import { failedAttempt, giveBack } from './registration-attempts.ts'

export type Presented = {
  token: string
  /** What the request for registration was answered with in strict mode. */
  registration_secret?: string
}

// One statement decides: of any number that present the token at once, the first to lock the row gets it, and the others
// then find it used. Without a secret of its own a token does not suffice once the server is strict.
const redeem = `
  update agent_registrations set used_at = $2::timestamptz
  where token_hash = $1::bytea and used_at is null and voided_at is null and expires_at > $2::timestamptz
    and (locked_until is null or locked_until <= $2::timestamptz)
    and case when secret_hash is null then not $3::boolean else secret_hash = $4::bytea end
  returning agent_name`

/**
 * The second step of registering an agent by e-mail (agents.md §5.3), in the caller's transaction: whoever can read the mail
 * gets a secret key, once. A new address gets an account of its own, a known one another key for its account.
 * @returns the key, which is in this answer and nowhere else
 * @throws Refusal, what `failedAttempt` says of the token; 403 not_admitted when the account waits or is disabled: the
 *   address is proven, the token is used up, and there is no key
 */
export async function verifyRegistration(ctx: Ctx, { token, registration_secret: secret }: Presented) {
  const { secrets, config } = ctx.deps
  const hash = secrets.hash(token)
  const [row] = await ctx.sql.query<{ address: string }>(
    'select address from agent_registrations where token_hash = $1::bytea',
    [hash],
  )
  if (!row) throw await failedAttempt(ctx, hash)
  // Before the row: a new request for the address takes them in that order too.
  await oneAtATime(ctx, row.address)
  const secretHash = secret === undefined ? null : secrets.hash(secret)
  const [won] = await ctx.sql.query<{ agent_name: string }>(redeem, [
    hash,
    ctx.now(),
    config.EMAIL_VERIFY_STRICT,
    secretHash,
  ])
  if (!won) throw await failedAttempt(ctx, hash)
  giveBack(ctx)

  const name = won.agent_name
  const account = await accountOf(ctx, row.address, name)
  if (account.status !== 'active') throw new Refusal('not_admitted')
  const holder = {
    accountId: account.accountId,
    tenantId: account.tenantId ?? SYSTEM_TENANT,
    name,
    scopes: ['full_access'],
    applicationIds: [],
  }
  const { agentId } = await registerAgent(ctx, {
    ...holder,
    method: 'email',
    clientId: null,
    approvedBy: account.personId,
  })
  const { secretKey, keyPreview } = await mintKey(ctx, { ...holder, agentId, expiresAt: null, source: 'email' })
  return {
    status: 'verified' as const,
    secret_key: secretKey,
    key_preview: keyPreview,
    setup: setupCommands(config, secretKey),
  }
}
