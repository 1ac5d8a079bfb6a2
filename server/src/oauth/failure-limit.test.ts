import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signIn } from '../../test/account.ts'
import { freshAddress, type Tenant, type TestApp, testApp } from '../../test/harness.ts'
import { mint } from '../platform/ids.ts'
import { mintSecret } from '../platform/secrets.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const many = <T>(count: number, call: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => call(index)))

const statuses = (answers: { status: number }[]) => {
  const seen: Record<number, number> = {}
  for (const { status } of answers) seen[status] = (seen[status] ?? 0) + 1
  return seen
}

const wrong = ({ clientId }: Tenant) => ({ clientId, clientSecret: mintSecret('sec') })

describe('failures of client authentication', () => {
  it('security 141: of 100 wrong secrets at once from one address 10 are evaluated', async () => {
    const tenant = await server.tenant()
    const ip = freshAddress()
    expect(statuses(await many(100, () => signIn(server, wrong(tenant), ip)))).toEqual({ 401: 10, 429: 90 })
  })

  it('the same wrong secret 100 times is no exception', async () => {
    const tenant = await server.tenant()
    const [ip, secret] = [freshAddress(), wrong(tenant)]
    expect(statuses(await many(100, () => signIn(server, secret, ip)))).toEqual({ 401: 10, 429: 90 })
  })

  it('of 100 clients guessed at once from one address 50 are evaluated', async () => {
    const ip = freshAddress()
    const guess = (i: number) => ({ clientId: `cli_guess${i}`, clientSecret: mintSecret('sec') })
    expect(statuses(await many(100, (i) => signIn(server, guess(i), ip)))).toEqual({ 401: 50, 429: 50 })
  })

  it('100 right secrets at once from one address all pass, and leave no failure behind', async () => {
    const tenant = await server.tenant()
    const ip = freshAddress()
    expect(statuses(await many(100, () => signIn(server, tenant, ip)))).toEqual({ 200: 100 })
    expect(statuses(await many(20, () => signIn(server, wrong(tenant), ip)))).toEqual({ 401: 10, 429: 10 })
  })

  it('right secrets pass between wrong ones, up to the limit', async () => {
    const tenant = await server.tenant()
    const ip = freshAddress()
    for (let i = 0; i < 9; i++) await signIn(server, wrong(tenant), ip)
    expect(statuses(await many(20, () => signIn(server, tenant, ip)))).toEqual({ 200: 20 })
    expect((await signIn(server, wrong(tenant), ip)).status).toBe(401)
    // Now it is full for right and wrong alike: an answer that differs would go on telling which is which.
    expect([(await signIn(server, tenant, ip)).status, (await signIn(server, wrong(tenant), ip)).status]).toEqual([
      429, 429,
    ])
    expect((await signIn(server, tenant, freshAddress())).status).toBe(200)
  })

  it('a secret that was right and ended counts as a failure from then on', async () => {
    const tenant = await server.tenant()
    const ip = freshAddress()
    expect((await signIn(server, tenant, ip)).status).toBe(200)
    const rotated = await server.call('POST', `/v1/applications/${tenant.applicationId}/rotate-secret`, {
      token: tenant.token,
      body: { grace_period_seconds: 0 },
    })
    const clientSecret = rotated.body.data.new_client_secret
    expect(statuses(await many(30, () => signIn(server, tenant, ip)))).toEqual({ 401: 10, 429: 20 })
    expect((await signIn(server, { ...tenant, clientSecret }, freshAddress())).status).toBe(200)
  })
})

describe('security 139: an unknown client and a wrong secret', () => {
  it('take the same time: medians of 1,000 calls are less than 5 ms apart', async () => {
    const unlimited = await testApp({ RATE_LIMITS: 'false' })
    const { clientId } = await unlimited.tenant()
    const times = { known: [] as number[], unknown: [] as number[] }
    for (let turn = 0; turn < 1000; turn++) {
      for (const kind of ['known', 'unknown'] as const) {
        const client = { clientId: kind === 'known' ? clientId : mint('cli'), clientSecret: mintSecret('sec') }
        const before = performance.now()
        const { status, error } = await signIn(unlimited, client)
        times[kind].push(performance.now() - before)
        expect([status, error]).toEqual([401, 'invalid_client'])
      }
    }
    const median = (all: number[]) => all.sort((a, b) => a - b)[all.length >> 1] ?? 0
    expect(Math.abs(median(times.known) - median(times.unknown))).toBeLessThan(5)
    await unlimited.close()
  })
})
