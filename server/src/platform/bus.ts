import { CACHE_CHANNEL, type Caches } from './cache.ts'
import type { Database } from './db.ts'
import type { Log } from './log.ts'

const beatMillis = 300
const silentMillis = 1_000

/**
 * Listens for changed hot rows and proves, by a heartbeat through the same channel, that they would arrive.
 * After a lost connection all caches are emptied: what was missed is unknown.
 */
export type Bus = { healthy(): boolean; connect(caches: Caches): Promise<void>; close(): Promise<void> }

/** @param now milliseconds of a clock that never goes back */
export function createBus(database: Database, instance: string, log: Log, now: () => number): Bus {
  // One process on the embedded database drops its own entries at commit; there is nobody to hear from.
  const alone = database.engine === 'pglite'
  let lastBeat = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  let subscription: { close(): Promise<void>; healthy(): boolean } | undefined
  const beat = `beat ${instance}`

  const send = () => {
    database.sql.query('select pg_notify($1, $2)', [CACHE_CHANNEL, beat]).catch((error: unknown) => {
      log.debug({ err: error }, 'cache heartbeat not sent')
    })
  }

  return {
    healthy: () => alone || (now() - lastBeat < silentMillis && subscription?.healthy() === true),
    async connect(caches) {
      if (alone) return
      subscription = await database.listen(
        CACHE_CHANNEL,
        (payload) => {
          if (payload === beat) lastBeat = now()
          else if (!payload.startsWith('beat ')) {
            const space = payload.indexOf(' ')
            caches.drop(payload.slice(0, space), payload.slice(space + 1))
          }
        },
        () => caches.clear(),
      )
      send()
      timer = setInterval(send, beatMillis)
      timer.unref()
    },
    async close() {
      clearInterval(timer)
      await subscription?.close()
    },
  }
}
