import * as current from '@modelcontextprotocol/client'
import * as olderAuth from '@modelcontextprotocol/sdk/client/auth-extensions.js'
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pay } from '../account.ts'
import type { Tenant, TestApp } from '../harness.ts'
import { liveServer } from '../live-server.ts'
import { keyOf } from '../mcp-requests.ts'
import { allow } from '../oauth-client.ts'
import { registerKeys, signer } from '../oauth-requests.ts'

// Unmodified, over a real port: what most clients of the protocol are made with.
let server: TestApp
let issuer: URL
let tenant: Tenant
beforeAll(async () => {
  ;({ server, issuer } = await liveServer())
  tenant = await pay(server, await server.tenant())
})
afterAll(() => server.close())

const identity = { name: 'test', version: '1' }

type Connected = Pick<OlderClient, 'close'> & {
  listTools(): Promise<{ tools: { name: string }[] }>
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<object>
}
// biome-ignore lint/suspicious/noExplicitAny: one provider serves two libraries, whose types name the same members apart
type Provider = any
type Options = { requestInit?: RequestInit; authProvider?: Provider }
type Library = {
  connect(options: Options, path?: string): Promise<Connected>
  transport(options: Options): { finishAuth(code: string, iss?: string): Promise<void> }
  ClientCredentialsProvider: new (options: {
    clientId: string
    clientSecret: string
    expectedIssuer: string
  }) => Provider
  PrivateKeyJwtProvider: new (options: {
    clientId: string
    privateKey: string
    algorithm: string
    expectedIssuer: string
  }) => Provider
}

const endpoint = (path = '/mcp') => new URL(path, issuer)

const older: Library = {
  async connect(options, path) {
    const client = new OlderClient(identity)
    await client.connect(new OlderTransport(endpoint(path), options) as never)
    return client as unknown as Connected
  },
  transport: (options) => new OlderTransport(endpoint(), options),
  ...olderAuth,
}

const newer = (mode: 'legacy' | 'auto' | { pin: string }): Library => ({
  async connect(options, path) {
    const client = new current.Client(identity, { versionNegotiation: { mode } })
    await client.connect(new current.StreamableHTTPClientTransport(endpoint(path), options))
    return client as unknown as Connected
  },
  transport: (options) => new current.StreamableHTTPClientTransport(endpoint(), options) as never,
  ClientCredentialsProvider: current.ClientCredentialsProvider,
  PrivateKeyJwtProvider: current.PrivateKeyJwtProvider,
})

/** What a browser and its user add to a program that signs in. */
function interactive() {
  const kept: Record<string, unknown> = {}
  return {
    kept,
    redirectUrl: 'http://localhost:3999/callback',
    clientMetadata: {
      client_name: 'Test client',
      redirect_uris: ['http://localhost:3999/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    state: () => 'a-state',
    clientInformation: () => kept.client,
    saveClientInformation: (client: unknown) => void Object.assign(kept, { client }),
    tokens: () => kept.tokens,
    saveTokens: (tokens: unknown) => void Object.assign(kept, { tokens }),
    redirectToAuthorization: (url: URL) => void Object.assign(kept, { url }),
    saveCodeVerifier: (verifier: string) => void Object.assign(kept, { verifier }),
    codeVerifier: () => kept.verifier,
    saveDiscoveryState: (discovered: unknown) => void Object.assign(kept, { discovered }),
    discoveryState: () => kept.discovered,
  }
}

const libraries: [string, Library][] = [
  ['@modelcontextprotocol/sdk', older],
  ['@modelcontextprotocol/client, with a handshake', newer('legacy')],
  ['@modelcontextprotocol/client, by discovery', newer('auto')],
  ['@modelcontextprotocol/client, 2026-07-28 only', newer({ pin: '2026-07-28' })],
]

let users = 0

/** Lists, calls a tool that reads, one that writes, and one that fails. */
async function use(client: Connected): Promise<void> {
  const { tools } = await client.listTools()
  expect(tools.map(({ name }) => name)).toContain('users_create')
  users += 1
  const args = { external_user_id: `client_${users}` }
  expect(await client.callTool({ name: 'users_create', arguments: args })).toMatchObject({ structuredContent: args })
  expect(await client.callTool({ name: 'users_get', arguments: args })).toMatchObject({ structuredContent: args })
  expect(await client.callTool({ name: 'users_create', arguments: args })).toMatchObject({
    isError: true,
    structuredContent: { code: 'user_exists' },
  })
  await client.close()
}

describe.each(libraries)('agents 171, 172: %s', (_name, library) => {
  it('with a key or a token as header, on both paths', async () => {
    const { headers: key } = await keyOf(server, tenant)
    for (const headers of [key, { authorization: `Bearer ${tenant.token}` }]) {
      for (const path of ['/mcp', '/mcp/key']) await use(await library.connect({ requestInit: { headers } }, path))
    }
  })

  it('with client credentials', async () => {
    const { clientId, clientSecret } = tenant
    const authProvider = new library.ClientCredentialsProvider({
      clientId,
      clientSecret,
      expectedIssuer: issuer.origin,
    })
    await use(await library.connect({ authProvider }))
  })

  it('with a signed assertion', async () => {
    const pair = signer('ES256', 'clients')
    await registerKeys(server, tenant, pair)
    const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    const about = { clientId: tenant.clientId, algorithm: 'ES256', expectedIssuer: issuer.origin }
    await use(await library.connect({ authProvider: new library.PrivateKeyJwtProvider({ ...about, privateKey }) }))
  })

  it('with a person who consents: it registers, is allowed, and refreshes', async () => {
    const person = await server.person()
    const authProvider = interactive()
    await expect(library.connect({ authProvider })).rejects.toThrow(/unauthori[sz]ed/i)
    const url = authProvider.kept.url as URL
    expect(url.searchParams.get('resource')).toBe(`${issuer.origin}/mcp`)
    const allowed = await allow(server, person, Object.fromEntries(url.searchParams))
    expect([allowed.status, allowed.text]).toEqual([200, expect.stringContaining('redirect_to')])
    const back = new URL(allowed.body.data.redirect_to).searchParams
    await library.transport({ authProvider }).finishAuth(back.get('code') as string, back.get('iss') as string)
    await use(await library.connect({ authProvider }))
    // The 1.x library asks for the scopes of the challenge and nothing more, so it gets no refresh token.
    const tokens = authProvider.kept.tokens as { refresh_token?: string }
    expect(tokens.refresh_token === undefined).toBe(library === older)
    if (library === older) return
    // As after an hour, when the token is no good any more.
    const before = authProvider.kept.tokens as { refresh_token: string; access_token: string }
    authProvider.kept.tokens = { ...before, access_token: `${before.access_token}x` }
    await use(await library.connect({ authProvider }))
    expect((authProvider.kept.tokens as typeof before).refresh_token).not.toBe(before.refresh_token)
  })

  it('is told what is wrong with a credential', async () => {
    const headers = { authorization: 'Bearer tm_key_nothing' }
    await expect(library.connect({ requestInit: { headers } }, '/mcp/key')).rejects.toThrow()
  })
})
