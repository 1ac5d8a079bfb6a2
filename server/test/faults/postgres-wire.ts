import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A cut that waits for its statement. */
export type Fuse = { readonly blown: boolean }

/** A way to PostgreSQL that can be cut: at a statement, or altogether. */
export type PostgresWire = {
  url: string
  /**
   * Cuts the connection that sends the `nth` statement from now on.
   * @param side `before`: the server never sees the statement; `after`: it has executed it, and nobody hears the answer
   */
  cut(nth: number, side: 'before' | 'after'): Fuse
  /** No cut any more. */
  mend(): void
  /** Refuses new connections and ends those there are, as a server that was stopped does. */
  refuse(): Promise<void>
  /** Ends the connections there are, and each new one as soon as it stands. */
  hangUp(): void
  /** How many connections were hung up on. */
  hungUp(): number
  /** Lets connections through again. */
  serve(): Promise<void>
  close(): Promise<void>
}

const QUERY = 0x51
const SYNC = 0x53
const READY_FOR_QUERY = 0x5a

/** The cache bus proves its connection by itself, at its own times. */
const heartbeat = Buffer.from('beat req_')

/**
 * Splits a stream of PostgreSQL's protocol (version 3, without TLS) into messages: type, length, body.
 * @param first what comes before the first typed message: the start-up packet has no type
 */
function messages(first: 'untyped' | 'typed') {
  let rest: Buffer = Buffer.alloc(0)
  let isTyped = first === 'typed'
  return (chunk: Buffer): Buffer[] => {
    rest = Buffer.concat([rest, chunk])
    const found: Buffer[] = []
    for (;;) {
      const head = isTyped ? 1 : 0
      if (rest.length < head + 4) return found
      const size = head + rest.readInt32BE(head)
      if (rest.length < size) return found
      found.push(rest.subarray(0, size))
      rest = rest.subarray(size)
      isTyped = true
    }
  }
}

type Armed = { left: number; side: 'before' | 'after'; blown: boolean }

/** A statement is what ends with Query or Sync: `begin`, each prepared statement, `commit`. */
export async function postgresWire(target: string): Promise<PostgresWire> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let armed: Armed | null = null
  let isHangingUp = false
  let hungUp = 0
  let server: Server | null = null

  function join(inner: Socket): void {
    if (isHangingUp) {
      hungUp += 1
      inner.on('error', () => {})
      inner.destroy()
      return
    }
    const outer = connect(Number(port || 5432), hostname)
    const end = () => {
      inner.destroy()
      outer.destroy()
    }
    for (const socket of [inner, outer]) {
      sockets.add(socket)
      socket.on('error', end)
      socket.on('close', () => {
        sockets.delete(socket)
        end()
      })
    }
    const fromClient = messages('untyped')
    const fromServer = messages('typed')
    let statement: Buffer[] = []
    let deafAfter: Armed | null = null
    let isStarted = false

    inner.on('data', (chunk) => {
      for (const message of fromClient(chunk)) {
        statement.push(message)
        const type = isStarted ? message[0] : undefined
        if (type === QUERY || type === SYNC) {
          const isOurs = statement.every((part) => !part.includes(heartbeat))
          if (armed && isOurs && !armed.blown) {
            armed.left -= 1
            if (armed.left === 0) {
              armed.blown = true
              if (armed.side === 'before') return end()
              deafAfter = armed
            }
          }
        } else if (isStarted && type !== undefined && isPartOfStatement(type)) continue
        isStarted = true
        outer.write(Buffer.concat(statement))
        statement = []
      }
    })
    outer.on('data', (chunk) => {
      if (!deafAfter) inner.write(chunk)
      for (const message of fromServer(chunk)) {
        if (deafAfter && message[0] === READY_FOR_QUERY) end()
      }
    })
  }

  async function listen(at: number): Promise<number> {
    const opened = createServer(join).listen(at, '127.0.0.1')
    await once(opened, 'listening')
    server = opened
    return (opened.address() as AddressInfo).port
  }

  function endAll(): void {
    for (const socket of sockets) socket.destroy()
  }

  async function refuse(): Promise<void> {
    const closing = server
    server = null
    endAll()
    if (closing) await new Promise<void>((resolve) => closing.close(() => resolve()))
  }

  const own = await listen(0)
  const url = new URL(target)
  url.host = `127.0.0.1:${own}`
  return {
    url: url.href,
    cut(nth, side) {
      armed = { left: nth, side, blown: false }
      return armed
    },
    mend() {
      armed = null
    },
    refuse,
    hangUp() {
      isHangingUp = true
      endAll()
    },
    hungUp: () => hungUp,
    async serve() {
      isHangingUp = false
      if (!server) await listen(own)
    },
    close: refuse,
  }
}

/** Parse, Bind, Describe, Execute, Close: held back until their Sync. */
const parts = new Set(['P', 'B', 'D', 'E', 'C'].map((letter) => letter.charCodeAt(0)))
const isPartOfStatement = (type: number): boolean => parts.has(type)
