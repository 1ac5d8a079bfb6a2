import { createHash } from 'node:crypto'
import { unlink } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** `sun_path` of the shortest system (macOS) holds 104 bytes. */
const LONGEST_SOCKET_PATH = 100

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

function addresses(dataDir: string): string[] {
  const name = `trymellon-${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`
  if (process.platform === 'win32') return [`\\\\.\\pipe\\${name}`]
  // Beside the data, where processes in other containers see it; some mounts hold no sockets.
  const beside = `${dataDir}.lock`
  const elsewhere = join(tmpdir(), `${name}.lock`)
  return Buffer.byteLength(beside) <= LONGEST_SOCKET_PATH ? [beside, elsewhere] : [elsewhere]
}

function listen(address: string): Promise<() => Promise<void>> {
  const server = createServer((socket) => socket.destroy())
  return new Promise((hold, fail) => {
    server.once('error', fail)
    server.listen(address, () => {
      // A lock alone keeps no process alive.
      server.unref()
      hold(() => new Promise((released) => server.close(() => released())))
    })
  })
}

const answers = (address: string): Promise<boolean> =>
  new Promise((tell) => {
    const socket = connect(address)
    socket.once('connect', () => {
      socket.destroy()
      tell(true)
    })
    socket.once('error', () => tell(false))
  })

/**
 * Keeps every other process out of an embedded data directory until the returned function is called or this process
 * ends, however it ends. Two engines on one directory lose committed rows without a word. A socket, because unlike a
 * file with a process id it cannot be left behind by a crash, nor mistaken in a container where ids repeat.
 * @throws when another process (or an earlier call in this one) holds the directory
 */
export async function holdDirectory(dataDir: string): Promise<() => Promise<void>> {
  let reason: unknown
  for (const address of addresses(resolve(dataDir))) {
    try {
      return await listen(address)
    } catch (error) {
      reason = error
      if (codeOf(error) !== 'EADDRINUSE') continue
    }
    if (await answers(address)) {
      throw new Error(`${dataDir} is in use by another process: stop it, or set DATABASE_URL to share a PostgreSQL`)
    }
    await unlink(address)
    return listen(address)
  }
  throw reason
}
