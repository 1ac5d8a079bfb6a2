import { expect, it } from 'vitest'
import { freshAddress } from '../harness.ts'
import { onTwoInstances, tally } from './two-instances.ts'

onTwoInstances('erasure', (instances) => {
  it('an erasure and creations that want the same address never wait for each other in a circle', async () => {
    const tenant = await instances.one.tenant()
    const { token } = tenant
    const email = 'shared@example.com'
    const create = (app: typeof instances.one, external_user_id: string) =>
      app.call('POST', '/v1/users', { token, body: { external_user_id, email } })
    const { sql } = instances.one.database
    for (let round = 0; round < 15; round++) {
      expect((await create(instances.one, `first-${round}`)).status).toBe(201)
      const [erased, ...created] = await Promise.all([
        instances.one.call('DELETE', `/v1/users/first-${round}`, { token }),
        ...[0, 1, 2].map((i) => create(instances.two, `next-${round}-${i}`)),
      ])
      expect(erased?.status).toBe(204)
      const winners = created.filter(({ status }) => status === 201).length
      expect([tally(created), winners <= 1]).toEqual([winners === 1 ? { 201: 1, 409: 2 } : { 409: 3 }, true])
      await sql.query('delete from identifiers where tenant_id = $1', [tenant.tenantId])
      for (let i = 0; i < 3; i++) await instances.one.call('DELETE', `/v1/users/next-${round}-${i}`, { token })
    }
  })

  it('security 235: one user erased 20 times at once is erased once', async () => {
    const tenant = await instances.one.tenant()
    const { token } = tenant
    await instances.one.call('POST', '/v1/users', { token, body: { external_user_id: 'ada' } })
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        instances.both[i % 2 === 0 ? 0 : 1].call('DELETE', '/v1/users/ada', { token, ip: freshAddress() }),
      ),
    )
    for (const { status } of answers) expect([204, 404]).toContain(status)
    const rows = await instances.one.database.sql.query<{ deleted: number; users: number }>(
      `select (select count(*)::int from audit_logs where tenant_id = $1 and event = 'user.deleted') as deleted,
              (select user_count from tenants where id = $1) as users`,
      [tenant.tenantId],
    )
    expect(rows).toEqual([{ deleted: 1, users: 0 }])
  })
})
