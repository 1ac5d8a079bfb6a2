import { addressProofMail } from '../mails/address-proof.ts'
import type { Ctx } from '../platform/context.ts'
import { queueMail } from '../platform/mail.ts'
import type { Person } from '../platform/principal.ts'
import { mintSecret } from '../platform/secrets.ts'
import { addSeconds } from '../platform/time.ts'

/** A day. */
export const addressProofSeconds = 86_400

/**
 * Mails a link to the address that the signed-in person says is theirs, in the caller's transaction: the one copy of the
 * token, good for that person alone. Whose the address is, is not looked at; an earlier link of the person ends.
 * @throws 503 email_unavailable, from `expectMail`
 */
export async function requestProof(ctx: Ctx<Person>, { email: address }: { email: string }): Promise<undefined> {
  const { config, secrets } = ctx.deps
  const now = ctx.now()
  const [token, expiresAt] = [mintSecret('apt'), addSeconds(now, addressProofSeconds)]
  await ctx.sql.query(
    `insert into address_proofs (person_id, address, token_hash, created_at, expires_at)
     values ($1::uuid, $2, $3, $4, $5)
     on conflict (person_id) do update set address = excluded.address, token_hash = excluded.token_hash,
       created_at = excluded.created_at, expires_at = excluded.expires_at, used_at = null`,
    [ctx.principal.id, address, secrets.hash(token), now, expiresAt],
  )
  await queueMail(ctx, { to: address, ...addressProofMail(config, { token, ip: ctx.request.ip, at: now, expiresAt }) })
  return undefined
}
