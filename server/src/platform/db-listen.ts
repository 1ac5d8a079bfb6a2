import pg from 'pg'
import type { Listener } from './db.ts'
import { monotonic } from './time.ts'

/** Milliseconds. A heartbeat each period; two missed and the listener counts as dead. */
const HEARTBEAT_PERIOD = 200
const HEARTBEAT_LIMIT = 450
const RECONNECT_FIRST = 100
const RECONNECT_MAX = 2000

/**
 * Listens on a connection of its own and keeps it alive. The heartbeat goes through `notify` on a private channel, so
 * that a pooler which swallows notifications is seen too. Rejects when the first connection fails.
 */
export async function listenOnPostgres(
  connection: pg.ClientConfig,
  channel: string,
  onPayload: (payload: string) => void,
  onReconnect: () => void,
): Promise<Listener> {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(channel)) throw new Error(`not a channel name: ${channel}`)
  let closed = false
  let client: pg.Client | undefined
  let heard = 0
  let retry: NodeJS.Timeout | undefined
  let delay = RECONNECT_FIRST

  async function connect(): Promise<void> {
    const next = new pg.Client({ ...connection, application_name: 'trymellon listener' })
    let heartbeat = ''
    next.on('notification', (message) => {
      if (message.channel === channel) onPayload(message.payload ?? '')
      else if (message.channel === heartbeat) heard = monotonic()
    })
    next.on('error', () => lost(next))
    next.on('end', () => lost(next))
    try {
      await next.connect()
      const { rows } = await next.query<{ pid: number }>('select pg_backend_pid() as pid')
      heartbeat = `heartbeat_${rows[0]?.pid}`
      await next.query(`listen ${channel}; listen ${heartbeat}`)
    } catch (error) {
      next.end().catch(() => {})
      throw error
    }
    if (closed) return void next.end()
    client = next
    heard = monotonic()
    delay = RECONNECT_FIRST
    void beat(next, heartbeat)
  }

  async function beat(current: pg.Client, heartbeat: string): Promise<void> {
    let answered = true
    while (client === current) {
      if (answered) {
        answered = false
        current.query(`notify ${heartbeat}`).then(
          () => (answered = true),
          () => lost(current),
        )
      }
      await new Promise((resolve) => setTimeout(resolve, HEARTBEAT_PERIOD).unref())
      // Silence for ten periods: no answer will come on this connection, so try another one.
      if (monotonic() - heard > HEARTBEAT_PERIOD * 10) lost(current)
    }
  }

  function lost(current: pg.Client): void {
    if (client !== current) return
    client = undefined
    current.end().catch(() => {})
    schedule()
  }

  function schedule(): void {
    if (closed) return
    retry = setTimeout(() => {
      delay = Math.min(delay * 2, RECONNECT_MAX)
      connect().then(onReconnect, schedule)
    }, delay)
    retry.unref()
  }

  await connect()
  return {
    healthy: () => client !== undefined && monotonic() - heard < HEARTBEAT_LIMIT,
    close: async () => {
      closed = true
      clearTimeout(retry)
      const current = client
      client = undefined
      await current?.end()
    },
  }
}
