import { type Connection, openConnection } from '../connection.ts'
import type { Work } from '../load.ts'

/** When an operation was due and how long it took from then on, both in milliseconds. */
export type Sample = { due: number; took: number }

export type Beside = {
  samples: Sample[]
  failures: string[]
  /** Ends the load and waits for what was due before. */
  stop: () => Promise<void>
}

const CONNECTIONS = 4
const PERIOD_MS = 40

/**
 * A steady load of 100 operations a second, so that what runs beside it is not merely in its way: every connection is due
 * every 40 ms, and an operation that had to wait for an earlier one has taken that long too.
 */
export async function pacedLoad(port: number, works: Work[]): Promise<Beside> {
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => openConnection(port)))
  const [samples, failures]: [Sample[], string[]] = [[], []]
  let end = Number.POSITIVE_INFINITY
  const run = async (connection: Connection, worker: number) => {
    let due = performance.now() + (worker * PERIOD_MS) / CONNECTIONS
    for (let turn = worker; due < end; turn++, due += PERIOD_MS) {
      const early = due - performance.now()
      if (early > 0) await new Promise((resume) => setTimeout(resume, early))
      try {
        await works[turn % works.length]?.(connection, worker)
        samples.push({ due, took: performance.now() - due })
      } catch (error) {
        failures.push(String(error))
      }
    }
  }
  const all = Promise.all(connections.map(run))
  return {
    samples,
    failures,
    async stop() {
      end = performance.now()
      await all
      for (const connection of connections) connection.close()
    },
  }
}
