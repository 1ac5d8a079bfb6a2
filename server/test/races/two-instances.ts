import { afterAll, beforeAll, describe } from 'vitest'
import type { Database } from '../../src/platform/db.ts'
import { openDatabase } from '../../src/platform/db.ts'
import { migrate } from '../../src/platform/migrate.ts'
import { ensureAuditPartitions } from '../../src/platform/partitions.ts'
import { type EmptyDatabase, emptyPostgres, testServer } from '../database.ts'
import { type TestApp, testApp, testClock } from '../harness.ts'

export type Instances = { one: TestApp; two: TestApp; both: readonly [TestApp, TestApp] }

/**
 * A suite over two instances of the server, each with its own connections and caches, on one PostgreSQL database of its
 * own. PGlite has a single connection and shows no race, so without PostgreSQL the suite is skipped.
 */
export function onTwoInstances(name: string, suite: (instances: Instances) => void): void {
  describe.skipIf(!testServer)(name, () => {
    const instances = {} as { one: TestApp; two: TestApp; both: readonly [TestApp, TestApp] }
    const databases: Database[] = []
    let home: EmptyDatabase

    beforeAll(async () => {
      home = await emptyPostgres(testServer as string)
      const clock = testClock()
      for (const key of ['one', 'two'] as const) {
        const database = await openDatabase({ url: home.url, poolSize: 10, statementTimeoutMs: 20_000 })
        databases.push(database)
        await migrate(database)
        await ensureAuditPartitions(database.sql, clock())
        instances[key] = await testApp({}, { database, clock, limitStore: { sql: database.sql } })
      }
      instances.both = [instances.one, instances.two]
    })

    afterAll(async () => {
      for (const app of instances.both ?? []) await app.close()
      for (const database of databases) await database.close()
      await home?.drop()
    })

    suite(instances)
  })
}

/** `count` calls at once, alternating over the instances. */
export const storm = <T>(
  instances: Instances,
  count: number,
  call: (app: TestApp, index: number) => Promise<T>,
): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => call(instances.both[index % 2 === 0 ? 0 : 1], index)))

/** How often each outcome occurred. */
export function tally(answers: { status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}
