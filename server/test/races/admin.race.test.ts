import { expect, it } from 'vitest'
import { freshAddress } from '../harness.ts'
import { onTwoInstances, storm, tally } from './two-instances.ts'

onTwoInstances('users', (instances) => {
  it('agents 135: 30 creations at once on two instances make exactly 15 users', async () => {
    const { token, tenantId } = await instances.one.tenant()
    const answers = await storm(instances, 30, (app, i) =>
      app.call('POST', '/v1/users', { token, body: { external_user_id: `u${i}` } }),
    )
    expect(tally(answers)).toEqual({ 201: 15, 409: 15 })
    const [row] = await instances.one.database.sql.query<{ users: number; counted: number }>(
      'select (select count(*)::int from users where tenant_id = $1) as users, user_count as counted from tenants where id = $1',
      [tenantId],
    )
    expect(row).toEqual({ users: 15, counted: 15 })
  })

  it('security 117: 50 twins with one Idempotency-Key execute once, and all get that answer', async () => {
    const { token, tenantId } = await instances.one.tenant()
    const answers = await storm(instances, 50, (app) =>
      app.call('POST', '/v1/users', {
        token,
        body: { external_user_id: 'twin' },
        headers: { 'idempotency-key': 'twins' },
      }),
    )
    expect(tally(answers)).toEqual({ 201: 50 })
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(answers.filter(({ headers }) => headers['idempotent-replayed'] === 'true')).toHaveLength(49)
    const events = await instances.one.database.sql.query(
      `select 1 from audit_logs where tenant_id = $1 and event = 'user.created'`,
      [tenantId],
    )
    expect(events).toHaveLength(1)
  })

  it('erasing a user 20 times at once leaves one user.deleted and a right count', async () => {
    const { token, tenantId } = await instances.one.tenant()
    await instances.one.call('POST', '/v1/users', { token, body: { external_user_id: 'a' } })
    const answers = await storm(instances, 20, (app) => app.call('DELETE', '/v1/users/a', { token }))
    expect(Object.keys(tally(answers)).sort()).toSatisfy((seen: string[]) =>
      seen.every((status) => ['204', '404'].includes(status)),
    )
    const events = await instances.one.database.sql.query(
      `select 1 from audit_logs where tenant_id = $1 and event = 'user.deleted'`,
      [tenantId],
    )
    expect(events).toHaveLength(1)
    const [row] = await instances.one.database.sql.query<{ n: number }>(
      'select user_count as n from tenants where id = $1',
      [tenantId],
    )
    expect(row?.n).toBe(0)
  })
})

onTwoInstances('the vending machine', (instances) => {
  it('agents 134, security 145: 100 calls at cap − 1 make exactly one tenant', async () => {
    const sql = instances.one.database.sql
    const unclaimed = 'select count(*)::int as n from tenants where claimed_at is null'
    const live = async () => (await sql.query<{ n: number }>(unclaimed))[0]?.n ?? 0
    const before = await live()
    for (const app of instances.both) app.app.deps.config.FREE_AI_TENANT_CAP = before + 1
    const answers = await storm(instances, 100, (app) =>
      app.call('POST', '/v1/onboarding/ai', { body: { name: 'race' }, ip: freshAddress() }),
    )
    expect(tally(answers)).toEqual({ 200: 1, 503: 99 })
    expect(await live()).toBe(before + 1)
    for (const app of instances.both) app.app.deps.config.FREE_AI_TENANT_CAP = 100_000
  })

  it('one address gets one tenant an hour over both instances', async () => {
    const ip = freshAddress()
    const answers = await storm(instances, 20, (app) =>
      app.call('POST', '/v1/onboarding/ai', { body: { name: 'race' }, ip }),
    )
    expect(tally(answers)).toEqual({ 200: 1, 429: 19 })
  })
})

onTwoInstances('applications', (instances) => {
  it('an origin allowed on one instance is allowed on the other within a second', async () => {
    const { token, applicationId, clientId } = await instances.one.tenant()
    const load = () => instances.two.app.deps.applications.byClientId.get(clientId)
    expect((await load())?.allowedOrigins).toEqual([])
    await instances.one.call('PATCH', `/v1/applications/${applicationId}`, {
      token,
      body: { allowed_origins: ['https://a.example'] },
    })
    await expect
      .poll(async () => (await load())?.allowedOrigins, { timeout: 1000, interval: 20 })
      .toEqual(['https://a.example'])
  })

  it('two changes at once both survive', async () => {
    const { token, applicationId } = await instances.one.tenant()
    const bodies = [{ session_ttl_seconds: 600 }, { user_verification: 'required' }]
    await storm(instances, 2, (app, i) =>
      app.call('PATCH', `/v1/applications/${applicationId}`, { token, body: bodies[i] }),
    )
    const { body } = await instances.one.call('GET', `/v1/applications/${applicationId}`, { token })
    expect(body.data).toMatchObject({ session_ttl_seconds: 600, user_verification: 'required' })
  })
})
