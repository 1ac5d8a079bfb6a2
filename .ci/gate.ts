import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

// Every step runs, also after a failure; each check counts as one, each test as one.
let passed = 0
let failed = 0
const summary: string[] = []
const scratch = await mkdtemp(join(tmpdir(), 'trymellon-gate-'))

const services = {
  TEST_DATABASE_URL: process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres',
  TEST_REDIS_URL: process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379',
  REQUIRE_ALL: '1',
}

function run(command: string, env: Record<string, string> = {}): Promise<number> {
  process.stdout.write(`\n$ ${command}\n`)
  const child = spawn('bash', ['-c', command], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  })
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)))
}

function count(name: string, ok: boolean, note = ''): void {
  if (ok) passed += 1
  else failed += 1
  summary.push(`${ok ? 'ok    ' : 'FAILED'} ${name}${note && `: ${note}`}`)
}

async function check(name: string, command: string, env: Record<string, string> = {}): Promise<void> {
  count(name, (await run(command, env)) === 0)
}

type Report = {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  testResults: {
    name: string
    status: string
    message: string
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[]
  }[]
}

/** Which tests failed and how, also those that passed when tried again: the end of a long output tells it. */
const failures = ({ testResults }: Report): string[] =>
  testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(process.cwd(), name)
    const failed = assertionResults.filter((test) => test.failureMessages.length > 0)
    if (failed.length === 0) return status === 'failed' ? [`         ${file}: ${message.slice(0, 500)}`] : []
    return failed.map(
      (test) =>
        `  ${test.status === 'failed' ? 'failed' : 'tried again'} ${file}: ${test.fullName}: ${test.failureMessages.join(' ').slice(0, 500)}`,
    )
  })

/** A vitest run whose tests are counted one by one; a run without tests has failed. */
async function suite(name: string, command: string, env: Record<string, string> = {}): Promise<void> {
  const report = join(scratch, `${summary.length}.json`)
  const code = await run(command, { ...env, TEST_REPORT: report })
  try {
    const result = JSON.parse(await readFile(report, 'utf8')) as Report
    passed += result.numPassedTests
    failed += result.numFailedTests
    const ok = code === 0 && result.numPassedTests > 0
    if (!ok && result.numFailedTests === 0) failed += 1
    summary.push(
      `${ok ? 'ok    ' : 'FAILED'} ${name}: ${result.numPassedTests} passed, ${result.numFailedTests} failed, ${result.numPendingTests} skipped`,
      ...failures(result),
    )
  } catch (error) {
    count(name, false, `no report (${(error as Error).message})`)
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })

async function ready(url: string, seconds: number): Promise<boolean> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    const answer = await fetch(`${url}/ready`).catch(() => null)
    if (answer?.status === 200) return true
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return false
}

/** Ends the process group that we started, and waits until nothing of it is left that could print. */
async function stop({ pid }: ChildProcess): Promise<void> {
  if (!pid) return
  const signal = (name: NodeJS.Signals | 0): boolean => {
    try {
      return process.kill(-pid, name)
    } catch {
      return false
    }
  }
  signal('SIGTERM')
  while (signal(0)) await new Promise((resolve) => setTimeout(resolve, 100))
}

/** `examples/browser` on an origin of its own: page, script, SDK and settings are there. */
async function standalonePage(env: Record<string, string>): Promise<void> {
  const port = await freePort()
  const child = spawn('node', ['examples/browser/serve.js'], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env, PORT: String(port) },
  })
  const get = (path: string) => fetch(`http://localhost:${port}${path}`).catch(() => null)
  for (const end = Date.now() + 10_000; Date.now() < end && !(await get('/')); ) {
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const answers = await Promise.all(['/', '/app.js', '/sdk/index.js', '/config.json'].map(get))
  const secret = await get('/serve.js')
  count('examples/browser', answers.every((answer) => answer?.status === 200) && secret?.status === 404)
  await stop(child)
}

/** The README's first command on an empty data folder, and each example against it. */
async function examples(): Promise<void> {
  const port = await freePort()
  const data = join(scratch, 'data')
  const url = `http://localhost:${port}`
  process.stdout.write('\n$ npx -y pnpm@10 start\n')
  const server = spawn('npx', ['-y', 'pnpm@10', 'start'], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PORT: String(port), DATA_DIR: data, LOG_LEVEL: 'warn' },
  })
  try {
    const up = await ready(url, 120)
    count('pnpm start on an empty folder', up)
    if (!up) return
    const env = {
      TRYMELLON_URL: url,
      TRYMELLON_DEMO_FILE: join(data, 'demo.json'),
      CREDENTIALS_FILE: join(scratch, 'agent.json'),
    }
    await check('examples/agent', 'node examples/agent/agent.js', env)
    await check('examples/agent again, with what it kept', 'node examples/agent/agent.js', env)
    await check('examples/mcp', 'node examples/mcp/mcp.js', env)
    await check('examples/node-admin', 'node examples/node-admin/admin.js', env)
    await standalonePage(env)
    const page = await fetch(`${url}/example/`)
    count('the example page of the server', page.status === 200 && (await page.text()).includes('app.js'))
  } finally {
    await stop(server)
  }
}

// The browser and the long fuzz do not depend on the database: they run once, in the second suite.
const embedded = { TEST_DATABASE_URL: '', TEST_REDIS_URL: '', TEST_BROWSER: 'off', FUZZ_REQUESTS: '3000' }
await suite('pnpm test, embedded', 'npx -y pnpm@10 test', embedded)
await suite('the same on PostgreSQL with Redis and the browser', 'npx -y pnpm@10 test', services)
await check('types, format and lint, contract drift', 'npx -y pnpm@10 run check')
await check('OpenAPI rule sets', 'npx -y pnpm@10 run lint:openapi')
await check('SDK package', 'npx -y pnpm@10 --filter @trymellon/sdk run check')
await examples()

process.stdout.write(`\n${summary.join('\n')}\n\n${passed} passed, ${failed} failed\n`)
process.exit(failed === 0 ? 0 : 1)
