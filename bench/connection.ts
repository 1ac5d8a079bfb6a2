import { connect } from 'node:net'

export type Answer = { status: number; head: string; body: string }

/** One keep-alive HTTP/1.1 connection with one request in flight. */
export type Connection = {
  /** @param head further header lines, each ending in CRLF; `host` and `content-length` are added */
  request: (method: string, path: string, head: string, body?: string) => Promise<Answer>
  close: () => void
}

const END_OF_HEAD = Buffer.from('\r\n\r\n')

/** Joins the chunks of a chunked body (RFC 9112 §7.1), or returns undefined while it is incomplete. */
function joinChunks(buffer: Buffer, from: number): string | undefined {
  const parts: Buffer[] = []
  for (let at = from; ; ) {
    const line = buffer.indexOf('\r\n', at)
    if (line < 0) return undefined
    const size = Number.parseInt(buffer.toString('latin1', at, line), 16)
    at = line + 2 + size + 2
    if (buffer.length < at) return undefined
    if (size === 0) return Buffer.concat(parts).toString()
    parts.push(buffer.subarray(line + 2, line + 2 + size))
  }
}

function parse(buffer: Buffer): Answer | undefined {
  const end = buffer.indexOf(END_OF_HEAD)
  if (end < 0) return undefined
  const head = buffer.toString('latin1', 0, end)
  const status = Number(head.slice(9, 12))
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length !== undefined) {
    const last = end + 4 + Number(length)
    return buffer.length < last ? undefined : { status, head, body: buffer.toString('utf8', end + 4, last) }
  }
  if (status === 204) return { status, head, body: '' }
  const body = joinChunks(buffer, end + 4)
  return body === undefined ? undefined : { status, head, body }
}

/**
 * Opens a connection to a loopback port. Written on bare sockets because the client shares its core with the database:
 * what it does not spend, the server under test gets to see as load.
 */
export function openConnection(port: number): Promise<Connection> {
  const { promise, resolve, reject } = Promise.withResolvers<Connection>()
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const host = `host: 127.0.0.1:${port}\r\n`
  let received: Buffer = Buffer.alloc(0)
  let waiting: PromiseWithResolvers<Answer> | undefined

  const fail = (error: Error) => {
    reject(error)
    waiting?.reject(error)
    waiting = undefined
  }
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    const answer = parse(received)
    if (!answer) return
    received = Buffer.alloc(0)
    const { resolve: answered } = waiting ?? {}
    waiting = undefined
    answered?.(answer)
  })
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('connection closed by the server')))
  socket.on('connect', () =>
    resolve({
      request(method, path, head, body) {
        waiting = Promise.withResolvers<Answer>()
        const length = body === undefined ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`
        socket.write(`${method} ${path} HTTP/1.1\r\n${host}${head}${length}\r\n${body ?? ''}`)
        return waiting.promise
      },
      close: () => socket.destroy(),
    }),
  )
  return promise
}
