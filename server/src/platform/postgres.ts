import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { PrismaClient } from '../generated/prisma/client.ts'
import { type Database, DatabaseAwayError, type DatabaseOptions, isDatabaseAway } from './db.ts'
import { listenOnPostgres } from './db-listen.ts'
import { prismaTransaction, shareTransactions } from './prisma-transaction.ts'
import {
  assertCommittable,
  INT8_ARRAY,
  inTransaction,
  newTransaction,
  plannedEachTime,
  type RawSql,
  readers,
  readTimestamp,
  TIMESTAMPTZ_ARRAY,
  toParameters,
} from './sql.ts'

/** Time-outs in milliseconds. The client's own limit on a statement is for a server that no longer answers at all. */
const limits = {
  connect: 3000,
  idleInTransaction: 15_000,
  keepAlive: 10_000,
  silentServer: 2000,
  transaction: { maxWait: 5000, timeout: 10_000 },
}
/** Callers that may wait for a connection, for each connection there is; more are refused at once. */
const WAITING_PER_CONNECTION = 50
/** Prepared statements a process names; texts beyond that are planned each time. A server keeps them per connection. */
const MAX_STATEMENTS = 1000

const names = new Map<string, string>()

/** A stable name for a statement's text, so that each connection prepares it once; empty for none. */
function statementName(text: string): string {
  if (text.startsWith(plannedEachTime)) return ''
  let name = names.get(text)
  if (name === undefined) {
    if (names.size >= MAX_STATEMENTS) return ''
    name = `s${names.size}`
    names.set(text, name)
  }
  return name
}

// As a plain number: the driver's typings know scalars only.
const TEXT_ARRAY: number = 1009
const textArray = pg.types.getTypeParser(TEXT_ARRAY, 'text')
const arrayReaders: Record<number, (text: string) => unknown> = {
  [INT8_ARRAY]: (text) => textArray(text).map(Number),
  [TIMESTAMPTZ_ARRAY]: (text) => textArray(text).map(readTimestamp),
}
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    readers[oid] ?? arrayReaders[oid] ?? pg.types.getTypeParser(oid, format ?? 'text'),
}

/** Session settings by statement, not in the start-up packet: poolers refuse the packet's, and a URL may override them. */
const session = (statementTimeoutMs: number): string =>
  `set timezone = 'UTC'; set datestyle = 'ISO'; set bytea_output = 'hex'; set statement_timeout = ${statementTimeoutMs}; ` +
  `set idle_in_transaction_session_timeout = ${limits.idleInTransaction}`

function boundQueue(pool: pg.Pool, max: number): void {
  const connect: (...args: unknown[]) => unknown = pool.connect.bind(pool)
  Object.assign(pool, {
    connect: (callback?: (error: Error) => void) => {
      if (pool.waitingCount < max) return callback ? connect(callback) : connect()
      const error = new DatabaseAwayError(`more than ${max} callers wait for a database connection`)
      return callback ? callback(error) : Promise.reject(error)
    },
  })
}

type Runner = Pick<pg.ClientBase, 'query'>

async function run<R>(
  runner: Runner,
  text: string,
  values: readonly unknown[] | undefined,
  timeout?: number,
): Promise<R[]> {
  const statement = {
    name: statementName(text),
    text,
    values: values ? toParameters(values) : [],
    query_timeout: timeout,
  }
  const result: { rows: unknown[] } = await runner.query(statement)
  return result.rows as R[]
}

async function rawTransaction<T>(
  pool: pg.Pool,
  work: (sql: RawSql) => Promise<T>,
  statementTimeoutMs?: number,
): Promise<T> {
  const client = await pool.connect()
  // A connection lost between two statements is told by the next statement; unheard, the event would end the process.
  const ignore = (): void => {}
  client.on('error', ignore)
  const state = newTransaction()
  // 2^31-1: the longest timer there is.
  const timeout = statementTimeoutMs === undefined ? undefined : statementTimeoutMs + limits.silentServer
  const patience = statementTimeoutMs === 0 ? 2 ** 31 - 1 : timeout
  let broken: Error | undefined
  try {
    await client.query(
      statementTimeoutMs === undefined ? 'begin' : `begin; set local statement_timeout = ${statementTimeoutMs}`,
    )
    const result = await work({
      query: (text, values) => inTransaction(state, () => run(client, text, values, patience)),
      script: (text) =>
        inTransaction(state, async () => {
          const statement = { text, query_timeout: patience }
          await client.query(statement)
        }),
    })
    assertCommittable(state)
    state.open = false
    await client.query('commit')
    return result
  } catch (error) {
    state.open = false
    if (error instanceof Error && isDatabaseAway(error) && !(error instanceof pg.DatabaseError)) broken = error
    else await client.query('rollback').catch((cause: Error) => (broken = cause))
    throw error
  } finally {
    client.off('error', ignore)
    client.release(broken)
  }
}

const isRunner = (client: unknown): client is Runner =>
  typeof client === 'object' && client !== null && 'query' in client

/** Opens a pool. Connects once, so that a wrong address fails here and the first request finds a connection. */
export async function openPostgres(url: string, options: DatabaseOptions): Promise<Database> {
  const statementTimeoutMs = options.statementTimeoutMs ?? 5000
  const max = options.poolSize ?? 10
  const connection = {
    connectionString: url,
    application_name: 'trymellon',
    keepAlive: true,
    keepAliveInitialDelayMillis: limits.keepAlive,
    connectionTimeoutMillis: limits.connect,
  }
  const pool = new pg.Pool({
    ...connection,
    max,
    types,
    query_timeout: statementTimeoutMs + limits.silentServer,
    idleTimeoutMillis: 30_000,
    onConnect: async (client) => {
      await client.query(session(statementTimeoutMs))
    },
  })
  // An idle connection that dies is replaced by the pool; unheard, the event would end the process.
  pool.on('error', () => {})
  boundQueue(pool, max * WAITING_PER_CONNECTION)

  const adapter = new PrismaPg(pool, { statementNameGenerator: (query) => statementName(query.sql) })
  const prisma = new PrismaClient({ adapter: shareTransactions(adapter) })
  let closing: Promise<void> | undefined
  try {
    await pool.query('select 1')
  } catch (error) {
    await pool.end()
    throw error
  }

  return {
    engine: 'postgres',
    prisma,
    pglite: null,
    sql: { query: (text, values) => run(pool, text, values) },
    rawTransaction: (work, options) => rawTransaction(pool, work, options?.statementTimeoutMs),
    transaction: (work) =>
      prismaTransaction(
        prisma,
        limits.transaction,
        (client, state) => {
          if (!isRunner(client)) throw new Error('the driver adapter no longer runs on a pg client; check its version')
          return { query: (text, values) => inTransaction(state, () => run(client, text, values)) }
        },
        work,
      ),
    listen: (channel, onPayload, onReconnect) => listenOnPostgres(connection, channel, onPayload, onReconnect),
    ping: async () => {
      await pool.query('select 1')
    },
    close: () => {
      closing ??= prisma.$disconnect().then(() => pool.end())
      return closing
    },
  }
}
