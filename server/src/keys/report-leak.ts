import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Ctx } from '../platform/context.ts'
import { ApiError } from '../platform/errors.ts'
import { endLeaked } from './leak.ts'
import { isSignedBy } from './partner-keys.ts'

const token = z.string().min(1, 'must not be empty').max(255, 'must be at most 255 characters')

/** One find, as GitHub's secret scanning sends it. */
const Match = z.object({
  token,
  type: z.string().max(255),
  url: z.string().max(2048).nullish(),
  source: z.string().max(255).nullish(),
})

/** A single token, or, where the body is an array, its items as `reports`. */
export const LeakReport = z.strictObject({
  token: token.optional().meta({ description: 'The whole secret: whoever has it may report it.' }),
  reports: z
    .array(Match)
    .max(1000, 'must be at most 1000 reports')
    .optional()
    .meta({ description: 'What a signed body holds, which is an array and nothing else.' }),
})

export const LeakAnswer = z.union([
  z.object({}),
  z.array(
    z.object({
      token_hash: z.string().meta({ description: 'SHA-256 in hex.' }),
      token_type: z.string(),
      label: z.enum(['true_positive', 'false_positive']),
    }),
  ),
])

type Report = z.output<typeof LeakReport>

/**
 * Refuses what nobody vouches for, before anything is looked up: a single token is vouched for by having it, a batch by its
 * signature over the raw body.
 * @throws 400 validation_error, invalid_signature; 503 service_unavailable when the signer's keys cannot be had
 */
export async function requireVouched(ctx: Ctx, { token: single, reports }: Report): Promise<void> {
  if ((single === undefined) === (reports === undefined)) {
    throw new ApiError('validation_error', {
      message: 'token: is required',
      details: [{ path: 'token', message: 'is required' }],
    })
  }
  if (!reports) return
  const { signed } = ctx.request
  if (!signed || !(await isSignedBy(ctx.deps.config.SECRET_SCANNING_KEYS_URL, signed))) {
    throw new ApiError('invalid_signature')
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Ends what leaked. The answer to a single report never says whether the token was one of ours. */
export async function reportLeak(ctx: Ctx, { token: single, reports }: Report): Promise<z.input<typeof LeakAnswer>> {
  if (single !== undefined) {
    await endLeaked(ctx, { token: single, by: 'possession', url: null })
    return {}
  }
  const labels: z.output<typeof LeakAnswer> & unknown[] = []
  for (const { token: leaked, type, url } of reports ?? []) {
    const isOurs = await endLeaked(ctx, { token: leaked, by: 'partner', url: url || null })
    labels.push({
      token_hash: sha256(leaked),
      token_type: type,
      label: isOurs ? ('true_positive' as const) : ('false_positive' as const),
    })
  }
  // The signer reads the array as it is, without an envelope.
  ctx.response.bare = true
  return labels
}
