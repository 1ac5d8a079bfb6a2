import { expect, it } from 'vitest'
import { createAuthenticator } from '../authenticator.ts'
import { browserOf, ORIGIN } from '../ceremonies.ts'
import { freshAddress } from '../harness.ts'
import { onTwoInstances, storm, tally } from './two-instances.ts'

onTwoInstances('passkeys', (instances) => {
  const setUp = async () => {
    const tenant = await instances.one.tenant({ origins: [ORIGIN] })
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
    const answers = await storm(instances, 100, (app, i) =>
      browserOf(app, tenant).post('/v1/passkeys/auth/finish', body, { ip: i % 2 ? freshAddress() : freshAddress() }),
    )
    expect(tally(answers)).toEqual({ 200: 1, 400: 99 })
    expect(await count('sessions', tenant.tenantId)).toBe(2)
    expect(await count('audit_logs', tenant.tenantId, `event = 'auth.success'`)).toBe(2)
  })

  it('security 51: one credential id registered 20 times at once makes one passkey', async () => {
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
    const answers = await storm(instances, 10, async (app) => {
      const browser = browserOf(app, tenant)
      const started = await browser.startRegistration({ name: 'same', ip: freshAddress() })
      return browser.finishRegistration(started, { device: createAuthenticator(), ip: freshAddress() })
    })
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
    const { tenant, browsers } = await setUp()
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
    const opened = answers.filter(({ status }) => status === 200).length
    expect(opened).toBeGreaterThanOrEqual(1)
    const [row] = await instances.one.database.sql.query<{ n: number }>(
      'select sign_count as n from credentials where id = $1',
      [data.credential_id],
    )
    expect(row?.n).toBe(21)
    expect(await count('audit_logs', tenant.tenantId, `event = 'auth.success'`)).toBe(opened + 1)
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
