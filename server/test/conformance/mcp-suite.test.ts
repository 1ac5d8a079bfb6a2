import { createServer, request as forward, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Installed, install, shell, testClients } from '../clients/packages.ts'
import type { TestApp } from '../harness.ts'
import { liveServer } from '../live-server.ts'
import { again } from '../machine.ts'
import { keyOf } from '../mcp-requests.ts'

/** Scenarios that need nothing of their own on the server (agents.md §18). */
const scenarios: [revision: string, scenario: string][] = [
  ['2025-11-25', 'server-initialize'],
  ['2025-11-25', 'ping'],
  ['2025-11-25', 'tools-list'],
  ['2025-11-25', 'server-session-lifecycle'],
  ['2025-11-25', 'server-sse-multiple-streams'],
  ['2025-11-25', 'dns-rebinding-protection'],
  ['2026-07-28', 'server-stateless'],
  ['2026-07-28', 'http-header-validation'],
  ['2026-07-28', 'http-custom-header-server-validation'],
  ['2026-07-28', 'caching'],
  ['2026-07-28', 'dns-rebinding-protection'],
]

/** The suite can send no credential: this adds one, and leaves the rest as it is, `Host` and `Origin` too. */
async function proxyTo(target: { port: number }, headers: () => Record<string, string>): Promise<Server> {
  const proxy = createServer((incoming, outgoing) => {
    const { method = 'GET', url: path = '/' } = incoming
    const passed = forward({
      ...target,
      host: 'localhost',
      method,
      path,
      headers: { ...incoming.headers, ...headers() },
    })
    passed.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    passed.on('error', () => outgoing.destroy())
    incoming.pipe(passed)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return proxy
}

describe.skipIf(!testClients)('agents 126, 171 to 173: the conformance suite and the inspector', again, () => {
  let server: TestApp
  let proxy: Server
  let suite: Installed
  let inspector: Installed
  let address: string
  let endpoint: string
  let key: Record<string, string>
  const env = { PATH: process.env.PATH ?? '' }

  beforeAll(async () => {
    ;[suite, inspector] = await Promise.all([
      install('@modelcontextprotocol/conformance@0.2.0-alpha.12'),
      install('@modelcontextprotocol/inspector@2.12.0'),
    ])
    const target = { port: 0 }
    proxy = await proxyTo(target, () => key)
    const { port } = proxy.address() as AddressInfo
    address = `http://127.0.0.1:${port}`
    const live = await liveServer({ MCP_ALLOWED_ORIGINS: `${address} http://localhost:${port}`, RATE_LIMITS: 'false' })
    server = live.server
    target.port = Number(live.issuer.port)
    endpoint = `${live.issuer.origin}/mcp`
    key = (await keyOf(server, await server.tenant())).headers
  }, 240_000)
  afterAll(async () => {
    proxy?.close()
    await server?.close()
    await suite?.remove()
    await inspector?.remove()
  })

  const baseline = (revision: string) => fileURLToPath(new URL(`mcp-baseline-${revision}.yml`, import.meta.url))
  const run = (what: string, revision: string) =>
    shell(`${suite.bin('conformance')} server --url ${address}/mcp ${what} --expected-failures ${baseline(revision)}`, {
      ...env,
      HOME: suite.folder,
    })

  it.each(scenarios)(
    '%s: %s',
    async (revision, scenario) => {
      const { code, output } = await run(`--spec-version ${revision} --scenario ${scenario}`, revision)
      expect([code, output]).toEqual([0, output])
      expect(output).toMatch(/SUCCESS|Passed: 0\/0/)
    },
    90_000,
  )

  it.each(['2025-11-25', '2026-07-28'])(
    'all that revision %s requires, but what the baseline has a reason for',
    async (revision) => {
      const { code, output } = await run(`--requirements ${revision}`, revision)
      expect([code, output]).toEqual([0, output])
    },
    180_000,
  )

  it.each([
    ['tools/list', '--strict', '"users_create"'],
    ['tools/call', '--tool-name connection_status', 'free_ai'],
  ])(
    'the inspector: %s',
    async (method, more, expected) => {
      const HOME = inspector.folder
      const asked = `--cli ${endpoint} --transport http --method ${method} ${more}`
      const header = `--header "Authorization: ${key.authorization}"`
      const { code, output } = await shell(`${inspector.bin('mcp-inspector')} ${asked} ${header}`, { ...env, HOME })
      expect([code, output]).toEqual([0, expect.stringContaining(expected)])
    },
    90_000,
  )
})
