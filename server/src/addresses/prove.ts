import { knownAddressOf, personOfAddress, proveAddress } from '../accounts/people.ts'
import { oneAtATime } from '../agents/registration-account.ts'
import { requireStepUp, type StepUpProof } from '../console/step-up.ts'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import type { Person } from '../platform/principal.ts'
import { hasValidChecksum } from '../platform/secrets.ts'
import { takeOver } from './take-over.ts'

const hint = 'Ask for another mail on the Account screen.'

type Asked = { address: string; used_at: Date | null; expires_at: Date }

/** What the person asked to prove with that token. @throws 400 invalid_token, as for somebody else's or a replaced one */
async function findProof(ctx: Ctx<Person>, token: string): Promise<Asked & { hash: Buffer }> {
  const hash = hasValidChecksum(token, 'apt') ? ctx.deps.secrets.hash(token) : null
  const of = 'select address, used_at, expires_at from address_proofs where token_hash = $1 and person_id = $2::uuid'
  const [row] = hash ? await ctx.sql.query<Asked>(of, [hash, ctx.principal.id]) : []
  if (hash && row) return { ...row, hash }
  throw new ApiError('invalid_token', { message: 'This link is not for you, or a newer mail took its place.', hint })
}

/**
 * Proves that an address is the signed-in person's, once: with the token from the mailbox, in a session of whoever asked for
 * it, and with a fresh passkey proof, because whoever reads that mailbox then gets keys for the account by e-mail. Of an
 * address that e-mail registration made a person of, the mailbox's holder gets that person's accounts too.
 * @returns the address, and the accounts that came with it
 * @throws 401 from `requireStepUp`; 400 invalid_token; 410 token_used, token_expired; 409
 *   identity_link_email_already_taken_in_tenant where somebody with a passkey proved it before: nothing is changed
 */
export async function prove(ctx: Ctx<Person>, input: { token: string; step_up?: StepUpProof | undefined }) {
  await requireStepUp(ctx, 'account.address.prove', input.step_up ?? {})
  const { address, hash } = await findProof(ctx, input.token)
  // Before the row, like whoever registers an agent with this address.
  await oneAtATime(ctx, address)
  const used = await ctx.sql.query(
    `update address_proofs set used_at = $3
     where token_hash = $1 and person_id = $2::uuid and used_at is null and expires_at > $3 returning 1`,
    [hash, ctx.principal.id, ctx.now()],
  )
  if (used.length === 0) {
    const { used_at } = await findProof(ctx, input.token)
    throw new ApiError(used_at ? 'token_used' : 'token_expired', { hint })
  }
  const { id, tenantId } = ctx.principal
  const before = await personOfAddress(ctx, address)
  const accounts = before === null || before === id ? [] : await takeOver(ctx, before, address)
  await proveAddress(ctx, id, address, { tenantId, applicationId: null })
  return { ...(await knownAddressOf(ctx, id)), accounts }
}
