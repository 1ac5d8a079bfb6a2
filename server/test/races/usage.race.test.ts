import { expect, it } from 'vitest'
import { foldActiveUsers } from '../../src/usage/fold.ts'
import { periodOf } from '../../src/usage/period.ts'
import type { Authenticator } from '../authenticator.ts'
import { browserOf, ORIGIN } from '../ceremonies.ts'
import { freshAddress, type Tenant, type TestApp } from '../harness.ts'
import { onTwoInstances, storm } from './two-instances.ts'

type Browser = ReturnType<typeof browserOf>

onTwoInstances('usage over two instances', (instances) => {
  const usage = async (app: TestApp, { token }: Tenant) =>
    (await app.call('GET', `/v1/usage?period=${periodOf(app.clock())}`, { token })).body.data

  it('400 calls of four tenants at once, folded all the while, are counted exactly', async () => {
    const tenants = await Promise.all([1, 2, 3, 4].map(() => instances.one.tenant()))
    const both = instances.both.map((app) => app.app.deps.meter)
    for (const meter of both) await meter.flush()
    const before = await Promise.all(tenants.map((tenant) => usage(instances.one, tenant)))
    let done = false
    const folding = Promise.all(
      both.map(async (meter) => {
        while (!done) {
          await meter.flush()
          await new Promise(setImmediate)
        }
      }),
    )
    await storm(instances, 400, (app, index) =>
      app.call('GET', '/v1/users', { token: (tenants[(index >> 1) % 4] as Tenant).token }),
    )
    done = true
    await folding
    for (const meter of both) await meter.flush()
    for (const [index, tenant] of tenants.entries()) {
      // A hundred of its own, and the question before them.
      expect((await usage(instances.two, tenant)).api_calls).toBe(before[index].api_calls + 101)
    }
  })

  it('a user who signs in on both at once, while being folded, is one active user at any moment', async () => {
    const tenant = await instances.one.tenant({ origins: [ORIGIN] })
    const [one, two] = instances.both.map((app) => browserOf(app, tenant)) as [Browser, Browser]
    const { device } = await one.register('ada')
    const seen = new Set<number>()
    let done = false
    const watching = (async () => {
      while (!done) {
        seen.add((await usage(instances.two, tenant)).active_users)
        await foldActiveUsers(instances.one.database.sql, 500)
      }
    })()
    for (let i = 0; i < 5; i++) await Promise.all([one.signIn(device), two.signIn(device)])
    done = true
    await watching
    expect([...seen]).toEqual([1])
  })

  it('users who are erased, folded and signed in at once neither wait in a circle nor leave the count', async () => {
    const tenant = await instances.one.tenant({ origins: [ORIGIN] })
    const browsers = instances.both.map((app) => browserOf(app, tenant)) as [Browser, Browser]
    const names = Array.from({ length: 12 }, (_, i) => `user-${i}`)
    const devices: Authenticator[] = []
    for (const name of names) devices.push((await browsers[0].register(name)).device)
    let done = false
    const folding = instances.both.map(async ({ app, database }) => {
      while (!done) await Promise.all([foldActiveUsers(database.sql, 3), app.deps.meter.flush()])
    })
    const seen = new Set<number>()
    const watching = (async () => {
      while (!done) seen.add((await usage(instances.two, tenant)).active_users)
    })()
    const answers = await Promise.all(
      names.flatMap((name, i) => [
        instances.both[i % 2 ? 0 : 1].call('DELETE', `/v1/users/${name}`, { token: tenant.token, ip: freshAddress() }),
        browsers[i % 2 ? 1 : 0].signIn(devices[i] as Authenticator, { ip: freshAddress() }),
      ]),
    )
    done = true
    await Promise.all([...folding, watching])
    for (const { status } of answers) expect(status).toBeLessThan(500)
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(12)
    seen.add((await usage(instances.one, tenant)).active_users)
    expect([...seen]).toEqual([12])
    const left = await instances.one.database.sql.query('select 1 from active_users where tenant_id = $1', [
      tenant.tenantId,
    ])
    expect(left).toEqual([])
  })
})
