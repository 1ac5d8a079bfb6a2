import { record } from '../audit/record.ts'
import type { Ctx } from '../platform/context.ts'
import { Refusal } from '../platform/errors.ts'
import { CeremonyError } from './ceremony-error.ts'

type Facts = { reason: string; userId?: string | null; credentialId?: string; method?: string }

/** Records why a ceremony failed; the answer never says. */
export function recordFailure(ctx: Ctx, { reason, userId = null, credentialId, method = 'passkey' }: Facts): void {
  record(ctx, 'auth.failed', {
    userId,
    metadata: { method, reason, ...(credentialId ? { credential_id: credentialId } : {}) },
  })
}

/** Runs a verification; what it refuses is recorded and answered by its public code alone. */
export async function verified<T>(ctx: Ctx, facts: Omit<Facts, 'reason'>, verify: () => T | Promise<T>): Promise<T> {
  try {
    return await verify()
  } catch (error) {
    if (!(error instanceof CeremonyError)) throw error
    recordFailure(ctx, { ...facts, reason: error.reason })
    throw new Refusal(error.kind, { cause: error })
  }
}
