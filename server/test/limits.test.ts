import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contract } from '../src/contract.ts'
import { type LimitName, limitTable } from '../src/limits.ts'
import type { LimitRow } from '../src/platform/limits.ts'
import { createLog } from '../src/platform/log.ts'
import { openRedis } from '../src/platform/redis.ts'
import type { Operation } from '../src/surfaces/operations.ts'
import { type TestApp, testApp } from './harness.ts'
import { codeOf, documented, named, prepare, reads, send, writes } from './operation-calls.ts'

/** Prepares without limits; the servers below share its database and keys, not its counters. */
let free: TestApp

beforeAll(async () => {
  free = await testApp({ RATE_LIMITS: 'false' })
})
afterAll(() => free.close())

/** Credentials that the free server handed out are good on the others too. */
const on = async (server: TestApp, name: string) => {
  const [world, sample] = await prepare(free, name)
  return [{ ...world, server }, sample] as const
}

const rowOf = (name: string): LimitRow => limitTable[name as LimitName]

const cells = named.flatMap(([name, operation]) =>
  [...operation.endpoint.limit, ...(operation.endpoint.exports?.limit ?? [])].map(
    (limit): [string, string, Operation] => [limit, name, operation],
  ),
)
/** Left out: `session` where the sample's caller is a backend, and calls that end the very credential they count on. */
const counts = ([limit, name, { auth }]: [string, string, Operation]) =>
  name !== 'keys.revoke_current' && (limit !== 'session' || !(auth.includes('admin') || name === 'sessions.logout'))

/** Where two calls come from that count on one bucket. */
const addresses = (limit: string) => {
  if (limit === 'onboarding_ai_net') return ['2001:db8:1:1::1', '2001:db8:1:2::1']
  return limit === 'onboarding_ai_instance'
    ? ['198.51.100.201', '198.51.100.202']
    : ['198.51.100.200', '198.51.100.200']
}

/** A row may say more than that there was too much. */
const refusalOf = (limit: string): [number, string] => {
  const { deny } = rowOf(limit)
  return deny ? [503, deny] : [429, 'rate_limit_exceeded']
}

describe('security 225: every row of every operation refuses what is too much', () => {
  const tight = new Map<string, TestApp>()
  const server = async (limit: string): Promise<TestApp> => {
    const known = tight.get(limit)
    if (known) return known
    const made = await testApp({ RATE_LIMIT_OVERRIDES: JSON.stringify({ [limit]: { points: 1 } }) })
    tight.set(limit, made)
    return made
  }
  afterAll(async () => {
    for (const app of tight.values()) await app.close()
  })

  it.each(cells.filter(counts))('%s: refused with Retry-After by %s', async (limit, name, operation) => {
    const [world, sample] = await on(await server(limit), name)
    const format = operation.endpoint.limit.includes(limit)
      ? {}
      : { query: `format=${operation.endpoint.exports?.formats[0]}` }
    const [first = '', second = ''] = addresses(limit)
    await send(operation, world, sample, { ...format, ip: first })
    const refused = await send(operation, world, sample, { ...format, ip: second })
    documented.check(name, refused)
    expect([refused.status, codeOf(refused)]).toEqual(refusalOf(limit))
    expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/)
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(rowOf(limit).seconds)
    expect(refused.headers.ratelimit).toMatch(new RegExp(`^"${limit}";r=0;t=\\d+$`))
    expect(refused.headers['ratelimit-policy']).toBe(`"${limit}";q=1;w=${rowOf(limit).seconds}`)
  })
})

describe('security 225: with the store of the limits away', () => {
  let server: TestApp
  let redis: Awaited<ReturnType<typeof openRedis>>
  beforeAll(async () => {
    // Nothing listens there.
    redis = await openRedis('redis://127.0.0.1:1', createLog('silent'))
    server = await testApp({}, { limitStore: { redis } })
  })
  afterAll(async () => {
    await server.close()
    redis.disconnect()
  })

  it.each(reads)('%s, a read, passes', async (name, operation) => {
    const [world, sample] = await on(server, name)
    const answer = await send(operation, world, sample)
    documented.check(name, answer)
    expect(answer.status).toBe(operation.status)
  })

  it.each(writes)('%s, a write, answers 503 and changes nothing', async (name, operation) => {
    const [world, sample] = await on(server, name)
    const requestId = `away-${name.replaceAll('.', '-')}-${world.tenant.applicationId.slice(4)}`
    const answer = await send(operation, world, sample, { headers: { 'x-request-id': requestId } })
    documented.check(name, answer)
    const code = operation.dialect === 'oauth' ? 'temporarily_unavailable' : 'service_unavailable'
    expect([answer.status, codeOf(answer)]).toEqual([503, code])
    expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/)
    expect(answer.text).not.toContain('ECONNREFUSED')
    const rows = await server.database.sql.query('select 1 from audit_logs where request_id = $1', [requestId])
    expect(rows).toEqual([])
  })

  it('a credential check answers 503 on a read too', async () => {
    const { clientId, clientSecret } = await free.tenant()
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
    const answer = await server.call('GET', '/v1/users', { headers: { authorization: `Basic ${basic}` } })
    expect([answer.status, codeOf(answer)]).toEqual([503, 'service_unavailable'])
  })
})

describe('admin limits', () => {
  it('count by access token: another token of the same client has its own', async () => {
    const server = await testApp({ RATE_LIMIT_OVERRIDES: '{"admin_read":{"points":2}}' })
    const { token, clientId, clientSecret } = await server.tenant()
    const body = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }
    const other = (await server.call('POST', '/oauth/token', { body })).body.access_token
    const statuses = []
    for (const bearer of [token, token, token, other, other, other]) {
      statuses.push((await server.call('GET', '/v1/users', { token: bearer })).status)
    }
    await server.close()
    expect(statuses).toEqual([200, 200, 429, 200, 200, 429])
  })

  it('are written in the document: every row with its number and what it counts on', () => {
    const { description } = contract().info as { description: string }
    for (const [name, { points, seconds }] of Object.entries(limitTable)) {
      const row = description.split('\n').find((line) => line.startsWith(`| \`${name}\``))
      const window = seconds >= 3600 ? `${seconds / 3600} h` : `${seconds / 60} min`
      expect(row).toMatch(new RegExp(`\\| ${points} in ${window} \\|$`))
    }
  })
})
