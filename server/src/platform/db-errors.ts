/** The database could not be reached or had no room: the caller answers 503 with `Retry-After`. */
export class DatabaseAwayError extends Error {
  override readonly name = 'DatabaseAwayError'
}

const awayCodes = new Set([
  // SQLSTATE: deadlock, serialisation failure: another try passes, and nothing of this one was kept
  ...['40P01', '40001'],
  // node:net, node:dns
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
  // SQLSTATE: shutdown, crash, starting up, idle transaction ended, cancelled by statement_timeout
  ...['57P01', '57P02', '57P03', '25P03', '57014'],
  // Prisma: unreachable, time-outs, connection closed, no room in the pool, too many connections
  ...['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2037'],
])

// `pg`, pg-pool and PGlite raise these without a code. Matched from the start: no text of a caller gets there.
const awayMessages =
  /^(Connection terminated|timeout expired|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end|PGlite is clos|Server has closed the connection)/

type Facts = {
  code?: unknown
  message?: unknown
  cause?: unknown
  meta?: unknown
  originalCode?: unknown
  kind?: unknown
}

/** The error and what it wraps: `cause` chains and Prisma's `meta.driverAdapterError`. */
function* layers(error: unknown): Generator<Facts> {
  let queue: unknown[] = [error]
  for (let depth = 0; depth < 6 && queue.length > 0; depth++) {
    const next: unknown[] = []
    for (const item of queue) {
      if (typeof item !== 'object' || item === null) continue
      const facts: Facts = item
      yield facts
      next.push(facts.cause)
      if (typeof facts.meta === 'object' && facts.meta !== null && 'driverAdapterError' in facts.meta) {
        next.push(facts.meta.driverAdapterError)
      }
    }
    queue = next
  }
}

const sqlState = (facts: Facts): unknown => facts.originalCode ?? facts.code

function isAway(facts: Facts): boolean {
  if (facts instanceof DatabaseAwayError) return true
  const message = typeof facts.message === 'string' ? facts.message : ''
  for (const code of [facts.code, facts.originalCode]) {
    if (typeof code !== 'string') continue
    // 08: connection exceptions, 53: no resources (53300 too many connections)
    if (awayCodes.has(code) || /^(08|53)[0-9A-Z]{3}$/.test(code)) return true
    // P2028 says many things; only this one means that no connection came free in time.
    if (code === 'P2028' && message.includes('Unable to start a transaction')) return true
  }
  return awayMessages.test(message)
}

/** True when the database is unreachable, restarting, full or too slow: connection errors, time-outs of the pool and of statements. */
export function isDatabaseAway(error: unknown): boolean {
  return [...layers(error)].some(isAway)
}

/** True for a violated unique constraint, from Prisma (P2002) and from raw SQL (SQLSTATE 23505) on both engines. */
export function isUniqueViolation(error: unknown): boolean {
  return [...layers(error)].some((facts) => facts.code === 'P2002' || sqlState(facts) === '23505')
}
