import * as strict from 'oauth4webapi'
import * as client from 'openid-client'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { approvalPage, DEVICE_GRANT, pollWith } from '../device-flow.ts'
import { signingClient } from '../document-client.ts'
import type { TestApp } from '../harness.ts'
import { type HttpsHost, httpsHost } from '../https-host.ts'
import { liveServer } from '../live-server.ts'
import type { PersonAt } from '../people.ts'

let server: TestApp
let issuer: URL
let person: PersonAt
let host: HttpsHost
beforeAll(async () => {
  host = await httpsHost()
  ;({ server, issuer } = await liveServer({}, { outbound: host.outbound }))
  person = await server.person()
})
afterAll(async () => {
  await server.close()
  await host.close()
})
afterEach(() => vi.restoreAllMocks())

const options = { algorithm: 'oauth2' as const, execute: [client.allowInsecureRequests] }
const configure = () =>
  client.discovery(issuer, 'cli_agent', { token_endpoint_auth_method: 'none' }, client.None(), options)

/** The client waits for real seconds between polls: here the server's clock moves by them instead, and nobody sleeps. */
function withoutWaiting(): { waited: number[] } {
  const waited: number[] = []
  const real = globalThis.setTimeout
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, ms = 0) => {
    if (!new Error('who waits').stack?.includes('openid-client')) return real(run, ms)
    waited.push(ms / 1000)
    server.clock.advance(ms / 1000)
    return real(run, 0)
  }) as typeof setTimeout)
  return { waited }
}

/** Answers of the token endpoint, in order; `before` may change something when the nth poll is about to be sent. */
function watch(config: client.Configuration, before: (poll: number) => Promise<unknown> | undefined): string[] {
  const seen: string[] = []
  config[client.customFetch] = async (url, options) => {
    const isPoll = url.endsWith('/oauth/token')
    if (isPoll) await before(seen.length + 1)
    const answer = await fetch(url, options as RequestInit)
    if (isPoll) seen.push(answer.ok ? 'ok' : ((await answer.clone().json()) as { error: string }).error)
    return answer
  }
  return seen
}

describe('agents 92: the device flow by openid-client', () => {
  it('agents 166: as a metadata document with keys, which signs for the code and for every poll', async () => {
    const { id, key } = await signingClient(host, { grant_types: [DEVICE_GRANT] })
    const config = await client.discovery(issuer, id, undefined, client.PrivateKeyJwt(key), options)
    const device = await client.initiateDeviceAuthorization(config, { scope: 'users:read' })
    withoutWaiting()
    const page = approvalPage(server, person)
    const seen = watch(config, async (poll) => {
      if (poll === 2) expect((await page.approve(device.user_code)).status).toBe(200)
    })
    const granted = await client.pollDeviceAuthorizationGrant(config, device)
    expect(seen).toEqual(['authorization_pending', 'ok'])
    expect(granted).toMatchObject({ token_type: 'bearer', access_token: expect.any(String) })
    expect(granted).not.toHaveProperty('secret_key')
  })

  it('pending, slow_down, approval: one key, one token', async () => {
    const config = await configure()
    const device = await client.initiateDeviceAuthorization(config, { agent_name: 'Real client' })
    expect(device).toMatchObject({ interval: 5, expires_in: 900, verification_uri: `${issuer.origin}/device` })
    const { waited } = withoutWaiting()
    const page = approvalPage(server, person)
    const seen = watch(config, async (poll) => {
      // As if another process of the program had polled just now.
      if (poll === 2) await pollWith(server, device.device_code, { path: '/oauth/token' })
      if (poll === 4) expect((await page.approve(device.user_code)).status).toBe(200)
    })
    const granted = await client.pollDeviceAuthorizationGrant(config, device)
    expect(seen.at(-1)).toBe('ok')
    expect(seen).toEqual(expect.arrayContaining(['authorization_pending', 'slow_down']))
    expect(waited.length).toBeGreaterThan(3)
    expect(granted).toMatchObject({ token_type: 'bearer', expires_in: 3600, scope: 'full_access' })
    expect(granted.secret_key).toMatch(/^tm_key_[0-9A-Za-z]{49}$/)
    for (const token of [granted.access_token, String(granted.secret_key)]) {
      const users = await client.fetchProtectedResource(config, token, new URL('/v1/users', issuer), 'GET')
      expect(users.status).toBe(200)
    }
  })

  it('a denial is its typed error', async () => {
    const config = await configure()
    const device = await client.initiateDeviceAuthorization(config, {})
    withoutWaiting()
    const page = approvalPage(server, person)
    watch(config, (poll) => (poll === 2 ? page.deny(device.user_code) : undefined))
    await expect(client.pollDeviceAuthorizationGrant(config, device)).rejects.toMatchObject({ error: 'access_denied' })
  })

  it('the end of the code is its typed error', async () => {
    const config = await configure()
    const device = await client.initiateDeviceAuthorization(config, {})
    withoutWaiting()
    watch(config, async (poll) => {
      if (poll === 2) server.clock.advance(900)
    })
    await expect(client.pollDeviceAuthorizationGrant(config, device)).rejects.toMatchObject({ error: 'expired_token' })
  })
})

describe('agents 92: the device flow by oauth4webapi, which checks every member', () => {
  it('request, pending, approval', async () => {
    const options = { [strict.allowInsecureRequests]: true }
    const found = await strict.discoveryRequest(issuer, { algorithm: 'oauth2', ...options })
    const as = await strict.processDiscoveryResponse(new URL(issuer.origin), found)
    const who = { client_id: 'cli_agent' }
    const asked = await strict.deviceAuthorizationRequest(as, who, strict.None(), { scope: 'users:read' }, options)
    const device = await strict.processDeviceAuthorizationResponse(as, who, asked)
    const poll = async () => {
      const answer = await strict.deviceCodeGrantRequest(as, who, strict.None(), device.device_code, options)
      return strict.processDeviceCodeResponse(as, who, answer)
    }
    await expect(poll()).rejects.toMatchObject({ error: 'authorization_pending', status: 400 })
    expect((await approvalPage(server, person).approve(device.user_code)).status).toBe(200)
    expect(await poll()).toMatchObject({ token_type: 'bearer', expires_in: 3600 })
    await expect(poll()).rejects.toMatchObject({ error: 'invalid_grant', status: 400 })
  })
})
