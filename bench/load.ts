import { type Connection, openConnection } from './connection.ts'
import { cpuSeconds } from './process-usage.ts'

/** One operation on one connection; it throws unless every answer was the right one. */
export type Work = (connection: Connection, worker: number) => Promise<void>

export type Round = {
  /** Operations whose every answer was checked and right. */
  operations: number
  failures: string[]
  seconds: number
  /** User and system time of the server process. */
  serverCpu: number
  databaseCpu: number
  /** Milliseconds, one an operation. */
  latencies: number[]
}

export const CONNECTIONS = 16
const MAX_FAILURES = 20

/**
 * Drives one server for a while with 16 keep-alive connections, each with one operation under way.
 * @param databaseCpu reads the database's CPU seconds, where it has a process of its own
 */
export async function drive(
  server: { port: number; pid: number },
  work: Work,
  seconds: number,
  databaseCpu: () => number = () => 0,
): Promise<Round> {
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => openConnection(server.port)))
  const latencies: number[] = []
  const failures: string[] = []
  const [serverBefore, databaseBefore, start] = [cpuSeconds(server.pid), databaseCpu(), performance.now()]
  const deadline = start + seconds * 1000

  const run = async (connection: Connection, worker: number) => {
    for (let now = start; now < deadline && failures.length < MAX_FAILURES; ) {
      try {
        await work(connection, worker)
        const after = performance.now()
        latencies.push(after - now)
        now = after
      } catch (error) {
        failures.push(String(error))
        now = performance.now()
      }
    }
  }
  await Promise.all(connections.map(run))
  const round: Round = {
    operations: latencies.length,
    failures,
    seconds: (performance.now() - start) / 1000,
    serverCpu: cpuSeconds(server.pid) - serverBefore,
    databaseCpu: databaseCpu() - databaseBefore,
    latencies,
  }
  for (const connection of connections) connection.close()
  return round
}
