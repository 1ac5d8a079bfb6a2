import { connect, type Socket } from 'node:net'

/** One answer as it came over the wire. */
export type WireAnswer = { status: number; headers: Record<string, string>; text: string; closed: boolean }

const separator = '\r\n\r\n'

function parse(bytes: string, closed: boolean): WireAnswer | null {
  const end = bytes.indexOf(separator)
  if (end < 0) return null
  const [line = '', ...rest] = bytes.slice(0, end).split('\r\n')
  const headers: Record<string, string> = {}
  for (const header of rest)
    headers[header.slice(0, header.indexOf(':')).toLowerCase()] = header.slice(header.indexOf(':') + 1).trim()
  const text = bytes.slice(end + separator.length)
  return { status: Number(line.split(' ')[1]), headers, text, closed }
}

/** Opens a connection to localhost; resolves once it stands. */
export function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket))
    socket.on('error', reject)
  })
}

/** Sends bytes as they are and reads until the server closes; `null` when it closed without an answer. */
export async function exchange(port: number, text: string | Buffer): Promise<WireAnswer | null> {
  const socket = await open(port)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', () => {})
    socket.on('close', () => resolve(parse(Buffer.concat(chunks).toString(), true)))
    socket.write(text)
  })
}

/** A request whose target is not normalised on the way; `Connection: close` ends it. */
export function request(
  port: number,
  method: string,
  target: string,
  headers: readonly string[] = [],
  body = '',
): Promise<WireAnswer | null> {
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...length, ...headers]
  return exchange(port, `${lines.join('\r\n')}${separator}${body}`)
}
