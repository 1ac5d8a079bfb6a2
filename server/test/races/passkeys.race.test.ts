import { expect, it } from 'vitest'
import { createAuthenticator } from '../authenticator.ts'
import { browserOf, ORIGIN } from '../ceremonies.ts'
import { type Answer, freshAddress } from '../harness.ts'
import { onTwoInstances, storm, tally } from './two-instances.ts'

onTwoInstances('passkeys', (instances) => {
  const setUp = async (settings: object = {}) => {
    const tenant = await instances.one.tenant({ origins: [ORIGIN], settings })
    return {
      tenant,
      browsers: instances.both.map((app) => browserOf(app, tenant)) as [
        ReturnType<typeof browserOf>,
        ReturnType<typeof browserOf>,
      ],
    }
  }
  const count = async (table: string, tenantId: string, where = 'true') =>
    (
      await instances.one.database.sql.query<{ n: number }>(
        `select count(*)::int as n from ${table} where tenant_id = $1 and ${where}`,
        [tenantId],
      )
    )[0]?.n

  it('security 74, 80: one assertion submitted 100 times opens one session', async () => {
    const { tenant, browsers } = await setUp()
    const { device } = await browsers[0].register('ada')
    const started = await browsers[0].startSignIn()
    const body = {
      session_id: started.body.data.session_id,
      credential: device.authenticate(started.body.data.challenge, { origin: ORIGIN }),
    }
    const answers = await storm(instances, 100, (app) =>
      browserOf(app, tenant).post('/v1/passkeys/auth/finish', body, { ip: freshAddress() }),
    )
    expect(tally(answers)).toEqual({ 200: 1, 400: 99 })
    expect(await count('sessions', tenant.tenantId)).toBe(2)
    expect(await count('audit_logs', tenant.tenantId, `event = 'auth.success'`)).toBe(2)
  })

  it('security 51: one credential id registered 10 times at once makes one passkey', async () => {
    const { tenant } = await setUp()
    const id = Buffer.alloc(32, 9)
    const answers = await storm(instances, 10, async (app, i) => {
      const browser = browserOf(app, tenant)
      const started = await browser.startRegistration({ name: `u${i}`, ip: freshAddress() })
      return browser.finishRegistration(started, {
        device: createAuthenticator(),
        mutate: { credentialId: id },
        ip: freshAddress(),
      })
    })
    expect(tally(answers)).toEqual({ 200: 1, 409: 9 })
    expect([await count('credentials', tenant.tenantId), await count('users', tenant.tenantId)]).toEqual([1, 1])
  })

  it('one new name registered 10 times at once becomes one user with one passkey', async () => {
    const { tenant } = await setUp()
    // All begun before the first is finished: from then on no start is allowed.
    const started = await storm(instances, 10, (app) =>
      browserOf(app, tenant).startRegistration({ name: 'same', ip: freshAddress() }),
    )
    const answers = await storm(instances, 10, (app, i) =>
      browserOf(app, tenant).finishRegistration(started[i] as (typeof started)[number], {
        device: createAuthenticator(),
        ip: freshAddress(),
      }),
    )
    expect(tally(answers)).toEqual({ 200: 1, 403: 9 })
    expect([await count('credentials', tenant.tenantId), await count('users', tenant.tenantId)]).toEqual([1, 1])
  })

  it('30 new people at 10 users leave the plan at exactly 15', async () => {
    const { tenant } = await setUp()
    for (let i = 0; i < 10; i++)
      await instances.one.call('POST', '/v1/users', { token: tenant.token, body: { external_user_id: `s${i}` } })
    const started = await storm(instances, 30, (app, i) =>
      browserOf(app, tenant).startRegistration({ name: `n${i}`, ip: freshAddress() }),
    )
    const answers = await storm(instances, 30, (app, i) =>
      browserOf(app, tenant).finishRegistration(started[i] as (typeof started)[number], {
        device: createAuthenticator(),
        ip: freshAddress(),
      }),
    )
    expect(tally(answers)).toEqual({ 200: 5, 409: 25 })
    expect(await count('users', tenant.tenantId)).toBe(15)
  })

  it('counts that arrive out of order never lower the stored one', async () => {
    // Each replay counts as a failure; here none is to lock the user.
    const { tenant, browsers } = await setUp({ lockout: { soft_failures: 20, hard_failures: 100 } })
    const { device, data } = await browsers[0].register('ada', createAuthenticator({ counter: 1 }))
    const bodies = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const started = await browsers[i % 2 === 0 ? 0 : 1].startSignIn({ ip: freshAddress() })
        const credential = device.authenticate(started.body.data.challenge, {
          origin: ORIGIN,
          mutate: { counter: 2 + i },
        })
        return { session_id: started.body.data.session_id, credential }
      }),
    )
    const answers = await storm(instances, 20, (app, i) =>
      browserOf(app, tenant).post('/v1/passkeys/auth/finish', bodies[i], { ip: freshAddress() }),
    )
    const { 200: opened = 0, 401: refused = 0, ...other } = tally(answers)
    expect([opened + refused, other]).toEqual([20, {}])
    expect(opened).toBeGreaterThanOrEqual(1)
    // Whether it was read too late or overtaken while it was checked: a count that did not rise is a replay.
    for (const { status, body } of answers) if (status === 401) expect(body.error.code).toBe('replay_detected')
    expect(await count('audit_logs', tenant.tenantId, `event = 'credential.replay_detected'`)).toBe(refused)
    const [row] = await instances.one.database.sql.query<{ n: number }>(
      'select sign_count as n from credentials where id = $1',
      [data.credential_id],
    )
    expect(row?.n).toBe(21)
    expect(await count('audit_logs', tenant.tenantId, `event = 'auth.success'`)).toBe(opened + 1)
  })

  it('counts that arrive out of order all pass where policy only flags them, each with its row', async () => {
    const { tenant, browsers } = await setUp({ replay_policy: 'flag' })
    const { device, data } = await browsers[0].register('ada', createAuthenticator({ counter: 1 }))
    const answers = await storm(instances, 20, async (app, i) => {
      const browser = browserOf(app, tenant)
      const started = await browser.startSignIn({ ip: freshAddress() })
      return browser.finishSignIn(started, { device, mutate: { counter: 21 - i }, ip: freshAddress() })
    })
    expect(tally(answers)).toEqual({ 200: 20 })
    const [row] = await instances.one.database.sql.query<{ n: number }>(
      'select sign_count as n from credentials where id = $1',
      [data.credential_id],
    )
    expect(row?.n).toBe(21)
    expect(await count('sessions', tenant.tenantId)).toBe(21)
  })

  it('two passkeys removed at once by their user: one stays', async () => {
    for (let round = 0; round < 10; round++) {
      const { tenant, browsers } = await setUp()
      const { token, data } = await browsers[0].register('ada', createAuthenticator(), { ip: freshAddress() })
      const added = await browsers[0].register(undefined, createAuthenticator(), { session: token, ip: freshAddress() })
      const ids = [data.credential_id, added.data.credential_id]
      const answers = await storm(instances, 2, (app, i) => app.call('DELETE', `/v1/passkeys/${ids[i]}`, { token }))
      expect(tally(answers)).toEqual({ 204: 1, 409: 1 })
      expect(await count('credentials', tenant.tenantId, `status = 'active'`)).toBe(1)
    }
  })

  /**
   * Holds a passkey's row while sign-ins read it, are verified and come to wait for it, one behind another; changes it
   * perhaps, then lets them go in that order.
   */
  async function overtake(
    credentialId: string,
    signIns: (() => Promise<Answer>)[],
    meanwhile?: string,
  ): Promise<Answer[]> {
    const watch = instances.two.database.sql
    const waiting = async () =>
      (
        await watch.query<{ n: number }>(
          `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        )
      )[0]?.n ?? 0
    const answers: Promise<Answer>[] = []
    await instances.one.database.rawTransaction(async (held) => {
      await held.query('select 1 from credentials where id = $1 for update', [credentialId])
      for (const signIn of signIns) {
        answers.push(signIn())
        while ((await waiting()) < answers.length);
      }
      if (meanwhile) await held.query(meanwhile, [credentialId])
    })
    return Promise.all(answers)
  }

  it('security 73: a count overtaken by a higher one between reading and writing is a replay', async () => {
    for (const policy of ['reject', 'flag']) {
      const { tenant, browsers } = await setUp({ replay_policy: policy })
      const { device, data } = await browsers[0].register('ada', createAuthenticator({ counter: 1 }))
      const signIns = await Promise.all(
        [9, 5].map(async (counter, i) => {
          const browser = browsers[i] as (typeof browsers)[0]
          const started = await browser.startSignIn({ ip: freshAddress() })
          return () => browser.finishSignIn(started, { device, mutate: { counter }, ip: freshAddress() })
        }),
      )
      const answers = await overtake(data.credential_id, signIns)
      expect(answers.map(({ status }) => status)).toEqual([200, policy === 'flag' ? 200 : 401])
      if (policy === 'reject') expect(answers[1]?.body.error.code).toBe('replay_detected')
      const rows = await instances.one.database.sql.query<{ metadata: object }>(
        `select metadata from audit_logs where tenant_id = $1 and event = 'credential.replay_detected'`,
        [tenant.tenantId],
      )
      expect(rows).toEqual([
        { metadata: { credential_id: data.credential_id, stored: 9, received: 5, action: policy } },
      ])
      expect(await count('sessions', tenant.tenantId)).toBe(policy === 'flag' ? 3 : 2)
      expect(await count('credentials', tenant.tenantId, 'sign_count = 9')).toBe(1)
    }
  })

  it('security 62: a passkey revoked between reading and writing opens no session', async () => {
    const { tenant, browsers } = await setUp()
    const { device, data } = await browsers[0].register('ada')
    const started = await browsers[1].startSignIn({ ip: freshAddress() })
    const [answer] = await overtake(
      data.credential_id,
      [() => browsers[1].finishSignIn(started, { device, ip: freshAddress() })],
      `update credentials set status = 'revoked' where id = $1`,
    )
    expect([answer?.status, answer?.body.error.code]).toEqual([404, 'credential_not_found'])
    expect(await count('sessions', tenant.tenantId)).toBe(1)
    expect(await count('audit_logs', tenant.tenantId, `event = 'auth.failed'`)).toBe(1)
  })

  it('a passkey revoked during its sign-ins opens none afterwards', async () => {
    const { tenant, browsers } = await setUp()
    const { device, data } = await browsers[0].register('ada')
    const answers = await storm(instances, 20, async (app, i) => {
      if (i === 10)
        return app.call('DELETE', `/v1/users/ada/credentials/${data.credential_id}`, { token: tenant.token })
      return browserOf(app, tenant).signIn(device, { ip: freshAddress() })
    })
    const { 200: opened = 0, 204: revoked, 404: refused = 0, ...other } = tally(answers)
    expect([revoked, opened + refused, other]).toEqual([1, 19, {}])
    expect(await count('sessions', tenant.tenantId)).toBe(opened + 1)
    expect(await count('audit_logs', tenant.tenantId, `event = 'auth.failed'`)).toBe(refused)
    expect((await browsers[0].signIn(device, { ip: freshAddress() })).status).toBe(404)
  })

  it('one session ended 20 times at once ends with one event', async () => {
    const { tenant, browsers } = await setUp()
    const { token } = await browsers[0].register('ada')
    const { body } = await instances.one.call('GET', '/v1/sessions/validate', { token })
    const path = `/v1/sessions/${body.data.session_id}`
    const answers = await storm(instances, 20, (app) => app.call('DELETE', path, { token: tenant.token }))
    expect(tally(answers)).toEqual({ 204: 20 })
    expect(await count('audit_logs', tenant.tenantId, `event = 'session.revoked'`)).toBe(1)
  })

  it('security 235: a sign-in during the erasure leaves no session behind', async () => {
    for (let round = 0; round < 10; round++) {
      const { tenant, browsers } = await setUp()
      const { device } = await browsers[0].register('ada')
      const started = await browsers[0].startSignIn({ ip: freshAddress() })
      await Promise.all([
        browsers[0].finishSignIn(started, { device, ip: freshAddress() }),
        instances.two.call('DELETE', '/v1/users/ada', { token: tenant.token }),
      ])
      for (const table of ['sessions', 'credentials', 'users'])
        expect([table, await count(table, tenant.tenantId)]).toEqual([table, 0])
      expect(await count('directory', tenant.tenantId, `kind = 'webauthn'`)).toBe(0)
    }
  })

  it('a session revoked on one instance is refused on the other at once', async () => {
    const { tenant, browsers } = await setUp()
    const { token } = await browsers[0].register('ada')
    const ask = () => instances.two.call('GET', '/v1/sessions/validate', { token })
    const valid = await ask()
    expect(valid.status).toBe(200)
    await instances.one.call('DELETE', `/v1/sessions/${valid.body.data.session_id}`, { token: tenant.token })
    expect((await ask()).status).toBe(401)
  })
})
