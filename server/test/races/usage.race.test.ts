import { expect, it } from 'vitest'
import { foldActiveUsers } from '../../src/usage/fold.ts'
import { periodOf } from '../../src/usage/period.ts'
import { browserOf, ORIGIN } from '../ceremonies.ts'
import type { Tenant, TestApp } from '../harness.ts'
import { onTwoInstances, storm } from './two-instances.ts'

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
    const [one, two] = instances.both.map((app) => browserOf(app, tenant)) as [
      ReturnType<typeof browserOf>,
      ReturnType<typeof browserOf>,
    ]
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
})
