import { expect, it } from 'vitest'
import { mintSecret } from '../../src/platform/secrets.ts'
import { anotherApplication, pay, signIn } from '../account.ts'
import { freshAddress, type Tenant } from '../harness.ts'
import { type Instances, onTwoInstances, storm, tally } from './two-instances.ts'

/** The specification's second (http-api.md §1.2). */
const soon = { timeout: 1000, interval: 20 }

const rotate = (instances: Instances, { token, applicationId }: Tenant, count: number, headers = {}) =>
  storm(instances, count, (app) =>
    app.call('POST', `/v1/applications/${applicationId}/rotate-secret`, { token, body: {}, headers }),
  )

onTwoInstances('client secrets', (instances) => {
  it('security 142: 20 rotations at once leave exactly one newest and one in its grace', async () => {
    const tenant = await instances.one.tenant()
    const answers = await rotate(instances, tenant, 20)
    expect(tally(answers)).toEqual({ 200: 20 })
    const rows = await instances.one.database.sql.query<{ newest: number; live: number; all: number }>(
      `select count(*) filter (where expires_at is null)::int as newest, count(*)::int as all,
              count(*) filter (where expires_at is null or expires_at > $2)::int as live
       from client_secrets where tenant_id = $1`,
      [tenant.tenantId, instances.one.clock()],
    )
    expect(rows).toEqual([{ newest: 1, live: 2, all: 21 }])
    const secrets = [tenant.clientSecret, ...answers.map(({ body }) => body.data.new_client_secret as string)]
    const works = () =>
      storm(instances, secrets.length * 2, async (app, i) => {
        const clientSecret = secrets[i >> 1] as string
        return (await signIn(app, { clientId: tenant.clientId, clientSecret }, freshAddress())).status
      })
    // Each of the two that live works on both instances.
    await expect.poll(async () => (await works()).filter((status) => status === 200).length, soon).toBe(4)
  })

  it('twins with one Idempotency-Key rotate once and get the same secret', async () => {
    const tenant = await instances.one.tenant()
    const answers = await rotate(instances, tenant, 20, { 'idempotency-key': 'twins' })
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    const rows = await instances.one.database.sql.query('select 1 from client_secrets where tenant_id = $1', [
      tenant.tenantId,
    ])
    expect(rows).toHaveLength(2)
  })

  it('security 130: a secret that ended on one instance is refused by the other within a second', async () => {
    const tenant = await instances.one.tenant()
    expect((await signIn(instances.two, tenant, freshAddress())).status).toBe(200)
    await instances.one.call('POST', `/v1/applications/${tenant.applicationId}/rotate-secret`, {
      token: tenant.token,
      body: { grace_period_seconds: 0 },
    })
    await expect.poll(async () => (await signIn(instances.two, tenant, freshAddress())).status, soon).toBe(401)
  })

  it('security 141: of 100 wrong secrets at once on two instances 10 are evaluated', async () => {
    const { clientId } = await instances.one.tenant()
    const ip = freshAddress()
    const answers = await storm(instances, 100, (app) => signIn(app, { clientId, clientSecret: mintSecret('sec') }, ip))
    expect(tally(answers)).toEqual({ 401: 10, 429: 90 })
  })

  it('of 100 clients guessed at once from one address 50 are evaluated', async () => {
    const ip = freshAddress()
    const answers = await storm(instances, 100, (app, i) =>
      signIn(app, { clientId: `cli_guess${i}`, clientSecret: mintSecret('sec') }, ip),
    )
    expect(tally(answers)).toEqual({ 401: 50, 429: 50 })
  })

  it('100 right secrets at once, never seen from that address, all pass on both instances', async () => {
    const tenant = await instances.one.tenant()
    const ip = freshAddress()
    expect(tally(await storm(instances, 100, (app) => signIn(app, tenant, ip)))).toEqual({ 200: 100 })
    const [row] = await instances.one.database.sql.query<{ points: number }>(
      `select points from rate_limits where key = $1`,
      [`client_auth_failures:${tenant.clientId} ${ip}`],
    )
    expect(row).toEqual({ points: 0 })
  })
})

onTwoInstances('applications of an account', (instances) => {
  it('20 creations at once on two instances fill the plan exactly', async () => {
    const tenant = await pay(instances.one, await instances.one.tenant(), 'growth')
    const body = { name: 'Race', allowed_origins: ['https://app.example.com'] }
    const answers = await storm(instances, 20, (app) =>
      app.call('POST', '/v1/applications', { token: tenant.token, body }),
    )
    expect(tally(answers)).toEqual({ 201: 9, 409: 11 })
    const rows = await instances.one.database.sql.query('select 1 from applications where tenant_id = $1', [
      tenant.tenantId,
    ])
    expect(rows).toHaveLength(10)
  })

  it('10 changes at once that set the first webhook URL make one signing secret', async () => {
    const { token, applicationId, tenantId } = await pay(instances.one, await instances.one.tenant())
    instances.two.app.deps.caches.clear()
    const answers = await storm(instances, 10, (app, i) =>
      app.call('PATCH', `/v1/applications/${applicationId}`, {
        token,
        body: { webhook_url: `https://hooks.example.com/${i}` },
      }),
    )
    expect(tally(answers)).toEqual({ 200: 10 })
    expect(answers.filter(({ body }) => body.data.webhook_signing_secret !== undefined)).toHaveLength(1)
    const rows = await instances.one.database.sql.query('select 1 from webhook_secrets where tenant_id = $1', [
      tenantId,
    ])
    expect(rows).toHaveLength(1)
  })

  it('security 100, 130: suspended, activated and deleted on one instance are so on the other within a second', async () => {
    const tenant = await pay(instances.one, await instances.one.tenant())
    const other = await anotherApplication(instances.one, tenant)
    const owner = await instances.one.present(tenant, {
      kind: 'user',
      role: 'owner',
    })
    const path = `/v1/applications/${other.applicationId}`
    const seen = async () => {
      const start = { token: other.clientId, origin: 'https://app.example.com', body: {} }
      return [
        (await instances.two.call('GET', '/v1/users', { token: other.token })).status,
        (await instances.two.call('POST', '/v1/passkeys/auth/start', start)).status,
        (await signIn(instances.two, other, freshAddress())).status,
      ]
    }
    expect(await seen()).toEqual([200, 200, 200])
    const steps = [
      ['POST', `${path}/suspend`, [401, 403, 401]],
      ['POST', `${path}/activate`, [200, 200, 200]],
      ['DELETE', path, [401, 404, 401]],
    ] as const
    for (const [method, url, expected] of steps) {
      const body = method === 'POST' ? { body: {} } : {}
      await instances.one.call(method, url, { headers: owner, ...body })
      await expect.poll(seen, soon).toEqual(expected)
    }
  })

  it('deleted 10 times at once, it is deleted once', async () => {
    const tenant = await pay(instances.one, await instances.one.tenant())
    const other = await anotherApplication(instances.one, tenant)
    const headers = await instances.one.present(tenant, {
      kind: 'user',
      role: 'owner',
    })
    const answers = await storm(instances, 10, (app) =>
      app.call('DELETE', `/v1/applications/${other.applicationId}`, {
        headers,
      }),
    )
    expect(tally(answers)).toEqual({ 204: 1, 404: 9 })
    const events = await instances.one.database.sql.query(
      `select 1 from audit_logs where tenant_id = $1 and event = 'application.deleted'`,
      [tenant.tenantId],
    )
    expect(events).toHaveLength(1)
  })
})
