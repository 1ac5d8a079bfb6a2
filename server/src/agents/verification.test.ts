import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  freshMailbox,
  isInDatabase,
  register,
  setStatus,
  tokenFor,
  tokenOf,
  verify,
  verifyLink,
} from '../../test/agent-registration.ts'
import { type Answer, freshAddress, type TestApp, testApp } from '../../test/harness.ts'
import { openRedis } from '../platform/redis.ts'
import { mintSecret } from '../platform/secrets.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp({ RATE_LIMIT_OVERRIDES: '{"agent_email_ip":{"points":1000}}' })
})
afterAll(() => server.close())

const outcome = ({ status, body }: Answer) => [status, body?.error?.code ?? body?.status]
const count = async (table: string, email: string): Promise<number> => {
  const [row] = await server.database.sql.query<{ n: number }>(
    `select count(*)::int as n from ${table} x join members m on m.account_id = x.account_id
     join identifiers i on i.user_id = m.person_id where i.value = $1 and i.verified`,
    [email],
  )
  return row?.n ?? 0
}

describe('agents 139, 140: a token becomes a key, once', () => {
  it.each([
    ['POST with JSON', (token: string) => verify(server, { token })],
    ['GET by a program', (token: string) => verifyLink(server, token, { headers: { 'user-agent': 'curl/8.5.0' } })],
    ['GET that takes anything', (token: string) => verifyLink(server, token, { headers: { accept: '*/*' } })],
    ['GET that takes JSON', (token: string) => verifyLink(server, token, { headers: { accept: 'application/json' } })],
    [
      'POST with a form, by a program',
      (token: string) =>
        server.call('POST', '/api/agents/verify', {
          body: `token=${token}`,
          headers: { 'content-type': 'application/x-www-form-urlencoded', accept: '*/*', 'user-agent': 'curl/8.5.0' },
          ip: freshAddress(),
        }),
    ],
  ])('%s', async (_how, present) => {
    const token = await tokenOf(server)
    const first = await present(token)
    expect(first.status).toBe(200)
    expect(first.headers['cache-control']).toBe('no-store')
    expect(first.headers['content-type']).toMatch(/^application\/json/)
    expect(Object.keys(first.body)).toEqual(['status', 'secret_key', 'key_preview', 'setup'])
    expect(first.body.secret_key).toMatch(/^tm_key_[0-9A-Za-z]{49}$/)
    expect(first.body.setup.env_var).toBe(`export TRYMELLON_SECRET_KEY="${first.body.secret_key}"`)
    expect(outcome(await present(token))).toEqual([410, 'token_used'])
  })

  it('the key works, and is told nowhere again: not in a log, a mail or the database', async () => {
    const email = freshMailbox()
    const token = await tokenOf(server, email, 'Nightly build')
    const { secret_key, key_preview } = (await verify(server, { token })).body
    const read = await server.call('GET', '/v1/applications', { token: secret_key })
    expect(read.status).toBe(200)
    expect(read.body.data.data).toMatchObject([{ name: 'Nightly build', plan: 'starter' }])
    expect(key_preview).toBe(`${secret_key.slice(0, 11)}...${secret_key.slice(-4)}`)
    expect(await isInDatabase(server, secret_key)).toBe(false)
    expect(JSON.stringify(await server.mails(email))).not.toContain(secret_key)
    for (const secret of [secret_key, token]) expect(server.lines.join('\n')).not.toContain(secret)
  })

  it('after 24 hours → token_expired, a second before not', async () => {
    const clocked = await testApp()
    const [early, late] = [await tokenOf(clocked), await tokenOf(clocked)]
    clocked.clock.advance(24 * 3600 - 1)
    expect(outcome(await verify(clocked, { token: early }))).toEqual([200, 'verified'])
    clocked.clock.advance(1)
    expect(outcome(await verify(clocked, { token: late }))).toEqual([410, 'token_expired'])
    await clocked.close()
  })

  it.each([
    ['one that was never made', mintSecret('emt')],
    ['one with a wrong checksum', `${mintSecret('emt').slice(0, -1)}!`],
    ['another kind of secret', mintSecret('clm')],
    ['any text', 'x'],
  ])('%s → invalid_token', async (_what, token) => {
    expect(outcome(await verify(server, { token }))).toEqual([400, 'invalid_token'])
    expect(outcome(await verifyLink(server, encodeURIComponent(token)))).toEqual([400, 'invalid_token'])
  })

  it.each([
    ['', 'token: is required'],
    ['?token=', 'token: must be 1 to 255 characters'],
    ['?token=a&token=b', 'token: must be given only once'],
    ['?token=a&more=1', 'more: is not a known field'],
  ])('GET %s → 400 naming what is wrong', async (query, message) => {
    const { status, body } = await server.call('GET', `/api/agents/verify${query}`, { ip: freshAddress() })
    expect([status, body.error.message]).toEqual([400, message])
  })
})

describe('agents 139, security 187: asking for the page uses nothing up', () => {
  const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
  it('by browser, prefetch, scanner or HEAD, however often', async () => {
    const token = await tokenOf(server)
    const asks: [Record<string, string>, string?][] = [
      [{ accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'user-agent': chrome }],
      [{ accept: '*/*', 'sec-fetch-mode': 'navigate' }],
      [{ accept: '*/*', purpose: 'prefetch' }],
      [{ accept: '*/*', 'sec-purpose': 'prefetch' }],
      [{ accept: '*/*', 'user-agent': 'BarracudaCentral/1.0' }],
      [{ accept: 'application/json', 'user-agent': chrome }],
      [{ accept: 'text/html' }, 'HEAD'],
      [{ accept: 'application/json' }, 'HEAD'],
      [{ accept: '*/*', 'user-agent': 'curl/8.5.0' }, 'HEAD'],
    ]
    for (const [headers, method = 'GET'] of asks) {
      const answer = await verifyLink(server, token, { headers }, method)
      expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store'])
      expect(answer.text).not.toContain('tm_key_')
      if (method === 'HEAD') expect(answer.text).toBe('')
      else expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    }
    expect((await verifyLink(server, token, {}, 'OPTIONS')).status).toBe(405)
    expect(outcome(await verify(server, { token }))).toEqual([200, 'verified'])
  })
})

describe('agents 139, security 188: failed attempts', () => {
  it('5 with one token lock it for an hour, and never for ever', async () => {
    const clocked = await testApp({ EMAIL_VERIFY_STRICT: 'on' })
    const email = freshMailbox()
    const { registration_secret } = (await register(clocked, email)).body
    const token = await tokenFor(clocked, email)
    for (let i = 0; i < 5; i++) {
      expect(outcome(await verify(clocked, { token }))).toEqual([401, 'registration_secret_required'])
    }
    const locked = await verify(clocked, { token, registration_secret })
    expect([outcome(locked), locked.headers['retry-after']]).toEqual([[429, 'too_many_attempts'], '3600'])
    const restarted = await testApp({ EMAIL_VERIFY_STRICT: 'on' }, { clock: clocked.clock })
    expect(outcome(await verify(restarted, { token, registration_secret }))).toEqual([429, 'too_many_attempts'])
    await restarted.close()
    clocked.clock.advance(3599)
    expect(outcome(await verify(clocked, { token, registration_secret }))).toEqual([429, 'too_many_attempts'])
    clocked.clock.advance(1)
    expect(outcome(await verify(clocked, { token, registration_secret }))).toEqual([200, 'verified'])
    await clocked.close()
  })

  it('a used token is locked too, and a new one of the same address is not', async () => {
    const email = freshMailbox()
    const token = await tokenOf(server, email)
    await verify(server, { token })
    const codes = []
    for (let i = 0; i < 6; i++) codes.push(outcome(await verify(server, { token }))[1])
    expect(codes).toEqual([...Array.from({ length: 5 }, () => 'token_used'), 'too_many_attempts'])
    expect(outcome(await verify(server, { token: await tokenOf(server, email) }))).toEqual([200, 'verified'])
  })

  it('20 from one address in an hour stop the next, which is not even looked at; from elsewhere the token works', async () => {
    const ip = freshAddress()
    const token = await tokenOf(server)
    for (let i = 0; i < 20; i++) {
      expect(outcome(await verify(server, { token: mintSecret('emt') }, { ip }))).toEqual([400, 'invalid_token'])
    }
    const refused = await verify(server, { token }, { ip })
    expect(outcome(refused)).toEqual([429, 'too_many_attempts'])
    expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/)
    expect(outcome(await verify(server, { token }))).toEqual([200, 'verified'])
  })

  it('good tokens cost an address nothing', async () => {
    const ip = freshAddress()
    for (let i = 0; i < 25; i++) {
      expect(outcome(await verify(server, { token: await tokenOf(server) }, { ip }))).toEqual([200, 'verified'])
    }
  })

  it('with the store of the limits away → 503, and the token stays good', async () => {
    const redis = await openRedis('redis://127.0.0.1:1', server.app.deps.log)
    const away = await testApp({}, { limitStore: { redis } })
    const token = await tokenOf(server)
    expect(outcome(await verify(away, { token }))).toEqual([503, 'service_unavailable'])
    expect(outcome(await verifyLink(away, token))).toEqual([503, 'service_unavailable'])
    expect(outcome(await verify(server, { token }))).toEqual([200, 'verified'])
    await away.close()
    redis.disconnect()
  })
})

describe('agents 138: whose account it is', () => {
  it('a new address gets an account with one tenant and one application of the agent’s name', async () => {
    const email = freshMailbox()
    const requestId = 'verified-new-address'
    const token = await tokenOf(server, email, 'First agent')
    await verify(server, { token }, { headers: { 'x-request-id': requestId } })
    const rows = await server.database.sql.query<{ event: string; metadata: object }>(
      'select event, metadata from audit_logs where request_id = $1 order by id',
      [requestId],
    )
    expect(rows.map(({ event }) => event).sort()).toEqual([
      'account.created',
      'agent.registered',
      'application.created',
      'identifier.linked',
      'secret_key.created',
      'tenant.provisioned',
      'user.created',
    ])
    expect(rows.find(({ event }) => event === 'agent.registered')?.metadata).toMatchObject({
      agent_name: 'First agent',
      method: 'email',
    })
    expect(rows.find(({ event }) => event === 'secret_key.created')?.metadata).toMatchObject({ source: 'email' })
    expect([await count('tenants', email), await count('agents', email)]).toEqual([1, 1])
  })

  it('security 193: a known address gets one more key, reads that before, and keeps the first', async () => {
    const email = freshMailbox()
    const first = (await verify(server, { token: await tokenOf(server, email) })).body.secret_key
    await register(server, email, 'Second agent')
    const mail = (await server.mails(email)).at(-1)
    expect(mail?.text).toContain('will be ADDED')
    const second = (await verify(server, { token: await tokenFor(server, email) })).body.secret_key
    expect([await count('tenants', email), await count('agents', email)]).toEqual([1, 2])
    const lists = await Promise.all(
      [first, second].map(async (token) => (await server.call('GET', '/v1/applications', { token })).body.data.data),
    )
    expect(lists[0]).toEqual(lists[1])
  })

  it('the case of an address makes no other account', async () => {
    const email = freshMailbox()
    await verify(server, { token: await tokenOf(server, email) })
    await register(server, email.toUpperCase())
    await verify(server, { token: await tokenFor(server, email) })
    expect(await count('tenants', email)).toBe(1)
  })

  it('security 193: an account made before under an address that was not proven is not reached, and does not reach', async () => {
    const email = freshMailbox()
    const squatter = await server.person({ address: email })
    const token = await tokenOf(server, email)
    const { secret_key } = (await verify(server, { token })).body
    const mine = await server.call('GET', '/v1/applications', { token: secret_key })
    const ids = mine.body.data.data.map(({ id }: { id: string }) => id)
    expect(ids).toHaveLength(1)
    expect(ids).not.toContain(squatter.applicationId)
    const theirs = await server.call('GET', '/v1/applications', { headers: squatter.headers })
    expect(theirs.body.data.data.map(({ id }: { id: string }) => id)).toEqual([squatter.applicationId])
    const reach = await server.call('GET', `/v1/applications/${ids[0]}`, { headers: squatter.headers })
    expect(reach.status).toBe(404)
  })

  it('who may only read in an account gets none for it, but an account of their own', async () => {
    const email = freshMailbox()
    await verify(server, { token: await tokenOf(server, email) })
    const { sql } = server.database
    const [owner] = await sql.query<{ account_id: string }>(
      `update members set role = 'viewer' where person_id = (select user_id from identifiers where value = $1)
       returning account_id`,
      [email],
    )
    expect((await verify(server, { token: await tokenOf(server, email) })).status).toBe(200)
    const agents = await sql.query('select 1 from agents where account_id = $1', [owner?.account_id])
    expect([agents.length, await count('tenants', email), await count('agents', email)]).toEqual([1, 2, 2])
  })
})

describe('agents 185: who is not admitted', () => {
  it('on the wait-list: the address is proven, there is no key, and after admission the next token gives one', async () => {
    const waiting = await testApp({ SIGNUPS: 'waitlist' })
    const email = freshMailbox()
    const token = await tokenOf(waiting, email)
    expect(outcome(await verify(waiting, { token }))).toEqual([403, 'not_admitted'])
    expect(outcome(await verify(waiting, { token }))).toEqual([410, 'token_used'])
    expect([await count('agents', email), await count('secret_keys', email)]).toEqual([0, 0])
    expect(outcome(await verify(waiting, { token: await tokenOf(waiting, email) }))).toEqual([403, 'not_admitted'])
    await setStatus(waiting, email, 'active')
    expect(outcome(await verify(waiting, { token: await tokenOf(waiting, email) }))).toEqual([200, 'verified'])
    expect(await count('tenants', email)).toBe(1)
    await waiting.close()
  })

  it('sign-ups that closed meanwhile, and an account that was disabled meanwhile', async () => {
    const email = freshMailbox()
    const [late, known] = [await tokenOf(server), await tokenOf(server, email)]
    await verify(server, { token: known })
    const another = await tokenOf(server, email)
    await setStatus(server, email, 'disabled')
    expect(outcome(await verify(server, { token: another }))).toEqual([403, 'not_admitted'])
    server.app.deps.config.SIGNUPS = 'closed'
    expect(outcome(await verify(server, { token: late }))).toEqual([403, 'not_admitted'])
    server.app.deps.config.SIGNUPS = 'open'
  })
})
