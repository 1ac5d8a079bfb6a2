import type { PGlite } from '@electric-sql/pglite'
import type { Prisma, PrismaClient } from '../generated/prisma/client.ts'
import type { RawSql, Sql } from './sql.ts'

export { DatabaseAwayError, isDatabaseAway, isUniqueViolation } from './db-errors.ts'
export type { RawSql, Sql } from './sql.ts'

/** The Prisma handle of a transaction; what services see as `ctx.db`. */
export type Db = Prisma.TransactionClient

export type RawTransactionOptions = {
  /** Milliseconds one statement may take, instead of the pool's limit; 0 for no limit. Ignored on PGlite. */
  statementTimeoutMs?: number
}

export type Listener = { close(): Promise<void>; healthy(): boolean }

/**
 * One database, two engines. PGlite has a **single connection**: while a transaction is open there, every statement
 * on an outer handle (`prisma`, `sql`) waits for its end, and awaiting one inside the transaction stalls until the
 * transaction times out. Pass the transaction's handles down, and await no network inside.
 */
export interface Database {
  readonly engine: 'postgres' | 'pglite'
  readonly prisma: PrismaClient
  /** Outside any transaction; each statement is its own. */
  readonly sql: Sql
  /** Raw driver transaction (hot commands): no Prisma inside. Rolls back when work throws. */
  rawTransaction<T>(work: (sql: RawSql) => Promise<T>, options?: RawTransactionOptions): Promise<T>
  /**
   * Prisma interactive transaction; `sql` runs on the same one. At most 5 s wait for a connection and 10 s of work,
   * then P2028. A statement after its end throws instead of running outside it.
   */
  transaction<T>(work: (db: Db, sql: Sql) => Promise<T>): Promise<T>
  /**
   * Delivers payloads of `channel` (a lower-case identifier) on a connection of its own, in process on PGlite.
   * `onReconnect` is called after a lost connection listens again: whatever was sent meanwhile is gone.
   * `healthy()` turns false within half a second of the connection's death.
   */
  listen(channel: string, onPayload: (payload: string) => void, onReconnect: () => void): Promise<Listener>
  /** Resolves when the database answers; rejects with an error that `isDatabaseAway` knows. */
  ping(): Promise<void>
  /** The embedded engine, for pg-boss's `fromPglite`; null on PostgreSQL. */
  readonly pglite: PGlite | null
  /** Waits for statements under way, then ends every connection. */
  close(): Promise<void>
}

export type DatabaseOptions = {
  /** `postgres://…`; when absent the embedded engine is used. */
  url?: string
  /** Directory of the embedded database, `memory://` for tests. */
  dataDir?: string
  /** A dump of an embedded database, which a new one begins with instead of being made from nothing. */
  beginWith?: Blob
  /** Connections of this process; default 10. */
  poolSize?: number
  /** Default 5000. */
  statementTimeoutMs?: number
}

/** Opens PostgreSQL when `url` is given, else PGlite in `dataDir`. Loads only the engine it opens. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  if (options.url) {
    const { openPostgres } = await import('./postgres.ts')
    return openPostgres(options.url, options)
  }
  if (!options.dataDir) throw new Error('openDatabase needs a url or a data directory')
  const { openEmbedded } = await import('./embedded.ts')
  return openEmbedded(options.dataDir, options.beginWith)
}
