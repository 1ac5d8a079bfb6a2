import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { purgeIdleTenants } from '../../src/tenants/purge.ts'
import { signIn } from '../account.ts'
import { approvalPage, askForCode, pollWith } from '../device-flow.ts'
import { type Answer, freshAddress, type TestApp, testApp } from '../harness.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const errorOf = ({ status, body }: Answer) => [status, body.error]
const sql = () => server.database.sql

type Vended = {
  tenantId: string
  clientId: string
  clientSecret: string
  applicationId: string
  claim: { claim_url: string; claim_token: string }
}
async function vend(): Promise<Vended> {
  const ip = freshAddress()
  const made = await server.call('POST', '/v1/onboarding/ai', { body: { name: 'Night agent' }, ip })
  if (made.status !== 200) throw new Error(made.text)
  return made.body
}
const scopesOf = async (client: Vended) => {
  const { token } = await signIn(server, client)
  return { token, scopes: JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).scope.split(' ') }
}
const code = (body: object, headers: Record<string, string> = {}) =>
  server.call('POST', '/device/code', { body, headers, ip: freshAddress() })

/** Claims the tenant for a new person. */
async function claim(vended: Vended) {
  const person = await server.person()
  const codes = await askForCode(server, { claim_token: vended.claim.claim_token })
  const answer = await approvalPage(server, person).approve(codes.user_code)
  if (answer.status !== 200) throw new Error(answer.text)
  return { person, codes }
}

describe('N. claim', () => {
  it('agents 132, 141: the token leads a person to ownership; the same credential goes on, with the scopes of a claim', async () => {
    const vended = await vend()
    expect(vended.claim).toEqual({
      claim_url: `https://auth.example.com/claim#${vended.claim.claim_token}`,
      claim_token: expect.stringMatching(/^clm_[0-9A-Za-z]{49}$/),
    })
    const before = await scopesOf(vended)
    expect(before.scopes).not.toContain('webhooks:write')
    const { person, codes } = await claim(vended)
    const after = await scopesOf(vended)
    for (const scope of ['webhooks:write', 'recovery:write', 'enrollment:write', 'migration:write', 'acting_as:read'])
      expect(after.scopes).toContain(scope)
    expect(after.scopes).not.toContain('acting_as:write')
    const own = await server.call('GET', '/v1/account', { headers: person.headers })
    expect(own.body.data.tenants.map(({ id }: { id: string }) => id)).toContain(vended.tenantId)
    const reached = await server.call('GET', '/v1/users', {
      headers: { ...person.headers, 'x-app-id': vended.applicationId },
    })
    expect(reached.status).toBe(200)
    const mine = await server.call('GET', `/v1/applications/${vended.applicationId}`, { token: after.token })
    expect([mine.body.data.plan, mine.headers['x-inactivity-purge-at']]).toEqual(['starter', undefined])
    const logs = await sql().query<{ metadata: object; actor: object }>(
      `select metadata, actor from audit_logs where tenant_id = $1 and event = 'agent.claimed'`,
      [vended.tenantId],
    )
    expect(logs).toEqual([
      {
        metadata: { agent_id: expect.stringMatching(/^agt_/), account_id: person.accountId },
        actor: { kind: 'user', id: person.personId },
      },
    ])
    const [mail] = await server.mails(person.address)
    expect(mail?.subject).toContain('tenant')
    const late = await pollWith(server, codes.device_code)
    expect(late.status).toBe(200)
  })

  it('shows what is claimed: names as the agent wrote them, users, when and from where', async () => {
    const vended = await vend()
    const codes = await askForCode(server, { claim_token: vended.claim.claim_token })
    const { body } = await approvalPage(server, await server.person()).look(codes.user_code)
    expect(body.data).toMatchObject({
      scopes: [],
      applications: [],
      claim: {
        tenant_name: 'Night agent',
        application_name: 'Night agent',
        users: 0,
        created_at: server.clock().toISOString(),
        created_from: expect.stringMatching(/^10\./),
      },
    })
  })

  it('agents 143: a client may ask with its own authentication; a code ends after 15 minutes, the token gives a new one', async () => {
    const vended = await vend()
    const client = { client_id: vended.clientId, client_secret: vended.clientSecret }
    const own = await askForCode(server, { ...client, claim: 'true' })
    server.clock.advance(900)
    expect(errorOf(await pollWith(server, own.device_code, client))).toEqual([400, 'expired_token'])
    expect((await code({ claim_token: vended.claim.claim_token })).status).toBe(200)
    expect(errorOf(await code({ claim: true }))).toEqual([401, 'invalid_client'])
  })

  it('agents 143: a fourth live code → 429 until the oldest ends', async () => {
    const { claim_token } = (await vend()).claim
    for (let i = 0; i < 3; i += 1) expect((await code({ claim_token })).status).toBe(200)
    server.clock.advance(600)
    const refused = await code({ claim_token })
    expect([...errorOf(refused), refused.headers['retry-after']]).toEqual([429, 'rate_limit_exceeded', '300'])
    server.clock.advance(300)
    expect((await code({ claim_token })).status).toBe(200)
  })

  it('a refused request is none of the ten codes of a day', async () => {
    const { claim_token } = (await vend()).claim
    for (let i = 0; i < 3; i += 1) expect((await code({ claim_token })).status).toBe(200)
    for (let i = 0; i < 8; i += 1) expect((await code({ claim_token })).status).toBe(429)
    server.clock.advance(900)
    expect((await code({ claim_token })).status).toBe(200)
  })

  it('the eleventh code of a day → 429', async () => {
    const { claim_token } = (await vend()).claim
    for (let i = 0; i < 10; i += 1) {
      expect((await code({ claim_token })).status).toBe(200)
      server.clock.advance(900)
    }
    expect(errorOf(await code({ claim_token }))).toEqual([429, 'rate_limit_exceeded'])
  })

  it('agents 144: garbage → 400 invalid_grant; of a claimed tenant → 400 already_claimed', async () => {
    const vended = await vend()
    const { claim_token } = vended.claim
    const wrong = `${claim_token.slice(0, -1)}${claim_token.endsWith('0') ? '1' : '0'}`
    for (const token of ['x', 'clm_', wrong, vended.clientSecret])
      expect(errorOf(await code({ claim_token: token }))).toEqual([400, 'invalid_grant'])
    await claim(vended)
    expect(errorOf(await code({ claim_token }))).toEqual([400, 'already_claimed'])
    const client = { client_id: vended.clientId, client_secret: vended.clientSecret, claim: 'true' }
    expect(errorOf(await code(client))).toEqual([400, 'already_claimed'])
  })

  it('agents 142, 144: a claimed tenant outlives 8 idle days, its twin does not, and the token of that → invalid_grant', async () => {
    const [claimed, twin] = [await vend(), await vend()]
    await claim(claimed)
    const codes = await askForCode(server, { claim_token: twin.claim.claim_token })
    server.clock.advance(8 * 86_400)
    await purgeIdleTenants(server.app.deps)
    server.app.deps.caches.clear()
    expect((await signIn(server, claimed, freshAddress())).status).toBe(200)
    expect((await signIn(server, twin, freshAddress())).error).toBe('invalid_client')
    expect(errorOf(await code({ claim_token: twin.claim.claim_token }))).toEqual([400, 'invalid_grant'])
    const shown = await approvalPage(server, await server.person()).look(codes.user_code)
    expect([shown.status, shown.body.error.code]).toEqual([400, 'invalid_user_code'])
    const left = await sql().query(`select 1 from agents where method = 'vending' and client_id = $1`, [twin.clientId])
    expect(left).toEqual([])
  })

  it('agents 145: two people approve two codes of one tenant at once → exactly one owner', async () => {
    const vended = await vend()
    const { claim_token } = vended.claim
    const [one, two] = [await server.person(), await server.person()]
    const codes = [await askForCode(server, { claim_token }), await askForCode(server, { claim_token })]
    const answers = await Promise.all(
      [one, two].map((person, i) => approvalPage(server, person).approve(codes[i]?.user_code ?? '')),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400])
    const [{ account_id } = { account_id: '' }] = await sql().query<{ account_id: string }>(
      'select account_id from tenants where id = $1',
      [vended.tenantId],
    )
    const winner = answers[0]?.status === 200 ? one : two
    expect(account_id).toBe(winner.accountId)
    const polls = await Promise.all(codes.map(({ device_code }) => pollWith(server, device_code)))
    expect(polls.map(({ status, body }) => body.error ?? status).sort()).toEqual([200, 'expired_token'])
  })

  it('agents 146: the success has no secret and no key; a second poll → invalid_grant, for ever', async () => {
    const vended = await vend()
    const { codes } = await claim(vended)
    const { status, body, text } = await pollWith(server, codes.device_code)
    expect([status, Object.keys(body).sort()]).toEqual([
      200,
      [
        'access_token',
        'applicationId',
        'claimed',
        'clientId',
        'expires_in',
        'limits',
        'scope',
        'tenantId',
        'token_type',
      ],
    ])
    expect(body).toMatchObject({
      claimed: true,
      tenantId: vended.tenantId,
      clientId: vended.clientId,
      applicationId: vended.applicationId,
      limits: { maxUsers: 1000, maxApps: 3 },
      token_type: 'Bearer',
      expires_in: 3600,
    })
    expect(body.scope.split(' ')).toContain('migration:write')
    expect(text).not.toMatch(/(?:sec|tm_key|clm)_/)
    expect((await server.call('GET', '/v1/users', { token: body.access_token })).status).toBe(200)
    for (let i = 0; i < 3; i += 1) {
      expect(errorOf(await pollWith(server, codes.device_code))).toEqual([400, 'invalid_grant'])
      server.clock.advance(1800)
    }
  })

  it('agents 147: the claim token is in no log line, no audit row and, in readable form, in no table', async () => {
    const vended = await vend()
    await claim(vended)
    const { claim_token } = vended.claim
    expect(server.lines.join('\n')).not.toContain(claim_token)
    const rows = await sql().query<{ text: string }>(
      `select string_agg(l::text, ' ') as text from audit_logs l union all select string_agg(t::text, ' ') from tenants t
       union all select string_agg(d::text, ' ') from device_requests d`,
    )
    expect(rows.map(({ text }) => text).join(' ')).not.toContain(claim_token)
  })

  it('agents 148: before the claim webhooks → 403 claim_required and a fourth origin → 409; after it both work', async () => {
    const vended = await vend()
    const path = `/v1/applications/${vended.applicationId}`
    const hook = { webhook_url: 'https://hooks.example.com/x' }
    const origins = { allowed_origins: ['a', 'b', 'c', 'd'].map((name) => `https://${name}.example.com`) }
    const { token } = await scopesOf(vended)
    const refused = await server.call('PATCH', path, { token, body: hook })
    expect([refused.status, refused.body.error.code, refused.body.error.docs_url]).toEqual([
      403,
      'claim_required',
      'https://auth.example.com/auth.md',
    ])
    const rotation = await server.call('POST', `${path}/webhook-secret/rotate`, { token, body: {} })
    expect([rotation.status, rotation.body.error.code]).toEqual([403, 'claim_required'])
    expect((await server.call('PATCH', path, { token, body: origins })).status).toBe(409)
    await claim(vended)
    const { token: now } = await scopesOf(vended)
    expect((await server.call('PATCH', path, { token: now, body: { ...hook, ...origins } })).status).toBe(200)
    expect((await server.call('POST', `${path}/webhook-secret/rotate`, { token: now, body: {} })).status).toBe(200)
  })

  it('a denied claim leaves the tenant as it was', async () => {
    const vended = await vend()
    const codes = await askForCode(server, { claim_token: vended.claim.claim_token })
    expect((await approvalPage(server, await server.person()).deny(codes.user_code)).status).toBe(200)
    expect(errorOf(await pollWith(server, codes.device_code))).toEqual([400, 'access_denied'])
    expect((await code({ claim_token: vended.claim.claim_token })).status).toBe(200)
  })
})
