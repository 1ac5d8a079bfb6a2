import type { Redis } from 'ioredis'
import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterPostgres,
  RateLimiterRedis,
  RLWrapperTimeouts,
} from 'rate-limiter-flexible'
import type { Sql } from './db.ts'

/** Where points are counted: this process, a Redis or Valkey server, or the table `rate_limits`. */
export type LimitStore = 'memory' | { redis: Redis } | { sql: Sql }

/** Points used in the running window, the ones above the limit included, and the milliseconds until it ends. */
export type Reading = { consumed: number; msLeft: number }

/** One row's counter in its store. Every method rejects when the store is away, none because a limit is reached. */
export type LimitCounter = {
  /** Adds points in one atomic step; a window begins at its first hit and is fixed (http-api.md §2.6). */
  add(bucket: string, points: number): Promise<Reading>
  /** null when no window is running. */
  read(bucket: string): Promise<Reading | null>
  /** Takes one point off a running window; null when there is none to take. */
  takeBack(bucket: string): Promise<Reading | null>
}

/** Milliseconds after which a silent Redis counts as away; PostgreSQL has the pool's own time-outs. */
const REDIS_PATIENCE = 1000

type Row = { points: number; expire: number | null }

/** The library asks for node-postgres; this is all it uses of it. Without `rowCount` it misreads an empty answer. */
const toClient = (sql: Sql) => ({
  query: async (statement: { text: string; values: unknown[] }) => {
    const rows = await sql.query<Row>(statement.text, statement.values)
    return { rows, rowCount: rows.length }
  },
})

function openLibrary(store: LimitStore, name: string, points: number, seconds: number): RateLimiterAbstract {
  const options = { keyPrefix: name, points, duration: seconds }
  if (store === 'memory') return new RateLimiterMemory(options)
  if ('sql' in store) {
    return new RateLimiterPostgres({
      ...options,
      storeClient: toClient(store.sql),
      storeType: 'client',
      tableName: 'rate_limits',
      tableCreated: true,
      clearExpiredByTimeout: false,
    })
  }
  const keyPrefix = `trymellon:limit:${name}`
  const limiter = new RateLimiterRedis({ ...options, keyPrefix, storeClient: store.redis, rejectIfRedisNotReady: true })
  return new RLWrapperTimeouts({ limiter, timeoutMs: REDIS_PATIENCE })
}

/**
 * Opens the counter of one row of the limits table. Points are counted with the library's `penalty`, which adds and
 * judges nothing: judging is the gauges' business.
 * @param name prefix of the keys; with the bucket at most 255 characters
 */
export function openCounter(store: LimitStore, name: string, points: number, seconds: number): LimitCounter {
  const library = openLibrary(store, name, points, seconds)
  const toReading = (result: { consumedPoints: number; msBeforeNext: number }): Reading => ({
    consumed: result.consumedPoints,
    msLeft: result.msBeforeNext,
  })
  const read = async (bucket: string): Promise<Reading | null> => {
    const result = await library.get(bucket)
    return result === null || result.msBeforeNext <= 0 ? null : toReading(result)
  }
  return {
    add: async (bucket, amount) => toReading(await library.penalty(bucket, amount)),
    read,
    takeBack: async (bucket) => {
      const reading = await read(bucket)
      // On a window that ended meanwhile `reward` would begin the next one at −1. In its last second there is no need to.
      if (reading === null || reading.consumed <= 0 || reading.msLeft < 1000) return null
      return toReading(await library.reward(bucket, 1))
    },
  }
}

/**
 * Deletes rows whose window has ended; they mean nothing any more. For a job, which calls it until it returns 0.
 * @param nowMillis milliseconds since the epoch, from the same clock as the limits
 * @param batch rows at most
 * @returns rows deleted
 */
export async function purgeExpiredLimits(sql: Sql, nowMillis: number, batch = 500): Promise<number> {
  // Locking and looking again at each row keeps one that a hit has just renewed.
  const rows = await sql.query(
    `delete from rate_limits where key in (
       select key from rate_limits where expire <= $1 order by expire limit $2 for update skip locked
     ) returning 1 as deleted`,
    [nowMillis, batch],
  )
  return rows.length
}
