import { mkdir } from 'node:fs/promises'
import { PGlite, type Transaction } from '@electric-sql/pglite'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { PrismaClient } from '../generated/prisma/client.ts'
import type { Database } from './db.ts'
import { prismaTransaction, shareTransactions } from './prisma-transaction.ts'
import { assertCommittable, BYTEA, inTransaction, newTransaction, type RawSql, readers, toParameters, writeBytes } from './sql.ts'

/** Milliseconds. Every transaction waits for all before it, so the wait is as long as the work. */
const transactionLimits = { maxWait: 10_000, timeout: 10_000 }

type Runner = Pick<Transaction, 'query'>

async function run<R>(runner: Runner, text: string, values: readonly unknown[] | undefined): Promise<R[]> {
  const result = await runner.query<R>(text, values ? toParameters(values) : [])
  return result.rows
}

function rawTransaction<T>(lite: PGlite, work: (sql: RawSql) => Promise<T>): Promise<T> {
  return lite.transaction(async (transaction) => {
    const state = newTransaction()
    try {
      const result = await work({
        query: (text, values) => inTransaction(state, () => run(transaction, text, values)),
        script: (text) =>
          inTransaction(state, async () => {
            await transaction.exec(text)
          }),
      })
      assertCommittable(state)
      return result
    } finally {
      state.open = false
    }
  })
}

const isRunner = (client: unknown): client is Runner => typeof client === 'object' && client !== null && 'query' in client

/** Opens the embedded engine in a directory, made when missing, or in memory (`memory://`). */
export async function openEmbedded(dataDir: string): Promise<Database> {
  if (!dataDir.startsWith('memory://')) await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const lite = await PGlite.create({ dataDir, parsers: readers, serializers: { [BYTEA]: writeBytes } })
  await lite.exec(`set timezone = 'UTC'; set datestyle = 'ISO'; set bytea_output = 'hex'`)
  const prisma = new PrismaClient({ adapter: shareTransactions(new PrismaPGlite(lite)) })
  let closing: Promise<void> | undefined

  return {
    engine: 'pglite',
    prisma,
    pglite: lite,
    sql: { query: (text, values) => run(lite, text, values) },
    rawTransaction: (work) => rawTransaction(lite, work),
    transaction: (work) =>
      prismaTransaction(
        prisma,
        transactionLimits,
        (client, state) => {
          if (!isRunner(client)) throw new Error('the driver adapter no longer runs on PGlite; check its version')
          return { query: (text, values) => inTransaction(state, () => run(client, text, values)) }
        },
        work,
      ),
    listen: async (channel, onPayload) => {
      const unlisten = await lite.listen(channel, onPayload)
      return { close: () => unlisten(), healthy: () => !lite.closed }
    },
    ping: async () => {
      await lite.query('select 1')
    },
    close: () => {
      closing ??= prisma.$disconnect().then(() => lite.close())
      return closing
    },
  }
}
