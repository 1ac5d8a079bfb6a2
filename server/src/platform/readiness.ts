import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from './db.ts'
import { pendingMigrations } from './migrate.ts'

export type Check = 'ok' | 'pending' | 'down' | 'off'
export type Checks = { database: Check; migrations: Check; redis: Check }
export type Readiness = { status: 'ready' } | { status: 'draining' | 'not_ready'; checks: Checks }

/** What answers later than this is as good as away: a load balancer does not wait either. */
const patienceMillis = 1500

async function within<T>(work: Promise<T>): Promise<T> {
  const done = new AbortController()
  const late = sleep(patienceMillis, undefined, { signal: done.signal, ref: false }).then(() => {
    throw new Error('took too long')
  })
  try {
    return await Promise.race([work, late])
  } finally {
    done.abort()
    late.catch(() => {})
  }
}

const alive = (work: Promise<unknown>): Promise<Check> =>
  within(work).then(
    () => 'ok',
    () => 'down',
  )

/**
 * Whether this process should be sent requests (http-api.md §3.20): the database answers, its migrations are done, Redis
 * answers if there is one, and the process is not stopping. Once the migrations were found current they stay so.
 * @param ping of Redis; null when none is configured
 */
export function createReadiness(database: Database, ping: (() => Promise<unknown>) | null, isDraining: () => boolean) {
  let isCurrent = false
  const migrations = async (): Promise<Check> => {
    isCurrent ||= (await pendingMigrations(database)).length === 0
    return isCurrent ? 'ok' : 'pending'
  }
  return async (): Promise<Readiness> => {
    const [databaseState, migrationState, redis] = await Promise.all([
      alive(database.ping()),
      within(migrations()).catch((): Check => 'down'),
      ping ? alive(ping()) : ('off' as const),
    ])
    const checks: Checks = { database: databaseState, migrations: migrationState, redis }
    if (isDraining()) return { status: 'draining', checks }
    const isReady = checks.database === 'ok' && checks.migrations === 'ok' && checks.redis !== 'down'
    return isReady ? { status: 'ready' } : { status: 'not_ready', checks }
  }
}
