import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { openDatabase, type Sql } from '../../src/platform/db.ts'
import { emptyPostgres, testServer } from '../database.ts'
import { seeded, seedFrom } from '../fuzz/seeded.ts'
import { freePort } from '../ports.ts'
import { type ChildServer, startServer } from './child-server.ts'
import { broken } from './invariants.ts'
import { type Ledger, lost } from './ledger.ts'
import { createWorker, openTenant } from './mixed-load.ts'
import { roomyLimits } from './roomy-limits.ts'

const kills = Number(process.env.KILLS || 6)
const seed = seedFrom(process.env.FAULT_SEED)
const WORKERS = 8

/** Where the data lies, and how it is looked at while the server is dead. */
type Home = {
  settings: Record<string, string>
  folder: string
  whileDead<T>(look: (sql: Sql) => Promise<T>): Promise<T>
  drop(): Promise<void>
}

async function embedded(): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'trymellon-kill-'))
  return {
    settings: {},
    folder,
    // A copy, so that the server is the first to open what the dead one left.
    async whileDead(look) {
      const copy = join(folder, 'copy')
      await cp(join(folder, 'pglite'), copy, { recursive: true })
      const database = await openDatabase({ dataDir: copy })
      try {
        return await look(database.sql)
      } finally {
        await database.close()
        await rm(copy, { recursive: true, force: true })
      }
    },
    drop: () => rm(folder, { recursive: true, force: true }),
  }
}

async function postgres(): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'trymellon-kill-'))
  const { url, drop } = await emptyPostgres(String(testServer))
  const database = await openDatabase({ url, poolSize: 1, statementTimeoutMs: 60_000 })
  // A statement that was sent before the kill may still be at work: what counts is what is there once nobody is.
  const others = () =>
    database.sql.query(
      `select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
    )
  return {
    settings: { DATABASE_URL: url },
    folder,
    async whileDead(look) {
      await expect.poll(others, { timeout: 20_000, interval: 20 }).toEqual([])
      return look(database.sql)
    },
    async drop() {
      await database.close()
      await drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const engines: [string, boolean, () => Promise<Home>][] = [
  ['the embedded database', true, embedded],
  [testServer ? 'PostgreSQL' : 'PostgreSQL: SKIPPED, TEST_DATABASE_URL is not set', testServer !== undefined, postgres],
]

describe.each(engines)('security 119, 237: kill -9 at random moments, on %s', (_name, isPresent, open) => {
  it.skipIf(!isPresent)(
    `${kills} kills (KILLS) with seed ${seed} (FAULT_SEED): no acknowledged write is lost, no command is there by half`,
    async () => {
      const random = seeded(seed)
      const ledger: Ledger = { users: [], tenants: [] }
      const home = await open()
      const port = await freePort()
      let server: ChildServer | undefined
      let acknowledged = 0
      try {
        const settings = { ...home.settings, RATE_LIMIT_OVERRIDES: roomyLimits, LOG_LEVEL: 'warn' }
        server = await startServer(home.folder, port, settings)
        const workers: ReturnType<typeof createWorker>[] = []
        for (let made = 0; made < WORKERS; made += 2) {
          const tenant = await openTenant(server.call, ledger)
          workers.push(...[true, false].map((mayConfigure) => createWorker(ledger, tenant, random, mayConfigure)))
        }
        for (let round = 0; round < kills; round++) {
          const dying = server
          let isOver = false
          const target = acknowledged + 5 + random.below(120)
          const pause = random.below(20)
          let reached = () => {}
          const enough = new Promise<void>((resolve) => {
            reached = resolve
          })
          const work = Promise.all(
            workers.map((worker) =>
              worker.run(
                dying,
                () => isOver,
                () => {
                  acknowledged += 1
                  if (acknowledged === target) reached()
                },
              ),
            ),
          )
          await Promise.race([enough, work])
          // The moment is the point: anywhere within the commands under way.
          await delay(pause)
          isOver = true
          await dying.kill()
          await work
          expect(dying.output()).not.toMatch(/"level":"(?:error|fatal)"/)
          const found = await home.whileDead(async (sql) => [...(await lost(sql, ledger)), ...(await broken(sql))])
          expect(found, `after kill ${round + 1}`).toEqual([])
          server = await startServer(home.folder, port, settings)
          for (const worker of workers) await worker.settle(server)
        }
        expect(await server.stop()).toBe(0)
        const found = await home.whileDead(async (sql) => [...(await lost(sql, ledger)), ...(await broken(sql))])
        expect(found, 'at the end').toEqual([])
        expect(ledger.users.length).toBeGreaterThan(kills)
        process.stdout.write(`  ${kills} kills, ${acknowledged} acknowledged commands, ${ledger.users.length} users\n`)
      } finally {
        await server?.kill()
        await home.drop()
      }
    },
    60_000 + kills * 15_000,
  )
})
