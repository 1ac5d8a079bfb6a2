import { hash } from 'node:crypto'
import { addressKey } from '../platform/address.ts'
import type { Ctx } from '../platform/context.ts'
import type { Sql } from '../platform/db.ts'
import { ApiError, invalid } from '../platform/errors.ts'
import { equal, randomText } from '../platform/secrets.ts'
import { addSeconds, seconds } from '../platform/time.ts'

/** How long a puzzle may be worked on. */
const challengeSeconds = 600
/** Used proofs are known for as long as they tell how many tenants are asked for. */
const keptSeconds = 3600
/** Tenants an hour for which a puzzle is one bit harder, and again at twice as many. */
const busy = 50
const hardest = 40

/** A puzzle (agents.md §13): find a `solution` so that SHA-256 of `salt:solution` begins with `bits` zero bits. */
export type Challenge = { alg: 'sha256-leading-zero-bits'; bits: number; salt: string; exp: number }

export type Proof = { bits: number; salt: string; exp: number; solution: string }

/** Binds a puzzle to who asked: nothing of it is stored, and nobody else can hand it in. */
function saltOf(ctx: Ctx, nonce: string, bits: number, exp: number): string {
  const mac = ctx.deps.secrets.hash(`proof of work ${addressKey(ctx.request.ip)} ${bits} ${exp} ${nonce}`)
  return `${nonce}.${mac.toString('base64url')}`
}

/** Zero bits at the beginning of a digest. */
export function leadingZeroBits(digest: Uint8Array): number {
  const at = digest.findIndex((byte) => byte !== 0)
  return at === -1 ? digest.length * 8 : at * 8 + Math.clz32(digest[at] ?? 0) - 24
}

/** The setting, and one bit more each time the proofs of the last hour double beyond fifty. */
async function bitsNow(ctx: Ctx): Promise<number> {
  const [row] = await ctx.sql.query<{ n: number }>(
    `select count(*)::int as n from tombstones where kind = 'proof' and created_at > $1`,
    [addSeconds(ctx.now(), -keptSeconds)],
  )
  return Math.min(hardest, ctx.deps.config.ONBOARDING_POW_BITS + Math.floor(Math.log2(1 + (row?.n ?? 0) / busy)))
}

/** A puzzle for this address; null where none is asked for. */
export async function challengeFor(ctx: Ctx): Promise<Challenge | null> {
  if (ctx.deps.config.ONBOARDING_POW_BITS === 0) return null
  const bits = await bitsNow(ctx)
  const exp = seconds(addSeconds(ctx.now(), challengeSeconds))
  const nonce = randomText(22)
  return {
    alg: 'sha256-leading-zero-bits',
    bits,
    salt: saltOf(ctx, nonce, bits, exp),
    exp,
  }
}

/** Whether the puzzle is one of ours for this address and in time, and solved. */
function isSolved(ctx: Ctx, { bits, salt, exp, solution }: Proof): boolean {
  const [nonce = ''] = salt.split('.', 1)
  // As it was written: the same bytes in other letters would be another puzzle to whoever remembers the used ones.
  const isOurs = equal(Buffer.from(salt), Buffer.from(saltOf(ctx, nonce, bits, exp)))
  return isOurs && exp > seconds(ctx.now()) && leadingZeroBits(hash('sha256', `${salt}:${solution}`, 'buffer')) >= bits
}

/**
 * Takes a proof, once, in the transaction of what it pays for: what fails gives it back.
 * @throws 428 proof_required with a new puzzle, when it is missing, wrong, too old, used, or somebody else's; 400
 *   validation_error for one that nobody asked for
 */
export async function requireProof(ctx: Ctx, proof: Proof | undefined): Promise<void> {
  if (ctx.deps.config.ONBOARDING_POW_BITS === 0) {
    if (proof) throw invalid('proof', 'is not asked for')
    return
  }
  const taken =
    proof && isSolved(ctx, proof)
      ? await ctx.sql.query(
          `insert into tombstones (kind, key, reason, created_at) values ('proof', $1, 'used', $2)
           on conflict do nothing returning 1`,
          [proof.salt, ctx.now()],
        )
      : []
  if (taken.length > 0) return
  throw new ApiError('proof_required', { details: { challenge: await challengeFor(ctx) } })
}

/** Deletes at most `batch` proofs that were used more than an hour ago; returns how many. */
export async function purgeUsedProofs(sql: Sql, now: Date, batch: number): Promise<number> {
  const gone = await sql.query(
    `delete from tombstones where (kind, key) in (
       select kind, key from tombstones where kind = 'proof' and created_at <= $1 limit $2::int) returning 1`,
    [addSeconds(now, -keptSeconds), batch],
  )
  return gone.length
}
