import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { openConnection } from './connection.ts'

export const SERVER_CORE = '0'
export const CLIENT_CORE = '1'
const READY_TIMEOUT_MS = 60_000

export type Server = { pid: number; port: number; readyMs: number; stop: () => Promise<void> }

const running = new Set<ChildProcess>()

// No child outlives this process, however it ends; a signal leaves them a moment to be gone before their folders go.
function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}
process.once('exit', killAll)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    killAll()
    setTimeout(() => process.exit(130), 300)
  })
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  await new Promise((closed) => probe.close(closed))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Moves this process, the load generator, with all its threads to the client's core. */
export function pinClient(): void {
  execFileSync('taskset', ['-a', '-c', '-p', CLIENT_CORE, String(process.pid)], { stdio: 'ignore' })
}

/** Starts a program on one core. `taskset` replaces itself with it, so the child's pid is the program's. */
export function spawnPinned(core: string, command: string[], options: Parameters<typeof spawn>[2] = {}): ChildProcess {
  const child = spawn('taskset', ['-c', core, ...command], { stdio: ['ignore', 'ignore', 'inherit'], ...options })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** Ends a child gently, by force after 10 s, and waits until it is gone. */
export async function stopChild(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  const force = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await gone
  clearTimeout(force)
}

async function answersReady(port: number): Promise<boolean> {
  try {
    const connection = await openConnection(port)
    const { status } = await connection.request('GET', '/ready', '')
    connection.close()
    return status === 200
  } catch {
    return false
  }
}

/**
 * Starts a Node program on the server's core and waits until `GET /ready` is 200.
 * @param command arguments of node
 * @param env the child's whole environment, besides PATH and HOME
 * @throws when it ends or is not ready within a minute
 */
export async function startServer(port: number, command: string[], env: Record<string, string> = {}): Promise<Server> {
  const { PATH, HOME } = process.env
  const start = performance.now()
  const child = spawnPinned(SERVER_CORE, [process.execPath, ...command], { env: { PATH, HOME, ...env } })
  while (!(await answersReady(port))) {
    if (child.exitCode !== null) throw new Error(`${command.join(' ').slice(0, 200)} ended with ${child.exitCode}`)
    if (performance.now() - start > READY_TIMEOUT_MS) throw new Error(`${command[0]} not ready in time`)
    await new Promise((resume) => setTimeout(resume, 5))
  }
  return { pid: child.pid ?? 0, port, readyMs: performance.now() - start, stop: () => stopChild(child) }
}

/** Prepares a server that has started, and ends it when that fails. */
export async function orStop<T>(server: Server, prepare: () => Promise<T>): Promise<T> {
  try {
    return await prepare()
  } catch (error) {
    await server.stop()
    throw error
  }
}
