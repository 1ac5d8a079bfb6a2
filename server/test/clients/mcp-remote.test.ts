import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/platform/time.ts'
import { approvalPage, approved, pollWith } from '../device-flow.ts'
import type { Tenant, TestApp } from '../harness.ts'
import { liveServer } from '../live-server.ts'
import { again } from '../machine.ts'
import { type Installed, install, testClients } from './packages.ts'

// The bridge for clients that only start local processes, unmodified, in its three ways to authenticate (agents.md §18).
describe.skipIf(!testClients)('agents 92: mcp-remote 0.15.1', again, () => {
  let server: TestApp
  let tenant: Tenant
  let url: string
  let remote: Installed
  let home: string
  let client: Client | undefined

  beforeAll(async () => {
    remote = await install('mcp-remote@0.15.1')
    home = await mkdtemp(join(tmpdir(), 'home-'))
    // It waits between polls for real, so the server's clock has to go too.
    const clock = Object.assign(systemClock, { advance: () => undefined })
    const live = await liveServer({ RATE_LIMITS: 'false' }, { clock })
    server = live.server
    tenant = await server.tenant()
    url = `${live.issuer.origin}/mcp`
  }, 240_000)
  afterEach(() => client?.close())
  afterAll(async () => {
    await server?.close()
    await remote?.remove()
    if (home) await rm(home, { recursive: true, force: true })
  })

  /** Starts it as a local client would, and lists the tools through it. */
  async function tools(args: string[], onOutput: (text: string) => void = () => undefined): Promise<string[]> {
    const transport = new StdioClientTransport({
      command: remote.bin('mcp-remote'),
      args: [url, ...args],
      env: { HOME: home, PATH: process.env.PATH ?? '' },
      stderr: 'pipe',
    })
    let said = ''
    transport.stderr?.on('data', (part: Buffer) => {
      said += part.toString()
      onOutput(said)
    })
    client = new Client({ name: 'test', version: '1.0.0' })
    try {
      await client.connect(transport, { timeout: 60_000 })
      return (await client.listTools()).tools.map(({ name }) => name)
    } catch (error) {
      throw new Error(`mcp-remote said: ${said}`, { cause: error })
    }
  }

  it('--header with a secret key', async () => {
    const { device_code } = await approved(server, await server.person())
    const { secret_key } = (await pollWith(server, device_code)).body
    expect(await tools(['--header', `Authorization: Bearer ${secret_key}`])).toContain('users_list')
  }, 90_000)

  it('--header-file with a secret key', async () => {
    const { device_code } = await approved(server, await server.person())
    const { secret_key } = (await pollWith(server, device_code)).body
    const file = join(home, 'headers')
    await writeFile(file, `Authorization: Bearer ${secret_key}\n`, { mode: 0o600 })
    expect(await tools(['--header-file', file])).toContain('users_list')
  }, 90_000)

  it('--client-credentials with the credentials of the vending machine', async () => {
    const info = JSON.stringify({ client_id: tenant.clientId, client_secret: tenant.clientSecret })
    expect(await tools(['--client-credentials', '--static-oauth-client-info', info])).toContain('users_list')
  }, 90_000)

  it('--device-code: registers itself, shows a code that a person approves, and is in', async () => {
    const person = await server.person()
    let approving: Promise<unknown> | undefined
    const names = await tools(['--device-code'], (said) => {
      const code = said.match(/\b[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}\b/)?.[0]
      if (code && !approving) approving = approvalPage(server, person).approve(code)
    })
    await approving
    expect(names).toContain('users_list')
  }, 90_000)
})
