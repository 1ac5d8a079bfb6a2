import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import type { Setup } from '../../src/keys/setup.ts'
import { approved, pollWith } from '../device-flow.ts'
import type { TestApp } from '../harness.ts'
import { liveServer } from '../live-server.ts'
import { again } from '../machine.ts'
import { type Installed, install, shell, testClients } from './packages.ts'

// The commands that come with a secret key, run as they are by the clients they are for (agents 159).
describe.skipIf(!testClients)('agents 159: the emitted commands in an empty HOME', again, () => {
  let server: TestApp
  let setup: z.output<typeof Setup>
  let url: string
  let clients: Installed
  const homes: string[] = []

  beforeAll(async () => {
    clients = await install('@anthropic-ai/claude-code', '@openai/codex', '@google/gemini-cli')
    // What its installation would have run: it takes the program for this machine out of its package.
    await shell('node install.cjs', {
      HOME: join(clients.folder, 'node_modules/@anthropic-ai/claude-code'),
      PATH: process.env.PATH ?? '',
    })
    const live = await liveServer({ RATE_LIMITS: 'false' })
    server = live.server
    const { device_code } = await approved(server, await server.person())
    setup = (await pollWith(server, device_code)).body.setup
    url = `${live.issuer.origin}/mcp`
  }, 240_000)
  afterAll(async () => {
    await server?.close()
    await clients?.remove()
    for (const home of homes) await rm(home, { recursive: true, force: true })
  })

  async function home(files: Record<string, string> = {}): Promise<Record<string, string>> {
    const HOME = await mkdtemp(join(tmpdir(), 'home-'))
    homes.push(HOME)
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(HOME, name)), { recursive: true })
      await writeFile(join(HOME, name), text)
    }
    return { HOME, PATH: `${join(clients.folder, 'node_modules/.bin')}:${process.env.PATH}` }
  }
  const key = () => setup.env_var.match(/tm_key_[0-9A-Za-z]+/)?.[0] ?? ''
  /** Gemini CLI lists servers as disabled in a folder that nobody has trusted. */
  const trusted = { GEMINI_CLI_TRUST_WORKSPACE: 'true', GEMINI_API_KEY: 'none' }
  const withKey = () => ({ TRYMELLON_SECRET_KEY: key() })

  it.each(['claude_code', 'claude_code_json'] as const)(
    'Claude Code, %s: connects',
    async (member) => {
      const env = await home()
      const added = await shell(setup[member], env)
      expect([added.code, added.output]).toEqual([0, added.output])
      const { output } = await shell('claude mcp list', env)
      expect(output).toContain(`trymellon: ${url}`)
      expect(output).toMatch(/Connected/)
    },
    120_000,
  )

  it('Claude Code, claude_code_env: the key stays in the environment', async () => {
    const env = await home()
    expect((await shell(setup.claude_code_env, env)).code).toBe(0)
    const { output } = await shell('claude mcp list', { ...env, ...withKey() })
    expect(output).toMatch(/Connected/)
    expect((await shell(`grep -r ${key()} "$HOME" || true`, env)).output.trim()).toBe('')
  }, 120_000)

  it.each(['codex_cli', 'codex_cli_env'] as const)(
    'Codex, %s: lists the server with its header',
    async (member) => {
      const env = await home({ '.codex/config.toml': `${setup[member]}\n` })
      const { code, output } = await shell('codex mcp list --json', { ...env, ...withKey() })
      expect([code, output]).toEqual([0, output])
      const [listed] = JSON.parse(output.slice(output.indexOf('['), output.lastIndexOf(']') + 1))
      expect(listed.name).toBe('trymellon')
      expect(JSON.stringify(listed.transport)).toContain(url)
      expect(JSON.stringify(listed.transport)).toContain(member === 'codex_cli' ? key() : 'TRYMELLON_SECRET_KEY')
    },
    120_000,
  )

  it('Codex, codex_cli_command: adds the same', async () => {
    const env = await home({ '.codex/.keep': '' })
    const added = await shell(setup.codex_cli_command, { ...env, ...withKey() })
    expect([added.code, added.output]).toEqual([0, added.output])
    expect((await shell('codex mcp list --json', { ...env, ...withKey() })).output).toContain(url)
  }, 120_000)

  it.each(['gemini_cli', 'gemini_cli_env'] as const)(
    'Gemini CLI, %s: connects',
    async (member) => {
      const env = await home({ '.gemini/settings.json': setup[member] })
      const { output } = await shell('gemini mcp list', { ...env, ...withKey(), ...trusted })
      expect(output).toContain(url)
      expect(output).toMatch(/trymellon.*(?:Connected|✓)/s)
    },
    120_000,
  )

  it('Gemini CLI, gemini_cli_command: adds the same', async () => {
    const env = await home()
    const added = await shell(setup.gemini_cli_command, { ...env, ...trusted })
    expect([added.code, added.output]).toEqual([0, added.output])
    expect((await shell('gemini mcp list', { ...env, ...trusted })).output).toContain(url)
  }, 120_000)
})
