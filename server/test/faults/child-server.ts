import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Answer, Call } from '../harness.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** The real program in a process of its own. */
export type ChildServer = {
  url: string
  pid: number
  call(method: string, path: string, options?: Call): Promise<Answer>
  /** Everything it has printed. */
  output(): string
  isRunning(): boolean
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>
}

/** HTTP to a server that listens. Rejects when the connection does not hold. */
export const callOver =
  (url: string): ChildServer['call'] =>
  async (method, path, { token, origin, ip, body, headers } = {}) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        'x-forwarded-for': ip ?? '203.0.113.7',
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(origin ? { origin } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') && text !== ''
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: isJson ? JSON.parse(text) : undefined,
      text,
    }
  }

/**
 * Starts the program and waits until it says that it is ready.
 * @param folder its working and data folder
 * @param settings environment variables beyond port and data folder
 */
export async function startServer(
  folder: string,
  port: number,
  settings: Record<string, string>,
): Promise<ChildServer> {
  const env: NodeJS.ProcessEnv = {
    NODE_ENV: 'development',
    PATH: process.env.PATH,
    PORT: String(port),
    HOST: '127.0.0.1',
    DATA_DIR: folder,
    DEMO: 'off',
    TRUSTED_PROXIES: 'loopback',
    FREE_AI_TENANT_CAP: '100000',
    ...settings,
  }
  const child = spawn(process.execPath, [main], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  let isRunning = true
  const exit = once(child, 'exit').then(([code]: (number | null)[]) => {
    isRunning = false
    return code ?? null
  })
  const ready = new Promise<void>((resolve, reject) => {
    const collect = (chunk: Buffer) => {
      text += chunk
      if (text.includes('TryMellon is ready')) resolve()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    exit.then((code) => reject(new Error(`the server ended with ${code} before it was ready:\n${text}`)))
  })
  await ready
  const end = (signal: NodeJS.Signals) => {
    if (isRunning) child.kill(signal)
    return exit
  }
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    pid: child.pid ?? 0,
    call: callOver(url),
    output: () => text,
    isRunning: () => isRunning,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
  }
}
