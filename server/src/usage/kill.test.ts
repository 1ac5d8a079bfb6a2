import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { browserOf, ORIGIN } from '../../test/ceremonies.ts'
import { type EmptyDatabase, emptyPostgres, testServer } from '../../test/database.ts'
import { type ChildServer, startServer } from '../../test/faults/child-server.ts'
import { freePort } from '../../test/ports.ts'
import { systemClock } from '../platform/time.ts'
import { periodOf } from './period.ts'

let folder: string
let port: number
let home: EmptyDatabase | undefined
let running: ChildServer | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trymellon-usage-'))
  port = await freePort()
  home = testServer ? await emptyPostgres(testServer) : undefined
})
afterAll(async () => {
  await running?.kill()
  await home?.drop()
  await rm(folder, { recursive: true, force: true })
})

/** The same database, keys and address, whatever became of the process before. */
const start = async (): Promise<ChildServer> => {
  running = await startServer(folder, port, home ? { DATABASE_URL: home.url } : {})
  return running
}

it('kill -9 loses no active user and no call that was folded, and SIGTERM loses nothing', async () => {
  const period = periodOf(systemClock())
  let server = await start()
  const made = (await server.call('POST', '/v1/onboarding/ai', { body: { name: 'Killed' } })).body
  const grant = { grant_type: 'client_credentials', client_id: made.clientId, client_secret: made.clientSecret }
  const token = (await server.call('POST', '/oauth/token', { body: grant })).body.access_token
  const body = { allowed_origins: [ORIGIN] }
  await server.call('PATCH', `/v1/applications/${made.applicationId}`, { body, token })
  const usage = async () => (await server.call('GET', `/v1/usage?period=${period}`, { token })).body.data
  const call = async (times: number) => {
    for (let i = 0; i < times; i++) expect((await server.call('GET', '/v1/users', { token })).status).toBe(200)
  }

  await call(5)
  const folded = (await usage()).api_calls
  // The token, the settings, and five.
  expect(folded).toBe(7)
  await call(5)
  await browserOf(server, made).register('ada')
  await server.kill()

  server = await start()
  const { api_calls: left, active_users: active } = await usage()
  expect(active).toBe(1)
  expect(left).toBeGreaterThanOrEqual(folded)
  // The question, five calls, and the two of a registration.
  expect(left).toBeLessThanOrEqual(folded + 8)

  await call(5)
  expect(await server.stop()).toBe(0)
  server = await start()
  expect(await usage()).toMatchObject({ api_calls: left + 6, active_users: 1 })
}, 120_000)
