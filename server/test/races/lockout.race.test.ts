import { expect, it } from 'vitest'
import { createAuthenticator, type Mutation } from '../authenticator.ts'
import { browserOf, ORIGIN } from '../ceremonies.ts'
import { type Answer, freshAddress, type Tenant } from '../harness.ts'
import { onTwoInstances, storm, tally } from './two-instances.ts'

const wrong: Mutation = { signature: () => Buffer.from('3006020101020101', 'hex') }

onTwoInstances('lockout', (instances) => {
  const setUp = async (settings: object = {}) => {
    const tenant = await instances.one.tenant({ origins: [ORIGIN], settings })
    const browser = browserOf(instances.one, tenant)
    const { device, token, data } = await browser.register('ada', createAuthenticator(), { ip: freshAddress() })
    return { tenant, browser, device, token, userId: data.user.user_id as string }
  }
  const sql = () => instances.two.database.sql
  const count = async (table: string, tenantId: string, where = 'true') =>
    (
      await sql().query<{ n: number }>(`select count(*)::int as n from ${table} where tenant_id = $1 and ${where}`, [
        tenantId,
      ])
    )[0]?.n
  const patch = (tenant: Tenant, body: object) =>
    instances.two.call('PATCH', '/v1/users/ada', { token: tenant.token, body })

  /** Changes the user's row, holds it until the call waits for it, and commits the change. @returns what the call answers */
  async function behind(
    userId: string,
    change: string,
    call: () => Promise<Answer>,
  ): Promise<{ answer: Promise<Answer> }> {
    const waiting = async () =>
      (
        await sql().query<{ n: number }>(
          `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        )
      )[0]?.n ?? 0
    return instances.one.database.rawTransaction(async (held) => {
      await held.query(`update users set ${change} where id = $1::uuid`, [userId])
      let over = false
      const answer = call().finally(() => {
        over = true
      })
      while (!over && (await waiting()) < 1);
      return { answer }
    })
  }

  it('100 wrong attempts at once: exactly 5 are evaluated, the rest are told of the lock, which is recorded once', async () => {
    const { tenant, device, userId } = await setUp()
    // Begun and signed beforehand, so that they really meet.
    const bodies = await storm(instances, 100, async (app) => {
      const started = await browserOf(app, tenant).startSignIn({ ip: freshAddress() })
      const credential = device.authenticate(started.body.data.challenge, { origin: ORIGIN, mutate: wrong })
      return { session_id: started.body.data.session_id, credential }
    })
    const answers = await storm(instances, 100, (app, i) =>
      browserOf(app, tenant).post('/v1/passkeys/auth/finish', bodies[i], { ip: freshAddress() }),
    )
    expect(tally(answers)).toEqual({ 401: 5, 423: 95 })
    for (const { status, headers } of answers) if (status === 423) expect(headers['retry-after']).toBe('1800')
    expect(await count('audit_logs', tenant.tenantId, `event = 'credential.lockout'`)).toBe(1)
    const failed = (reason: string) =>
      count('audit_logs', tenant.tenantId, `event = 'auth.failed' and metadata ->> 'reason' = '${reason}'`)
    expect([await failed('signature'), await failed('user_locked')]).toEqual([5, 95])
    const [row] = await sql().query('select soft_failures, hard_failures from users where id = $1::uuid', [userId])
    expect(row).toEqual({ soft_failures: 0, hard_failures: 5 })
  })

  it('a right assertion among the wrong ones opens a session only before the lock', async () => {
    for (let round = 0; round < 5; round++) {
      const { tenant, device } = await setUp()
      const answers = await storm(instances, 40, async (app, i) => {
        const browser = browserOf(app, tenant)
        const started = await browser.startSignIn({ ip: freshAddress() })
        return browser.finishSignIn(started, { device, ip: freshAddress(), ...(i % 8 === 0 ? {} : { mutate: wrong }) })
      })
      const { 200: opened = 0, 401: failed = 0, 423: locked = 0, ...other } = tally(answers)
      expect([opened + failed + locked, other]).toEqual([40, {}])
      expect(await count('sessions', tenant.tenantId)).toBe(opened + 1)
      const lockouts = await count('audit_logs', tenant.tenantId, `event = 'credential.lockout'`)
      expect(lockouts).toBe(locked > 0 ? 1 : 0)
      expect(failed).toBeLessThanOrEqual(5 * (opened + 1))
    }
  })

  it.each<[string, number]>([
    ['without failures', 0],
    ['with failures', 2],
  ])('423 for a right assertion of a user %s who is locked while it is under way', async (_name, before) => {
    const { tenant, browser, device, userId } = await setUp()
    await sql().query(`update users set soft_failures = ${before}, soft_since = $2 where id = $1::uuid`, [
      userId,
      instances.one.clock(),
    ])
    const started = await browser.startSignIn({ ip: freshAddress() })
    const until = new Date(instances.one.clock().getTime() + 60_000).toISOString()
    const { answer: late } = await behind(userId, `locked_until = '${until}'`, () =>
      browser.finishSignIn(started, { device, ip: freshAddress() }),
    )
    const answer = await late
    expect([answer.status, answer.body.error?.code, answer.headers['retry-after']]).toEqual([423, 'user_locked', '60'])
    expect(await count('sessions', tenant.tenantId)).toBe(1)
    expect(await count('audit_logs', tenant.tenantId, `event = 'auth.success'`)).toBe(1)
  })

  it('200 for a right assertion while another fails, and the failure is cleared', async () => {
    const { browser, device, userId } = await setUp()
    const started = await browser.startSignIn({ ip: freshAddress() })
    const { answer: late } = await behind(userId, `soft_failures = 4, hard_failures = 4`, () =>
      browser.finishSignIn(started, { device, ip: freshAddress() }),
    )
    expect((await late).status).toBe(200)
    const [row] = await sql().query('select soft_failures, hard_failures from users where id = $1::uuid', [userId])
    expect(row).toEqual({ soft_failures: 0, hard_failures: 0 })
  })

  it('404 for a user who is disabled between reading and writing', async () => {
    const { tenant, browser, device, userId } = await setUp()
    const started = await browser.startSignIn({ ip: freshAddress() })
    const { answer: late } = await behind(userId, `status = 'disabled'`, () =>
      browser.finishSignIn(started, { device, ip: freshAddress() }),
    )
    const answer = await late
    expect([answer.status, answer.body.error?.code]).toEqual([404, 'credential_not_found'])
    expect(await count('sessions', tenant.tenantId)).toBe(1)
  })

  it('no session lives once disabling was answered, and enabling brings none back', async () => {
    for (let round = 0; round < 10; round++) {
      const { tenant, browser, device, token } = await setUp()
      const adding = await browser.startRegistration({ session: token, ip: freshAddress() })
      const signIns = await storm(instances, 16, async (app) => {
        const started = await browserOf(app, tenant).startSignIn({ ip: freshAddress() })
        return () => browserOf(app, tenant).finishSignIn(started, { device, ip: freshAddress() })
      })
      let live: number | undefined
      const answers = await Promise.all([
        ...signIns.slice(0, 8).map((signIn) => signIn()),
        browser.finishRegistration(adding, { device: createAuthenticator(), session: token, ip: freshAddress() }),
        patch(tenant, { status: 'disabled' }).then(async (answer) => {
          live = await count('sessions', tenant.tenantId, 'revoked_at is null')
          return answer
        }),
        ...signIns.slice(8).map((signIn) => signIn()),
      ])
      expect(answers.filter(({ status }) => ![200, 401, 403, 404].includes(status))).toEqual([])
      expect([answers[9]?.status, live, await count('sessions', tenant.tenantId, 'revoked_at is null')]).toEqual([
        200, 0, 0,
      ])
      const sessions = await count('sessions', tenant.tenantId)
      expect(await count('audit_logs', tenant.tenantId, `event = 'session.revoked'`)).toBe(sessions)
      expect((await patch(tenant, { status: 'active' })).status).toBe(200)
      for (const { status, body } of answers) {
        if (status !== 200 || !body.data.session_token) continue
        const valid = await instances.one.call('GET', '/v1/sessions/validate', { token: body.data.session_token })
        expect(valid.status).toBe(401)
      }
    }
  })

  it('20 unlocks at once: one event; 20 equal changes at once: one event', async () => {
    const { tenant, browser, device } = await setUp()
    for (let i = 0; i < 5; i++) await browser.signIn(device, { mutate: wrong, ip: freshAddress() })
    const { token } = tenant
    const unlocks = await storm(instances, 20, (app) => app.call('POST', '/v1/users/ada/unlock', { token }))
    const changes = await storm(instances, 20, (app) =>
      app.call('PATCH', '/v1/users/ada', { token, body: { metadata: { plan: 'pro' } } }),
    )
    expect([tally(unlocks), tally(changes)]).toEqual([{ 200: 20 }, { 200: 20 }])
    for (const event of ['user.unlocked', 'user.updated']) {
      expect([event, await count('audit_logs', tenant.tenantId, `event = '${event}'`)]).toEqual([event, 1])
    }
  })

  it('failures, sign-ins, unlocks, changes, removals and the erasure of one user do not deadlock', async () => {
    for (let round = 0; round < 5; round++) {
      const { tenant, browser, device, token } = await setUp({ lockout: { soft_failures: 20, hard_failures: 100 } })
      const second = createAuthenticator()
      const added = await browser.register(undefined, second, { session: token, ip: freshAddress() })
      const admin = { token: tenant.token }
      const answers = await storm(instances, 40, (app, i): Promise<Answer> => {
        const here = browserOf(app, tenant)
        if (i === 35) return app.call('DELETE', '/v1/users/ada', admin)
        if (i === 20) return app.call('DELETE', `/v1/passkeys/${added.data.credential_id}`, { token })
        if (i % 10 === 5) return app.call('POST', '/v1/users/ada/unlock', admin)
        if (i % 10 === 7) return app.call('PATCH', '/v1/users/ada', { ...admin, body: { metadata: { round: i } } })
        const presented = i % 3 === 0 ? second : device
        return here.signIn(presented, { ip: freshAddress(), ...(i % 2 === 0 ? { mutate: wrong } : {}) })
      })
      expect(answers.filter(({ status }) => status >= 500)).toEqual([])
      for (const table of ['sessions', 'credentials', 'users'])
        expect([table, await count(table, tenant.tenantId)]).toEqual([table, 0])
    }
  })
})
