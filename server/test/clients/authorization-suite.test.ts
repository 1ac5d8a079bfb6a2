import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestApp } from '../harness.ts'
import { liveServer } from '../live-server.ts'
import { again } from '../machine.ts'
import { allow, registerClient } from '../oauth-client.ts'
import type { PersonAt } from '../people.ts'
import { type Installed, install, shell, testClients } from './packages.ts'

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })

// The suite of the MCP project against the authorization server (agents.md §18).
describe.skipIf(!testClients)('agents 1, 161: @modelcontextprotocol/conformance, authorization', again, () => {
  let server: TestApp
  let person: PersonAt
  let suite: Installed
  let url: string
  const env = () => ({ PATH: process.env.PATH ?? '', HOME: suite.folder })

  beforeAll(async () => {
    suite = await install('@modelcontextprotocol/conformance@0.2.0-alpha.12')
    const live = await liveServer({ RATE_LIMITS: 'false' })
    server = live.server
    url = live.issuer.origin
    person = await server.person()
  }, 240_000)
  afterAll(async () => {
    await server?.close()
    await suite?.remove()
  })

  it('authorization-server-metadata-endpoint', async () => {
    const scenario = '--scenario authorization-server-metadata-endpoint'
    const { code, output } = await shell(`${suite.bin('conformance')} authorization --url ${url} ${scenario}`, env())
    expect([code, output]).toEqual([0, output])
    expect(output).not.toMatch(/FAILURE|✗/)
  }, 60_000)

  // Of a public client: where a server knows `none`, the suite sends no secret, whatever it was given.
  it('both scenarios, the code grant with a person who allows it', async () => {
    const port = await freePort()
    const client = await registerClient(server, { redirect_uris: [`http://127.0.0.1:${port}/callback`] })
    const own = ['--client-id', client.id, '--port', String(port), '--resource', `${url}/mcp`]
    const child = spawn(suite.bin('conformance'), ['authorization', '--url', url, ...own, '-o', 'results'], {
      env: env(),
      cwd: suite.folder,
    })
    let said = ''
    let visiting: Promise<unknown> | undefined
    // What it prints is an address for a person's browser: the person allows, and the browser goes where it is sent.
    const visit = async (address: string) => {
      const answer = await allow(server, person, Object.fromEntries(new URL(address).searchParams))
      await fetch(answer.body.data.redirect_to)
    }
    const read = (part: Buffer) => {
      said += part.toString()
      const address = said.match(new RegExp(`${url}/oauth/authorize\\?\\S+`))?.[0]
      if (address) visiting ??= visit(address)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
    await visiting
    expect([code, said]).toEqual([0, said])
    expect(said).not.toMatch(/FAILURE|✗/)
  }, 90_000)
})
