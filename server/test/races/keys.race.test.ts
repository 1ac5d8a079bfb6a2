import { expect, it } from 'vitest'
import { issueAgentToken } from '../../src/agents/token.ts'
import { systemContext } from '../../src/platform/context.ts'
import { agentKey } from '../samples.ts'
import { onTwoInstances, storm, tally } from './two-instances.ts'

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const within = 1000

onTwoInstances('secret keys', (instances) => {
  const made = async (scopes?: readonly string[]) =>
    agentKey({ server: instances.one, tenant: await instances.one.tenant() }, scopes)

  it.each([3600, 0])(
    'agents 154: 20 rotations at once with grace %d → one newest key',
    async (grace_period_seconds) => {
      const { headers, key_id } = await made()
      const answers = await storm(instances, 20, (app) =>
        app.call('POST', `/v1/keys/${key_id}/rotate`, { headers, body: { grace_period_seconds } }),
      )
      const statuses = tally(answers)
      expect(statuses[200]).toBe(1)
      expect(Object.keys(statuses).every((status) => ['200', '401', '409'].includes(status))).toBe(true)
      const versions = await instances.one.database.sql.query<{ newest: boolean }>(
        'select expires_at is null as newest from secret_key_versions where key_id = $1',
        [key_id],
      )
      expect(versions.map(({ newest }) => newest).sort()).toEqual([false, true])
      const newest = answers.find(({ status }) => status === 200)?.body.data.secret_key
      for (const app of instances.both) {
        expect((await app.call('GET', '/v1/keys/current', { headers: bearer(newest) })).status).toBe(200)
      }
    },
  )

  /** Milliseconds until an instance refuses what it served before. */
  async function refusedAfter(end: () => Promise<{ status: number }>, use: () => Promise<{ status: number }>) {
    expect((await use()).status).toBe(200)
    expect((await end()).status).toBe(204)
    const begun = performance.now()
    while ((await use()).status !== 401) {
      if (performance.now() - begun > 5 * within) throw new Error('it is still served')
    }
    return performance.now() - begun
  }

  it('agents 153: a key revoked on one instance during use on the other fails there within a second', async () => {
    const { headers, key_id } = await made()
    const { one, two } = instances
    const took = await refusedAfter(
      () => one.call('DELETE', `/v1/keys/${key_id}`, { headers }),
      () => two.call('GET', '/v1/agents', { headers }),
    )
    expect(took).toBeLessThan(within)
  })

  it('agents 153: so does a token that was handed out with it', async () => {
    const { headers, key_id, agent_id } = await made()
    const { one, two } = instances
    const [row] = await one.database.sql.query<{ account_id: string }>(
      'select account_id from secret_keys where id = $1',
      [key_id],
    )
    const token = issueAgentToken(systemContext(one.app.deps, 'test'), {
      agentId: agent_id,
      keyId: key_id,
      accountId: row?.account_id ?? '',
      personId: '019a9d3c-5f00-7a31-8c4e-2b6f0d9e1a57',
      clientId: 'cli_agent',
      scopes: ['full_access'],
    })
    const took = await refusedAfter(
      () => one.call('DELETE', '/v1/keys/current', { headers }),
      () => two.call('GET', '/v1/keys', { headers: bearer(token) }),
    )
    expect(took).toBeLessThan(within)
  })

  it('agents 153: so does one whose agent is revoked', async () => {
    const { headers, agent_id } = await made()
    const { one, two } = instances
    const took = await refusedAfter(
      () => one.call('DELETE', `/v1/agents/${agent_id}`, { headers }),
      () => two.call('GET', '/v1/keys', { headers }),
    )
    expect(took).toBeLessThan(within)
  })

  it('agents 154: one replaced without overlap fails on the other instance within a second', async () => {
    const { headers, key_id } = await made()
    const { one, two } = instances
    const took = await refusedAfter(
      async () => {
        const body = { grace_period_seconds: 0 }
        const { status } = await one.call('POST', `/v1/keys/${key_id}/rotate`, { headers, body })
        return { status: status === 200 ? 204 : status }
      },
      () => two.call('GET', '/v1/keys', { headers }),
    )
    expect(took).toBeLessThan(within)
  })

  it('revoking a key 20 times at once is one event and 20 times 204', async () => {
    const { headers, key_id } = await made()
    const revoker = await made()
    expect(revoker.key_id).not.toBe(key_id)
    const answers = await storm(instances, 20, (app) => app.call('DELETE', '/v1/keys/current', { headers }))
    expect(Object.keys(tally(answers)).every((status) => ['204', '401'].includes(status))).toBe(true)
    const events = await instances.one.database.sql.query(
      `select 1 from audit_logs where event = 'secret_key.revoked' and metadata ->> 'secret_key_id' = $1`,
      [key_id],
    )
    expect(events).toHaveLength(1)
  })

  it('a rotation and a revocation at once never leave a working key', async () => {
    for (let turn = 0; turn < 10; turn += 1) {
      const { headers, key_id } = await made()
      const [rotated] = await Promise.all([
        instances.one.call('POST', `/v1/keys/${key_id}/rotate`, { headers, body: {} }),
        instances.two.call('DELETE', '/v1/keys/current', { headers }),
      ])
      if (rotated.status !== 200) continue
      for (const secret of [rotated.body.data.secret_key as string, headers.authorization?.slice(7) as string]) {
        const { status } = await instances.two.call('GET', '/v1/keys/current', { headers: bearer(secret) })
        expect(status).toBe(401)
      }
    }
  })

  it('20 reports of one leak at once are one event', async () => {
    const { headers, key_id } = await made()
    const token = headers.authorization?.slice(7)
    const answers = await storm(instances, 20, (app, n) =>
      app.call('POST', '/v1/keys/report-leak', { body: { token }, ip: `198.51.100.${n}` }),
    )
    expect(tally(answers)).toEqual({ 202: 20 })
    const events = await instances.one.database.sql.query(
      `select 1 from audit_logs where event = 'secret_key.leak_reported' and metadata ->> 'secret_key_id' = $1`,
      [key_id],
    )
    expect(events).toHaveLength(1)
  })
})
