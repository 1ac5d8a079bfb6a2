import type { HotApplication } from '../applications/hot.ts'
import type { ErrorCode } from '../errors.ts'
import { failedAttempt, recordFailure } from '../lockout/failed-attempt.ts'
import type { Ctx } from '../platform/context.ts'
import { Refusal } from '../platform/errors.ts'
import type { EndUser, Publishable } from '../platform/principal.ts'
import { writeTrail } from '../platform/trail.ts'
import { CeremonyError } from './ceremony-error.ts'

/** Whose passkey was presented, and the application whose lockout counts what comes of it. */
export type Presented = { application: HotApplication; userId: string; credentialId: string }

/** Refuses a presented passkey: the count, the lock and their audit rows are one transaction, over when this returns. */
export async function refuse(
  ctx: Ctx<Publishable | EndUser>,
  { application, ...whose }: Presented,
  reason: string,
  code: ErrorCode,
  cause?: unknown,
): Promise<Refusal> {
  return ctx.deps.database.rawTransaction(async (sql) => {
    const tx = { ...ctx, sql }
    const refusal = await failedAttempt(tx, application.settings.lockout, { reason, ...whose }, { code, cause })
    await writeTrail(tx, sql)
    return refusal
  })
}

/**
 * Runs a verification; what it refuses is recorded and answered by its public code alone.
 * @param presented counts the failure; null where no known passkey was presented
 */
export async function verified<T>(
  ctx: Ctx<Publishable | EndUser>,
  presented: Presented | null,
  verify: () => T | Promise<T>,
): Promise<T> {
  try {
    return await verify()
  } catch (error) {
    if (!(error instanceof CeremonyError)) throw error
    if (presented) throw await refuse(ctx, presented, error.reason, error.kind, error)
    recordFailure(ctx, { reason: error.reason })
    throw new Refusal(error.kind, { cause: error })
  }
}
