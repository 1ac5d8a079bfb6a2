import { expect, it } from 'vitest'
import { purgeIdleTenants } from '../../src/tenants/purge.ts'
import { approvalPage, approved, askForCode, pollWith } from '../device-flow.ts'
import { freshAddress } from '../harness.ts'
import { onTwoInstances, storm, tally } from './two-instances.ts'

onTwoInstances('device authorisation', (instances) => {
  const sql = () => instances.two.database.sql
  const count = async (text: string, values: unknown[]) =>
    (await sql().query<{ n: number }>(`select count(*)::int as n from ${text}`, values))[0]?.n

  /** A claim token of a new tenant. */
  async function vend() {
    const ip = freshAddress()
    const made = await instances.one.call('POST', '/v1/onboarding/ai', { body: { name: 'Racer' }, ip })
    return { tenantId: made.body.tenantId as string, claim_token: made.body.claim.claim_token as string }
  }

  it('security 151: of 100 polls at once after approval exactly one gets the key, the rest invalid_grant', async () => {
    const person = await instances.one.person()
    const { device_code } = await approved(instances.one, person)
    const answers = await storm(instances, 100, (app) => pollWith(app, device_code))
    expect(tally(answers)).toEqual({ 200: 1, 400: 99 })
    expect(answers.filter(({ body }) => body.error === 'invalid_grant')).toHaveLength(99)
    expect(await count('secret_keys where account_id = $1', [person.accountId])).toBe(1)
    expect(await count('agents where account_id = $1', [person.accountId])).toBe(1)
    expect(await count(`audit_logs where tenant_id = $1 and event = 'device.redeemed'`, [person.tenantId])).toBe(1)
  })

  it('security 149: early polls on both instances raise one interval, and no increment is lost', async () => {
    const { device_code } = await askForCode(instances.one)
    expect((await pollWith(instances.one, device_code)).body.error).toBe('authorization_pending')
    const answers = await storm(instances, 6, (app) => pollWith(app, device_code))
    expect(answers.map(({ body }) => body.interval).sort((a, b) => a - b)).toEqual([10, 15, 20, 25, 30, 35])
  })

  it('approve and deny at once: one of them decides, and the poll hears that one', async () => {
    const person = await instances.one.person()
    for (let round = 0; round < 6; round += 1) {
      const { user_code, device_code } = await askForCode(instances.one)
      const [one, two] = [approvalPage(instances.one, person), approvalPage(instances.two, person)]
      const csrf_token = await one.csrf(user_code)
      const proof = await one.prove(user_code)
      const [yes, no] = await Promise.all([
        one.post('/device/approve', { user_code, csrf_token, ...proof }),
        two.post('/device/deny', { user_code, csrf_token }),
      ])
      expect([yes.status, no.status].sort()).toEqual([200, 400])
      const poll = await pollWith(instances.two, device_code)
      expect(poll.body.error ?? poll.status).toBe(yes.status === 200 ? 200 : 'access_denied')
    }
  })

  it('one proof presented twice at once approves once', async () => {
    const person = await instances.one.person()
    const { user_code } = await askForCode(instances.one)
    const page = approvalPage(instances.one, person)
    const body = { user_code, csrf_token: await page.csrf(user_code), ...(await page.prove(user_code)) }
    const answers = await storm(instances, 10, (app) => approvalPage(app, person).post('/device/approve', body))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(await count(`audit_logs where tenant_id = $1 and event = 'device.approved'`, [person.tenantId])).toBe(1)
  })

  it('signing out and redeeming at once: a key, or none', async () => {
    for (let round = 0; round < 6; round += 1) {
      const person = await instances.one.person()
      const { device_code } = await approved(instances.one, person)
      const [poll] = await Promise.all([
        pollWith(instances.two, device_code),
        instances.one.call('DELETE', '/v1/dashboard/session', { headers: person.headers, ip: freshAddress() }),
      ])
      expect(poll.body.error ?? poll.status).toBeOneOf([200, 'access_denied'])
      const keys = await count('secret_keys where account_id = $1', [person.accountId])
      expect(keys).toBe(poll.status === 200 ? 1 : 0)
      expect((await pollWith(instances.one, device_code)).status).toBe(400)
    }
  })

  it('agents 145: three people claim one tenant at once with codes of their own: exactly one owner, one event', async () => {
    for (let round = 0; round < 4; round += 1) {
      const { tenantId, claim_token } = await vend()
      const people = await Promise.all([0, 1, 2].map(() => instances.one.person()))
      const ready = await Promise.all(
        people.map(async (person, i) => {
          const app = instances.both[i % 2 === 0 ? 0 : 1]
          const { user_code } = await askForCode(app, { claim_token })
          const page = approvalPage(app, person)
          const body = { user_code, csrf_token: await page.csrf(user_code), ...(await page.prove(user_code)) }
          return () => page.post('/device/approve', body)
        }),
      )
      const answers = await Promise.all(ready.map((approve) => approve()))
      expect(tally(answers)).toEqual({ 200: 1, 400: 2 })
      const winner = people[answers.findIndex(({ status }) => status === 200)]
      expect(await count('tenants where id = $1 and account_id = $2', [tenantId, winner?.accountId])).toBe(1)
      expect(await count(`audit_logs where tenant_id = $1 and event = 'agent.claimed'`, [tenantId])).toBe(1)
    }
  })

  it('four claim codes asked for at once: three live', async () => {
    const { claim_token } = await vend()
    const answers = await storm(instances, 8, (app) =>
      app.call('POST', '/device/code', { body: { claim_token }, ip: freshAddress() }),
    )
    expect(tally(answers)).toEqual({ 200: 3, 429: 5 })
  })

  it('a claim and the idle purge at once: claimed and kept, or purged and refused', async () => {
    const { tenantId, claim_token } = await vend()
    instances.one.clock.advance(8 * 86_400)
    const person = await instances.one.person()
    const { user_code } = await askForCode(instances.one, { claim_token })
    const page = approvalPage(instances.one, person)
    const body = { user_code, csrf_token: await page.csrf(user_code), ...(await page.prove(user_code)) }
    const [answer] = await Promise.all([page.post('/device/approve', body), purgeIdleTenants(instances.two.app.deps)])
    expect(answer.status).toBeOneOf([200, 400])
    expect(await count('tenants where id = $1', [tenantId])).toBe(answer.status === 200 ? 1 : 0)
  })
})
