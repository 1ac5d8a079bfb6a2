import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Database, openDatabase } from './db.ts'
import { migrate } from './migrate.ts'
import { createReadiness } from './readiness.ts'

describe('security 239, 240: readiness', () => {
  let database: Database
  beforeAll(async () => {
    database = await openDatabase({ dataDir: 'memory://' })
  })
  afterAll(() => database.close())

  it('waits for migrations, then for nothing; follows Redis, draining and the database', async () => {
    let isDraining = false
    let redis: () => Promise<unknown> = async () => 'PONG'
    const readiness = createReadiness(
      database,
      () => redis(),
      () => isDraining,
    )
    const waiting = { database: 'ok', migrations: 'pending', redis: 'ok' }
    expect(await readiness()).toEqual({ status: 'not_ready', checks: waiting })

    await migrate(database)
    expect(await readiness()).toEqual({ status: 'ready' })

    redis = () => Promise.reject(new Error('gone'))
    expect(await readiness()).toEqual({
      status: 'not_ready',
      checks: { database: 'ok', migrations: 'ok', redis: 'down' },
    })
    expect(await createReadiness(database, null, () => false)()).toEqual({ status: 'ready' })

    isDraining = true
    expect(await readiness()).toMatchObject({ status: 'draining', checks: { database: 'ok' } })
    isDraining = false
    redis = async () => 'PONG'

    await database.close()
    expect(await readiness()).toEqual({
      status: 'not_ready',
      checks: { database: 'down', migrations: 'ok', redis: 'ok' },
    })
  })
})
