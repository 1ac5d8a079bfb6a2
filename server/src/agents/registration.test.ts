import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  freshMailbox,
  isInDatabase,
  register,
  setStatus,
  tokenFor,
  tokenOf,
  verify,
} from '../../test/agent-registration.ts'
import { type Answer, freshAddress, type TestApp, testApp } from '../../test/harness.ts'
import { randomBytes } from '../platform/secrets.ts'
import { purgeOldRegistrations } from './registration-purge.ts'

let server: TestApp
beforeAll(async () => {
  server = await testApp()
})
afterAll(() => server.close())

const sent = {
  status: 'verification_sent',
  message: 'If this email is valid, you will receive a verification email. Check your inbox.',
}

/** Everything but the request id and the time. */
const comparable = ({ status, text, headers }: Answer) => {
  const { 'x-request-id': _, date: __, ...rest } = headers
  return { status, text, headers: rest }
}

/** An address for each state that an account can be in. */
async function addresses(on: TestApp) {
  const known = freshMailbox()
  await verify(on, { token: await tokenOf(on, known) })
  const blocked = freshMailbox()
  await verify(on, { token: await tokenOf(on, blocked) })
  await setStatus(on, blocked, 'disabled')
  const waiting = freshMailbox()
  const token = await tokenOf(on, waiting)
  on.app.deps.config.SIGNUPS = 'waitlist'
  await verify(on, { token })
  on.app.deps.config.SIGNUPS = 'open'
  return { fresh: freshMailbox(), known, blocked, waiting, nowhere: freshMailbox('no..where') }
}

describe('agents 138, security 185: POST /api/agents/register', () => {
  it('answers the same for a new, known, wait-listed, blocked and undeliverable address', async () => {
    const calm = await testApp({ RATE_LIMITS: 'false' })
    const answers: Record<string, Answer> = {}
    for (const [kind, email] of Object.entries(await addresses(calm))) answers[kind] = await register(calm, email)
    const [first, ...others] = Object.values(answers)
    expect(first?.body).toEqual(sent)
    expect(first?.headers['cache-control']).toBe('no-store')
    for (const other of others) expect(comparable(other)).toEqual(comparable(first as Answer))
    await calm.close()
  })

  it('takes the same time for each: medians of 200 calls are less than 10 ms apart', async () => {
    const calm = await testApp({ RATE_LIMITS: 'false' })
    const kinds = Object.entries(await addresses(calm))
    const times = new Map<string, number[]>(kinds.map(([kind]) => [kind, []]))
    for (let turn = 0; turn < 200; turn++) {
      for (const [kind, email] of kinds) {
        const address = kind === 'fresh' ? freshMailbox() : email
        const begun = performance.now()
        const { status } = await register(calm, address)
        times.get(kind)?.push(performance.now() - begun)
        expect(status).toBe(200)
        await calm.app.deps.mailer.flush()
      }
    }
    const medians = [...times.values()].map((all) => all.sort((a, b) => a - b)[all.length >> 1] as number)
    expect(Math.max(...medians) - Math.min(...medians)).toBeLessThan(10)
    await calm.close()
  }, 120_000)

  it.each<[string, unknown, string]>([
    ['email', { agent_name: 'A' }, 'is required'],
    ['agent_name', { email: 'a@example.com' }, 'is required'],
    ['email', { email: 'a@example.com, b@example.com', agent_name: 'A' }, 'must be one e-mail address'],
    ['email', { email: '"a@evil.example"@example.com', agent_name: 'A' }, 'must be one e-mail address'],
    ['email', { email: 'a(b)@example.com', agent_name: 'A' }, 'must be one e-mail address'],
    ['email', { email: 'a@example.com\r\nBcc: b@example.com', agent_name: 'A' }, 'must be one e-mail address'],
    ['email', { email: 'a@example.com> SIZE=1', agent_name: 'A' }, 'must be one e-mail address'],
    ['email', { email: `a@${'b'.repeat(254)}`, agent_name: 'A' }, 'must be at most 254 characters'],
    ['email', { email: ['a@example.com'], agent_name: 'A' }, 'must be one e-mail address'],
    ['agent_name', { email: 'a@example.com', agent_name: ' ' }, 'must be 1 to 80 characters'],
    ['agent_name', { email: 'a@example.com', agent_name: 'A'.repeat(81) }, 'must be 1 to 80 characters'],
    ['agent_name', { email: 'a@example.com', agent_name: 'A\r\nB' }, 'must not hold control or direction characters'],
    ['agent_name', { email: 'a@example.com', agent_name: 'A\u202eB' }, 'must not hold control or direction characters'],
  ])('security 190, 192: 400 names %s for %j', async (field, body, message) => {
    const answer = await server.call('POST', '/api/agents/register', { body, ip: freshAddress() })
    expect([answer.status, answer.body.error.code]).toEqual([400, 'validation_error'])
    expect(answer.body.error.details[0]).toEqual({ path: field, message })
  })

  it('a NUL is refused before it is read', async () => {
    const body = '{"email":"a\\u0000@example.com","agent_name":"A"}'
    const answer = await server.call('POST', '/api/agents/register', { body, ip: freshAddress() })
    expect([answer.status, answer.body.error.code]).toEqual([400, 'validation_error'])
  })

  it('counts 3 in an hour and 10 in a day for a mailbox, whatever its tag, and 5 in an hour for an address', async () => {
    const name = freshMailbox().split('@')[0]
    const statuses = []
    for (const tag of ['', '+a', '+b', '+c'])
      statuses.push((await register(server, `${name}${tag}@example.com`)).status)
    expect(statuses).toEqual([200, 200, 200, 429])

    const ip = freshAddress()
    const answers = []
    for (let i = 0; i < 6; i++) answers.push(await register(server, freshMailbox(), 'A', { ip }))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429])
    expect(Number(answers.at(-1)?.headers['retry-after'])).toBeLessThanOrEqual(3600)
    expect(answers.at(-1)?.body.error.code).toBe('rate_limit_exceeded')
  })

  it('counts 20 in a day for all mailboxes of a provider where anybody gets one, and none for a company', async () => {
    const statuses = []
    for (let i = 0; i < 21; i++) statuses.push((await register(server, freshMailbox('gmx.net'))).status)
    expect(statuses).toEqual([...Array.from({ length: 20 }, () => 200), 429])
    for (let i = 0; i < 21; i++) expect((await register(server, freshMailbox('company.example'))).status).toBe(200)
  })

  it('a refused registration sends nothing', async () => {
    const email = freshMailbox()
    for (let i = 0; i < 4; i++) await register(server, email)
    expect(await server.mails(email)).toHaveLength(3)
  })

  it('without a transport in production it is off, and uses up nobody’s hour', async () => {
    const settings = { NODE_ENV: 'production', MASTER_KEY: randomBytes(32).toString('hex') }
    const off = await testApp(settings, { mail: 'configured' })
    for (let i = 0; i < 6; i++) {
      const { status, body, headers } = await register(off, 'a@example.com', 'A', { ip: '198.51.100.9' })
      expect([status, body.error.code]).toEqual([503, 'email_unavailable'])
      expect(headers['retry-after']).toMatch(/^[1-9]\d*$/)
    }
    await off.close()
  })

  it('writes agent.registration_requested with the name alone', async () => {
    const email = freshMailbox()
    const headers = { 'x-request-id': 'registration-requested' }
    await register(server, email, 'Nightly', { headers })
    const rows = await server.database.sql.query(
      `select event, tenant_id, metadata from audit_logs where request_id = 'registration-requested'`,
    )
    expect(rows).toEqual([
      { event: 'agent.registration_requested', tenant_id: 'system', metadata: { agent_name: 'Nightly' } },
    ])
  })
})

describe('security 189: where the links lead', () => {
  it('comes from the configuration alone, whatever the request claims', async () => {
    const email = freshMailbox()
    const headers = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      forwarded: 'host=evil.example;proto=http',
      origin: 'https://evil.example',
      referer: 'https://evil.example/',
    }
    await register(server, email, 'Agent', { headers })
    const [mail] = await server.mails(email)
    for (const part of [mail?.text, mail?.html]) {
      expect(part).not.toContain('evil.example')
      expect(part).toContain('https://auth.example.com/agents/confirm#token=emt_')
    }
  })
})

describe('security 186, 188: the token', () => {
  it('is stored as a keyed hash: neither the table, nor a log line, nor the queue shows it', async () => {
    const token = await tokenOf(server)
    expect(await isInDatabase(server, token)).toBe(false)
    expect(server.lines.join('\n')).not.toContain(token)
  })

  it('is void once a newer one is asked for', async () => {
    const email = freshMailbox()
    const old = await tokenOf(server, email)
    const recent = await tokenOf(server, email)
    const refused = await verify(server, { token: old })
    expect([refused.status, refused.body.error.code]).toEqual([400, 'invalid_token'])
    expect((await verify(server, { token: recent })).status).toBe(200)
  })

  it('is deleted within a day of its end', async () => {
    const clocked = await testApp()
    const { sql } = clocked.database
    const email = freshMailbox()
    await register(clocked, email)
    const left = async () => (await sql.query('select 1 from agent_registrations where address = $1', [email])).length
    clocked.clock.advance(24 * 3600 + 60)
    await purgeOldRegistrations(sql, clocked.clock(), 100_000)
    expect(await left()).toBe(1)
    clocked.clock.advance(23 * 3600)
    await purgeOldRegistrations(sql, clocked.clock(), 100_000)
    expect(await left()).toBe(0)
    await clocked.close()
  })
})

describe('agents 186: strict mode', () => {
  it('every address gets a registration_secret, which is not in the mail', async () => {
    const strict = await testApp({ EMAIL_VERIFY_STRICT: 'on' })
    for (const email of Object.values({ ...(await addressesOf(strict)) })) {
      const { body } = await register(strict, email)
      expect(body).toEqual({ ...sent, registration_secret: expect.stringMatching(/^[0-9A-Za-z]{43}$/) })
      const [mail] = await strict.mails(email)
      expect(`${mail?.text}${mail?.html}`).not.toContain(body.registration_secret)
      expect(await isInDatabase(strict, body.registration_secret)).toBe(false)
    }
    await strict.close()
  })

  const addressesOf = async (strict: TestApp) => {
    const known = await strict.person()
    return { fresh: freshMailbox(), known: known.address }
  }

  it('the token alone is 401, with the secret 200, and a wrong secret counts as an attempt', async () => {
    const strict = await testApp({ EMAIL_VERIFY_STRICT: 'on' })
    const email = freshMailbox()
    const { registration_secret } = (await register(strict, email)).body
    const token = await tokenFor(strict, email)
    for (const extra of [{}, { registration_secret: 'wrong' }, { registration_secret: `${registration_secret}x` }]) {
      const refused = await verify(strict, { token, ...extra })
      expect([refused.status, refused.body.error.code]).toEqual([401, 'registration_secret_required'])
    }
    const [row] = await strict.database.sql.query('select attempts from agent_registrations where address = $1', [
      email,
    ])
    expect(row).toEqual({ attempts: 3 })
    expect((await verify(strict, { token, registration_secret })).status).toBe(200)
    await strict.close()
  })

  it('a token from before the server was strict does not suffice any more', async () => {
    const turning = await testApp()
    const token = await tokenOf(turning)
    turning.app.deps.config.EMAIL_VERIFY_STRICT = true
    expect((await verify(turning, { token })).status).toBe(401)
    await turning.close()
  })
})

describe('agents 185: who is not admitted', () => {
  it('under closed sign-ups a new address gets the same answer, and a mail without a token that says so', async () => {
    const closed = await testApp({ SIGNUPS: 'closed' })
    const email = freshMailbox()
    expect((await register(closed, email)).body).toEqual(sent)
    const [mail] = await closed.mails(email)
    expect(mail?.text).toContain('takes no new accounts')
    expect(`${mail?.text}${mail?.html}`).not.toMatch(/emt_|#token/)
    await closed.close()
  })

  it('a disabled account gets a mail without a token', async () => {
    const email = freshMailbox()
    await verify(server, { token: await tokenOf(server, email) })
    await setStatus(server, email, 'disabled')
    await register(server, email)
    const mail = (await server.mails(email)).at(-1)
    expect(mail?.text).toContain('is disabled')
    expect(`${mail?.text}${mail?.html}`).not.toMatch(/emt_|#token/)
  })
})
