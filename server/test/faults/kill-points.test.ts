import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { events } from '../../src/audit/events.ts'
import { type Database, openDatabase } from '../../src/platform/db.ts'
import { migrate } from '../../src/platform/migrate.ts'
import { ensureAuditPartitions } from '../../src/platform/partitions.ts'
import { systemClock } from '../../src/platform/time.ts'
import { type EmptyDatabase, emptyPostgres, testServer } from '../database.ts'
import { freshAddress, type TestApp, testApp } from '../harness.ts'
import { ask, type Change, documented, prepare, send, writes } from '../operation-calls.ts'
import { broken } from './invariants.ts'
import { type PostgresWire, postgresWire } from './postgres-wire.ts'
import { roomyLimits } from './roomy-limits.ts'
import { stateOf } from './tenant-state.ts'

/** A command of more statements than this is a mistake of this test. */
const MOST = 80

/** Events that tell of a change; the others tell of a refusal. */
const successes = new Set(Object.entries(events).flatMap(([name, { success }]) => (success ? [name] : [])))

const title = testServer ? 'PostgreSQL' : 'PostgreSQL: SKIPPED, TEST_DATABASE_URL is not set'

describe.skipIf(!testServer)(`security 237: the connection ends at each statement, on ${title}`, () => {
  let home: EmptyDatabase
  let wire: PostgresWire
  let database: Database
  let watcher: Database
  let server: TestApp

  beforeAll(async () => {
    home = await emptyPostgres(String(testServer))
    watcher = await openDatabase({ url: home.url, poolSize: 1, statementTimeoutMs: 20_000 })
    await migrate(watcher)
    await ensureAuditPartitions(watcher.sql, systemClock())
    wire = await postgresWire(home.url)
    database = await openDatabase({ url: wire.url, poolSize: 4 })
    server = await testApp(
      { RATE_LIMIT_OVERRIDES: roomyLimits },
      { database, clock: Object.assign(systemClock, { advance() {} }), limitStore: { sql: database.sql } },
    )
  })
  afterAll(async () => {
    await server.close()
    await database.close()
    await wire.close()
    await watcher.close()
    await home.drop()
  })

  const reported = new Set<string>()
  /** What broke since the last look: one command's fault is not the next one's. */
  async function newlyBroken(): Promise<string[]> {
    const found = (await broken(watcher.sql)).filter((sentence) => !reported.has(sentence))
    for (const sentence of found) reported.add(sentence)
    return found
  }

  /** One call with a cut. @returns its answer, or null when it has fewer statements than that */
  async function cutAt(name: string, operation: (typeof writes)[number][1], nth: number, side: 'before' | 'after') {
    const [world, sample] = await prepare(server, name)
    // Keys of the vending machine are secrets, 32 characters at least, and count for the caller's address.
    const headers = { 'idempotency-key': `cut-${side}-${nth}`.padEnd(40, '-x'), 'x-forwarded-for': freshAddress() }
    const change: Change = operation.endpoint.idempotent ? { headers } : {}
    const before = await stateOf(watcher.sql, world.tenant.tenantId)
    const fuse = wire.cut(nth, side)
    const answer = await send(operation, world, sample, change)
    wire.mend()
    const after = await stateOf(watcher.sql, world.tenant.tenantId)
    documented.check(name, answer)
    const at = `statement ${nth}, cut ${side}`
    expect([at, answer.status]).toEqual([at, answer.status === 503 ? 503 : operation.status])
    if (answer.status === 503) expect([at, Number(answer.headers['retry-after'])]).toEqual([at, expect.any(Number)])
    // Where nothing of the tenant has changed, nothing can have broken; a tenant may be new where nobody is asked who.
    const isChanged = JSON.stringify(after) !== JSON.stringify(before)
    if (isChanged || operation.auth.includes('none')) expect(await newlyBroken(), at).toEqual([])
    if (operation.endpoint.audits.some((event) => successes.has(event))) {
      // Whatever the command is about: its change and its event come together.
      const isTold = after.events.some((id) => !before.events.includes(id))
      if (after.rows !== before.rows) expect([at, 'a change is told', isTold]).toEqual([at, 'a change is told', true])
      if (isTold) expect([at, after.rows + after.ceremonies]).not.toEqual([at, before.rows + before.ceremonies])
    }
    if (!fuse.blown) return null
    if (operation.endpoint.idempotent) {
      // Executed or not, nobody was told: the retry gets one outcome, and so does everyone after it.
      const retry = await ask(operation, world, sample, change)
      expect([at, retry.status]).toEqual([at, operation.status])
      expect((await ask(operation, world, sample, change)).text).toBe(retry.text)
      expect(await newlyBroken(), `${at}, and tried again`).toEqual([])
    }
    return answer
  }

  it.each(writes)(
    '%s: 503 or done, and nothing is there by half',
    async (name, operation) => {
      let nth = 1
      while (nth < MOST && (await cutAt(name, operation, nth, 'before'))) nth += 1
      expect(nth).toBeLessThan(MOST)
      // The last statement is the commit: here alone a command may be done that its caller does not hear of.
      for (let last = process.env.KILL_POINTS === 'all' ? 1 : nth - 1; last > 0 && last < nth; last++) {
        await cutAt(name, operation, last, 'after')
      }
    },
    120_000,
  )
})
