import { AsyncLocalStorage } from 'node:async_hooks'
import type { Prisma, PrismaClient } from '../generated/prisma/client.ts'
import { assertCommittable, inTransaction, newTransaction, type Sql, type TransactionState } from './sql.ts'

type Factory = NonNullable<Prisma.PrismaClientOptions['adapter']>
type Adapter = Awaited<ReturnType<Factory['connect']>>
type DriverTransaction = Awaited<ReturnType<Adapter['startTransaction']>>

/** The driver's end of a Prisma transaction, handed over when Prisma opens it. */
type Slot = { client?: unknown; state: TransactionState }
const slots = new AsyncLocalStorage<Slot>()

function watch(transaction: DriverTransaction, state: TransactionState): void {
  const { commit, rollback, queryRaw, executeRaw } = transaction
  transaction.queryRaw = (query) => inTransaction(state, () => queryRaw.call(transaction, query))
  transaction.executeRaw = (query) => {
    // On `pg` Prisma ends the transaction by statement. Closed first: a late statement must not follow it onto a
    // connection that is back in the pool.
    if (query.sql === 'COMMIT' || query.sql === 'ROLLBACK') {
      state.open = false
      return executeRaw.call(transaction, query)
    }
    return inTransaction(state, () => executeRaw.call(transaction, query))
  }
  transaction.commit = () => {
    state.open = false
    return commit.call(transaction)
  }
  transaction.rollback = () => {
    state.open = false
    return rollback.call(transaction)
  }
}

/**
 * Lets raw SQL run on the driver's own connection of a Prisma transaction: same statements, same values and same
 * prepared plans as outside, at the driver's cost instead of Prisma's.
 */
export function shareTransactions(factory: Factory): Factory {
  const connect = factory.connect.bind(factory)
  factory.connect = async () => {
    const adapter = await connect()
    const start = adapter.startTransaction.bind(adapter)
    adapter.startTransaction = async (isolation) => {
      // Read before the first await: the store belongs to the caller of `$transaction`.
      const slot = slots.getStore()
      const transaction = await start(isolation)
      if (slot) {
        watch(transaction, slot.state)
        slot.client = Reflect.get(transaction, 'client')
      }
      return transaction
    }
    return adapter
  }
  return factory
}

export type TransactionLimits = { maxWait: number; timeout: number }

/**
 * Opens a Prisma transaction and hands its raw connection to `toSql`. Milliseconds in `limits`: `maxWait` for a
 * connection, `timeout` for the work; both end in P2028.
 */
export async function prismaTransaction<T>(
  prisma: PrismaClient,
  limits: TransactionLimits,
  toSql: (client: unknown, state: TransactionState) => Sql,
  work: (db: Prisma.TransactionClient, sql: Sql) => Promise<T>,
): Promise<T> {
  const slot: Slot = { state: newTransaction() }
  return slots.run(slot, () =>
    prisma.$transaction(async (db) => {
      if (!slot.client) throw new Error('the driver adapter no longer shows its connection; check its version')
      const result = await work(db, toSql(slot.client, slot.state))
      assertCommittable(slot.state)
      return result
    }, limits),
  )
}
