import { expect, it } from 'vitest'
import { agentToken } from '../agent-token.ts'
import { freshAddress, type TestApp } from '../harness.ts'
import { allow, codeFor, pkce, redeem, refresh, registerClient, request } from '../oauth-client.ts'
import { assertionClaims, assertionForm, basicOf, oauthPost, registerKeys, signer, tokenOf } from '../oauth-requests.ts'
import { onTwoInstances, storm, tally } from './two-instances.ts'

const status = async (app: TestApp, token: string) =>
  (await app.call('GET', '/v1/users', { token, ip: freshAddress() })).status

/** How long it takes until an instance refuses the token, in milliseconds of the wall's clock. */
async function untilRefused(app: TestApp, token: string): Promise<number> {
  const begun = performance.now()
  while ((await status(app, token)) !== 401) {
    if (performance.now() - begun > 5000) throw new Error('it is still accepted')
  }
  return performance.now() - begun
}

onTwoInstances('OAuth', (instances) => {
  it('agents 112: a token that was revoked on one instance is refused on the other within a second', async () => {
    const { one, two } = instances
    const tenant = await one.tenant()
    for (let turn = 0; turn < 5; turn += 1) {
      const token = await tokenOf(one, tenant)
      // Both have seen it, and remember that nothing of the client is revoked.
      expect([await status(one, token), await status(two, token)]).toEqual([200, 200])
      const ended = await oauthPost(one, '/oauth/revoke', { basic: basicOf(tenant), form: { token } })
      expect(ended.status).toBe(200)
      expect(await status(one, token)).toBe(401)
      expect(await untilRefused(two, token)).toBeLessThan(1000)
    }
    expect(await status(two, tenant.token)).toBe(200)
  })

  it('a token revoked 40 times at once on two instances leaves one event', async () => {
    const tenant = await instances.one.tenant()
    const token = await tokenOf(instances.one, tenant)
    const answers = await storm(instances, 40, (app) =>
      oauthPost(app, '/oauth/revoke', { basic: basicOf(tenant), form: { token } }),
    )
    expect(tally(answers)).toEqual({ 200: 40 })
    const events = await instances.one.database.sql.query(
      `select 1 from audit_logs where tenant_id = $1 and event = 'token.revoked'`,
      [tenant.tenantId],
    )
    expect(events).toHaveLength(1)
  })

  it('agents 53: one assertion presented 40 times at once on two instances is taken once', async () => {
    const tenant = await instances.one.tenant()
    const key = signer('ES256')
    await registerKeys(instances.one, tenant, key)
    const form = assertionForm(await key.sign(assertionClaims(instances.one, tenant.clientId)))
    const answers = await storm(instances, 40, (app) => oauthPost(app, '/oauth/token', { form }))
    expect(tally(answers)[200]).toBe(1)
    expect(tally(answers)[401]).toBe(39)
  })

  it('agents 117: a refresh token revoked while it is being replaced leaves nothing that works', async () => {
    const { one, two } = instances
    const person = await one.person()
    const body = { token_endpoint_auth_method: 'none', redirect_uris: ['https://client.example/callback'] }
    const { body: client } = await one.call('POST', '/oauth/register', { body, ip: freshAddress() })
    const client_id: string = client.client_id
    for (let turn = 0; turn < 10; turn += 1) {
      const { refreshToken } = await agentToken(one, person, { clientId: client_id })
      const form = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id }
      const [renewed] = await Promise.all([
        oauthPost(one, '/oauth/token', { form }),
        oauthPost(two, '/oauth/revoke', { form: { token: refreshToken, client_id } }),
      ])
      // Replaced or not when it was looked up: everything of its grant has ended.
      const left = await one.database.sql.query('select 1 from refresh_tokens where client_id = $1', [client_id])
      expect(left).toEqual([])
      if (renewed.status === 200) expect(await untilRefused(two, renewed.body.access_token)).toBeLessThan(1000)
    }
  })

  it('agents 169: old refresh tokens of a family that are shown at once end it, and do not lock each other out', async () => {
    const { one } = instances
    const person = await one.person()
    const client = await registerClient(one)
    let { refresh_token: token } = (await redeem(one, client, await codeFor(one, person, client))).body
    const old: string[] = []
    for (let turn = 0; turn < 8; turn += 1) {
      old.push(token)
      token = (await refresh(one, client, token)).body.refresh_token
    }
    const answers = await storm(instances, 16, (app, i) => refresh(app, client, old[i % 8] as string))
    expect(answers.map(({ body }) => body.error)).toEqual(answers.map(() => 'invalid_grant'))
    expect((await refresh(one, client, token)).body.error).toBe('invalid_grant')
  })

  it('agents §2: consents that one person gives one client at once are of one agent', async () => {
    const person = await instances.one.person()
    const client = await registerClient(instances.one)
    const answers = await storm(instances, 6, (app) => allow(app, person, request(client, pkce().challenge)))
    expect(tally(answers)).toEqual({ 200: 6 })
    const agents = await instances.one.database.sql.query('select 1 from agents where client_id = $1', [client.id])
    expect(agents).toHaveLength(1)
  })
})
