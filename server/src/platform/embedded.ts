import { mkdir } from 'node:fs/promises'
import { PGlite } from '@electric-sql/pglite'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { PrismaClient } from '../generated/prisma/client.ts'
import type { Database } from './db.ts'
import { holdDirectory } from './embedded-lock.ts'
import { preparedStatements } from './embedded-statements.ts'
import { prismaTransaction, shareTransactions } from './prisma-transaction.ts'
import { assertCommittable, BYTEA, inTransaction, newTransaction, type RawSql, readers, writeBytes } from './sql.ts'

/** Milliseconds. Every transaction waits for all before it, so the wait is as long as the work. */
const transactionLimits = { maxWait: 10_000, timeout: 10_000 }

type Run = ReturnType<typeof preparedStatements>

function rawTransaction<T>(lite: PGlite, run: Run, work: (sql: RawSql) => Promise<T>): Promise<T> {
  return lite.transaction(async (transaction) => {
    const state = newTransaction()
    try {
      const result = await work({
        query: (text, values) => inTransaction(state, () => run(text, values)),
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

async function claim(dataDir: string): Promise<() => Promise<void>> {
  if (dataDir.startsWith('memory://')) return async () => {}
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  return holdDirectory(dataDir)
}

/**
 * Opens the embedded engine in a directory, made when missing, or in memory (`memory://`). One process at a time.
 * @param beginWith a dump (`PGlite.dumpDataDir`) that a new database begins with
 */
export async function openEmbedded(dataDir: string, beginWith?: Blob): Promise<Database> {
  const release = await claim(dataDir)
  const opening = PGlite.create({
    dataDir,
    parsers: readers,
    serializers: { [BYTEA]: writeBytes },
    ...(beginWith ? { loadDataDir: beginWith } : {}),
  })
  const lite = await opening.catch(async (error: unknown) => {
    await release()
    throw error
  })
  await lite.exec(`set timezone = 'UTC'; set datestyle = 'ISO'; set bytea_output = 'hex'`)
  const prisma = new PrismaClient({ adapter: shareTransactions(new PrismaPGlite(lite)) })
  const run = preparedStatements(lite)
  let closing: Promise<void> | undefined

  return {
    engine: 'pglite',
    prisma,
    pglite: lite,
    // Behind whatever transaction is open, as PGlite's own `query` would be.
    sql: { query: (text, values) => lite._runExclusiveTransaction(() => run(text, values)) },
    rawTransaction: (work) => rawTransaction(lite, run, work),
    transaction: (work) =>
      prismaTransaction(
        prisma,
        transactionLimits,
        (_client, state) => ({ query: (text, values) => inTransaction(state, () => run(text, values)) }),
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
      closing ??= prisma
        .$disconnect()
        .then(() => lite.close())
        .finally(release)
      return closing
    },
  }
}
