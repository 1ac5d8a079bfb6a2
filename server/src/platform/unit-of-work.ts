import type { Ctx } from './context.ts'
import type { Db } from './db.ts'
import { ApiError, Refusal } from './errors.ts'
import { type Claim, claim, type IdempotencyScope, isStorable, release, replay, store } from './idempotency.ts'
import { writeTrail } from './trail.ts'

/** How a command holds its transaction; see `Endpoint.hot`. */
export type WorkKind = 'prisma' | 'raw' | 'statement'

/** Outcome of the work inside the transaction: its data, or the refusal that is thrown once the rows are committed. */
type Outcome<T> = { data: T } | { refusal: ApiError }

/** A service that opened its transaction on the driver has no Prisma handle; reaching for one is a bug, said at once. */
const noPrisma = new Proxy({} as Db, {
  get(_, name) {
    throw new Error(`ctx.db.${String(name)}: a hot command has ctx.sql only`)
  },
})

async function inTransaction<T>(ctx: Ctx, kind: WorkKind, work: (ctx: Ctx) => Promise<T>): Promise<T> {
  const { database } = ctx.deps
  const result =
    kind === 'prisma'
      ? await database.transaction((db, sql) => work({ ...ctx, db, sql }))
      : await database.rawTransaction((sql) => work({ ...ctx, db: noPrisma, sql }))
  await settleCommit(ctx)
  return result
}

/** What follows a commit: caches forget what changed, and whatever waited for it is done. */
async function settleCommit(ctx: Ctx): Promise<void> {
  for (const { kind, id } of ctx.touched) ctx.deps.caches.drop(kind, id)
  for (const next of ctx.afterCommit) await next()
}

async function attempt<T>(ctx: Ctx, run: (ctx: Ctx) => Promise<T>): Promise<Outcome<T>> {
  try {
    const data = await run(ctx)
    await writeTrail(ctx, ctx.sql)
    return { data }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    await writeTrail(ctx, ctx.sql)
    return { refusal: error }
  }
}

/** Runs under a claimed key: a decided 4xx rolls the work back to the savepoint and is stored as the answer. */
async function attemptOnce<T>(ctx: Ctx, run: (ctx: Ctx) => Promise<T>): Promise<Outcome<T>> {
  await ctx.sql.query('savepoint work')
  try {
    return await attempt(ctx, run)
  } catch (error) {
    if (!(error instanceof ApiError) || !isStorable(error.status)) throw error
    await ctx.sql.query('rollback to savepoint work')
    ctx.trail.length = 0
    ctx.touched.length = 0
    ctx.afterCommit.length = 0
    return { refusal: error }
  }
}

function settle<T>(outcome: Outcome<T>): T {
  if ('refusal' in outcome) throw outcome.refusal
  return outcome.data
}

/**
 * Runs a command so that its rows, audit rows, jobs and idempotency record commit together or not at all.
 * Faults and `ApiError`s roll back; a `Refusal` commits what was recorded and is then thrown.
 */
export async function unitOfWork<T>(
  ctx: Ctx,
  kind: WorkKind,
  idempotency: IdempotencyScope | null,
  run: (ctx: Ctx) => Promise<T>,
): Promise<T> {
  if (idempotency) {
    const outcome = await inTransaction(
      ctx,
      kind === 'prisma' ? 'prisma' : 'raw',
      async (tx): Promise<Outcome<T> | { stored: Claim }> => {
        const found = await claim(tx, idempotency)
        if (found) return { stored: found }
        const result = await attemptOnce(tx, run)
        const mayRepair = 'refusal' in result && !isStorable(result.refusal.status)
        await (mayRepair ? release(tx, idempotency) : store(tx, idempotency, result))
        return result
      },
    )
    return 'stored' in outcome ? (replay(ctx, idempotency, outcome.stored) as T) : settle(outcome)
  }
  if (kind === 'statement') {
    // The service's own statement is the transaction; whatever it leaves in the trail follows in one more.
    const outcome = await attempt(ctx, run)
    await settleCommit(ctx)
    return settle(outcome)
  }
  return settle(await inTransaction(ctx, kind, (tx) => attempt(tx, run)))
}
