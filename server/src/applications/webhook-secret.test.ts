import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pay } from '../../test/account.ts'
import { type Tenant, type TestApp, testApp } from '../../test/harness.ts'
import { jobs } from '../jobs.ts'
import { webhookSecretContext } from './webhook-secret.ts'

let server: TestApp
let tenant: Tenant
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const fresh = async () => {
  tenant = await pay(server, await server.tenant())
}
const patch = (body: object, headers: Record<string, string> = {}) =>
  server.call('PATCH', `/v1/applications/${tenant.applicationId}`, { token: tenant.token, body, headers })
const rotate = (body: object = {}, token = tenant.token) =>
  server.call('POST', `/v1/applications/${tenant.applicationId}/webhook-secret/rotate`, { token, body })
const hook = { webhook_url: 'https://hooks.example.com/a' }
const form = /^whsec_[A-Za-z0-9+/]{43}=$/

/** The stored secrets, oldest first, opened. */
async function stored() {
  const rows = await server.database.sql.query<{ id: string; secret: Uint8Array; expires_at: Date | null }>(
    'select id::text, secret, expires_at from webhook_secrets where tenant_id = $1 order by id',
    [tenant.tenantId],
  )
  return rows.map(({ id, secret, expires_at }) => {
    const context = webhookSecretContext(tenant.tenantId, tenant.applicationId, id)
    return { secret: server.app.deps.secrets.decrypt(secret, context).toString(), expires_at, sealed: secret }
  })
}

describe('the signing secret of webhooks', () => {
  it('is shown once, by the answer that sets the URL first, and stored encrypted', async () => {
    await fresh()
    expect((await patch({ webhook_events: null })).body.data.webhook_signing_secret).toBeUndefined()
    const first = await patch(hook, { 'idempotency-key': 'k' })
    const secret: string = first.body.data.webhook_signing_secret
    expect(secret).toMatch(form)
    expect((await patch(hook, { 'idempotency-key': 'k' })).text).toBe(first.text)
    const [row, ...more] = await stored()
    expect([row?.secret, row?.expires_at, more]).toEqual([secret, null, []])
    expect(Buffer.from(row?.sealed ?? []).includes(Buffer.from(secret))).toBe(false)
    const read = await server.call('GET', `/v1/applications/${tenant.applicationId}`, { token: tenant.token })
    const logs = await server.call('GET', '/v1/audit-logs', { token: tenant.token })
    for (const { text } of [read, logs]) expect(text).not.toContain(secret)
  })

  it('outlives a URL that changes or is taken away', async () => {
    await fresh()
    await patch(hook)
    for (const body of [{ webhook_url: 'https://hooks.example.com/b' }, { webhook_url: null }, hook]) {
      const answer = await patch(body)
      expect([answer.status, answer.body.data.webhook_signing_secret]).toEqual([200, undefined])
    }
    expect(await stored()).toHaveLength(1)
  })
})

describe('POST /v1/applications/{id}/webhook-secret/rotate', () => {
  it('200: a new secret beside the old one for a day, which a third pushes out', async () => {
    await fresh()
    const first = (await patch(hook)).body.data.webhook_signing_secret
    const { status, body } = await rotate()
    const day = new Date(server.clock().getTime() + 86_400_000)
    expect([status, body.data]).toEqual([
      200,
      {
        application_id: tenant.applicationId,
        webhook_signing_secret: expect.stringMatching(form),
        previous_secret_expires_at: day.toISOString(),
      },
    ])
    const second = body.data.webhook_signing_secret
    expect((await stored()).map(({ secret, expires_at }) => [secret, expires_at])).toEqual([
      [first, day],
      [second, null],
    ])
    const third = (await rotate({ grace_period_seconds: 60 })).body.data.webhook_signing_secret
    expect((await stored()).map(({ secret }) => secret)).toEqual([second, third])
    const last = (await rotate({ grace_period_seconds: 0 })).body.data.webhook_signing_secret
    expect((await stored()).map(({ secret }) => secret)).toEqual([last])
    const logs = await server.call('GET', '/v1/audit-logs?event=webhook.secret_rotated', { token: tenant.token })
    expect(logs.body.data.data).toHaveLength(3)
    expect(logs.body.data.data[2].metadata).toEqual({ previous_secret_expires_at: day.toISOString() })
    expect(logs.text).not.toContain('whsec_')
  })

  it('the job deletes what is past its time', async () => {
    await fresh()
    await patch(hook)
    const { data } = (await rotate({ grace_period_seconds: 60 })).body
    server.clock.advance(60)
    await jobs['old-client-secrets'].run(server.app.deps)
    expect((await stored()).map(({ secret }) => secret)).toEqual([data.webhook_signing_secret])
  })

  it('409 webhook_not_configured without a URL, before and after one', async () => {
    await fresh()
    for (const before of [{ webhook_events: null }, hook, { webhook_url: null }]) {
      await patch(before)
      const answer = await rotate()
      expect([answer.status, answer.body.error?.code]).toEqual(
        before === hook ? [200, undefined] : [409, 'webhook_not_configured'],
      )
    }
  })

  it('400 out of range, 403 without webhooks:write, 404 for another application', async () => {
    const unpaid = await server.tenant()
    await fresh()
    expect((await rotate({ grace_period_seconds: 86_401 })).status).toBe(400)
    // agents.md §2: an unclaimed tenant of the free tier does not have the scope.
    const narrow = await rotate({}, unpaid.token)
    expect([narrow.status, narrow.body.error.code]).toEqual([403, 'claim_required'])
    const other = await pay(server, await server.tenant())
    const foreign = await rotate({}, other.token)
    expect([foreign.status, foreign.body.error.code]).toEqual([404, 'application_not_found'])
  })
})

it('the trail keeps the address of a webhook without its query, where people put tokens', async () => {
  await fresh()
  await patch({ webhook_url: 'https://hooks.example.com/a?token=hunter2' })
  await patch({ webhook_url: null })
  const query = '/v1/audit-logs?event=application.config_changed'
  const { body, text } = await server.call('GET', query, { token: tenant.token })
  expect(text).not.toContain('hunter2')
  expect(body.data.data[0].metadata).toMatchObject({ old: { webhook_url: 'https://hooks.example.com/a' } })
})
