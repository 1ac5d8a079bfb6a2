import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestApp, testApp } from '../../test/harness.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

describe('GET /v1/audit-logs', () => {
  it('200 for moments before 1970, which no id can have', async () => {
    const { token } = await server.tenant()
    const count = async (query: string) => {
      const { status, body } = await server.call('GET', `/v1/audit-logs?${query}`, { token })
      return [status, body.data?.data.length]
    }
    const [, all] = await count('limit=100')
    expect(all).toBeGreaterThan(0)
    expect(await count('from=1960-01-01T00:00:00Z')).toEqual([200, all])
    expect(await count('from=0000-01-01T00:00:00Z')).toEqual([200, all])
    expect(await count('to=1970-01-01T00:00:00%2B01:00')).toEqual([200, 0])
  })
})
