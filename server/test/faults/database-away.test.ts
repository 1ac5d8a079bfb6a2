import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../src/platform/db.ts'
import { createAuthenticator } from '../authenticator.ts'
import { browserOf, ORIGIN } from '../ceremonies.ts'
import { emptyPostgres, testServer } from '../database.ts'
import type { Answer } from '../harness.ts'
import { freePort } from '../ports.ts'
import { type ChildServer, startServer } from './child-server.ts'
import { broken } from './invariants.ts'
import type { Ledger, TrackedTenant } from './ledger.ts'
import { openTenant } from './mixed-load.ts'
import { postgresWire } from './postgres-wire.ts'
import { postgresBinaries, privateCluster } from './private-cluster.ts'
import { roomyLimits } from './roomy-limits.ts'

/** A database that a test may take away. */
type Home = {
  /** For the server. */
  url: string
  /** For the test, once the database is back. */
  direct: string
  away: [how: string, stop: () => Promise<void>][]
  /** Connections that were tried in vain so far, where they are counted. */
  hungUp?: () => number
  back(): Promise<void>
  drop(): Promise<void>
}

async function behindWire(): Promise<Home> {
  const empty = await emptyPostgres(String(testServer))
  const wire = await postgresWire(empty.url)
  return {
    url: wire.url,
    direct: empty.url,
    away: [
      ['its connections are cut and new ones refused', wire.refuse],
      ['every connection is hung up on', async () => wire.hangUp()],
    ],
    hungUp: wire.hungUp,
    back: wire.serve,
    async drop() {
      await wire.close()
      await empty.drop()
    },
  }
}

async function ofItsOwn(): Promise<Home> {
  const cluster = await privateCluster(String(postgresBinaries))
  return {
    url: cluster.url,
    direct: cluster.url,
    away: [
      ['it is shut down', () => cluster.stop('fast')],
      ['it crashes', () => cluster.stop('immediate')],
    ],
    back: cluster.start,
    drop: cluster.drop,
  }
}

const homes: [string, boolean, () => Promise<Home>][] = [
  [
    testServer ? 'PostgreSQL behind a wire' : 'PostgreSQL behind a wire: SKIPPED, TEST_DATABASE_URL is not set',
    testServer !== undefined,
    behindWire,
  ],
  [
    postgresBinaries ? 'a PostgreSQL of its own' : 'a PostgreSQL of its own: SKIPPED, no initdb on this machine',
    postgresBinaries !== undefined,
    ofItsOwn,
  ],
]

describe.each(homes)('security 239: the database goes away and comes back: %s', (_name, isPresent, open) => {
  describe.skipIf(!isPresent)('without a restart of the server', () => {
    let home: Home
    let folder: string
    let server: ChildServer
    const ledger: Ledger = { users: [], tenants: [] }
    let tenant: TrackedTenant
    let session: string
    let users = 0

    beforeAll(async () => {
      home = await open()
      folder = await mkdtemp(join(tmpdir(), 'trymellon-away-'))
      const settings = { DATABASE_URL: home.url, RATE_LIMIT_OVERRIDES: roomyLimits }
      server = await startServer(folder, await freePort(), settings)
      tenant = await openTenant(server.call, ledger)
      session = (await browserOf(server, tenant).register('ada', createAuthenticator())).token
    }, 120_000)
    afterAll(async () => {
      await server?.kill()
      await home?.drop()
      await rm(folder, { recursive: true, force: true })
    })

    const create = (name: string) =>
      server.call('POST', '/v1/users', { token: tenant.token, body: { external_user_id: name } })
    const get = (name: string) => server.call('GET', `/v1/users/${name}`, { token: tenant.token })
    /** One call of each kind of caller; all of them need the database. */
    const probes: [string, () => Promise<Answer>][] = [
      ['a read', () => server.call('GET', '/v1/users', { token: tenant.token })],
      ['a change', () => create('meanwhile')],
      [
        'a change with a key',
        () =>
          server.call('DELETE', '/v1/users/meanwhile', { token: tenant.token, headers: { 'idempotency-key': 'k' } }),
      ],
      ['a browser', () => browserOf(server, tenant).startSignIn({ name: 'ada' })],
      ['a session', () => server.call('GET', '/v1/sessions/validate', { token: session, origin: ORIGIN })],
      [
        'a client',
        () =>
          server.call('POST', '/oauth/token', {
            body: { grant_type: 'client_credentials', client_id: tenant.clientId, client_secret: tenant.clientSecret },
          }),
      ],
      ['the vending machine', () => server.call('POST', '/v1/onboarding/ai', { body: { name: 'x' }, ip: '10.8.0.1' })],
    ]

    function expectAway(what: string, answer: Answer): void {
      expect([what, answer.status, answer.text]).toEqual([
        what,
        503,
        expect.stringMatching(/service_unavailable|temporarily_unavailable/),
      ])
      expect(Number(answer.headers['retry-after']), what).toBeGreaterThan(0)
    }

    // One round for each way to go; the ways are known only once the database is open.
    it('503 with Retry-After meanwhile, /ready says why, and all is well within 5 s after', async () => {
      for (const [how, stop] of home.away) {
        // What is acknowledged while the database is going must be there when it is back.
        const acknowledged: string[] = []
        const refusals = new Set<number>()
        let isGone = false
        const writing = Promise.all(
          Array.from({ length: 4 }, async () => {
            while (!isGone) {
              users += 1
              const name = `${how}-${users}`
              const { status } = await create(name)
              if (status === 201) {
                acknowledged.push(name)
                await server.call('DELETE', `/v1/users/${acknowledged.length > 2 ? acknowledged.shift() : 'nobody'}`, {
                  token: tenant.token,
                })
              } else refusals.add(status)
            }
          }),
        )
        await expect.poll(() => users, { timeout: 10_000, interval: 5 }).toBeGreaterThan(10)
        await stop()
        isGone = true
        await writing
        expect([how, [...refusals].filter((status) => status !== 503)]).toEqual([how, []])

        await expect
          .poll(async () => (await server.call('GET', '/ready')).status, { timeout: 1000, interval: 20 })
          .toBe(503)
        const ready = await server.call('GET', '/ready')
        expect(ready.body).toMatchObject({ status: 'not_ready', checks: { database: 'down' } })
        expect((await server.call('GET', '/health')).status).toBe(200)
        for (const [what, probe] of probes) {
          const began = performance.now()
          expectAway(`${how}: ${what}`, await probe())
          expect(performance.now() - began, what).toBeLessThan(1000)
        }
        const triedBefore = home.hungUp?.() ?? 0
        const many = Array.from({ length: 15 }, () => probes.map(([, probe]) => probe())).flat()
        for (const answer of await Promise.all(many)) expectAway(`${how}: one of many`, answer)
        // No storm: whoever comes tries once, and nobody else does but the few that keep the process going.
        expect((home.hungUp?.() ?? 0) - triedBefore).toBeLessThanOrEqual(many.length + 20)
        expect((await server.call('GET', '/health')).status).toBe(200)

        await home.back()
        const back = performance.now()
        await expect
          .poll(async () => [(await get('ada')).status, (await server.call('GET', '/ready')).status], {
            timeout: 5000,
            interval: 20,
          })
          .toEqual([200, 200])
        process.stdout.write(`  ${how}: served again after ${Math.round(performance.now() - back)} ms\n`)
        // From here on nothing may remember the outage: every connection of the pool is a good one.
        for (const answer of await Promise.all(Array.from({ length: 30 }, () => get('ada'))))
          expect(answer.status).toBe(200)
        for (const name of acknowledged) expect([name, (await get(name)).status]).toEqual([name, 200])
        const valid = await server.call('GET', '/v1/sessions/validate', { token: session, origin: ORIGIN })
        expect(valid.status).toBe(200)
        for (const name of acknowledged) await server.call('DELETE', `/v1/users/${name}`, { token: tenant.token })
      }
      expect(server.isRunning()).toBe(true)
      expect(server.output()).not.toMatch(/"level":"fatal"|internal_error|"status":500/)
      const database = await openDatabase({ url: home.direct, poolSize: 1 })
      expect(await broken(database.sql)).toEqual([])
      await database.close()
      expect(await server.stop()).toBe(0)
    }, 120_000)
  })
})
