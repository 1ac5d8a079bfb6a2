import { createTRPCClient, httpLink, TRPCClientError } from '@trpc/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AppRouter } from '../src/router.ts'
import { type Tenant, type TestApp, testApp } from './harness.ts'

let server: TestApp
let tenant: Tenant
let base: string
beforeAll(async () => {
  server = await testApp()
  tenant = await server.tenant()
  base = await server.app.http.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(() => server.close())

const post = (name: string, body: string, token: string | null = tenant.token) =>
  server.call('POST', `/trpc/${name}`, {
    body,
    ...(token ? { token } : {}),
    headers: { 'content-type': 'application/json' },
  })

describe('/trpc', () => {
  it('serves the typed client with the same names, inputs and codes as REST', async () => {
    const client = createTRPCClient<AppRouter>({
      links: [httpLink({ url: `${base}/trpc`, headers: { authorization: `Bearer ${tenant.token}` } })],
    })
    const made = await client.users.create.mutate({ external_user_id: 'typed' })
    expect(made.status).toBe('active')
    expect((await client.users.list.query({})).data.map((user) => user.external_user_id)).toContain('typed')
    const again = await client.users.create.mutate({ external_user_id: 'typed' }).catch((error: unknown) => error)
    expect(again).toBeInstanceOf(TRPCClientError)
    expect((again as TRPCClientError<AppRouter>).data).toMatchObject({ code: 'user_exists', httpStatus: 409 })
  })

  it('401 before validation, with the challenge, and the headers of limits', async () => {
    const refused = await post('users.create', '{}', null)
    expect([refused.status, refused.body.error.data.code]).toEqual([401, 'unauthorized'])
    expect(refused.headers['www-authenticate']).toBe('Bearer')
    const made = await post('users.create', '{"external_user_id":"limits"}')
    expect(made.headers.ratelimit).toMatch(/^"admin_write";r=\d+;t=\d+$/)
    expect(made.headers['cache-control']).toBe('no-store')
  })

  it.each([
    ['malformed JSON', '{"client_secret": hunter2'],
    ['NUL', '{"external_user_id":"a\\u0000b"}'],
    ['a lone surrogate', '{"external_user_id":"\\ud800"}'],
    ['a key twice', '{"external_user_id":"a","external_user_id":"b"}'],
  ])('400 for %s, which is quoted neither in the answer nor in the log', async (_, body) => {
    const before = server.lines.length
    const refused = await post('users.create', body)
    expect([refused.status, refused.body.error.code]).toEqual([400, 'validation_error'])
    expect(refused.text + server.lines.slice(before).join('')).not.toContain('hunter2')
  })

  it('404 for an unknown name, 405 for the other method, no batches, no stack, no error line', async () => {
    const before = server.lines.length
    const unknown = await post('users.nothing', '{}')
    expect([unknown.status, unknown.body.error.data.code]).toEqual([404, 'not_found'])
    const method = await server.call('GET', '/trpc/users.create', { token: tenant.token })
    expect([method.status, method.body.error.data.code]).toEqual([405, 'method_not_allowed'])
    const batch = await server.call('GET', '/trpc/users.list,users.list?batch=1&input=%7B%7D', { token: tenant.token })
    expect(batch.status).toBe(400)
    expect(unknown.text + method.text + batch.text).not.toMatch(/stack|node_modules/)
    expect(server.lines.slice(before).filter((line) => line.includes('"level":"error"'))).toEqual([])
  })

  it('sends no CORS headers', async () => {
    const answer = await server.call('GET', '/trpc/users.list?input=%7B%7D', {
      token: tenant.token,
      origin: 'https://evil.example',
    })
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  })
})
