import { describe, expect, it } from 'vitest'
import { testDatabase } from '../../test/database.ts'
import { testApp } from '../../test/harness.ts'

describe('a publishable key', () => {
  it('404 without a look into the database for what no key can be, so that long ones fill no cache', async () => {
    const database = await testDatabase()
    let asked = 0
    const counting = {
      ...database,
      sql: {
        query<R>(text: string, values?: readonly unknown[]) {
          asked += 1
          return database.sql.query<R>(text, values)
        },
      },
    }
    const server = await testApp({}, { database: counting })
    const start = (token: string) =>
      server.call('POST', '/v1/passkeys/auth/start', { token, origin: 'https://app.example.com', body: {} })
    const before = asked
    const long = await start(`cli_${'x'.repeat(12_000)}`)
    expect(asked).toBe(before)
    const unknown = await start(`cli_${'x'.repeat(22)}`)
    expect(asked).toBeGreaterThan(before)
    expect([long.status, long.text]).toEqual([404, unknown.text])
    await server.close()
  })
})
