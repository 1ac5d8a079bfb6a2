import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { testRedis } from './machine.ts'
import { freePort } from './ports.ts'
import { open } from './wire.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const operator = fileURLToPath(new URL('../src/operator.ts', import.meta.url))
const port = await freePort()
const url = `http://127.0.0.1:${port}`

let folder: string
let running: ChildProcess | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trymellon-process-'))
})
afterEach(() => {
  if (running?.exitCode === null) running.kill('SIGKILL')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

type Run = { child: ChildProcess; output: () => string; exit: Promise<number | null> }

function run(settings: Record<string, string>, program: readonly string[] = [main]): Run {
  const env = {
    PATH: process.env.PATH,
    PORT: String(port),
    HOST: '127.0.0.1',
    DATA_DIR: folder,
    DEMO: 'off',
    ...settings,
  }
  const child = spawn(process.execPath, program, { cwd: folder, env: env as NodeJS.ProcessEnv })
  running = child
  let text = ''
  const collect = (chunk: Buffer) => {
    text += chunk
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  return { child, output: () => text, exit: once(child, 'exit').then(([code]) => code) }
}

/** Waits for a line of output, or fails when the process ends without it. */
function said({ child, output, exit }: Run, words: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => output().includes(words) && resolve()
    child.stdout?.on('data', look)
    exit.then((code) => reject(new Error(`ended with ${code} before it said ${words}:\n${output()}`)))
    look()
  })
}

describe('the process', () => {
  it('security 240: on SIGTERM the request under way is answered, new ones are not taken, and the exit code is 0', async () => {
    const server = run({})
    await said(server, 'TryMellon is ready')
    expect((await fetch(`${url}/ready`)).status).toBe(200)
    // A key that whoever runs this machine's other programs could read is no secret.
    expect((await stat(join(folder, 'master.key'))).mode & 0o777).toBe(0o600)

    const body = JSON.stringify({ name: 'Last one' })
    const head = `POST /v1/onboarding/ai HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
    const socket = await open(port)
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.write(head + body.slice(0, 5))
    // Served after the bytes above, on the same event loop: the request has begun.
    expect((await fetch(`${url}/health`)).status).toBe(200)
    server.child.kill('SIGTERM')
    await said(server, 'draining')
    socket.write(body.slice(5))
    await once(socket, 'close')
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer).toContain('"clientSecret":"sec_')
    expect(await server.exit).toBe(0)
    await expect(fetch(`${url}/health`)).rejects.toThrow()
    expect(server.output()).not.toMatch(/sec_|"level":"(?:error|fatal)"|warning/i)
  }, 90_000)

  it.each([
    ['PUBLIC_URL', { PUBLIC_URL: 'not a url' }],
    ['MASTER_KEY', { NODE_ENV: 'production', PUBLIC_URL: 'https://auth.example.com' }],
    ['RATE_LIMIT_OVERRIDES', { RATE_LIMIT_OVERRIDES: '{' }],
  ])(
    'security 242: a wrong %s ends the start with a sentence, no stack, and exit code 1',
    async (name, settings) => {
      const server = run(settings)
      expect(await server.exit).toBe(1)
      expect(server.output()).toMatch(new RegExp(`^ +${name}: `, 'm'))
      expect(server.output()).not.toMatch(/^ +at /m)
    },
    30_000,
  )
})

describe('the operator’s command', () => {
  it.skipIf(!testRedis)('ends when it is done, also where the limits are in Redis', async () => {
    const command = run({ REDIS_URL: testRedis as string }, [operator, 'accounts'])
    expect([await command.exit, command.output()]).toEqual([0, expect.stringContaining('There is none.')])
  })
})
